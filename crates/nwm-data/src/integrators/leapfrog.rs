//! The leapfrog method for separable Hamiltonians: symplectic, time-reversible, second order.

use super::{Coordinates, check_request};
use crate::error::{Error, Result};

/// Leapfrog (kick, drift, kick) with a fixed step, for `H(q, p) = T(p) + V(q)`.
///
/// The error of the energy stays bounded for ever, unlike that of a Runge-Kutta method.
///
/// ```
/// use nwm_data::Leapfrog;
/// # fn main() -> Result<(), nwm_data::Error> {
/// // A mass on a spring: velocity 2 p, force -2 q. States are [q, p].
/// let mut states = [0.0; 4];
/// let method = Leapfrog::default();
/// method.solve(|[p], velocity| *velocity = [2.0 * p], |[q], force| *force = [-2.0 * q], [1.0], [0.0], 0.125, &mut states)?;
/// assert_eq!(states[2..], [0.96875, -0.24609375]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leapfrog {
    /// Steps between two stored states; at least 1.
    pub substeps: usize,
}

impl Default for Leapfrog {
    /// One step between two stored states.
    fn default() -> Self {
        Self { substeps: 1 }
    }
}

impl Leapfrog {
    /// Solves `q' = velocity(p)`, `p' = force(q)` and writes the states at the times `k * dt` to
    /// `states`, axes `[time, dimension]`, positions before momenta; the first one is the initial state.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if `states` is not a whole number of states or there are not as many momenta as
    /// positions; [`Error::InvalidSetting`] if `dt` is not positive or there are no substeps.
    pub fn solve<C: Coordinates>(
        &self,
        velocity: impl Fn(&C, &mut C),
        force: impl Fn(&C, &mut C),
        positions: C,
        momenta: C,
        dt: f64,
        states: &mut [f64],
    ) -> Result<()> {
        let half = positions.as_ref().len();
        if momenta.as_ref().len() != half {
            return Err(Error::BufferLength {
                what: "momenta",
                axes: "[momentum]",
                expected: half,
                found: momenta.as_ref().len(),
            });
        }
        if self.substeps == 0 {
            return Err(Error::InvalidSetting {
                key: "substeps",
                found: "0".to_owned(),
                expected: "at least 1",
            });
        }
        check_request(2 * half, dt, states)?;
        let step = dt / self.substeps as f64;
        let (mut positions, mut momenta) = (positions, momenta);
        let (mut velocities, mut forces) = (momenta.clone(), positions.clone());
        let mut stored = states.chunks_exact_mut(2 * half).peekable();
        while let Some(state) = stored.next() {
            state[..half].copy_from_slice(positions.as_ref());
            state[half..].copy_from_slice(momenta.as_ref());
            if stored.peek().is_none() {
                break;
            }
            force(&positions, &mut forces);
            for _ in 0..self.substeps {
                advance(&mut momenta, &forces, 0.5 * step);
                velocity(&momenta, &mut velocities);
                advance(&mut positions, &velocities, step);
                force(&positions, &mut forces);
                advance(&mut momenta, &forces, 0.5 * step);
            }
        }
        Ok(())
    }
}

/// `values += time * rates`.
fn advance<C: Coordinates>(values: &mut C, rates: &C, time: f64) {
    for (value, rate) in values.as_mut().iter_mut().zip(rates.as_ref()) {
        *value += time * rate;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `H = q^2 + p^2`, from (1, 0).
    fn spring(substeps: usize, dt: f64, frames: usize) -> Vec<f64> {
        let mut states = vec![0.0; 2 * frames];
        Leapfrog { substeps }
            .solve(|[p], v| *v = [2.0 * p], |[q], f| *f = [-2.0 * q], [1.0], [0.0], dt, &mut states)
            .unwrap();
        states
    }

    #[test]
    fn first_steps_are_exact() {
        let expected = [
            [1.0, 0.0],
            [0.968_75, -0.246_093_75],
            [0.876_953_125, -0.476_806_640_625],
            [0.730_346_679_687_5, -0.677_719_116_210_937_5],
        ];
        assert_eq!(spring(1, 0.125, 4), expected.concat());
    }

    #[test]
    fn time_can_be_reversed() {
        let there = spring(3, 0.3, 50);
        let mut back = vec![0.0; 100];
        // Running backwards in time is running forwards with reversed momenta.
        Leapfrog { substeps: 3 }
            .solve(
                |[p], v| *v = [2.0 * p],
                |[q], f| *f = [-2.0 * q],
                [there[98]],
                [-there[99]],
                0.3,
                &mut back,
            )
            .unwrap();
        assert!((back[98] - 1.0).abs() < 1e-12 && back[99].abs() < 1e-12, "{:?}", &back[98..]);
    }

    #[test]
    fn halving_the_step_quarters_the_error() {
        let error = |substeps| {
            let last = spring(substeps, 0.5, 11)[20..].to_vec();
            (last[0] - 10.0_f64.cos()).hypot(last[1] + 10.0_f64.sin())
        };
        let ratios = [error(8) / error(16), error(16) / error(32)];
        assert!(ratios.iter().all(|ratio| (3.8..4.2).contains(ratio)), "{ratios:?}");
    }

    #[test]
    fn the_energy_error_is_bounded_over_a_hundred_periods() {
        let energy_error = |states: &[f64]| {
            states
                .chunks_exact(2)
                .map(|s| (s[0] * s[0] + s[1] * s[1] - 1.0).abs())
                .fold(0.0, f64::max)
        };
        // Period pi, 50 steps each.
        let states = spring(1, std::f64::consts::PI / 50.0, 5001);
        let (first, all) = (energy_error(&states[..102]), energy_error(&states));
        assert!(first > 1e-4 && all < 1.01 * first, "{first} {all}");
    }

    #[test]
    fn wrong_arguments_are_errors() {
        let solve = |method: Leapfrog, momenta: Vec<f64>, dt: f64, states: &mut [f64]| {
            method.solve(
                |p: &Vec<f64>, v| v.clone_from(p),
                |q, f| f.clone_from(q),
                vec![1.0],
                momenta,
                dt,
                states,
            )
        };
        let once = Leapfrog::default();
        assert!(solve(once, vec![0.0], 0.1, &mut [0.0; 4]).is_ok());
        assert!(solve(once, vec![0.0; 2], 0.1, &mut [0.0; 4]).is_err());
        assert!(solve(once, vec![0.0], -0.1, &mut [0.0; 4]).is_err());
        assert!(solve(once, vec![0.0], 0.1, &mut [0.0; 3]).is_err());
        assert!(solve(Leapfrog { substeps: 0 }, vec![0.0], 0.1, &mut [0.0; 4]).is_err());
    }
}
