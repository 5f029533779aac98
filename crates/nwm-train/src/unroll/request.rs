//! What is unrolled, and what a file of it says about itself.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use nwm_data::Split;
use nwm_models::{ModelName, TaskName};
use serde::{Deserialize, Serialize};

use super::answers::unroll_answers;
use super::films::unroll_films;
use super::forecasts::unroll_forecasts;
use crate::error::{Error, Result};
use crate::evaluation::CheckpointRecord;
use crate::trained_run::{RequestedCheckpoint, TrainedRun};

/// The kind of such a file ([`nwm_data::arrays`]).
pub const UNROLLED_KIND: &str = "unrolled_sequences";

/// Most frames of a forecast.
pub const MOST_UNROLLED_STEPS: usize = 100_000;

/// Test trajectories by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChosenTrajectories {
    /// So many, the first ones; all, if there are fewer.
    First(usize),
    /// These, in this order.
    These(Vec<usize>),
}

/// What is unrolled.
#[derive(Clone, Debug)]
pub struct UnrollRequest {
    /// Which checkpoint.
    pub checkpoint: RequestedCheckpoint,
    /// Which test trajectories.
    pub trajectories: ChosenTrajectories,
    /// Frames that are predicted: none stands for those of an evaluation, and of films for four rounds of the turntable. Of
    /// sequences the steps whose states are wanted: none stands for all.
    pub steps: Option<usize>,
    /// Where the model runs.
    pub device: Device,
}

impl Default for UnrollRequest {
    fn default() -> Self {
        Self {
            checkpoint: RequestedCheckpoint::default(),
            trajectories: ChosenTrajectories::First(8),
            steps: None,
            device: Device::Cpu,
        }
    }
}

/// What files were about when they did not say it.
fn forecast() -> TaskName {
    TaskName::Forecast
}

/// What a file of unrolled sequences says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnrolledSequences {
    /// What was learnt; older files do not say.
    #[serde(default = "forecast")]
    pub task: TaskName,
    /// Which model.
    pub model: ModelName,
    /// Which data set.
    pub data: String,
    /// Which split.
    pub split: Split,
    /// Time between two frames in the units of the equations; none where there are none.
    pub dt: Option<f64>,
    /// Preset of the run, if any.
    pub preset: Option<String>,
    /// Seed of the run.
    pub seed: u64,
    /// Commit of the program that trained it.
    pub commit: String,
    /// The checkpoint.
    pub checkpoint: CheckpointRecord,
    /// Sequences.
    pub sequences: usize,
    /// True frames each forecast was given, from frame 0 of its window; of films and sequences as many as there are states,
    /// each of which has read the frames up to its own.
    pub inference_steps: usize,
    /// The frame of the window that the first prediction is of.
    pub first_frame: usize,
    /// Predicted frames of each sequence.
    pub steps: usize,
    /// True frames of each sequence, from frame 0 of its window: fewer than predictions reach where a trajectory ends.
    pub true_frames: usize,
    /// Seed of the windows' starts: those of the evaluation.
    pub window_seed: u64,
}

impl UnrolledSequences {
    /// One past the last frame of the window that is predicted or read.
    pub fn window(&self) -> usize {
        (self.first_frame + self.steps).max(self.inference_steps)
    }
}

/// Unrolls a run's model on test sequences and writes what it sees, holds and predicts to the HDF5 file `out`
/// (docs/formats.md): of forecasts the evaluation windows of test trajectories, else the first frames of test films, or test
/// sequences.
///
/// Sequences go through the model in groups, so that their number has no influence on the memory that is needed; that
/// grows with the steps of one. `progress` is called with the sequences done and their number.
///
/// # Errors
/// [`Error::Request`] if there are no such trajectories or steps; [`Error::File`] if the run has no intact checkpoint;
/// [`Error::Data`] if the test set cannot be made or read, or the file cannot be written.
pub fn unroll(
    run_directory: &Path,
    request: &UnrollRequest,
    out: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<UnrolledSequences> {
    let run = TrainedRun::open(run_directory, request.checkpoint)?.on(&request.device);
    match run.task() {
        TaskName::Sequence => unroll_answers(&run, request, out, progress),
        TaskName::Variational => unroll_films(&run, request, out, progress),
        _ => unroll_forecasts(run, request, out, progress),
    }
}

impl UnrolledSequences {
    /// Of a run whose model reads all of its sequences: `steps` states of each, the first of which predicts frame
    /// `first_frame`.
    pub(super) fn of_read(
        run: &TrainedRun,
        sequences: usize,
        steps: usize,
        first_frame: usize,
    ) -> Self {
        let config = run.config();
        Self {
            task: run.task(),
            model: config.model.name,
            data: config.data.name.clone(),
            split: Split::Test,
            dt: None,
            preset: run.record.preset.clone(),
            seed: run.record.seed,
            commit: run.record.commit.clone(),
            checkpoint: CheckpointRecord::of(&run.checkpoint, run.is_configured),
            sequences,
            inference_steps: steps,
            first_frame,
            steps,
            true_frames: steps + first_frame,
            window_seed: 0,
        }
    }
}

impl ChosenTrajectories {
    /// The numbers of those of `total`.
    pub(super) fn of(&self, total: usize) -> Result<Vec<usize>> {
        let chosen = match self {
            Self::First(count) => (0..total.min(*count)).collect(),
            Self::These(chosen) => chosen.clone(),
        };
        let refused = |found: String| {
            let expected = format!("one or more of the test trajectories 0 to {}", total - 1);
            Err(Error::Request { what: "trajectories", found, expected })
        };
        if chosen.is_empty() {
            return refused("none".into());
        }
        if let Some(absent) = chosen.iter().find(|&&trajectory| trajectory >= total) {
            return refused(absent.to_string());
        }
        Ok(chosen)
    }
}

/// Steps between 1 and `most`, or as many as there are by default.
pub(super) fn steps_within(asked: Option<usize>, default: usize, most: usize) -> Result<usize> {
    match asked {
        None => Ok(default),
        Some(steps) if (1..=most).contains(&steps) => Ok(steps),
        Some(steps) => Err(Error::Request {
            what: "steps",
            found: steps.to_string(),
            expected: format!("1 to {most}"),
        }),
    }
}

pub(super) fn whole(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

pub(super) fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}
