//! Why a benchmark cannot run or report.

use std::path::PathBuf;

/// Result of the harness.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a benchmark cannot run or report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument that no benchmark, or not this one, has.
    #[error("read the arguments: unknown argument `{found}`; this program takes {known}")]
    UnknownArgument {
        /// The argument.
        found: String,
        /// What there is.
        known: String,
    },
    /// An option at the end of the command line.
    #[error("read the arguments: `{option}` needs a value")]
    MissingValue {
        /// The option.
        option: String,
    },
    /// A number that is none, or zero.
    #[error("read the arguments: {option}: found `{found}`, expected a whole number above 0")]
    NotANumber {
        /// The option.
        option: &'static str,
        /// Its value.
        found: String,
    },
    /// A case that the program does not have.
    #[error("read the arguments: no case `{found}`; there are {known}")]
    UnknownCase {
        /// The name.
        found: String,
        /// The cases there are.
        known: String,
    },
    /// A value that an option does not take.
    #[error("read the arguments: {option}: found `{found}`, expected {known}")]
    UnknownValue {
        /// The option.
        option: &'static str,
        /// Its value.
        found: String,
        /// The values there are.
        known: String,
    },
    /// The threads cannot be started.
    #[error("start {threads} threads")]
    Threads {
        /// How many.
        threads: usize,
        /// Why.
        #[source]
        source: rayon::ThreadPoolBuildError,
    },
    /// A report that JSON cannot hold.
    #[error("write a report as JSON")]
    Json(#[from] serde_json::Error),
    /// The standard output stream is closed.
    #[error("write to the standard output stream")]
    Output(#[from] std::io::Error),
    /// A file cannot be written.
    #[error("write {path}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}
