//! Training and evaluation of neural wave machines.
//!
//! [`train`] takes a [`Resolved`] configuration and a folder, and goes on from whatever checkpoint it finds there: a run
//! that was killed and resumed ends with the same bits as one that was not. [`evaluate`] scores a run beside
//! predictors that need no training.
//!
//! ```
//! use nwm_train::{Layer, Resolved};
//!
//! # fn main() -> Result<(), nwm_train::Error> {
//! let resolved = Resolved::from_layers(&[
//!     Layer::parse("mine.toml", "[data]\nname = \"pendulum\"\n[model]\nname = \"nwm_1d\"")?,
//!     Layer::assignment("train.steps=1000")?,
//! ])?;
//! assert_eq!(resolved.config().train.steps, 1000);
//! assert_eq!(resolved.origin("data.name"), "mine.toml");
//! assert_eq!(resolved.origin("train.batch_size"), "default");
//! # Ok(())
//! # }
//! ```
//!
//! # Main types
//! - [`Config`], [`Layer`], [`Resolved`]: one configuration tree, and where each value came from.
//! - [`train`], [`RunRequest`], [`Observer`]: a run in its folder.
//! - [`DeviceChoice`]: the CPU, or a GPU if the program was built for one (feature `cuda`).
//! - [`MemoryEstimate`]: what a run is going to need.
//! - [`training_step`], [`Optimizer`]: one step, for those who write their own loop.
//! - [`WaveProbe`]: how wave-like the hidden state is meanwhile.
//! - [`TrainedRun`]: a run that is there, at one of its checkpoints.
//! - [`evaluate`], [`EvaluationResult`]: scores.
//! - [`export`]: a trained model to hand on.
//! - [`unroll`], [`UnrolledSequences`]: hidden states beside frames, as HDF5 for those who look for waves in them.
//! - [`induce`], [`InducedWaves`]: what a variational model draws while its last state is moved along its rings.
//! - [`selectivity()`], [`Selectivity`]: orientation maps of a variational model, and the images that drive its units most.
//!
//! # Features
//!
//! `cuda` trains and evaluates in f32 on an NVIDIA GPU ([`DeviceChoice`]); building it needs a CUDA toolkit, and it only adds code paths. There are no default features.
//!
//! # Cost
//!
//! Nearly all of a step is the model, forward and backward, of whose memory [`MemoryEstimate`] tells the peak beforehand. Batches
//! are made meanwhile, on threads of their own. `cargo xtask bench train` in the repository measures steps.
//!
//! # Conventions
//! Every random choice is a function of a seed and a step, so that the state of a run is its parameters, the
//! optimiser's moments and a step count. Sums have a fixed order: results do not depend on the number of threads.

mod adam;
mod batch_frames;
mod checkpoint;
mod command_line;
mod config;
mod data;
mod descent;
mod device;
mod digit_files;
mod error;
mod evaluation;
mod export;
mod film_data;
mod forecast_task;
mod gradients;
mod guard;
mod induced;
mod loss;
mod memory;
mod metrics;
mod moments;
mod optimizer;
mod plain_loss;
mod run;
mod run_folder;
mod schedule;
mod selectivity;
mod sequence_data;
mod sequence_task;
mod sgd;
mod step;
mod task;
mod tensorboard;
mod trained_run;
mod trainer;
mod unroll;
mod variational_task;
mod wave_probe;

pub use adam::{Adam, AdamMethod, AdamRule};
pub use batch_frames::frames_of;
pub use checkpoint::{Best, CheckpointFiles, OPTIMIZER_FILE, TrainingState, write_checkpoint};
pub use command_line::command_line;
pub use config::{
    AnalysisConfig, CheckpointChoice, Config, DataConfig, EvalConfig, Horizon, Layer, ReportConfig,
    Resolved, TrainConfig,
};
pub use data::{FILE_DATA, dataset_spec, open_frames, own_file};
pub use descent::{Descent, DescentMethod};
pub use device::{DeviceChoice, device_name};
pub use error::{Error, ErrorKind, Result};
pub use evaluation::{
    CheckpointRecord, CheckpointScores, EvaluationRequest, EvaluationResult, ForecastResult,
    ForecastSamples, FrameErrors, Metrics, PerStep, PerTrajectory, RESULT_FILE, RESULT_FORMAT,
    References, ResultHeader, Rules, SAMPLES_FILE, SAMPLES_FORMAT, Scores, SequenceResult,
    SheetSamples, Slice, Slices, Symplecticity, ValidTime, VariationalResult, WaveMeasurement,
    evaluate, evaluate_forecasts,
};
pub use export::{ExportRequest, ExportedRun, export};
pub use film_data::{film_frames, open_films};
pub use gradients::{Gradients, collect_gradients, gradient_norm};
pub use induced::{
    INDUCED_KIND, InduceRequest, InducedRecord, InducedWaves, MOST_INDUCED_FILMS,
    MOST_INDUCED_STEPS, induce,
};
pub use loss::{
    PERFECT_LOSS, bernoulli_cost_of_logits, forecast_loss, forecast_loss_of_logits,
    mean_squared_error, mean_squared_error_of_logits,
};
pub use memory::MemoryEstimate;
pub use metrics::{METRICS_FILE, MetricsLog, MetricsRow, read_metrics};
pub use moments::UpdateRule;
pub use optimizer::{Optimizer, OptimizerName};
pub use run::{Observer, Outcome, RunRequest, Silent, train};
pub use run_folder::{RUN_FORMAT, RunFolder, RunRecord, RunStatus, read_run_record, timestamp};
pub use schedule::{Schedule, learning_rate};
pub use selectivity::{
    ChannelSelectivity, ImageNumbers, LargestD, MapNumbers, MapVerdict, MeasuredImages,
    MeasuredMap, MeasuredPreferences, PinwheelNumbers, PreferenceNumbers, SELECTIVITY_KIND,
    Selectivity, SelectivityRecord, SelectivityRequest, SignificanceNumbers, StillGratings,
    maximum_activation, orientation_responses, selectivity, write_selectivity,
};
pub use sequence_data::{Answers, Questions, Sequences};
pub use sequence_task::sequence_step;
pub use sgd::{Sgd, SgdMethod, SgdRule};
pub use step::{StepResult, noise_of_step, training_step};
pub use tensorboard::EventLog;
pub use trained_run::{RequestedCheckpoint, TrainedRun};
pub use unroll::{
    ChosenTrajectories, MOST_UNROLLED_STEPS, UNROLLED_KIND, UnrollRequest, UnrolledSequences,
    UntrainedFilm, unroll, untrained_film,
};
pub use variational_task::{noise_of_films, variational_step};
pub use wave_probe::WaveProbe;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
