//! Solutions of ordinary differential equations at evenly spaced times.

mod dormand_prince;
mod leapfrog;

pub use dormand_prince::{DormandPrince, Effort};
pub use leapfrog::Leapfrog;

use crate::error::{Error, Result};

/// A vector of coordinates: an array where the length is known, a `Vec` where it is not.
pub trait Coordinates: Clone + AsRef<[f64]> + AsMut<[f64]> {}

impl<T: Clone + AsRef<[f64]> + AsMut<[f64]>> Coordinates for T {}

/// Checks the arguments of everything that solves equations.
pub(crate) fn check_request(dimension: usize, dt: f64, states: &[f64]) -> Result<()> {
    if dimension == 0 || !states.len().is_multiple_of(dimension) {
        return Err(Error::BufferLength {
            what: "states of a trajectory",
            axes: "[time, dimension]",
            expected: states.len().checked_div(dimension).unwrap_or(0) * dimension,
            found: states.len(),
        });
    }
    if !(dt > 0.0 && dt.is_finite()) {
        return Err(Error::InvalidSetting {
            key: "data.dt",
            found: dt.to_string(),
            expected: "a positive number",
        });
    }
    Ok(())
}
