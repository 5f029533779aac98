//! A run in its folder: what is asked for, what is recorded, and whether it may go on.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use candle_core::Device;
use nwm_models::latest_checkpoint;
use nwm_simd::Simd;

use crate::checkpoint::read_state;
use crate::command_line::command_line;
use crate::config::{Layer, Resolved};
use crate::device::{device_name, gpu_name};
use crate::error::{Error, Result};
use crate::run_folder::{
    CONFIGURATION_FILE, GIVEN_FILE, RUN_FORMAT, RunFolder, RunRecord, RunStatus, timestamp,
    write_text,
};
use crate::step::StepResult;
use crate::trainer::Trainer;

/// Keys that a resumed run may change, since they do not alter the steps already taken.
const CHANGEABLE: [&str; 10] = [
    "train.steps",
    "train.patience",
    "train.retries",
    "train.memory_check",
    "train.log_every",
    "train.checkpoint_every",
    "train.keep_last",
    "train.loader_workers",
    "train.prefetch",
    "analysis.every",
];

/// Sections and keys that training does not read.
const UNUSED_PREFIXES: [&str; 4] = ["eval.", "report.", "data.cache", "data.test_"];

/// Keys below them that validation reads after all.
const USED_FOR_VALIDATION: [&str; 4] =
    ["eval.extrapolation_steps", "eval.window_seed", "eval.horizon", "eval.batch_size"];

/// Where a run lives, and what its record says of the program that makes it.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The run folder.
    pub run_directory: PathBuf,
    /// Whether to continue a run that is there.
    pub resume: bool,
    /// Where it is trained.
    pub device: Device,
    /// Text of `config.toml`: what the user gave.
    pub given: String,
    /// Commit of the program's source.
    pub commit: String,
    /// Version of the program.
    pub version: String,
    /// Cargo features of the program.
    pub features: Vec<String>,
    /// Preset, if any.
    pub preset: Option<String>,
    /// The command line.
    pub command: Vec<String>,
}

impl RunRequest {
    /// A request to start a run on the CPU, or to continue it if it is there, by a program that says only its version.
    pub fn new(run_directory: impl Into<PathBuf>, version: &str) -> Self {
        Self {
            run_directory: run_directory.into(),
            resume: true,
            device: Device::Cpu,
            given: String::new(),
            commit: "unknown".into(),
            version: version.into(),
            features: Vec::new(),
            preset: None,
            command: command_line(),
        }
    }
}

/// Something that watches a run.
pub trait Observer {
    /// States of the data are generated: so many trajectories of so many are done.
    fn generated(&mut self, _trajectories: usize, _total: usize) {}
    /// Training starts, or goes on, at `step` of `steps`.
    fn started(&mut self, step: u64, steps: u64);
    /// A step is done.
    fn stepped(&mut self, step: u64, result: &StepResult);
    /// The run goes on on another device than the one that its last start was on.
    fn moved(&mut self, _from: &str, _to: &str) {}
    /// A damaged checkpoint was passed over.
    fn passed_over(&mut self, problem: &Error);
    /// A step failed, and training goes on from the checkpoint of `step` with another learning rate.
    fn rolled_back(&mut self, _problem: &Error, _step: u64) {}
}

/// An observer that does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Observer for Silent {
    fn started(&mut self, _step: u64, _steps: u64) {}
    fn stepped(&mut self, _step: u64, _result: &StepResult) {}
    fn passed_over(&mut self, _problem: &Error) {}
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All steps are done.
    Finished,
    /// It was asked to stop; the checkpoint of its last step is written.
    Interrupted,
}

