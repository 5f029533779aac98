//! What else was measured of a cell.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::{
    super::{
        error_table::metric,
        number::{in_unit, scientific},
        run_files::Evaluation,
    },
    cells::Table,
    score::mean_over_seeds,
};

/// Means over seeds; null where a model or a system has no such measure, or one is not finite.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Measures {
    /// Mean squared error per value on the frames of the metric, not in units.
    pub(super) l2: Option<f64>,
    /// The metric of forecasts of the past.
    pub(super) backward: Option<f64>,
    /// The mean of both directions.
    pub(super) combined: Option<f64>,
    pub(super) valid_time: Option<ValidTime>,
    pub(super) symplecticity: Option<Symplecticity>,
}

/// For how long forecasts stay valid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct ValidTime {
    /// Frames after the training window.
    pub(super) frames: f64,
    /// The same in terms of the longest time that could be measured.
    pub(super) relative: f64,
    /// That time.
    pub(super) longest: u64,
}

/// Whether latent states are canonical coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Symplecticity {
    /// Share of the groups of trajectories in which they are.
    pub(super) symetric: f64,
    /// Deviation of Jacobians from symplectic ones.
    pub(super) sym: Option<f64>,
    /// How much of the true states they explain.
    pub(super) r_squared: Option<f64>,
}

impl Measures {
    /// The measures beside the score `key` over the evaluations of a cell, one for each seed.
    pub(super) fn of(evaluations: &[Evaluation], key: &str, unit: f64) -> Result<Self> {
        let mean = |key: Option<String>, unit: f64| match key {
            Some(key) => {
                mean_over_seeds(evaluations.iter().map(|it| Some(metric(it, &key)? / unit)))
            }
            None => Ok(None),
        };
        let plain = key.strip_suffix("_norm").filter(|key| key.ends_with("_l2"));
        let slice = key.strip_prefix("forward_");
        let directed = |name: &str| slice.map(|slice| format!("{name}_{slice}"));
        Ok(Self {
            l2: mean(plain.map(str::to_owned), 1.0)?,
            backward: mean(directed("backward"), unit)?,
            combined: mean(directed("combined"), unit)?,
            valid_time: ValidTime::of(evaluations)?,
            symplecticity: Symplecticity::of(evaluations)?,
        })
    }
}

impl ValidTime {
    fn of(evaluations: &[Evaluation]) -> Result<Option<Self>> {
        let times = || evaluations.iter().map(|result| result.valid_time);
        let frames = mean_over_seeds(times().map(|time| time?.frames))?;
        let relative = mean_over_seeds(times().map(|time| time?.relative))?;
        let longest = times().flatten().map(|time| time.longest).max();
        Ok(match (frames, relative, longest) {
            (Some(frames), Some(relative), Some(longest)) => {
                Some(Self { frames, relative, longest })
            }
            _ => None,
        })
    }
}

impl Symplecticity {
    fn of(evaluations: &[Evaluation]) -> Result<Option<Self>> {
        let found = || evaluations.iter().map(|result| result.symplecticity);
        let Some(symetric) = mean_over_seeds(found().map(|it| it?.symetric))? else {
            return Ok(None);
        };
        Ok(Some(Self {
            symetric,
            sym: mean_over_seeds(found().map(|it| it?.sym))?,
            r_squared: mean_over_seeds(found().map(|it| it?.r_squared))?,
        }))
    }
}

/// A table of one measure.
pub(super) struct MeasureTable {
    pub(super) title: &'static str,
    pub(super) note: &'static str,
    /// A cell's text; `None` where there is no number.
    pub(super) show: fn(&Measures) -> Option<String>,
}

const TABLES: [MeasureTable; 5] = [
    MeasureTable {
        title: "Valid prediction time",
        note: "Frames after the training window until the relative error of a forecast passes the \
               threshold, of the longest time that could be measured; forecasts of whole test \
               trajectories, medians of groups, then the mean. Longer is better.",
        show: |it| it.valid_time.map(|time| format!("{:.1} of {}", time.frames, time.longest)),
    },
    MeasureTable {
        title: "SyMetric",
        note: "Share of the groups of test trajectories in which latent states are canonical \
               coordinates of the true ones, and how much of these they explain (R²). Larger is \
               better; games and movies of one's own have no such states.",
        show: |it| {
            let Symplecticity { symetric, r_squared, .. } = it.symplecticity?;
            let explained = r_squared.map(|it| format!(" (R² {it:.2})")).unwrap_or_default();
            Some(format!("{symetric:.2}{explained}"))
        },
    },
    MeasureTable {
        title: "Backward error",
        note: "The metric of forecasts of the past from the last frames of the window, in units; \
               only models that can forecast the past have it.",
        show: |it| it.backward.map(|error| in_unit(Some(error))),
    },
    MeasureTable {
        title: "Combined error",
        note: "The mean of the forward and the backward error, in units.",
        show: |it| it.combined.map(|error| in_unit(Some(error))),
    },
    MeasureTable {
        title: "Mean squared error",
        note: "Per value of a frame on the frames of the metric (l2): not divided by the energy of \
               a frame, and not in units.",
        show: |it| it.l2.map(|error| scientific(Some(error))),
    },
];

impl Table {
    /// The tables of measures that a cell has.
    pub(super) fn measure_tables(&self) -> impl Iterator<Item = &'static MeasureTable> {
        let is_shown =
            |it: &&MeasureTable| self.cells.iter().any(|cell| (it.show)(&cell.measures).is_some());
        TABLES.iter().filter(is_shown)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::pages::fixtures::{METRIC, result};

    fn evaluation(frames: f64, explained: serde_json::Value) -> Evaluation {
        let mut result = result("hgn", 0, json!(2e-8));
        result["metrics"]["backward_extrapolation_l2_norm"] = json!(4e-8);
        result["metrics"]["combined_extrapolation_l2_norm"] = json!(3e-8);
        result["valid_time"] = json!({"frames": frames, "relative": frames / 400.0,
            "forward": frames, "backward": null, "longest": 400, "trajectories": 10});
        result["symplecticity"] = json!({"symetric": 0.5, "sym": 2.0, "r_squared": explained,
            "order": 3.0, "groups": 4});
        serde_json::from_value(result).unwrap()
    }

    fn shown(measures: &Measures) -> Vec<Option<String>> {
        TABLES.iter().map(|table| (table.show)(measures)).collect()
    }

    #[test]
    fn measures_are_means_over_seeds() {
        let both = [evaluation(100.0, json!(0.75)), evaluation(201.0, json!(0.25))];
        let measures = Measures::of(&both, METRIC, 1e-8).unwrap();
        let expected = ["150.5 of 400", "0.50 (R² 0.50)", "4.00", "3.00", "2.00e-6"];
        assert_eq!(shown(&measures), expected.map(|it| Some(it.to_owned())));
        assert_eq!(measures.valid_time.unwrap().relative, (0.25 + 0.5025) / 2.0);
    }

    #[test]
    fn what_a_seed_lacks_is_missing() {
        let older: Evaluation = serde_json::from_value(result("ar", 1, json!(2e-8))).unwrap();
        let both = [evaluation(100.0, json!(null)), older];
        let measures = Measures::of(&both[..1], METRIC, 1e-8).unwrap();
        assert_eq!(shown(&measures)[1].as_deref(), Some("0.50"));
        let measures = Measures::of(&both, METRIC, 1e-8).unwrap();
        let plain = Some("2.00e-6".to_owned());
        assert_eq!(shown(&measures), [None, None, None, None, plain]);
        assert_eq!(Measures::of(&both, "valid", 1.0).unwrap().l2, None);
    }
}
