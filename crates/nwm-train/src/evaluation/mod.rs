//! Scoring a trained model on test trajectories, beside reference predictors that need no training.

mod evaluate;
mod forecasts;
mod references;
mod result;
mod samples;
mod scores;
mod slices;
mod symplecticity;
mod valid_time;
mod validation;

pub use evaluate::{EvaluationRequest, evaluate};
pub(crate) use forecasts::{read_film, stack};
pub use result::{
    CheckpointRecord, EvaluationResult, PerStep, PerTrajectory, RESULT_FILE, RESULT_FORMAT,
    References,
};
pub(crate) use samples::bytes_of;
pub use samples::{ForecastSamples, SAMPLES_FILE, SAMPLES_FORMAT, SheetSamples};
pub use scores::{FrameErrors, Scores};
pub use slices::{Slice, Slices};
pub use symplecticity::Symplecticity;
pub use valid_time::ValidTime;
pub(crate) use validation::validation_error;