/// Trains until `train.steps` are done or `interrupt` is set; then the step is finished and saved.
///
/// # Errors
/// Every kind of [`Error`]; the last good checkpoint survives all of them.
pub fn train(
    resolved: &Resolved,
    request: &RunRequest,
    interrupt: &AtomicBool,
    observer: &mut dyn Observer,
) -> Result<Outcome> {
    let folder = RunFolder::open(&request.run_directory, request.resume)?;
    let before = folder.record()?;
    let recorded = recorded_configuration(&folder, before.is_some())?;
    if let Some(recorded) = &recorded {
        check_unchanged(&folder.path().join(CONFIGURATION_FILE), recorded, resolved)?;
    }
    if let Some(record) = before.as_ref().filter(|record| record.status == RunStatus::Done)
        && is_finished(folder.path(), resolved)?
    {
        write_configuration(&folder, recorded.as_ref(), resolved, request)?;
        // The record stays that of the program that took the steps.
        let published = resolved.config().is_published();
        if record.published != published {
            folder.write_record(&RunRecord { published, ..record.clone() })?;
        }
        return Ok(Outcome::Finished);
    }
    // Settings that cannot be trained leave nothing behind, so that the folder is free for better ones.
    let mut trainer = Trainer::open(resolved, folder.path(), &request.device, observer)?;
    write_configuration(&folder, recorded.as_ref(), resolved, request)?;
    let mut record = new_record(before.as_ref(), resolved, request);
    if let Some(before) = before.filter(|before| before.device != record.device) {
        observer.moved(&before.device, &record.device);
    }
    // What the run is made of is on disk before the first step.
    folder.write_record(&record)?;
    let outcome = trainer.run(interrupt, observer);
    (record.steps, record.seconds) = (trainer.steps(), trainer.seconds());
    record.ended = Some(timestamp());
    record.status = match &outcome {
        Ok(Outcome::Finished) => RunStatus::Done,
        Ok(Outcome::Interrupted) => RunStatus::Interrupted,
        Err(_) => RunStatus::Failed,
    };
    // The error of the run itself matters more than that of its record.
    let recorded = folder.write_record(&record);
    let outcome = outcome?;
    recorded?;
    Ok(outcome)
}

/// The configuration of the run that is there, if there is one.
fn recorded_configuration(folder: &RunFolder, run_exists: bool) -> Result<Option<Resolved>> {
    let path = folder.path().join(CONFIGURATION_FILE);
    if !run_exists || !path.is_file() {
        return Ok(None);
    }
    Resolved::from_layers(&[Layer::read(&path)?]).map(Some)
}

/// Writes the configuration files of a new run, or what is new in that of the run that is there.
fn write_configuration(
    folder: &RunFolder,
    recorded: Option<&Resolved>,
    resolved: &Resolved,
    request: &RunRequest,
) -> Result<()> {
    match recorded {
        // The file says where the values came from at first.
        Some(recorded) if recorded.entries() == resolved.entries() => return Ok(()),
        Some(_) => {}
        None => write_text(&folder.path().join(GIVEN_FILE), &request.given)?,
    }
    write_text(&folder.path().join(CONFIGURATION_FILE), &resolved.to_toml())
}

/// Whether the newest intact checkpoint is that of the last step.
fn is_finished(run_directory: &Path, resolved: &Resolved) -> Result<bool> {
    let (checkpoint, _) = latest_checkpoint(run_directory)?;
    let Some(checkpoint) = checkpoint else { return Ok(false) };
    Ok(read_state(&checkpoint)?.is_finished(&resolved.config().train))
}

/// The record of this start.
fn new_record(before: Option<&RunRecord>, resolved: &Resolved, request: &RunRequest) -> RunRecord {
    RunRecord {
        format: RUN_FORMAT,
        commit: request.commit.clone(),
        version: request.version.clone(),
        features: request.features.clone(),
        device: device_name(&request.device),
        gpu: gpu_name(&request.device),
        threads: rayon::current_num_threads(),
        instruction_set: Some(Simd::detect().instruction_set().to_string()),
        seed: resolved.config().train.seed,
        preset: request.preset.clone(),
        published: resolved.config().is_published(),
        command: request.command.clone(),
        started: before.map_or_else(timestamp, |record| record.started.clone()),
        ended: None,
        status: RunStatus::Running,
        steps: before.map_or(0, |record| record.steps),
        seconds: before.map_or(0.0, |record| record.seconds),
    }
}

/// Refuses to continue a run with settings that would make it another one.
fn check_unchanged(path: &Path, recorded: &Resolved, resolved: &Resolved) -> Result<()> {
    for ((key, found), (_, expected)) in recorded.entries().into_iter().zip(resolved.entries()) {
        // A rate that falls to zero at the last step depends on which step is the last.
        let shapes_rate =
            key == "train.steps" && resolved.config().train.schedule.depends_on_length();
        let validates =
            resolved.config().has_validation() && USED_FOR_VALIDATION.contains(&key.as_str());
        let unused = !validates && UNUSED_PREFIXES.iter().any(|prefix| key.starts_with(prefix));
        // Checkpoints are where a run validates, and where it goes back to.
        let shapes_way = key == "train.checkpoint_every"
            && (resolved.config().has_validation() || resolved.config().train.retries > 0);
        let changeable = CHANGEABLE.contains(&key.as_str()) && !shapes_rate && !shapes_way;
        let matters = !changeable && !unused;
        if matters && found != expected {
            return Err(Error::ChangedKey { path: path.to_owned(), key, found, expected });
        }
    }
    Ok(())
}
