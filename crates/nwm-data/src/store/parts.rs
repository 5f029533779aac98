//! The folder where portions of a data set wait until all are there.

use std::ffi::OsString;
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::dataset::Dataset;
use super::metadata::{FORMAT, Origin};
use super::write::WriteOptions;
use crate::arrays::{REGENERATE, portions};
use crate::atomic::{is_scratch, write_atomically};
use crate::error::{Error, Result};
use crate::generate::generate_range;
use crate::spec::DatasetSpec;

/// Uncompressed bytes of one portion.
const PART_BYTES: usize = 16 << 20;

/// The files in the folder that are no portions.
const LOCK: &str = "lock";
const PLAN: &str = "plan.json";

/// Advice at the end of messages about the folder.
const CLEAR: &str = "delete the folder, or choose another name for the file";

/// What a folder of portions is going to be; two runs with equal plans make the same portions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Plan {
    format: u32,
    origin: Origin,
    dataset: DatasetSpec,
    frames: bool,
    /// Trajectories in a portion, the last one aside.
    trajectories_per_part: usize,
}

/// The folder `NAME.parts` beside a file that is being made: its portions, each a complete data set of its own, and the
/// plan that they follow. One process at a time works in it.
#[derive(Debug)]
pub(super) struct Parts {
    folder: PathBuf,
    plan: Plan,
    /// Held as long as this process works in the folder.
    _lock: File,
}

/// One portion.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    /// Its first trajectory in the whole set.
    pub(super) start: usize,
    /// Its number of trajectories.
    pub(super) len: usize,
    /// Its file.
    pub(super) path: PathBuf,
}

/// Trajectories of a portion.
pub(super) fn part_len(spec: &DatasetSpec, row_bytes: usize) -> usize {
    (PART_BYTES / row_bytes.max(1)).clamp(1, spec.trajectories.max(1))
}

impl Plan {
    /// What distinguishes it, for messages.
    fn description(&self) -> String {
        let pictures = if self.frames { "with" } else { "without" };
        format!("portions of {:?}, {pictures} pictures, {}", self.dataset, self.origin)
    }
}

impl Parts {
    /// Opens or creates the folder for the file `target`.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] if another process works in it, [`Error::Content`] if it holds portions of another data set,
    /// [`Error::Io`].
    pub(super) fn open(
        target: &Path,
        spec: &DatasetSpec,
        options: WriteOptions,
        trajectories_per_part: usize,
    ) -> Result<Self> {
        let mut name = target.file_name().unwrap_or_default().to_os_string();
        name.push(".parts");
        let folder = target.with_file_name(name);
        let lock = lock(&folder)?;
        let plan = Plan {
            format: FORMAT,
            origin: Origin::current(),
            dataset: spec.clone(),
            frames: options.frames,
            trajectories_per_part,
        };
        let parts = Self { folder, plan, _lock: lock };
        parts.agree_on_plan()?;
        // Nobody else works here: what a killed process left will never be finished.
        for scratch in parts.names()?.filter(|name| is_scratch(name)) {
            parts.remove_file(&parts.folder.join(scratch))?;
        }
        Ok(parts)
    }

    /// Names of everything in the folder.
    fn names(&self) -> Result<impl Iterator<Item = OsString>> {
        let entries = std::fs::read_dir(&self.folder)
            .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
            .map_err(|source| self.failed("list it", source))?;
        Ok(entries.into_iter().map(|entry| entry.file_name()))
    }

    fn failed(&self, action: &'static str, source: std::io::Error) -> Error {
        Error::Io { path: self.folder.clone(), action, source }
    }

