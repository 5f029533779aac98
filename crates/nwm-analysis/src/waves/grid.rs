//! Which sites of a grid are neighbours.

use crate::{Error, Result};

/// The neighbourhood of a grid of sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grid {
    /// Both axes wrap around.
    Torus,
    /// Each row is a circle of its own: the column axis wraps, rows are not coupled.
    Rings,
    /// Nothing wraps: an electrode array.
    Open,
}

/// Checks that `phase` holds finite values for the shape `[time, row, column]`, at least one.
pub(super) fn check_phase(phase: &[f64], shape: [usize; 3]) -> Result<()> {
    let expected = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    if expected != Some(phase.len()) {
        return Err(Error::Length {
            what: "phase [time, row, column]",
            shape: shape.to_vec(),
            found: phase.len(),
            expected: expected.unwrap_or(usize::MAX),
        });
    }
    if phase.is_empty() {
        return Err(Error::Empty { action: "measure a phase recording", expected: "value" });
    }
    match phase.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        Some((index, &value)) => {
            Err(Error::NonFinite { action: "measure a phase recording", index, value })
        }
        None => Ok(()),
    }
}
