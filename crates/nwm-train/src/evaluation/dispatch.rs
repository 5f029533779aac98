//! The evaluation of a run, whatever its task is.

use std::path::Path;

use candle_core::Device;
use nwm_models::TaskName;
use serde::Serialize;

use super::answers::{SequenceResult, sequence_result};
use super::evaluate::forecast_result;
use super::films::{VariationalResult, variational_result};
use super::result::{CheckpointRecord, ForecastResult};
use crate::error::Result;
use crate::trained_run::{RequestedCheckpoint, TrainedRun};

/// What is scored.
#[derive(Clone, Debug)]
pub struct EvaluationRequest {
    /// Which checkpoint.
    pub checkpoint: RequestedCheckpoint,
    /// Where the model runs.
    pub device: Device,
}

impl Default for EvaluationRequest {
    /// What the configuration asks for, on the CPU.
    fn default() -> Self {
        Self { checkpoint: RequestedCheckpoint::default(), device: Device::Cpu }
    }
}

/// The scores of a run of any task: what `result.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum EvaluationResult {
    /// Of a run that forecasts.
    Forecast(Box<ForecastResult>),
    /// Of a run that answers sequences.
    Sequence(Box<SequenceResult>),
    /// Of a run that encodes films.
    Variational(Box<VariationalResult>),
}

impl EvaluationResult {
    /// The checkpoint that was scored.
    pub fn checkpoint(&self) -> &CheckpointRecord {
        match self {
            Self::Forecast(result) => &result.checkpoint,
            Self::Sequence(result) => &result.about.checkpoint,
            Self::Variational(result) => &result.about.checkpoint,
        }
    }

    /// Training steps that the run had taken by then.
    pub fn trained_steps(&self) -> u64 {
        match self {
            Self::Forecast(result) => result.trained_steps,
            Self::Sequence(result) => result.about.trained_steps,
            Self::Variational(result) => result.about.trained_steps,
        }
    }
}

/// Scores a run on its test set and writes `result.json`, and of runs that draw frames `samples.safetensors`, into its folder.
///
/// `progress` is called with the trajectories done and their number.
///
/// # Errors
/// [`crate::Error::File`] if the run has no intact checkpoint; [`crate::Error::Data`] if the test set cannot be made or read.
pub fn evaluate(
    run_directory: &Path,
    request: &EvaluationRequest,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<EvaluationResult> {
    let run = TrainedRun::open(run_directory, request.checkpoint)?.on(&request.device);
    Ok(match run.task() {
        TaskName::Sequence => {
            EvaluationResult::Sequence(Box::new(sequence_result(&run, progress)?))
        }
        TaskName::Variational => {
            EvaluationResult::Variational(Box::new(variational_result(&run, progress)?))
        }
        _ => EvaluationResult::Forecast(Box::new(forecast_result(run, progress)?)),
    })
}
