//! What a run trains: a model, its batches and its loss, as far as the training loop knows them.

use candle_core::Device;
use nwm_models::nn::Parameters;
use nwm_models::{CellScalars, Checkpoint, TaskName};

use crate::config::Config;
use crate::error::{Error, Result};
use crate::forecast_task::ForecastTask;
use crate::run::Observer;
use crate::sequence_task::SequenceTask;
use crate::step::StepResult;
use crate::variational_task::VariationalTask;

/// Trajectory and first frame of each window of a batch; of whole sequences and films the number, and 0.
pub(crate) type Items = Vec<(usize, usize)>;

/// A model with the batches it is trained on and what it is to learn from them.
///
/// The loop moves the parameters; everything else that a step depends on is a function of the configuration and the number
/// of the step.
pub(crate) trait Task {
    /// What is trained.
    fn parameters(&self) -> &Parameters;

    /// The content of `model.safetensors`.
    fn model_bytes(&self) -> Result<Vec<u8>>;

    /// How many samples the training set has: an epoch is one pass over them.
    fn samples(&self) -> usize;

    /// Loss and gradients of batch number `step`, counted from 0, and what is in it; no parameter is moved.
    ///
    /// Batches come in their order, but for the first one of a run that goes on and for one that it goes back to.
    fn step(&mut self, step: u64) -> Result<(StepResult, Items)>;

    /// The error by which checkpoints are compared, smaller is better; none without a validation set.
    fn validate(&self) -> Result<Option<f64>>;

    /// What all units of an oscillatory cell share; none of a model without one.
    fn cell_scalars(&self) -> Result<Option<CellScalars>>;

    /// Whether the waves of the hidden state are measured.
    fn measures_waves(&self) -> bool;

    /// Names and values of what is measured of them, as in [`MetricsRow::waves`](crate::MetricsRow::waves).
    fn measure_waves(&self) -> Result<Vec<(String, f64)>>;
}

/// The task that a configuration describes, with the parameters of a checkpoint or fresh ones on the device.
///
/// # Errors
/// Whatever keeps its model or its data from being there.
pub(crate) fn open_task<'a>(
    config: &'a Config,
    checkpoint: Option<&Checkpoint>,
    device: &Device,
    observer: &mut dyn Observer,
) -> Result<Box<dyn Task + 'a>> {
    Ok(match config.model.task {
        TaskName::Sequence => Box::new(SequenceTask::open(config, checkpoint, device)?),
        TaskName::Variational => Box::new(VariationalTask::open(config, checkpoint, device)?),
        _ => Box::new(ForecastTask::open(config, checkpoint, device, observer)?),
    })
}

/// Refuses a checkpoint of a model that the configuration does not describe.
pub(crate) fn other_model(checkpoint: &Checkpoint) -> Error {
    Error::File {
        path: checkpoint.directory().to_owned(),
        problem: "the checkpoint holds another model than the configuration describes; choose another --run-dir".into(),
    }
}
