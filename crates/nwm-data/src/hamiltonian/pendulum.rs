//! A pendulum: `H = m g l (1 - cos q) + p^2/(2 m l^2)`.

use super::initial::annulus;
use super::integrator::DormandPrince;
use crate::error::Result;
use crate::stream::Stream;

/// Names of the parameters: mass, gravity, length.
pub(super) const PARAMETER_NAMES: [&str; 3] = ["m", "g", "l"];

/// Parameters of the plain set.
pub(super) const PLAIN: [f64; 3] = [0.5, 3.0, 1.0];

/// Inner and outer radius of the annulus of initial states.
const ANNULUS: [f64; 2] = [1.3, 2.3];

/// Largest distance of the mass from the middle of the picture: the length of the plain set.
pub(super) const REACH: f64 = PLAIN[2];

/// Energy of the state `[q, p]`; 0 hanging at rest.
pub(super) fn energy(&[mass, gravity, length]: &[f64; 3], &[q, p]: &[f64; 2]) -> f64 {
    mass * gravity * length * (1.0 - libm::cos(q)) + p * p / (2.0 * mass * length * length)
}

/// Time derivative of the state: `(dH/dp, -dH/dq)`.
fn derivative(&[mass, gravity, length]: &[f64; 3], &[q, p]: &[f64; 2]) -> [f64; 2] {
    [p / (mass * length * length), -mass * gravity * length * libm::sin(q)]
}

/// A random initial state: a point of the annulus, angle and momentum in their own units.
pub(super) fn initial_state(stream: &mut Stream) -> [f64; 2] {
    annulus(stream, ANNULUS[0], ANNULUS[1])
}

/// The motion at the times `k * dt`; `states` has the axes `[time, dimension]`.
pub(super) fn solve(
    parameters: &[f64; 3],
    initial: [f64; 2],
    dt: f64,
    states: &mut [f64],
) -> Result<()> {
    DormandPrince::default().solve(|state| derivative(parameters, state), initial, dt, states)?;
    Ok(())
}

/// Position in the picture's plane, `y` upwards, the pivot in the middle.
pub(super) fn position(&[_, _, length]: &[f64; 3], &[q, _]: &[f64; 2]) -> [f64; 2] {
    [length * libm::sin(q), -length * libm::cos(q)]
}
