//! Plane waves of the linearised single-channel cell: how kernels decide frequency and growth.
//!
//! Linearise around rest with a constant bias `b`: the tanh becomes the slope `g = 1 - tanh²(b)`.
//! With the transforms of the kernels on position and velocity at wave vector `k`, put
//!
//! ```text
//! A = g w_x(k) - gamma        B = g w_v(k) - alpha
//! ```
//!
//! A plane wave `exp(i k·r)` then stays one. It grows and turns by `exp(s t)` in continuous time,
//! and by a factor `λ` per step of the cell.

use num_complex::Complex64;

use crate::error::{Error, Result};
use crate::stability::Oscillator;

/// A cell with one channel, linearised at one wave vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearWave {
    dt: f64,
    /// `A = g w_x(k) - gamma`.
    stiffness: Complex64,
    /// `B = g w_v(k) - alpha`.
    friction: Complex64,
}

/// The transform `w(k) = sum over a, b of w[a, b] exp(i (k_row (a - h_row) + k_column (b - h_column)))`
/// of a kernel on a torus, with `h = (size - 1) / 2` along each axis.
///
/// `kernel` is `[tap row, tap column]` of sizes `taps`, row-major; a ring's kernel is one row.
/// `wave_vector` is `[row, column]` in radians per site; an integer number `j` of waves on an axis
/// of length `n` is `2π j / n`.
///
/// # Errors
/// [`Error::Shape`] if `kernel` does not hold one weight per tap.
pub fn kernel_transform(
    kernel: &[f64],
    taps: [usize; 2],
    wave_vector: [f64; 2],
) -> Result<Complex64> {
    let [tap_rows, tap_columns] = taps;
    if tap_rows.checked_mul(tap_columns) != Some(kernel.len()) || kernel.is_empty() {
        return Err(Error::Shape {
            action: "transform a kernel",
            what: "the kernel",
            expected: format!("[{tap_rows}, {tap_columns}] with at least one tap"),
            found: vec![kernel.len()],
        });
    }
    let offset = |tap: usize, size: usize| tap as f64 - (size - 1) as f64 / 2.0;
    let terms = kernel.iter().enumerate().map(|(index, &weight)| {
        let row = offset(index / tap_columns, tap_rows);
        let column = offset(index % tap_columns, tap_columns);
        Complex64::from_polar(weight, wave_vector[0] * row + wave_vector[1] * column)
    });
    Ok(terms.sum())
}

impl LinearWave {
    /// The wave at which the kernels on position and velocity have these transforms, for a cell
    /// whose tanh has the given slope (1 at rest without bias).
    pub fn new(
        oscillator: Oscillator,
        coupling: Complex64,
        damping: Complex64,
        slope: f64,
    ) -> Self {
        Self {
            dt: oscillator.dt,
            stiffness: coupling * slope - oscillator.gamma,
            friction: damping * slope - oscillator.alpha,
        }
    }

    /// The factors by which one step of the cell multiplies the wave: the roots of
    /// `λ² - (2 + dt B + dt² A) λ + (1 + dt B) = 0`, larger real part first.
    pub fn multipliers(&self) -> [Complex64; 2] {
        let trace = self.friction * self.dt + self.stiffness * self.dt * self.dt + 2.0;
        let determinant = self.friction * self.dt + 1.0;
        let root = (trace * trace - determinant * 4.0).sqrt();
        [(trace + root) / 2.0, (trace - root) / 2.0]
    }

    /// The rates of the continuous-time wave `exp(i k·r + s t)`: the roots of `s² - B s - A = 0`,
    /// larger real part first. Growth is `Re s`, angular frequency `-Im s`.
    pub fn rates(&self) -> [Complex64; 2] {
        let root = (self.friction * self.friction + self.stiffness * 4.0).sqrt();
        [(self.friction + root) / 2.0, (self.friction - root) / 2.0]
    }

    /// The velocity that belongs to unit position in the wave with this multiplier:
    /// `(λ - 1) / (λ dt)`.
    pub fn velocity_ratio(&self, multiplier: Complex64) -> Complex64 {
        (multiplier - 1.0) / (multiplier * self.dt)
    }
}

/// Phase velocity of a wave with this multiplier along its wave vector, in sites per step:
/// `-arg λ / |k|`. Infinite or not a number at `k = 0`, where phase does not travel.
pub fn phase_velocity(multiplier: Complex64, wave_vector: [f64; 2]) -> f64 {
    -multiplier.arg() / wave_vector[0].hypot(wave_vector[1])
}
