//! The crate's error type, and the kind that decides an exit code.

use std::path::PathBuf;

use nwm_models::TaskName;

/// Result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in configuring, training or evaluating.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration key does not exist.
    #[error("{origin}: unknown key {key}{}", nearest.as_ref().map(|key| format!("; the nearest known key is {key}")).unwrap_or_default())]
    UnknownKey {
        /// Where the key was given.
        origin: String,
        /// Path of the key.
        key: String,
        /// The known key whose spelling is nearest, if any is near.
        nearest: Option<String>,
    },
    /// A configuration key holds a value of the wrong type or outside its range.
    #[error("{origin}: {key}: {problem}")]
    Key {
        /// Where the value was given.
        origin: String,
        /// Path of the key.
        key: String,
        /// What was found and what was expected.
        problem: String,
    },
    /// A configuration text is not TOML, or a `--set` is not `key=value`.
    #[error("{origin}: {problem}")]
    Syntax {
        /// The file or argument.
        origin: String,
        /// What is wrong and where.
        problem: String,
    },
    /// A run folder was made with other settings than those asked for now.
    #[error(
        "{path}: the run was started with {key} = {found}, now it is {expected}; give the same settings, or another --run-dir"
    )]
    ChangedKey {
        /// The run's recorded configuration.
        path: PathBuf,
        /// The key that differs.
        key: String,
        /// The recorded value.
        found: String,
        /// The value asked for now.
        expected: String,
    },
    /// The run folder holds a run already and `--resume` was not asked for.
    #[error(
        "{path}: the folder holds a run already; add --resume to continue it, or choose another --run-dir"
    )]
    RunExists {
        /// The run folder.
        path: PathBuf,
    },
    /// The run has learnt something else than what is asked of it.
    #[error(
        "{path}: found a run of the task {}, expected one of the task {}; choose another run folder", found.as_str(), expected.as_str()
    )]
    OtherTask {
        /// The run folder.
        path: PathBuf,
        /// The run's task.
        found: TaskName,
        /// The task that is asked for.
        expected: TaskName,
    },
    /// Another process works in the run folder.
    #[error("{path}: another process holds the lock; wait for it or choose another --run-dir")]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A file of a run folder is missing, damaged or of another version.
    #[error("{path}: {problem}")]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it and what to do.
        problem: String,
    },
    /// A file could not be read or written.
    #[error("{path}: {source}{}", if source.kind() == std::io::ErrorKind::StorageFull { "; free some space and start again with --resume" } else { "" })]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The loss or a gradient is not a finite number.
    #[error(
        "step {step}: {what} is not finite; the state before it is in {bundle}{}", advice(*more_retries)
    )]
    NotFinite {
        /// The step that failed.
        step: u64,
        /// The quantity.
        what: &'static str,
        /// Folder of the diagnostic bundle.
        bundle: PathBuf,
        /// The value of `train.retries` with which the run could go on, if it has ended and there is a checkpoint to go
        /// back to.
        more_retries: Option<u32>,
    },
    /// Something is asked for that is not there.
    #[error("{what}: found {found}, expected {expected}")]
    Request {
        /// What is asked for.
        what: &'static str,
        /// What was given.
        found: String,
        /// What could be.
        expected: String,
    },
    /// Training would need more memory than is free.
    #[error(
        "training needs about {needed_gib:.1} GiB of memory, {free_gib:.1} GiB are free; lower {knob}, or set train.memory_check=false to try all the same"
    )]
    Memory {
        /// Estimated need in GiB.
        needed_gib: f64,
        /// Free memory in GiB.
        free_gib: f64,
        /// The key that weighs most.
        knob: &'static str,
    },
    /// Data could not be made or read.
    #[error(transparent)]
    Data(#[from] nwm_data::Error),
    /// The model refuses its configuration, its input or its file.
    #[error(transparent)]
    Model(#[from] nwm_models::Error),
    /// The analysis refuses its input.
    #[error(transparent)]
    Analysis(#[from] nwm_analysis::Error),
    /// A device that is not there, or does not work.
    #[error("{device}: {problem}")]
    Device {
        /// Its name.
        device: String,
        /// What is wrong and what to do.
        problem: String,
    },
    /// The tensor library failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// Kinds of failure that a command answers with different exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Usage or configuration.
    Configuration,
    /// Data missing or damaged.
    Data,
    /// Device or tensor library.
    Device,
    /// Training failed.
    NotFinite,
    /// File system: full, read-only, locked.
    FileSystem,
}

impl Error {
    /// The kind of this failure.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::UnknownKey { .. }
            | Self::Key { .. }
            | Self::Syntax { .. }
            | Self::ChangedKey { .. }
            | Self::Request { .. }
            | Self::Memory { .. }
            | Self::OtherTask { .. }
            | Self::RunExists { .. } => ErrorKind::Configuration,
            Self::Locked { .. } => ErrorKind::FileSystem,
            Self::Io { source, .. } => source.into(),
            Self::NotFinite { .. } => ErrorKind::NotFinite,
            Self::File { .. } => ErrorKind::Data,
            Self::Data(error) => error.into(),
            Self::Analysis(_) => ErrorKind::Data,
            Self::Device { .. } | Self::Tensor(_) => ErrorKind::Device,
            Self::Model(error) => error.into(),
        }
    }

    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}

/// What may be done about a step that is not finite.
fn advice(more_retries: Option<u32>) -> String {
    more_retries.map_or_else(String::new, |retries| {
        format!(
            "; add --resume --set train.retries={retries} to go on from the last checkpoint with half the learning rate, \
             or choose another --run-dir and lower train.learning_rate"
        )
    })
}

impl From<&std::io::Error> for ErrorKind {
    /// A file that is not there is a matter of data; a full, read-only or forbidden disk one of the file system.
    fn from(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::NotFound => Self::Data,
            _ => Self::FileSystem,
        }
    }
}

impl From<&nwm_data::Error> for ErrorKind {
    fn from(error: &nwm_data::Error) -> Self {
        match error {
            nwm_data::Error::UnknownName { .. }
            | nwm_data::Error::InvalidSetting { .. }
            | nwm_data::Error::TooManySteps { .. }
            | nwm_data::Error::WindowTooLong { .. } => Self::Configuration,
            nwm_data::Error::Io { source, .. } => source.into(),
            // The HDF5 library hides the system's error; that it cannot write means a full disk, as a rule.
            nwm_data::Error::Hdf5 { .. } | nwm_data::Error::Locked { .. } => Self::FileSystem,
            _ => Self::Data,
        }
    }
}

impl From<&nwm_models::Error> for ErrorKind {
    fn from(error: &nwm_models::Error) -> Self {
        match error {
            nwm_models::Error::Key { .. } | nwm_models::Error::Cell { .. } => Self::Configuration,
            nwm_models::Error::Tensor(_) | nwm_models::Error::NumberType { .. } => Self::Device,
            nwm_models::Error::Io { source, .. } => source.into(),
            _ => Self::Data,
        }
    }
}
