//! The check that all functions of series share.

use crate::{Error, Result};

/// An error unless `values` holds whole series of `time` samples, at least one.
pub(super) fn series<T>(action: &'static str, values: &[T], time: usize) -> Result<()> {
    if time == 0 || values.is_empty() {
        return Err(Error::Empty { action, expected: "sample" });
    }
    if values.len().is_multiple_of(time) {
        return Ok(());
    }
    Err(Error::Length {
        what: "series [series, time]",
        shape: vec![values.len() / time, time],
        found: values.len(),
        expected: values.len() / time * time,
    })
}
