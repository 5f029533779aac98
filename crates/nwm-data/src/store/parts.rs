//! The folder where portions of a data set wait until all are there.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::dataset::Dataset;
use super::metadata::{FORMAT, Origin};
use super::write::{WriteOptions, portions};
use crate::atomic::write_atomically;
use crate::error::{Error, Result};
use crate::spec::DatasetSpec;

/// Uncompressed bytes of one portion.
const PART_BYTES: usize = 16 << 20;

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
        let failed = |action| {
            let path = folder.clone();
            move |source| Error::Io { path, action, source }
        };
        std::fs::create_dir_all(&folder).map_err(failed("create it"))?;
        let lock_path = folder.join("lock");
        let lock = File::options().create(true).append(true).open(&lock_path);
        let lock = lock.map_err(failed("create the file lock in it"))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Error::Locked { path: folder.clone() },
            TryLockError::Error(source) => failed("lock it")(source),
        })?;
        let plan = Plan {
            format: FORMAT,
            origin: Origin::current(),
            dataset: spec.clone(),
            frames: options.frames,
            trajectories_per_part,
        };
        let parts = Self { folder, plan, _lock: lock };
        parts.agree_on_plan()?;
        Ok(parts)
    }

    /// Writes the plan, or compares it with the one that is there.
    fn agree_on_plan(&self) -> Result<()> {
        let path = self.folder.join("plan.json");
        let content = |found: String| Error::Content {
            path: self.folder.clone(),
            place: "plan.json".to_owned(),
            found,
            expected: format!("{:?}", self.plan.dataset),
            advice: CLEAR,
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => match serde_json::from_str::<Plan>(&text) {
                Ok(plan) if plan == self.plan => Ok(()),
                Ok(plan) if plan.dataset == self.plan.dataset => {
                    Err(content("portions of it with other options".to_owned()))
                }
                Ok(plan) => Err(content(format!("portions of {:?}", plan.dataset))),
                Err(error) => Err(content(format!("no plan ({error})"))),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
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
        let expected = self.spec(part);
        if *set.spec() == expected {
            return Ok(set);
        }
        Err(Error::Content {
            path: part.path.clone(),
            place: "metadata dataset".to_owned(),
            found: format!("{:?}", set.spec()),
            expected: format!("{expected:?}"),
            advice: "delete the file and run again to regenerate it",
        })
    }

    /// Where the file grows before it takes its name.
    pub(super) fn scratch(&self) -> PathBuf {
        self.folder.join("whole.h5")
    }

    /// Removes the folder.
    pub(super) fn remove(self) -> Result<()> {
        std::fs::remove_dir_all(&self.folder).map_err(|source| Error::Io {
            path: self.folder,
            action: "remove it; the file is complete",
            source,
        })
    }
}
