//! Checks of input that several modules share.

use crate::{Error, Result};

/// An error that names the first of `values` that is NaN or infinite.
pub(crate) fn finite(action: &'static str, values: &[f64]) -> Result<()> {
    match values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, &value)) => Err(Error::NonFinite { action, index, value }),
        None => Ok(()),
    }
}

/// An error unless `values` is as long as `shape` says.
pub(crate) fn shape<T>(what: &'static str, values: &[T], shape: &[usize]) -> Result<()> {
    let expected = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    if expected == Some(values.len()) {
        return Ok(());
    }
    Err(Error::Length {
        what,
        shape: shape.to_vec(),
        found: values.len(),
        expected: expected.unwrap_or(usize::MAX),
    })
}
