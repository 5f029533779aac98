//! What an uncoupled unit can do: eigenvalues of its step, and bounds that hold for any weights.
//!
//! A unit of the cell is the linear map `M` on (x, v), driven by a term of modulus below 1 (the
//! tanh) through the vector `(dt², dt)`:
//!
//! ```text
//! M = [[1 - dt² gamma, dt (1 - dt alpha)], [-dt gamma, 1 - dt alpha]]
//! ```
//!
//! The bounds are those of the cell without a state norm.

use num_complex::Complex64;

use crate::config::CellConfig;
use crate::error::{Error, Result};

/// Responses are summed only if they decay by at least this much per step.
const DECAY_FLOOR: f64 = 1e-6;

/// The three scalars of the cell, which describe an uncoupled unit completely.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Oscillator {
    /// Time step.
    pub dt: f64,
    /// Restoring coefficient.
    pub gamma: f64,
    /// Damping coefficient.
    pub alpha: f64,
}

/// ℓ¹ norms of the impulse response, which bound position and velocity from a start at rest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImpulseGains {
    /// `|x| < position` at all times.
    pub position: f64,
    /// `|v| < velocity` at all times.
    pub velocity: f64,
}

impl Oscillator {
    /// The unit of a cell with this configuration, learned scalars at their start.
    pub fn of(config: &CellConfig) -> Self {
        Self {
            dt: config.dt.as_time_step(),
            gamma: config.gamma.as_coefficient(),
            alpha: config.alpha.as_coefficient(),
        }
    }

    /// Eigenvalues of the step `M`: the roots of
    /// `λ² - (2 - dt alpha - dt² gamma) λ + (1 - dt alpha) = 0`, larger real part first; of a
    /// conjugate pair, positive imaginary part first.
    pub fn eigenvalues(&self) -> [Complex64; 2] {
        let Self { dt, gamma, alpha } = *self;
        let trace = 2.0 - dt * alpha - dt * dt * gamma;
        let determinant = 1.0 - dt * alpha;
        let root = Complex64::from(trace * trace - 4.0 * determinant).sqrt();
        [(root + trace) / 2.0, (-root + trace) / 2.0]
    }

    /// The larger modulus of the eigenvalues; below 1 exactly if the unit is stable, which is the
    /// case iff `0 < dt alpha < 2`, `gamma > 0` and `dt² gamma < 4 - 2 dt alpha`.
    pub fn spectral_radius(&self) -> f64 {
        let [first, second] = self.eigenvalues();
        first.norm().max(second.norm())
    }

    /// How far inputs below 1 in modulus can push a unit that starts at rest, whatever the weights.
    ///
    /// # Errors
    /// [`Error::Unstable`] if the response does not decay by at least 1e-6 per step.
    pub fn impulse_gains(&self) -> Result<ImpulseGains> {
        let Self { dt, gamma, alpha } = *self;
        let radius = self.spectral_radius();
        let limit = 1.0 - DECAY_FLOOR;
        if radius.is_nan() || radius >= limit {
            return Err(Error::Unstable { dt, gamma, alpha, radius, limit });
        }
        let (mut x, mut v) = (dt * dt, dt);
        let mut gains = ImpulseGains { position: 0.0, velocity: 0.0 };
        loop {
            gains.position += x.abs();
            gains.velocity += v.abs();
            v = (1.0 - dt * alpha) * v - dt * gamma * x;
            x += dt * v;
            // The remaining tail is at most about (|x| + |v|) / (1 - radius).
            let tail = (x.abs() + v.abs()) / (1.0 - radius);
            if tail <= f64::EPSILON * 1e-2 * gains.position.min(gains.velocity) {
                return Ok(gains);
            }
        }
    }

    /// Bound on `gamma |x|² + |v|²` of `units` units after `steps` steps from `initial_energy`, for
    /// any weights and inputs: `initial_energy + steps dt units / (alpha - gamma dt)`.
    ///
    /// `None` unless `alpha dt <= 1` and `gamma dt < alpha`, which the bound assumes.
    pub fn energy_bound(&self, initial_energy: f64, units: usize, steps: usize) -> Option<f64> {
        let Self { dt, gamma, alpha } = *self;
        let growth = dt * units as f64 / (alpha - gamma * dt);
        (alpha * dt <= 1.0 && gamma * dt < alpha).then_some(initial_energy + steps as f64 * growth)
    }
}
