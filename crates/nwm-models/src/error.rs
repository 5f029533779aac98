//! The crate's error type.

use std::path::PathBuf;

/// Result of this crate's functions.
pub type Result<T> = std::result::Result<T, Error>;

/// What can go wrong in building, running, loading or saving a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A configuration key has a value outside its range.
    #[error("{key}: found {found}, expected {expected}")]
    Key {
        /// Path of the key, such as `model.cell.rows`.
        key: String,
        /// What the key accepts.
        expected: String,
        /// What it held.
        found: String,
    },
    /// The oscillatory cell refuses its configuration or its input.
    #[error("model.cell: {source}")]
    Cell {
        /// The cell's own error.
        #[from]
        source: nwm_core::Error,
    },
    /// An array has the wrong shape.
    #[error("{what}: found shape {found:?}, expected {expected}")]
    Shape {
        /// The array, by the name its documentation uses.
        what: String,
        /// The axes expected.
        expected: String,
        /// The shape given.
        found: Vec<usize>,
    },
    /// Stored parameters do not fit the model.
    #[error("parameter {name}: {problem}")]
    Parameter {
        /// The parameter's name.
        name: String,
        /// What is wrong, what was expected and found.
        problem: String,
    },
    /// A model in numbers that its device does not compute in.
    #[error(
        "{device}: found parameters of type {found:?}, expected F32; kernels for GPUs have no other, use the CPU"
    )]
    NumberType {
        /// The device.
        device: String,
        /// The type of the parameters.
        found: candle_core::DType,
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
    #[error("{path}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        source: std::io::Error,
    },
    /// The tensor library failed.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

impl Error {
    pub(crate) fn key(
        key: impl Into<String>,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Key { key: key.into(), expected: expected.into(), found: found.to_string() }
    }

    /// Refuses a number that is not finite or not above zero.
    pub(crate) fn unless_positive(key: impl Into<String>, value: f64) -> Result<()> {
        if value > 0.0 && value.is_finite() {
            return Ok(());
        }
        Err(Self::key(key, "a finite number above zero", value))
    }

    pub(crate) fn shape(
        what: impl Into<String>,
        expected: impl Into<String>,
        found: &[usize],
    ) -> Self {
        Self::Shape { what: what.into(), expected: expected.into(), found: found.to_vec() }
    }
}
