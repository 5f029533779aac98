//! Scoring a trained model on its test set, beside reference predictors that need no training.

mod answers;
mod dispatch;
mod evaluate;
mod films;
mod forecasts;
mod header;
mod references;
mod result;
mod samples;
mod scores;
mod slices;
mod symplecticity;
mod valid_time;
mod validation;

pub(crate) use answers::GivenAnswers;
pub use answers::{CheckpointScores, Rules, SequenceResult};
pub use dispatch::{EvaluationRequest, EvaluationResult, evaluate};
pub use evaluate::evaluate_forecasts;
pub use films::{VariationalResult, WaveMeasurement};
pub(crate) use forecasts::{read_film, stack};
pub use header::{Metrics, ResultHeader};
pub use result::{
    CheckpointRecord, ForecastResult, PerStep, PerTrajectory, RESULT_FILE, RESULT_FORMAT,
    References,
};
pub(crate) use samples::bytes_of;
pub use samples::{ForecastSamples, SAMPLES_FILE, SAMPLES_FORMAT, SheetSamples};
pub use scores::{FrameErrors, Scores};
pub use slices::{Slice, Slices};
pub use symplecticity::Symplecticity;
pub use valid_time::ValidTime;
pub(crate) use validation::validation_error;
