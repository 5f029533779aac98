//! The error measures of Table 1 (docs/theory.md, section 6).

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

impl Slice {
    /// The frames of the training window that are predicted.
    pub fn train(config: &Config) -> Self {
        Self(1, config.train.window)
    }

    /// The frames beyond it, at the distance that `eval.horizon` asks for.
    pub fn extrapolation(config: &Config) -> Self {
        let start = match config.eval.horizon {
            Horizon::AsPublished => config.train.window,
            Horizon::Matched => {
                let last_seen = config.model.inference_steps - 1;
                let latest = config.evaluation_window() - config.eval.extrapolation_steps;
                (last_seen + MATCHED_LEAD).min(latest)
            }
        };
        Self(start, start + config.eval.extrapolation_steps)
    }

    /// Every predicted frame.
    pub fn full(config: &Config) -> Self {
        Self(1, config.evaluation_window())
    }
}

/// Squared error and energy of each predicted frame of one trajectory; index 0 is frame 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FrameErrors {
    /// Sum over pixels and channels of (prediction - target)^2.
    pub error: Vec<f64>,
    /// Sum over pixels and channels of target^2.
    pub energy: Vec<f64>,
}

impl FrameErrors {
    /// Adds one frame.
    pub fn push(&mut self, prediction: &[f32], target: &[f32]) {
        let (mut error, mut energy) = (0.0, 0.0);
        for (&x, &y) in prediction.iter().zip(target) {
            let (x, y) = (f64::from(x), f64::from(y));
            error += (x - y) * (x - y);
            energy += y * y;
        }
        self.error.push(error);
        self.energy.push(energy);
    }

    /// Plain and relative mean squared error over a slice, both divided by the values of a frame.
    fn means(&self, slice: Slice, values: usize) -> (f64, f64) {
        let frames = slice.0 - 1..slice.1 - 1;
        let count = (frames.len() * values) as f64;
        let plain: f64 = self.error[frames.clone()].iter().sum();
        let relative: f64 =
            self.error[frames.clone()].iter().zip(&self.energy[frames]).map(|(e, n)| e / n).sum();
        (plain / count, relative / count)
    }
}

/// The six numbers that are logged, under the suite's names. Means over trajectories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// Mean squared error over the training window.
    pub forward_train_l2: f64,
    /// Relative squared error over it, divided by the values of a frame.
    pub forward_train_l2_norm: f64,
    /// Mean squared error over the extrapolated frames.
    pub forward_extrapolation_l2: f64,
    /// Relative squared error over them, divided by the values of a frame: Table 1, in units of 1e-8.
    pub forward_extrapolation_l2_norm: f64,
    /// Mean squared error over all predicted frames.
    pub forward_full_l2: f64,
    /// Relative squared error over them.
    pub forward_full_l2_norm: f64,
}

impl Scores {
    /// Means over trajectories, in their order; `values` is the size of a frame.
    pub fn of(trajectories: &[FrameErrors], config: &Config, values: usize) -> Self {
        let mean = |slice: Slice| {
            let (mut plain, mut relative) = (0.0, 0.0);
            for errors in trajectories {
                let (p, r) = errors.means(slice, values);
                plain += p;
                relative += r;
            }
            let count = trajectories.len() as f64;
            (plain / count, relative / count)
        };
        let train = mean(Slice::train(config));
        let extrapolation = mean(Slice::extrapolation(config));
        let full = mean(Slice::full(config));
        Self {
            forward_train_l2: train.0,
            forward_train_l2_norm: train.1,
            forward_extrapolation_l2: extrapolation.0,
            forward_extrapolation_l2_norm: extrapolation.1,
            forward_full_l2: full.0,
            forward_full_l2_norm: full.1,
        }
    }
}

/// Mean over trajectories of each frame's plain and relative error, divided by the values of a frame.
pub(crate) fn per_step(trajectories: &[FrameErrors], values: usize) -> (Vec<f64>, Vec<f64>) {
    let steps = trajectories.first().map_or(0, |errors| errors.error.len());
    let scale = (trajectories.len() * values) as f64;
    let mean = |term: fn(&FrameErrors, usize) -> f64| {
        (0..steps)
            .map(|step| trajectories.iter().map(|errors| term(errors, step)).sum::<f64>() / scale)
            .collect()
    };
    (
        mean(|errors, step| errors.error[step]),
        mean(|errors, step| errors.error[step] / errors.energy[step]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use nwm_models::{ModelConfig, ModelName};

    const VALUES: usize = 32 * 32 * 3;

    #[test]
    fn a_constant_prediction_scores_the_golden_numbers() {
        let config = Config::default();
        let mut errors = FrameErrors::default();
        for _ in 1..config.evaluation_window() {
            errors.push(&[0.6; VALUES], &[0.5; VALUES]);
        }
        let scores = Scores::of(&[errors.clone(), errors], &config, VALUES);
        // f32 holds 0.6 to 2.4e-8, so (0.6 - 0.5)^2 to 5e-9.
        assert!((scores.forward_extrapolation_l2 - 0.01).abs() < 1e-8);
        assert!((scores.forward_full_l2_norm - 1.302_083_3e-5).abs() < 1e-11);
        assert!((scores.forward_train_l2_norm - 1.302_083_3e-5).abs() < 1e-11);
    }

    #[test]
    fn slices_are_those_of_the_published_evaluation() {
        let config = Config::default();
        assert_eq!(Slice::train(&config), Slice(1, 60));
        assert_eq!(Slice::extrapolation(&config), Slice(60, 120));
        assert_eq!(Slice::full(&config), Slice(1, 120));
    }

    #[test]
    fn the_matched_horizon_starts_thirty_steps_after_the_last_true_frame() {
        let mut config = Config::default();
        config.eval.horizon = Horizon::Matched;
        assert_eq!(Slice::extrapolation(&config), Slice(60, 120));
        config.model = ModelConfig::published(ModelName::Ar);
        assert_eq!(Slice::extrapolation(&config), Slice(34, 94));
    }

    #[test]
    fn the_slice_decides_which_frames_count() {
        let mut errors = FrameErrors::default();
        for frame in 1..120 {
            let off = if frame < 60 { 0.0 } else { 0.5 };
            errors.push(&[1.0 - off; 4], &[1.0; 4]);
        }
        let scores = Scores::of(&[errors], &Config::default(), 4);
        assert_eq!(scores.forward_train_l2, 0.0);
        assert_eq!(scores.forward_extrapolation_l2, 0.25);
        assert_eq!(scores.forward_extrapolation_l2_norm, 0.25 / 4.0);
    }
}
