//! The learning rate as a function of the step.

use serde::{Deserialize, Serialize};

use crate::config::TrainConfig;

/// How the learning rate changes after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Schedule {
    /// Always `train.learning_rate` (published).
    Constant,
    /// Half a cosine from `train.learning_rate` to zero after the last step (Loshchilov & Hutter 2017).
    Cosine,
    /// `train.learning_rate` in the first `train.decay_after` steps, then that times `train.decay_factor`.
    Step,
}

impl Schedule {
    /// Whether the rate of a step depends on how many steps there are to take.
    pub(crate) fn depends_on_length(self) -> bool {
        self == Self::Cosine
    }
}

/// The learning rate of the step that follows `steps_taken` ones: it rises evenly over the first
/// `train.warmup_steps`, then goes as `train.schedule` says.
pub fn learning_rate(config: &TrainConfig, steps_taken: u64) -> f64 {
    let peak = config.learning_rate;
    if steps_taken < config.warmup_steps {
        return peak * (steps_taken + 1) as f64 / config.warmup_steps as f64;
    }
    match config.schedule {
        Schedule::Constant => peak,
        Schedule::Cosine => {
            let done = (steps_taken - config.warmup_steps) as f64;
            let whole = config.steps.saturating_sub(config.warmup_steps).max(1) as f64;
            peak * 0.5 * (1.0 + (std::f64::consts::PI * (done / whole).min(1.0)).cos())
        }
        Schedule::Step if steps_taken < config.decay_after => peak,
        Schedule::Step => peak * config.decay_factor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rates(config: &TrainConfig, steps: [u64; 4]) -> [f64; 4] {
        steps.map(|step| learning_rate(config, step))
    }

    #[test]
    fn a_constant_rate_stays() {
        let config = TrainConfig { steps: 100, learning_rate: 0.5, ..TrainConfig::default() };
        assert_eq!(rates(&config, [0, 1, 50, 99]), [0.5; 4]);
    }

    #[test]
    fn a_cosine_falls_from_the_peak_to_zero() {
        let config = TrainConfig {
            steps: 100,
            learning_rate: 0.5,
            schedule: Schedule::Cosine,
            ..TrainConfig::default()
        };
        let [first, half, last, after] = rates(&config, [0, 50, 99, 100]);
        assert_eq!(first, 0.5);
        assert!((half - 0.25).abs() < 1e-15, "{half}");
        assert!(last > 0.0 && last < 2e-4, "{last}");
        assert!(after.abs() < 1e-15, "{after}");
    }

    #[test]
    fn a_step_wise_rate_falls_once_all_the_steps_at_the_full_one_are_taken() {
        // 120 passes of 5 steps: the last 20 at a tenth.
        let config = TrainConfig {
            steps: 600,
            learning_rate: 0.5,
            schedule: Schedule::Step,
            decay_after: 500,
            ..TrainConfig::default()
        };
        assert_eq!(rates(&config, [0, 499, 500, 599]), [0.5, 0.5, 0.05, 0.05]);
        let halved = TrainConfig { decay_factor: 0.5, warmup_steps: 2, ..config };
        assert_eq!(rates(&halved, [0, 1, 499, 500]), [0.25, 0.5, 0.5, 0.25]);
    }

    #[test]
    fn a_warm_up_rises_evenly_and_the_cosine_spans_the_rest() {
        let config = TrainConfig {
            steps: 120,
            learning_rate: 0.5,
            warmup_steps: 20,
            schedule: Schedule::Cosine,
            ..TrainConfig::default()
        };
        assert_eq!(rates(&config, [0, 9, 19, 20]), [0.025, 0.25, 0.5, 0.5]);
        assert!((learning_rate(&config, 70) - 0.25).abs() < 1e-15);
        assert!(learning_rate(&config, 119) < 2e-4);
    }
}
