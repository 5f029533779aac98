//! Which sites of a grid are neighbours.

use crate::{Error, Result, check};

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
    const ACTION: &str = "measure a phase recording";
    check::shape("phase [time, row, column]", phase, &shape)?;
    if phase.is_empty() {
        return Err(Error::Empty { action: ACTION, expected: "value" });
    }
    check::finite(ACTION, phase)
}
