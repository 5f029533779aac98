//! Scoring a trained model on test trajectories, beside reference predictors that need no training.

mod evaluate;
mod references;
mod result;
mod samples;
mod scores;

pub use evaluate::{EvaluationRequest, evaluate};
pub use result::{
    CheckpointRecord, EvaluationResult, PerStep, RESULT_FILE, RESULT_FORMAT, References, Slices,
};
pub use samples::{ForecastSamples, SAMPLES_FILE, SAMPLES_FORMAT};
pub use scores::{FrameErrors, Scores, Slice};
