//! What the linear theory says of a plane wave.

use std::f64::consts::TAU;

use nwm_core::dispersion::{LinearWave, kernel_transform};

use super::medium::Medium;
use crate::error::Result;

/// A plane wave that is small enough for the tanh to be linear, in cycles, sites and steps.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PlaneWave {
    /// Cycles per site along rows and columns: where the wave goes.
    pub wave_number: [f64; 2],
    /// Cycles per step, zero if it does not travel that way.
    pub frequency: f64,
    /// The factor by which its amplitude changes in one step.
    pub growth: f64,
}

impl PlaneWave {
    /// The faster one of the two waves with this wave number.
    pub(super) fn of(medium: &Medium, wave_number: [f64; 2]) -> Result<Self> {
        let wave_vector = wave_number.map(|cycles| TAU * cycles);
        let transform = |kernel: &[f64]| kernel_transform(kernel, medium.taps, wave_vector);
        let [coupling, damping] = [transform(&medium.coupling)?, transform(&medium.damping)?];
        // Without bias the slope of the tanh is 1.
        let [one, other] = LinearWave::new(medium.oscillator, coupling, damping, 1.0).multipliers();
        // The phase is k r + arg(multiplier) t, so that waves along k turn backward.
        let multiplier = if one.arg() < other.arg() { one } else { other };
        let frequency = (-multiplier.arg() / TAU).max(0.0);
        Ok(Self { wave_number, frequency, growth: multiplier.norm() })
    }

    /// Sites per step along the wave vector; infinite if all sites agree.
    pub fn speed(&self) -> f64 {
        self.frequency / self.wave_number[0].hypot(self.wave_number[1])
    }
}
