//! Trained models to keep and to hand on: a run folder with nothing in it but what using the model takes.

use std::path::{Path, PathBuf};

use nwm_models::MODEL_FILE;
use nwm_models::nn::to_half_precision;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{TrainingState, read_state, write_files};
use crate::error::{Error, Result};
use crate::run_folder::{CONFIGURATION_FILE, RunFolder, RunRecord, RunStatus, write_text};
use crate::trained_run::{RequestedCheckpoint, TrainedRun};

/// What is kept of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExportRequest {
    /// Which checkpoint.
    pub checkpoint: RequestedCheckpoint,
    /// Whether parameters are kept in half precision, in half the space.
    pub half_precision: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedRun {
    /// The new run folder.
    pub directory: PathBuf,
    /// Optimiser steps of its one checkpoint.
    pub step: u64,
    /// Bytes of the parameter file.
    pub bytes: u64,
}

/// Writes one checkpoint of a run into a run folder of its own, without optimiser, log and pages: every command that reads a
/// trained model takes it, and no run can go on from it.
///
/// # Errors
/// [`Error::File`] if the run has no such checkpoint that is intact; [`Error::RunExists`] if `out` holds a run; [`Error::Io`]
/// if it cannot be written.
pub fn export(run_directory: &Path, request: &ExportRequest, out: &Path) -> Result<ExportedRun> {
    let run = TrainedRun::open(run_directory, request.checkpoint)?;
    let model = run.checkpoint.read(MODEL_FILE)?;
    let model = if request.half_precision { to_half_precision(&model)? } else { model };
    let folder = RunFolder::open(out, false)?;
    let state = TrainingState { best: None, stale: 0, ..read_state(&run.checkpoint)? };
    let bytes = model.len() as u64;
    write_files(out, &[(MODEL_FILE, &model)], &state)?;
    let configuration = run_directory.join(CONFIGURATION_FILE);
    let text = std::fs::read_to_string(&configuration).map_err(Error::io(&configuration))?;
    write_text(&out.join(CONFIGURATION_FILE), &text)?;
    let step = run.checkpoint.step();
    // The record last: a folder that has one is complete.
    folder.write_record(&RunRecord { steps: step, status: RunStatus::Done, ..run.record })?;
    drop(folder);
    // Nobody is going to train here.
    let lock = out.join("lock");
    std::fs::remove_file(&lock).map_err(Error::io(&lock))?;
    Ok(ExportedRun { directory: out.to_owned(), step, bytes })
}
