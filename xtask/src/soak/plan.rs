//! How much is trained, so that it takes about as long as was asked for.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::training::Training;

/// Below so many minutes the smallest preset is trained, or a step would take too large a part of them.
const MINUTES_FOR_QUICK: u32 = 10;
/// Steps whose time is measured.
const MEASURED_STEPS: u64 = 20;
/// The run that is left alone takes so large a part of the time that is asked for; disturbances cost the other one about as
/// much again.
const UNDISTURBED_SHARE: f64 = 0.5;

/// What both runs are trained on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Plan {
    /// Preset of `nwm train`.
    pub(super) preset: String,
    pub(super) steps: u64,
    /// Steps between two checkpoints.
    pub(super) checkpoint_every: u64,
}

/// The part of `run.json` that is read.
#[derive(Deserialize)]
struct RunRecord {
    seconds: f64,
}

impl Plan {
    /// Measures how fast this machine is, in a folder of its own, and plans.
    pub(super) fn measure(program: &Path, folder: &Path, minutes: u32) -> Result<Self> {
        let preset = if minutes < MINUTES_FOR_QUICK { "smoke" } else { "quick" };
        let few = Self {
            preset: preset.to_owned(),
            steps: MEASURED_STEPS,
            checkpoint_every: MEASURED_STEPS,
        };
        let training = Training::new(program, folder, &few)?;
        training.finish()?;
        let path = training.run_directory().join("run.json");
        let text = fs::read_to_string(&path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let record: RunRecord = serde_json::from_str(&text)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let step_seconds = record.seconds / MEASURED_STEPS as f64;
        Ok(Self::sized(preset, minutes, step_seconds))
    }

    /// Checkpoints enough for many disturbances, and far enough from each other that a kill costs something.
    fn sized(preset: &str, minutes: u32, step_seconds: f64) -> Self {
        let seconds = f64::from(minutes) * 60.0 * UNDISTURBED_SHARE;
        let checkpoints = f64::from(minutes).clamp(12.0, 80.0);
        let steps = (seconds / step_seconds.max(1e-6)).max(checkpoints);
        let checkpoint_every = (steps / checkpoints).round().max(1.0) as u64;
        let steps = (steps / checkpoint_every as f64).round() as u64 * checkpoint_every;
        Self { preset: preset.to_owned(), steps, checkpoint_every }
    }

    /// The settings of `nwm train`. Every kind of row and file is made: validations, waves, checkpoints that are not kept.
    pub(super) fn settings(&self) -> Vec<String> {
        let Self { steps, checkpoint_every, .. } = self;
        let log_every = (checkpoint_every / 5).max(1);
        let warmup = (steps / 10).clamp(1, 200);
        [
            "data.train_trajectories=200".to_owned(),
            "data.validation_trajectories=8".to_owned(),
            "data.test_trajectories=8".to_owned(),
            format!("train.steps={steps}"),
            format!("train.checkpoint_every={checkpoint_every}"),
            "train.keep_last=3".to_owned(),
            format!("train.log_every={log_every}"),
            format!("train.warmup_steps={warmup}"),
            format!("analysis.every={checkpoint_every}"),
        ]
        .into()
    }
}

#[cfg(test)]
mod tests {
    use super::Plan;

    #[test]
    fn two_hours_have_eighty_checkpoints_and_an_hour_of_steps() {
        let plan = Plan::sized("quick", 120, 0.4);
        assert_eq!((plan.steps, plan.checkpoint_every), (9040, 113));
        assert!(plan.settings().contains(&"train.steps=9040".to_owned()));
    }

    #[test]
    fn a_minute_has_a_dozen_checkpoints_however_slow_a_step_is() {
        let plan = Plan::sized("smoke", 1, 0.1);
        assert_eq!((plan.steps, plan.checkpoint_every), (300, 25));
        assert_eq!(Plan::sized("smoke", 1, 100.0).steps, 12);
    }
}
