//! An array in a file of any kind.

use std::path::Path;

use crate::error::{Error, Result};

/// Advice at the end of messages about such files.
pub(super) const CHECK: &str = "check the file where it was written";

/// An array of numbers in a file.
pub(super) trait ArrayFile {
    /// Lengths of the axes, slowest first.
    fn shape(&self) -> &[usize];

    /// Reads the block of `counts` elements per axis from `starts`, in row-major order.
    fn read(&mut self, starts: &[usize], counts: &[usize]) -> Result<Vec<f64>>;
}

/// An error about the content of a file.
pub(super) fn content(
    path: &Path,
    place: impl Into<String>,
    found: impl Into<String>,
    expected: impl Into<String>,
) -> Error {
    Error::Content {
        path: path.to_path_buf(),
        place: place.into(),
        found: found.into(),
        expected: expected.into(),
        advice: CHECK,
    }
}
