//! A mass on a spring: `H = k q^2/2 + p^2/(2 m)`.

use super::initial::annulus;
use crate::stream::Stream;

/// Names of the parameters: mass, spring constant.
pub(super) const PARAMETER_NAMES: [&str; 2] = ["m", "k"];

/// Parameters of the plain set.
pub(super) const PLAIN: [f64; 2] = [0.5, 2.0];

/// Inner and outer radius of the annulus of initial states.
const ANNULUS: [f64; 2] = [0.1, 1.0];

/// The largest distance of the mass from the middle of the picture.
pub(super) const REACH: f64 = ANNULUS[1];

/// Energy of the state `[q, p]`.
pub(super) fn energy(&[mass, spring_constant]: &[f64; 2], &[q, p]: &[f64; 2]) -> f64 {
    0.5 * spring_constant * q * q + p * p / (2.0 * mass)
}

/// A random initial state: a point of the annulus, its momentum scaled by `sqrt(k m)` so that
/// its radius is the amplitude.
pub(super) fn initial_state(&[mass, spring_constant]: &[f64; 2], stream: &mut Stream) -> [f64; 2] {
    let [q, scaled_momentum] = annulus(stream, ANNULUS[0], ANNULUS[1]);
    [q, scaled_momentum * (spring_constant * mass).sqrt()]
}

/// The motion in closed form at the times `k * dt`; `states` has the axes `[time, dimension]`.
pub(super) fn solve(
    &[mass, spring_constant]: &[f64; 2],
    [q, p]: [f64; 2],
    dt: f64,
    states: &mut [f64],
) {
    let angular_frequency = (spring_constant / mass).sqrt();
    let momentum_scale = mass * angular_frequency;
    let amplitude = (q * q + p * p / (spring_constant * mass)).sqrt();
    let phase = libm::atan2(-p, q * momentum_scale);
    for (frame, state) in states.chunks_exact_mut(2).enumerate() {
        let angle = angular_frequency * (frame as f64 * dt) + phase;
        state[0] = amplitude * libm::cos(angle);
        state[1] = -amplitude * momentum_scale * libm::sin(angle);
    }
}

/// Position in the picture's plane: the spring hangs along the second axis.
pub(super) fn position(&[q, _]: &[f64; 2]) -> [f64; 2] {
    [0.0, q]
}
