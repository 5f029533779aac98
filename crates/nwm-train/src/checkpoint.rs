//! Writing checkpoints so that a kill, a crash or a full disk never costs more than the one being written.
//!
//! All files go into a hidden folder beside the target, each is flushed to disk, then the folder is renamed and its
//! parent flushed. A checkpoint that has its final name is therefore complete; [`nwm_models::Checkpoint`] verifies
//! it again when it is read.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use nwm_models::{
    CHECKPOINT_FORMAT, Checkpoint, FileRecord, MODEL_FILE, STATE_FILE, checkpoint_directory,
    checkpoint_steps, seal_state,
};
use serde::{Deserialize, Serialize};

use crate::config::TrainConfig;
use crate::error::{Error, Result};
use crate::metrics::METRICS_FILE;

/// Name of the file that holds the optimiser's moments.
pub const OPTIMIZER_FILE: &str = "optimizer.safetensors";

/// What precedes the names of folders that are not complete yet, and of those that are complete no more.
const SCRATCH_PREFIX: &str = ".writing-";
const REMOVED_PREFIX: &str = ".removing-";

/// The files of a checkpoint beside its state.
#[derive(Clone, Copy, Debug)]
pub struct CheckpointFiles<'a> {
    /// Content of `model.safetensors`.
    pub model: &'a [u8],
    /// Content of `optimizer.safetensors`.
    pub optimizer: &'a [u8],
    /// Content of `metrics.csv` up to the checkpoint's step, from which a damaged one is restored.
    pub metrics: &'a [u8],
}

/// A checkpoint and its validation error.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Optimiser steps taken.
    pub step: u64,
    /// `forward_extrapolation_l2_norm` on the validation trajectories.
    pub value: f64,
}

/// What `state.json` holds beside the list of files.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainingState {
    /// Version of the layout.
    pub format: u32,
    /// Optimiser steps taken.
    pub step: u64,
    /// The batch that comes next.
    pub cursor: nwm_data::Cursor,
    /// Seed of parameters and of the loader's streams.
    pub seed: u64,
    /// Steps the optimiser has counted: Adam needs them for its bias correction.
    pub optimizer_steps: u64,
    /// Seconds of training so far, over all starts.
    pub seconds: f64,
    /// Times that the run went back to a checkpoint after a step that was not finite; each halves the learning rate.
    #[serde(default)]
    pub retries: u32,
    /// The checkpoint that it went back to last.
    #[serde(default)]
    pub rolled_back_to: Option<u64>,
    /// The checkpoint with the least validation error so far.
    #[serde(default)]
    pub best: Option<Best>,
    /// Validations since then.
    #[serde(default)]
    pub stale: u64,
    /// The other files, with sizes and digests.
    pub files: Vec<FileRecord>,
    /// Digest of this file with an empty `integrity`.
    pub integrity: String,
}

impl TrainingState {
    /// The state before the first step.
    pub fn start(seed: u64) -> Self {
        Self {
            format: CHECKPOINT_FORMAT,
            step: 0,
            cursor: nwm_data::Cursor::default(),
            seed,
            optimizer_steps: 0,
            seconds: 0.0,
            retries: 0,
            rolled_back_to: None,
            best: None,
            stale: 0,
            files: Vec::new(),
            integrity: String::new(),
        }
    }

    /// Whether there is no step left to take.
    pub(crate) fn is_finished(&self, train: &TrainConfig) -> bool {
        self.step >= train.steps || (train.patience > 0 && self.stale >= train.patience)
    }
}

/// What a checkpoint says of the training beside parameters and moments.
pub(crate) fn read_state(checkpoint: &Checkpoint) -> Result<TrainingState> {
    serde_json::from_str(checkpoint.state()).map_err(|error| Error::File {
        path: checkpoint.directory().to_owned(),
        problem: error.to_string(),
    })
}

/// Writes one checkpoint, atomically: its files and its state.
///
/// # Errors
/// [`Error::Io`] if anything cannot be written; earlier checkpoints are untouched and no partial one is left.
pub fn write_checkpoint(
    run_directory: &Path,
    files: CheckpointFiles<'_>,
    state: &TrainingState,
) -> Result<()> {
    let CheckpointFiles { model, optimizer, metrics } = files;
    let contents = [(MODEL_FILE, model), (OPTIMIZER_FILE, optimizer), (METRICS_FILE, metrics)];
    write_files(run_directory, &contents, state)
}

