//! Which frames of an evaluation window count as what (docs/theory.md, section 6).

use serde::{Deserialize, Serialize};

use crate::config::{Config, Horizon};

/// With the matched horizon, how many steps after the last true frame scoring begins.
const MATCHED_LEAD: usize = 30;

/// Frames `start..end` of an evaluation window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice(
    /// First frame.
    pub usize,
    /// One past the last frame.
    pub usize,
);

/// Frames `[start, end)` that the scores of forecasts cover. Those of a forecast of the past are the same, counted from the
/// window's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slices {
    /// The training window.
    pub train: Slice,
    /// Beyond it, at the distance that `eval.horizon` asks for.
    pub extrapolation: Slice,
    /// All.
    pub full: Slice,
    /// From the thirtieth step after the last true frame on, for every model.
    pub matched: Slice,
}

impl Slices {
    /// The slices of a run whose forecasts begin with frame `first`.
    pub fn new(config: &Config, first: usize) -> Self {
        let steps = config.eval.extrapolation_steps;
        let window = config.evaluation_window();
        let from = |start: usize| Slice(start, start + steps);
        let published = from(config.train.window);
        let matched = from((config.model.inference_steps - 1 + MATCHED_LEAD).min(window - steps));
        Self {
            train: Slice(first, config.train.window),
            extrapolation: match config.eval.horizon {
                Horizon::AsPublished => published,
                Horizon::Matched => matched,
            },
            full: Slice(first, window),
            matched,
        }
    }

    /// Slices by the names that keys of scores contain.
    pub fn named(&self) -> [(&'static str, Slice); 4] {
        [
            ("train", self.train),
            ("extrapolation", self.extrapolation),
            ("full", self.full),
            ("matched", self.matched),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nwm_models::ModelName;

    fn slices(name: ModelName, first: usize) -> Slices {
        Slices::new(&Config::published(name, "mass_spring"), first)
    }

    #[test]
    fn slices_are_those_of_the_published_evaluation() {
        let nwm = slices(ModelName::Nwm2d, 1);
        assert_eq!((nwm.train, nwm.extrapolation), (Slice(1, 60), Slice(60, 120)));
        assert_eq!((nwm.full, nwm.matched), (Slice(1, 120), Slice(60, 120)));
        let ar = slices(ModelName::Ar, 1);
        assert_eq!((ar.extrapolation, ar.matched), (Slice(60, 120), Slice(34, 94)));
        for name in [ModelName::Hgn, ModelName::OdeTr] {
            let both = slices(name, 0);
            assert_eq!((both.train, both.extrapolation), (Slice(0, 65), Slice(65, 125)));
            assert_eq!((both.full, both.matched), (Slice(0, 125), Slice(34, 94)));
        }
        assert_eq!(slices(ModelName::Rgn, 4).train, Slice(4, 64));
    }

    #[test]
    fn the_matched_horizon_can_be_the_one_that_counts() {
        let mut config = Config::published(ModelName::Ar, "mass_spring");
        config.eval.horizon = Horizon::Matched;
        assert_eq!(Slices::new(&config, 1).extrapolation, Slice(34, 94));
    }
}
