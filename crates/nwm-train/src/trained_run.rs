//! A run that has been trained, opened at one of its checkpoints.

use std::path::Path;

use candle_core::Device;
use nwm_models::{Checkpoint, Model, checkpoint_directory, latest_checkpoint};

use crate::checkpoint::TrainingState;
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

/// What a run folder holds.
pub(crate) struct TrainedRun {
    pub(crate) resolved: Resolved,
    pub(crate) record: RunRecord,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) model: Model,
}

impl TrainedRun {
    /// Opens a run at the checkpoint that is asked for.
    pub(crate) fn open(run_directory: &Path, requested: RequestedCheckpoint) -> Result<Self> {
        let layers = [Layer::read(&run_directory.join("resolved.toml"))?];
        let resolved = Resolved::from_layers(&layers)?;
        let record = read_run_record(run_directory)?;
        let checkpoint = open_checkpoint(run_directory, resolved.config(), requested)?;
        let model = Model::from_checkpoint(&checkpoint, &Device::Cpu)?;
        Ok(Self { resolved, record, checkpoint, model })
    }
}

/// The checkpoint of a run that is asked for.
fn open_checkpoint(
    run_directory: &Path,
    config: &Config,
    requested: RequestedCheckpoint,
) -> Result<Checkpoint> {
    let of_step = |step| Ok(Checkpoint::open(&checkpoint_directory(run_directory, step))?);
    let best = match (requested, config.eval.checkpoint) {
        (RequestedCheckpoint::Step(step), _) => return of_step(step),
        (RequestedCheckpoint::Configured, choice) => choice == CheckpointChoice::Best,
        (requested, _) => requested == RequestedCheckpoint::Best,
    };
    let newest = newest_checkpoint(run_directory)?;
    if !best {
        return Ok(newest);
    }
    let state: TrainingState = serde_json::from_str(newest.state()).map_err(|error| {
        Error::File { path: newest.directory().to_owned(), problem: error.to_string() }
    })?;
    match state.best {
        Some(best) => of_step(best.step),
        None => Err(Error::File {
            path: newest.directory().to_owned(),
            problem: "no checkpoint of the run was validated, so none is the best; ask for the last one, or train with data.validation_trajectories".into(),
        }),
    }
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