/// Writes a checkpoint of these files, atomically, with a state that lists them.
pub(crate) fn write_files(
    run_directory: &Path,
    contents: &[(&str, &[u8])],
    state: &TrainingState,
) -> Result<()> {
    let files = contents.iter().map(|(name, content)| FileRecord::of(name, content)).collect();
    let state = TrainingState {
        format: CHECKPOINT_FORMAT,
        files,
        integrity: String::new(),
        ..state.clone()
    };
    let text = serde_json::to_string_pretty(&state)
        .map_err(|error| Error::File { path: STATE_FILE.into(), problem: error.to_string() })?;
    let sealed = seal_state(&text)?;

    let target = checkpoint_directory(run_directory, state.step);
    let parent = run_directory.join("checkpoints");
    fs::create_dir_all(&parent).map_err(Error::io(&parent))?;
    let scratch = parent.join(format!("{SCRATCH_PREFIX}{:08}", state.step));
    let written = (|| {
        remove_folder(&scratch)?;
        fs::create_dir(&scratch).map_err(Error::io(&scratch))?;
        for (name, content) in contents {
            write_and_flush(&scratch.join(name), content)?;
        }
        write_and_flush(&scratch.join(STATE_FILE), sealed.as_bytes())?;
        flush_folder(&scratch)?;
        // A folder of this step can only be a damaged one that the resumed run passed over.
        remove_checkpoint(run_directory, state.step)?;
        fs::rename(&scratch, &target).map_err(Error::io(&target))?;
        flush_folder(&parent)
    })();
    if written.is_err() {
        // The first error is the one to report; a scratch folder that stays is removed at the next start.
        let _ = remove_folder(&scratch);
    }
    written
}

/// Removes a checkpoint so that a kill never leaves a part of it under its name.
fn remove_checkpoint(run_directory: &Path, step: u64) -> Result<()> {
    let path = checkpoint_directory(run_directory, step);
    let removed = run_directory.join("checkpoints").join(format!("{REMOVED_PREFIX}{step:08}"));
    remove_folder(&removed)?;
    match fs::rename(&path, &removed) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Error::io(path)(error)),
        Ok(()) => remove_folder(&removed),
    }
}

/// Removes what an interrupted write or removal has left.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be listed or cleaned.
pub(crate) fn remove_scratch(run_directory: &Path) -> Result<()> {
    let parent = run_directory.join("checkpoints");
    if !parent.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(&parent).map_err(Error::io(&parent))? {
        let entry = entry.map_err(Error::io(&parent))?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(SCRATCH_PREFIX) || name.starts_with(REMOVED_PREFIX) {
            remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

/// Which checkpoints are kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retention {
    /// How many regular ones, the newest.
    pub(crate) keep: usize,
    /// Steps between two regular ones.
    pub(crate) every: u64,
    /// One that is kept whatever its age.
    pub(crate) best: Option<u64>,
}

impl Retention {
    /// Whether a run that is never interrupted writes the checkpoint of this step.
    pub(crate) fn is_regular(self, step: u64) -> bool {
        step.is_multiple_of(self.every)
    }
}

/// Removes the checkpoints after that of step `last`, newest first: a run that went back to it takes another way.
///
/// # Errors
/// [`Error::Io`] if one cannot be removed.
pub(crate) fn remove_later(run_directory: &Path, last: u64) -> Result<()> {
    let steps = checkpoint_steps(run_directory)?;
    for &step in steps.iter().rev().filter(|&&step| step > last) {
        remove_checkpoint(run_directory, step)?;
    }
    Ok(())
}

/// Removes checkpoints up to that of step `newest`, the one just written, which stays. What an interrupt has left beside the
/// regular ones is removed, so that it has no influence on what the run finds later.
///
/// Later ones are damaged ones that the resumed run passed over. They do not count, or a good one would go in the place
/// of a damaged one; the run writes them again.
///
/// # Errors
/// [`Error::Io`] if one cannot be removed.
pub(crate) fn retain_last(run_directory: &Path, newest: u64, retention: Retention) -> Result<()> {
    let mut steps = checkpoint_steps(run_directory)?;
    steps.retain(|&step| step < newest);
    let (regular, others): (Vec<u64>, Vec<u64>) =
        steps.into_iter().partition(|&step| retention.is_regular(step));
    let spare = usize::from(retention.is_regular(newest));
    let old = regular.len().saturating_sub(retention.keep - spare.min(retention.keep));
    for step in regular[..old].iter().copied().chain(others) {
        if Some(step) == retention.best {
            continue;
        }
        remove_checkpoint(run_directory, step)?;
    }
    Ok(())
}

fn write_and_flush(path: &Path, content: &[u8]) -> Result<()> {
    let mut file = File::create(path).map_err(Error::io(path))?;
    file.write_all(content).map_err(Error::io(path))?;
    file.sync_all().map_err(Error::io(path))
}

fn flush_folder(path: &Path) -> Result<()> {
    // Folders can be opened and flushed on Unix alone; elsewhere the rename is all there is.
    if cfg!(unix) {
        File::open(path).and_then(|folder| folder.sync_all()).map_err(Error::io(path))?;
    }
    Ok(())
}

fn remove_folder(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}