    fn remove_file(&self, path: &Path) -> Result<()> {
        match std::fs::remove_file(path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                Err(self.failed("remove a file in it", source))
            }
            _ => Ok(()),
        }
    }

    /// Writes the plan, or compares it with the one that is there.
    fn agree_on_plan(&self) -> Result<()> {
        let path = self.folder.join(PLAN);
        let content = |found: String| Error::Content {
            path: self.folder.clone(),
            place: PLAN.to_owned(),
            found,
            expected: self.plan.description(),
            advice: CLEAR,
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => match serde_json::from_str::<Plan>(&text) {
                Ok(plan) if plan == self.plan => Ok(()),
                Ok(plan) => Err(content(plan.description())),
                Err(error) => Err(content(format!("no plan ({error})"))),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {
                // Without a plan the folder is somebody else's, or was being removed.
                if self.names()?.any(|name| name != LOCK && !is_scratch(&name)) {
                    return Err(content("files, but no plan".to_owned()));
                }
                write_atomically(&path, |scratch| {
                    let io = |source| Error::Io { path: path.clone(), action: "write it", source };
                    let file = File::create(scratch).map_err(io)?;
                    serde_json::to_writer_pretty(file, &self.plan).map_err(|error| io(error.into()))
                })
            }
            Err(source) => Err(Error::Io { path, action: "read it", source }),
        }
    }

    /// All portions, in order, whether or not they are there.
    pub(super) fn all(&self) -> impl Iterator<Item = Part> + use<'_> {
        let step = self.plan.trajectories_per_part;
        portions(self.plan.dataset.trajectories, step, 1).map(|range| Part {
            start: range.start,
            len: range.len(),
            path: self.folder.join(format!("{:09}.h5", range.start)),
        })
    }

    /// The specification of a portion, as a set of its own.
    pub(super) fn spec(&self, part: &Part) -> DatasetSpec {
        DatasetSpec { trajectories: part.len, ..self.plan.dataset.clone() }
    }

    /// Opens a finished portion.
    pub(super) fn read(&self, part: &Part) -> Result<Dataset> {
        let set = Dataset::open(&part.path)?;
        let content = |place: &str, found: String, expected: String| Error::Content {
            path: part.path.clone(),
            place: place.to_owned(),
            found,
            expected,
            advice: REGENERATE,
        };
        let expected = self.spec(part);
        if *set.spec() != expected {
            let found = format!("{:?}", set.spec());
            return Err(content("metadata dataset", found, format!("{expected:?}")));
        }
        // A portion does not say where it starts: its first trajectory does.
        let first = generate_range(&self.plan.dataset, part.start..part.start + 1)?;
        if set.states(0, 0, expected.frames)? != first.states() {
            let found = "other states in its first trajectory".to_owned();
            return Err(content("dataset /states", found, format!("trajectory {}", part.start)));
        }
        Ok(set)
    }

    /// The folder, where the file grows before it takes its name.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Removes what belongs to the plan, and the folder if nothing else is in it.
    pub(super) fn remove(self) -> Result<()> {
        for part in self.all() {
            self.remove_file(&part.path)?;
        }
        self.remove_file(&self.folder.join(PLAN))?;
        self.remove_file(&self.folder.join(LOCK))?;
        match std::fs::remove_dir(&self.folder) {
            // Gone, or taken over by another process that begins to make the file anew.
            Err(source)
                if !matches!(source.kind(), ErrorKind::NotFound | ErrorKind::DirectoryNotEmpty) =>
            {
                Err(self.failed("remove it; the file is complete", source))
            }
            _ => Ok(()),
        }
    }
}

/// Creates a folder if there is none, and keeps other processes out of it as long as the result lives.
fn lock(folder: &Path) -> Result<File> {
    let failed = |action| {
        let path = folder.to_path_buf();
        move |source| Error::Io { path, action, source }
    };
    let path = folder.join(LOCK);
    loop {
        match std::fs::create_dir(folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(failed("create it; does the folder above it exist?")(error));
            }
            _ => {}
        }
        let lock = match File::options().create(true).append(true).open(&path) {
            // The process that had the folder has just removed it.
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            opened => opened.map_err(failed("create the file lock in it"))?,
        };
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::Locked { path: folder.to_path_buf() },
            TryLockError::Error(source) => failed("lock it")(source),
        })?;
        if is_at(&lock, &path) {
            return Ok(lock);
        }
    }
}

/// Whether an open file is the one that has a name, and not one that had it.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(ours), Ok(there)) => (ours.dev(), ours.ino()) == (there.dev(), there.ino()),
        _ => false,
    }
}

/// A file that is open cannot be removed here.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> bool {
    true
}
