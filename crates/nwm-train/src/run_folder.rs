//! The folder of one run: its lock, and the record of what made it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use nwm_data::atomic::{remove_scratch_files_of, write_atomically};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::metrics::METRICS_FILE;

/// Version of `run.json`.
pub const RUN_FORMAT: u32 = 1;

/// Every value of the run's configuration, and where it came from.
pub(crate) const CONFIGURATION_FILE: &str = "resolved.toml";

/// What the user gave.
pub(crate) const GIVEN_FILE: &str = "config.toml";

/// What made the run.
const RECORD_FILE: &str = "run.json";

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RunStatus {
    /// A process works on it, or was killed while it did.
    Running,
    /// All steps are done.
    Done,
    /// It stopped on request and can be continued.
    Interrupted,
    /// It stopped with an error.
    Failed,
}

/// What `run.json` holds: everything needed to trace a number back to a source and a command.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of this file.
    pub format: u32,
    /// Commit of the source the program was built from.
    pub commit: String,
    /// Version of the program.
    pub version: String,
    /// Cargo features it was built with.
    pub features: Vec<String>,
    /// Device: `cpu`, or `cuda:0`.
    pub device: String,
    /// The name of the GPU, if the device is one.
    #[serde(default)]
    pub gpu: Option<String>,
    /// Threads; results do not depend on it.
    pub threads: usize,
    /// Vector instructions that the kernels used; the last digits of results depend on it.
    #[serde(default)]
    pub instruction_set: Option<String>,
    /// Seed of parameters and of the loader's streams.
    pub seed: u64,
    /// Preset, if one was asked for.
    pub preset: Option<String>,
    /// Whether every setting that can change a number is the published one.
    #[serde(default)]
    pub published: bool,
    /// The command line.
    pub command: Vec<String>,
    /// Start of the first process, RFC 3339.
    pub started: String,
    /// End of the last process, RFC 3339.
    pub ended: Option<String>,
    /// How far it has come.
    pub status: RunStatus,
    /// Optimiser steps taken.
    pub steps: u64,
    /// Seconds of training, over all starts.
    pub seconds: f64,
}

/// An open run folder; the lock is held as long as this lives.
#[derive(Debug)]
pub struct RunFolder {
    path: PathBuf,
    _lock: File,
}

impl RunFolder {
    /// Makes the folder if it is not there and takes its lock.
    ///
    /// # Errors
    /// [`Error::Locked`] if another process holds it; [`Error::RunExists`] if it holds a run and `resume` is false;
    /// [`Error::Io`] if it cannot be written.
    pub fn open(path: &Path, resume: bool) -> Result<Self> {
        fs::create_dir_all(path).map_err(Error::io(path))?;
        let lock_path = path.join("lock");
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&lock_path)
            .map_err(Error::io(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked { path: lock_path }),
            Err(TryLockError::Error(error)) => return Err(Error::io(lock_path)(error)),
        }
        let folder = Self { path: path.to_owned(), _lock: lock };
        // Of files that only the holder of the lock writes: what a killed process left will never be finished.
        for name in [GIVEN_FILE, CONFIGURATION_FILE, RECORD_FILE, METRICS_FILE] {
            remove_scratch_files_of(&path.join(name))?;
        }
        if !resume && folder.record_path().is_file() {
            return Err(Error::RunExists { path: path.to_owned() });
        }
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn record_path(&self) -> PathBuf {
        self.path.join(RECORD_FILE)
    }

    /// The record, if there is one.
    ///
    /// # Errors
    /// As [`read_run_record`].
    pub fn record(&self) -> Result<Option<RunRecord>> {
        match self.record_path().is_file() {
            true => read_run_record(&self.path).map(Some),
            false => Ok(None),
        }
    }

    /// Writes the record.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be written.
    pub fn write_record(&self, record: &RunRecord) -> Result<()> {
        write_json(&self.record_path(), record)
    }
}

/// Reads `run.json` of a run folder.
///
/// # Errors
/// [`Error::Io`] if it is not there, [`Error::File`] if it is damaged or of another version.
pub fn read_run_record(run_directory: &Path) -> Result<RunRecord> {
    /// What every version of the file has.
    #[derive(Deserialize)]
    struct AnyVersion {
        format: u32,
    }

    let path = run_directory.join(RECORD_FILE);
    let AnyVersion { format } = read_json(&path)?;
    if format != RUN_FORMAT {
        let problem = format!(
            "found run format {format}, expected {RUN_FORMAT}; use the version of nwm that wrote it"
        );
        return Err(Error::File { path, problem });
    }
    read_json(&path)
}

/// Now, as `run.json` writes it.
pub fn timestamp() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Writes bytes, atomically.
pub(crate) fn write_bytes(path: &Path, content: &[u8]) -> Result<()> {
    write_atomically(path, |scratch| fs::write(scratch, content).map_err(Error::io(path)))
}

/// Writes text, atomically.
pub(crate) fn write_text(path: &Path, text: &str) -> Result<()> {
    write_bytes(path, text.as_bytes())
}

/// Writes a value as pretty JSON, atomically.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::File { path: path.to_owned(), problem: error.to_string() })?;
    write_text(path, &(text + "\n"))
}

/// Reads JSON.
pub(crate) fn read_json<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T> {
    let text = fs::read_to_string(path).map_err(Error::io(path))?;
    serde_json::from_str(&text).map_err(|error| Error::File {
        path: path.to_owned(),
        problem: format!("{error}; the file is damaged or not one of nwm's"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_folder_in_use_is_refused() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let first = RunFolder::open(&path, false).unwrap();
        let error = RunFolder::open(&path, true).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FileSystem);
        assert!(error.to_string().contains("another process holds the lock"), "{error}");
        drop(first);
        RunFolder::open(&path, true).unwrap();
    }

    #[test]
    fn a_folder_that_holds_a_run_needs_resume() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let folder = RunFolder::open(&path, false).unwrap();
        write_text(&path.join("run.json"), "{}").unwrap();
        drop(folder);
        let error = RunFolder::open(&path, false).unwrap_err();
        assert!(error.to_string().contains("add --resume"), "{error}");
    }

    #[test]
    fn a_record_of_another_version_or_a_damaged_one_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (text, expected) in
            [("{\"format\":2}", "found run format 2, expected 1"), ("{\"format\":1,", "damaged")]
        {
            write_text(&folder.path().join("run.json"), text).unwrap();
            let error = read_run_record(folder.path()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Data);
            assert!(error.to_string().contains(expected), "{error}");
        }
    }
}
