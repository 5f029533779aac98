//! A run that has been trained, opened at one of its checkpoints.

use std::path::{Path, PathBuf};

use candle_core::{DType, Device};
use nwm_models::{
    Checkpoint, FrameShape, Model, SequenceModel, TaskName, VariationalModel, checkpoint_directory,
    checkpoint_steps, latest_checkpoint,
};

use crate::checkpoint::read_state;
use crate::config::{CheckpointChoice, Config, Layer, Resolved};
use crate::error::{Error, Result};
use crate::run_folder::{RunRecord, read_run_record};

/// A checkpoint by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestedCheckpoint {
    /// What `eval.checkpoint` says.
    #[default]
    Configured,
    /// The newest intact one.
    Last,
    /// The one with the least validation error.
    Best,
    /// That of a step.
    Step(u64),
}

/// Configuration, record and one checkpoint of a run, whatever its task is.
///
/// The model is loaded apart, by the method of its task.
#[derive(Debug)]
#[non_exhaustive]
pub struct TrainedRun {
    /// The run folder.
    pub directory: PathBuf,
    /// Its configuration.
    pub resolved: Resolved,
    /// What it says about itself.
    pub record: RunRecord,
    /// Steps that it has taken as far as its record and its checkpoints tell, damaged ones included.
    pub trained_steps: u64,
    /// The checkpoint, verified.
    pub checkpoint: Checkpoint,
    /// Whether the checkpoint is the one that the configuration asks for.
    pub is_configured: bool,
    /// Where its models are loaded.
    pub device: Device,
}

impl TrainedRun {
    /// Opens a run at the checkpoint that is asked for, for the CPU.
    ///
    /// # Errors
    /// [`Error::File`] if the folder holds no run, or no such checkpoint that is intact; [`Error::Key`] if its configuration
    /// is none.
    pub fn open(run_directory: &Path, requested: RequestedCheckpoint) -> Result<Self> {
        let layers = [Layer::of_run(run_directory)?];
        let resolved = Resolved::from_layers(&layers)?;
        let record = read_run_record(run_directory)?;
        let configured = resolved.config().eval.checkpoint;
        let checkpoint = match (requested, configured) {
            (RequestedCheckpoint::Step(step), _) => of_step(run_directory, step)?,
            (RequestedCheckpoint::Best, _)
            | (RequestedCheckpoint::Configured, CheckpointChoice::Best) => {
                best_checkpoint(run_directory, resolved.config())?
            }
            (RequestedCheckpoint::Last, _)
            | (RequestedCheckpoint::Configured, CheckpointChoice::Last) => {
                newest_checkpoint(run_directory)?
            }
        };
        let newest_step = checkpoint_steps(run_directory)?.last().copied();
        let trained_steps = newest_step.map_or(record.steps, |step| step.max(record.steps));
        let is_configured = match (requested, configured) {
            (_, CheckpointChoice::Last) => checkpoint.step() == trained_steps,
            // There is no older one to fall back to.
            (RequestedCheckpoint::Configured | RequestedCheckpoint::Best, _) => true,
            (_, CheckpointChoice::Best) => {
                let best = read_state(&newest_checkpoint(run_directory)?)?.best;
                best.is_some_and(|best| best.step == checkpoint.step())
            }
        };
        let directory = run_directory.to_owned();
        let device = Device::Cpu;
        Ok(Self { directory, resolved, record, trained_steps, checkpoint, is_configured, device })
    }

    /// The same run, whose models are loaded onto another device.
    pub fn on(self, device: &Device) -> Self {
        Self { device: device.clone(), ..self }
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        self.resolved.config()
    }

    /// What the run has learnt.
    pub fn task(&self) -> TaskName {
        self.config().model.task
    }

    /// The forecaster of a run that draws what follows the frames of a film.
    ///
    /// # Errors
    /// [`Error::OtherTask`] if the run has learnt something else; [`Error::Model`] if the checkpoint holds another model.
    pub fn forecaster(&self) -> Result<Model> {
        self.expect(TaskName::Forecast)?;
        Ok(Model::from_checkpoint(&self.checkpoint, &self.device)?)
    }

    /// The model of a run that answers sequences.
    ///
    /// # Errors
    /// As [`TrainedRun::forecaster`].
    pub fn sequence_model(&self) -> Result<SequenceModel> {
        self.expect(TaskName::Sequence)?;
        Ok(SequenceModel::from_checkpoint(&self.checkpoint, &self.device)?)
    }

    /// The model of a run that encodes the frames of films.
    ///
    /// # Errors
    /// As [`TrainedRun::forecaster`].
    pub fn variational_model(&self) -> Result<VariationalModel> {
        self.expect(TaskName::Variational)?;
        Ok(VariationalModel::from_checkpoint(&self.checkpoint, &self.device)?)
    }

    /// The same model as it was before the first step, for frames of this shape.
    ///
    /// # Errors
    /// As [`TrainedRun::forecaster`].
    pub fn untrained_variational_model(&self, frame: FrameShape) -> Result<VariationalModel> {
        self.expect(TaskName::Variational)?;
        let (model, seed) = (&self.config().model, self.config().train.seed);
        Ok(VariationalModel::new(model, frame, seed, DType::F32, &self.device)?)
    }

    fn expect(&self, expected: TaskName) -> Result<()> {
        match self.task() {
            found if found == expected => Ok(()),
            found => Err(Error::OtherTask { path: self.directory.clone(), found, expected }),
        }
    }
}

fn of_step(run_directory: &Path, step: u64) -> Result<Checkpoint> {
    Ok(Checkpoint::open(&checkpoint_directory(run_directory, step))?)
}

fn best_checkpoint(run_directory: &Path, config: &Config) -> Result<Checkpoint> {
    let newest = newest_checkpoint(run_directory)?;
    if let Some(best) = read_state(&newest)?.best {
        return of_step(run_directory, best.step);
    }
    let problem = if config.has_validation() {
        "no checkpoint of the run has a finite validation error yet, so none is the best; ask for the last one".into()
    } else {
        let key = config.validation_key();
        format!(
            "the run was not validated, so no checkpoint is the best; ask for the last one, or train with {key}"
        )
    };
    Err(Error::File { path: newest.directory().to_owned(), problem })
}

fn newest_checkpoint(run_directory: &Path) -> Result<Checkpoint> {
    match latest_checkpoint(run_directory)? {
        (Some(checkpoint), _) => Ok(checkpoint),
        (None, damaged) => Err(match damaged.into_iter().next() {
            Some(error) => error.into(),
            None => Error::File {
                path: run_directory.join("checkpoints"),
                problem:
                    "found no checkpoint, expected step-NNNNNNNN; train first or check the path"
                        .into(),
            },
        }),
    }
}
