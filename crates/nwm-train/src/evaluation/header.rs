//! What the results of all tasks say of their run.

use std::collections::BTreeMap;

use nwm_data::Split;
use nwm_models::{ModelName, TaskName};
use serde::{Deserialize, Serialize};

use super::result::{CheckpointRecord, RESULT_FORMAT};
use crate::trained_run::TrainedRun;

/// Numbers by their names; null where one is not finite.
pub type Metrics = BTreeMap<String, Option<f64>>;

/// The run that was scored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ResultHeader {
    /// Version of the file.
    pub format: u32,
    /// What was learnt.
    pub task: TaskName,
    /// Which model.
    pub model: ModelName,
    /// Which data set.
    pub data: String,
    /// Which split.
    pub split: String,
    /// Preset of the run, if any.
    pub preset: Option<String>,
    /// Seed of the run.
    pub seed: u64,
    /// Commit of the program that trained it.
    pub commit: String,
    /// Device of the training.
    pub device: String,
    /// Numbers in the model.
    pub parameters: usize,
    /// The checkpoint that was scored.
    pub checkpoint: CheckpointRecord,
    /// Training steps of it.
    pub steps: u64,
    /// Training steps that the run had taken by then, as far as its files tell.
    pub trained_steps: u64,
    /// Seconds of training, as run.json has them.
    pub seconds: f64,
}

impl ResultHeader {
    /// Of a run whose model has so many parameters.
    pub(super) fn of(run: &TrainedRun, parameters: usize) -> Self {
        let TrainedRun { record, checkpoint, .. } = run;
        Self {
            format: RESULT_FORMAT,
            task: run.task(),
            model: run.config().model.name,
            data: run.config().data.name.clone(),
            split: Split::Test.name().into(),
            preset: record.preset.clone(),
            seed: record.seed,
            commit: record.commit.clone(),
            device: record.device.clone(),
            parameters,
            checkpoint: CheckpointRecord::of(checkpoint, run.is_configured),
            steps: checkpoint.step(),
            trained_steps: run.trained_steps,
            seconds: record.seconds,
        }
    }
}

/// A number, if it is one.
pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
