//! `result.json` of a run that forecasts: its scores, and what they are scores of.

use nwm_models::{Checkpoint, MODEL_FILE, ModelName, TaskName};
use serde::{Deserialize, Serialize};

use super::scores::Scores;
use super::slices::Slices;
use super::symplecticity::Symplecticity;
use super::valid_time::ValidTime;
use crate::config::Horizon;

/// Version of the file.
pub const RESULT_FORMAT: u32 = 1;

/// Name of the file in a run folder.
pub const RESULT_FILE: &str = "result.json";

/// What `result.json` of a forecaster holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ForecastResult {
    /// Version of this file.
    pub format: u32,
    /// What was learnt; older files do not say.
    #[serde(default = "forecast")]
    pub task: TaskName,
    /// Which model.
    pub model: ModelName,
    /// Which data set.
    pub data: String,
    /// Time between its frames; none for frames of one's own.
    pub dt: Option<f64>,
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
    /// Trajectories scored.
    pub trajectories: usize,
    /// The checkpoint that was scored.
    pub checkpoint: CheckpointRecord,
    /// Training steps of it.
    pub steps: u64,
    /// Training steps that the run had taken by then, as far as its files tell.
    pub trained_steps: u64,
    /// Seconds of training, as run.json has them.
    pub seconds: f64,
    /// True frames each forecast was given.
    pub inference_steps: usize,
    /// Which horizon.
    pub horizon: Horizon,
    /// Unit in which tables print `l2_norm`.
    pub unit: f64,
    /// Frames each score covers.
    pub slices: Slices,
    /// The model's scores.
    pub metrics: Scores,
    /// The reference predictors' scores on the same frames.
    pub references: References,
    /// Errors frame by frame.
    pub per_step: PerStep,
    /// Errors trajectory by trajectory.
    pub per_trajectory: PerTrajectory,
    /// For how long forecasts stay valid, where trajectories are long enough to tell.
    pub valid_time: Option<ValidTime>,
    /// Whether latent states are canonical coordinates, where the true ones are known and have momenta.
    pub symplecticity: Option<Symplecticity>,
}

/// What runs learnt when results did not say it.
fn forecast() -> TaskName {
    TaskName::Forecast
}

/// Which checkpoint was scored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckpointRecord {
    /// Its step.
    pub step: u64,
    /// Whether it is the one that `eval.checkpoint` asks for: not an older one that was named for once, or that was taken
    /// since the newest is damaged.
    pub configured: bool,
    /// SHA-256 of its parameter file.
    pub sha256: String,
}

impl CheckpointRecord {
    /// Names a verified checkpoint.
    pub(crate) fn of(checkpoint: &Checkpoint, configured: bool) -> Self {
        let sha256 = checkpoint.sha256_of(MODEL_FILE).unwrap_or_default().to_owned();
        Self { step: checkpoint.step(), configured, sha256 }
    }
}

/// Scores of predictors that need no training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct References {
    /// The training set's mean image, for every frame.
    pub mean_image: Scores,
    /// The last true frame, repeated.
    pub last_frame: Scores,
}

/// Means over trajectories for each predicted frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerStep {
    /// Frame of the first entry.
    pub first_frame: usize,
    /// Mean squared error.
    pub l2: Vec<f64>,
    /// Relative squared error, divided by the values of a frame.
    pub l2_norm: Vec<f64>,
    /// The same of the mean image.
    pub mean_image_l2_norm: Vec<f64>,
    /// The same of the last true frame.
    pub last_frame_l2_norm: Vec<f64>,
}

/// One score of each test trajectory, in their order: what comparisons of two models on the same trajectories are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PerTrajectory {
    /// Beyond the training window, as in `metrics`.
    pub forward_extrapolation_l2_norm: Vec<f64>,
    /// On the matched frames.
    pub forward_matched_l2_norm: Vec<f64>,
}
