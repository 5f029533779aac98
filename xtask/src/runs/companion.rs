//! The files beside a run folder: who works on it, what was said there, and why it failed.
//!
//! They lie outside of it since they are ours, not the program's that makes the run.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::interrupt::Interrupt;
use crate::console;
use crate::files;

/// Version of the format of the note about a failure.
const FORMAT: u32 = 1;
/// How often somebody who waits for a run looks whether it is free.
const POLL: Duration = Duration::from_millis(200);

/// Names of the files that belong to a run folder.
#[derive(Debug, Clone)]
pub(crate) struct Companion {
    folder: PathBuf,
    name: String,
}

/// Whoever holds this is the only one who works on the run, on all machines that share the folder. It ends with
/// the process, however that ends.
#[derive(Debug)]
pub(crate) struct Claim {
    locked: File,
}

impl Claim {
    /// The claim as the standard input of a process, which then shares it. There is nothing to read.
    pub(crate) fn share(&self) -> Result<Stdio> {
        self.locked.try_clone().map(Stdio::from).context("failed to share the lock of a run")
    }
}

/// Why a run is not done although somebody tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    format: u32,
    pub(crate) reason: String,
    /// Failures in a row, this one included.
    pub(crate) attempts: u32,
}

impl Companion {
    /// The companions of this run folder, which need not exist.
    pub(crate) fn of(run_dir: &Path) -> Self {
        let folder = run_dir.parent().unwrap_or(Path::new("")).to_owned();
        let name = run_dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { folder, name }
    }

    fn lock(&self) -> PathBuf {
        self.folder.join(format!(".{}.lock", self.name))
    }

    /// What the program said, one start after the other.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    fn failed(&self) -> PathBuf {
        self.folder.join(format!("{}.failed.json", self.name))
    }

    /// Waits until nobody else works on the run. `None` after an interrupt.
    pub(crate) fn claim(&self, interrupt: &Interrupt) -> Result<Option<Claim>> {
        let path = self.lock();
        let context = || format!("failed to lock {}", path.display());
        std::fs::create_dir_all(&self.folder).with_context(context)?;
        let mut open = OpenOptions::new();
        let file = open
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .with_context(context)?;
        let mut waits = false;
        while !interrupt.is_set() {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Claim { locked: file })),
                Err(TryLockError::WouldBlock) => {
                    if !waits {
                        console::progress(&format!("{}: waiting for another process", self.name));
                    }
                    waits = true;
                    std::thread::sleep(POLL);
                }
                Err(TryLockError::Error(error)) => return Err(error).with_context(context),
            }
        }
        Ok(None)
    }

    /// Whether somebody works on the run now.
    pub(crate) fn is_claimed(&self) -> bool {
        let Ok(file) = File::open(self.lock()) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }

    /// Forgets failures, and the lock. Only for a run that is done, since whoever waits for it then finds so.
    pub(crate) fn forget(&self) -> Result<()> {
        for path in [self.failed(), self.lock()] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error)
                        .with_context(|| format!("failed to remove {}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Notes a failure.
    pub(crate) fn note(&self, reason: &str) -> Result<()> {
        let attempts = self.failure().map_or(0, |failure| failure.attempts).saturating_add(1);
        let failure = Failure { format: FORMAT, reason: reason.to_owned(), attempts };
        let text = serde_json::to_string_pretty(&failure).context("failed to write a failure")?;
        files::write(&self.failed(), &(text + "\n"))
    }

    /// The latest failure, if the last attempt was one. A note that cannot be read is none.
    pub(crate) fn failure(&self) -> Option<Failure> {
        let text = std::fs::read_to_string(self.failed()).ok()?;
        serde_json::from_str(&text).ok().filter(|failure: &Failure| failure.format == FORMAT)
    }
}

#[cfg(test)]
mod tests {
    use super::Companion;
    use crate::runs::Interrupt;

    #[test]
    fn one_at_a_time_works_on_a_run() {
        let folder = tempfile::tempdir().unwrap();
        let companion = Companion::of(&folder.path().join("tasks/run"));
        assert!(!companion.is_claimed());
        let first = companion.claim(&Interrupt::default()).unwrap().unwrap();
        assert!(companion.is_claimed());
        std::thread::scope(|scope| {
            let second = scope.spawn(|| companion.claim(&Interrupt::default()).unwrap());
            std::thread::sleep(std::time::Duration::from_millis(50));
            assert!(!second.is_finished(), "the run was claimed twice");
            drop(first);
            assert!(second.join().unwrap().is_some());
        });
        assert!(!companion.is_claimed());
    }

    #[test]
    fn who_waits_for_a_run_can_be_interrupted() {
        let folder = tempfile::tempdir().unwrap();
        let companion = Companion::of(&folder.path().join("run"));
        let interrupt = Interrupt::default();
        let _first = companion.claim(&interrupt).unwrap();
        interrupt.set();
        assert!(companion.claim(&interrupt).unwrap().is_none());
    }

    #[test]
    fn failures_are_counted_until_they_are_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let companion = Companion::of(&folder.path().join("run"));
        assert_eq!(companion.failure(), None);
        companion.note("exit code 3: data").unwrap();
        companion.note("killed by signal 9").unwrap();
        let failure = companion.failure().unwrap();
        assert_eq!((failure.reason.as_str(), failure.attempts), ("killed by signal 9", 2));
        companion.forget().unwrap();
        companion.forget().unwrap();
        assert_eq!(companion.failure(), None);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
