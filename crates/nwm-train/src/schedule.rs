//! The learning rate as a function of the step.

use serde::{Deserialize, Serialize};

use crate::config::TrainConfig;

/// How the learning rate changes during training.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Schedule {
    /// Always `train.learning_rate` (published).
    Constant,
    /// Half a cosine from `train.learning_rate` at the first step to zero after the last (Loshchilov & Hutter 2017).
    Cosine,
}

/// The learning rate of the step that follows `steps_taken` ones.
pub fn learning_rate(config: &TrainConfig, steps_taken: u64) -> f64 {
    match config.schedule {
        Schedule::Constant => config.learning_rate,
        Schedule::Cosine => {
            let progress = steps_taken as f64 / config.steps as f64;
            config.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * progress.min(1.0)).cos())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constant_rate_stays_and_a_cosine_falls_to_zero() {
        let mut config = TrainConfig { steps: 100, learning_rate: 0.5, ..TrainConfig::default() };
        assert_eq!([0, 50, 99].map(|step| learning_rate(&config, step)), [0.5; 3]);
        config.schedule = Schedule::Cosine;
        assert_eq!(learning_rate(&config, 0), 0.5);
        assert!((learning_rate(&config, 50) - 0.25).abs() < 1e-15);
        let last = learning_rate(&config, 99);
        assert!(last > 0.0 && last < 2e-4, "{last}");
        assert!(learning_rate(&config, 100).abs() < 1e-15);
    }
}
