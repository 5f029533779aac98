//! Bodies in the plane that attract each other:
//! `H = sum_i |p_i|^2/(2 m_i) - sum_(i<j) g m_i m_j/|q_i - q_j|`, without softening.

use crate::error::{Error, Result};
use crate::integrators::{DormandPrince, Effort, Leapfrog};

/// Any number of bodies in the plane. A state is `[x1, y1, x2, y2, ..., momenta in the same order]`.
///
/// ```
/// use nwm_data::NBody;
/// # fn main() -> Result<(), nwm_data::Error> {
/// // Three equal bodies on a circle around their centre.
/// let bodies = NBody::new(vec![1.0; 3], 1.0)?;
/// let (sine, cosine) = (0.75_f64.sqrt(), 0.5);
/// let speed = 3.0_f64.powf(-0.25); // on a circle of radius 1
/// let start = [
///     1.0, 0.0, -cosine, sine, -cosine, -sine,
///     0.0, speed, -sine * speed, -cosine * speed, sine * speed, -cosine * speed,
/// ];
/// let mut states = vec![0.0; 100 * bodies.state_dimension()];
/// bodies.solve(&start, 0.05, &mut states)?;
/// for state in states.chunks(bodies.state_dimension()) {
///     assert!((state[0].hypot(state[1]) - 1.0).abs() < 1e-6);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct NBody {
    masses: Vec<f64>,
    gravity: f64,
}

impl NBody {
    /// Bodies with these masses and this constant of gravity.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] if there is no body, a mass is not positive, or gravity is not finite.
    pub fn new(masses: Vec<f64>, gravity: f64) -> Result<Self> {
        let refuse =
            |key, found: String, expected| Err(Error::InvalidSetting { key, found, expected });
        if masses.is_empty() {
            return refuse("masses", "none".to_owned(), "at least one");
        }
        if let Some(mass) = masses.iter().find(|mass| !(**mass > 0.0 && mass.is_finite())) {
            return refuse("masses", mass.to_string(), "positive numbers");
        }
        if !gravity.is_finite() {
            return refuse("gravity", gravity.to_string(), "a finite number");
        }
        Ok(Self { masses, gravity })
    }

    /// The masses, axis `[body]`.
    #[must_use]
    pub fn masses(&self) -> &[f64] {
        &self.masses
    }

    /// Numbers in a state: four for each body.
    #[must_use]
    pub const fn state_dimension(&self) -> usize {
        4 * self.masses.len()
    }

    /// The total energy of a state, axis `[dimension]`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if the state does not have [`NBody::state_dimension`] numbers.
    pub fn energy(&self, state: &[f64]) -> Result<f64> {
        self.check(state)?;
        Ok(energy(&self.masses, self.gravity, state))
    }

    /// The time derivative of a state, written to `slope`; both have the axis `[dimension]`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if a slice does not have [`NBody::state_dimension`] numbers.
    pub fn derivative(&self, state: &[f64], slope: &mut [f64]) -> Result<()> {
        self.check(state)?;
        self.check(slope)?;
        derivative(&self.masses, self.gravity, state, slope);
        Ok(())
    }

    /// The motion at the times `k * dt`, by Dormand-Prince 5(4) at a tolerance of 1e-9; `states` has the axes
    /// `[time, dimension]`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if a slice has the wrong length; errors of [`DormandPrince::solve`], also when two
    /// bodies meet.
    pub fn solve(&self, initial: &[f64], dt: f64, states: &mut [f64]) -> Result<Effort> {
        self.check(initial)?;
        let slope = |state: &Vec<f64>, slope: &mut Vec<f64>| {
            derivative(&self.masses, self.gravity, state, slope);
        };
        DormandPrince::default().solve(slope, initial.to_vec(), dt, states)
    }

    /// The motion at the times `k * dt` by a symplectic method of fixed step, whose error of the energy stays bounded.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if a slice has the wrong length; errors of [`Leapfrog::solve`].
    pub fn solve_symplectic(
        &self,
        method: Leapfrog,
        initial: &[f64],
        dt: f64,
        states: &mut [f64],
    ) -> Result<()> {
        self.check(initial)?;
        let velocity =
            |momenta: &Vec<f64>, out: &mut Vec<f64>| velocities(&self.masses, momenta, out);
        let force = |positions: &Vec<f64>, out: &mut Vec<f64>| {
            forces(&self.masses, self.gravity, positions, out);
        };
        let (positions, momenta) = initial.split_at(initial.len() / 2);
        method.solve(velocity, force, positions.to_vec(), momenta.to_vec(), dt, states)
    }

    fn check(&self, state: &[f64]) -> Result<()> {
        if state.len() == self.state_dimension() {
            return Ok(());
        }
        Err(Error::BufferLength {
            what: "state of bodies",
            axes: "[4 x body]",
            expected: self.state_dimension(),
            found: state.len(),
        })
    }
}

/// The total energy.
pub(super) fn energy(masses: &[f64], gravity: f64, state: &[f64]) -> f64 {
    let (positions, momenta) = state.split_at(2 * masses.len());
    let mut energy = 0.0;
    for (body, mass) in masses.iter().enumerate() {
        let (x, y) = (momenta[2 * body], momenta[2 * body + 1]);
        energy += (x * x + y * y) / (2.0 * mass);
        for other in 0..body {
            let (x, y) = between(positions, body, other);
            energy -= gravity * mass * masses[other] / (x * x + y * y).sqrt();
        }
    }
    energy
}

/// Velocities and forces.
pub(super) fn derivative(masses: &[f64], gravity: f64, state: &[f64], slope: &mut [f64]) {
    let (positions, momenta) = state.split_at(2 * masses.len());
    let (position_slopes, momentum_slopes) = slope.split_at_mut(2 * masses.len());
    velocities(masses, momenta, position_slopes);
    forces(masses, gravity, positions, momentum_slopes);
}

fn velocities(masses: &[f64], momenta: &[f64], velocities: &mut [f64]) {
    for (axis, (velocity, momentum)) in velocities.iter_mut().zip(momenta).enumerate() {
        *velocity = momentum / masses[axis / 2];
    }
}

fn forces(masses: &[f64], gravity: f64, positions: &[f64], forces: &mut [f64]) {
    forces.fill(0.0);
    for body in 0..masses.len() {
        for other in 0..body {
            let (x, y) = between(positions, body, other);
            let squared = x * x + y * y;
            let pull = gravity * masses[body] * masses[other] / (squared * squared.sqrt());
            forces[2 * body] += pull * x;
            forces[2 * body + 1] += pull * y;
            forces[2 * other] -= pull * x;
            forces[2 * other + 1] -= pull * y;
        }
    }
}

/// The way from one body to another.
fn between(positions: &[f64], body: usize, other: usize) -> (f64, f64) {
    (positions[2 * other] - positions[2 * body], positions[2 * other + 1] - positions[2 * body + 1])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The figure-eight orbit of three equal bodies (Chenciner and Montgomery 2000), period 6.32591398.
    const FIGURE_EIGHT: [f64; 12] = [
        0.970_004_36,
        -0.243_087_53,
        -0.970_004_36,
        0.243_087_53,
        0.0,
        0.0,
        0.466_203_685,
        0.432_365_73,
        0.466_203_685,
        0.432_365_73,
        -0.932_407_37,
        -0.864_731_46,
    ];

    #[test]
    fn three_bodies_return_after_a_figure_eight() {
        let bodies = NBody::new(vec![1.0; 3], 1.0).unwrap();
        let mut states = [0.0; 24];
        bodies.solve(&FIGURE_EIGHT, 6.325_913_98, &mut states).unwrap();
        for (start, end) in FIGURE_EIGHT.iter().zip(&states[12..]) {
            assert!((start - end).abs() < 1e-6, "{start} {end}");
        }
    }

    #[test]
    fn the_derivative_is_that_of_the_energy() {
        let bodies = NBody::new(vec![1.0, 0.5, 2.0], 1.3).unwrap();
        let mut slope = [0.0; 12];
        bodies.derivative(&FIGURE_EIGHT, &mut slope).unwrap();
        for axis in 0..12 {
            let at = |step: f64| {
                let mut state = FIGURE_EIGHT;
                state[axis] += step;
                bodies.energy(&state).unwrap()
            };
            let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
            let expected = if axis < 6 { -slope[axis + 6] } else { slope[axis - 6] };
            assert!((difference - expected).abs() < 1e-8, "{axis}: {difference} {expected}");
        }
    }

    #[test]
    fn the_symplectic_energy_error_is_bounded_over_a_hundred_orbits() {
        // Two equal bodies on an ellipse, apart by 2 at most; the period is 2 pi a^1.5/sqrt(2), with a = 4/3 here.
        let bodies = NBody::new(vec![1.0; 2], 1.0).unwrap();
        let start = [1.0, 0.0, -1.0, 0.0, 0.0, 0.5_f64.sqrt() / 2.0, 0.0, -0.5_f64.sqrt() / 2.0];
        let period = std::f64::consts::TAU * (4.0_f64 / 3.0).powf(1.5) / 2.0_f64.sqrt();
        let mut states = vec![0.0; 8 * (100 * 200 + 1)];
        bodies
            .solve_symplectic(Leapfrog { substeps: 4 }, &start, period / 200.0, &mut states)
            .unwrap();
        let energy = bodies.energy(&start).unwrap();
        let error = |states: &[f64]| {
            let errors =
                states.chunks(8).map(|state| (bodies.energy(state).unwrap() - energy).abs());
            errors.fold(0.0, f64::max)
        };
        let (first, all) = (error(&states[..8 * 201]), error(&states));
        assert!(first > 1e-7 && all < 1.05 * first, "{first} {all}");
    }

    #[test]
    fn bodies_that_meet_and_wrong_arguments_are_errors() {
        let bodies = NBody::new(vec![1.0; 2], 1.0).unwrap();
        let resting = [1.0, 0.0, -1.0, 0.0, 0.0, 0.0, 0.0, 0.0];
        let collision = bodies.solve(&resting, 1.0, &mut [0.0; 80]);
        assert!(matches!(collision, Err(Error::StepTooSmall { .. })), "{collision:?}");
        assert!(bodies.energy(&[0.0; 7]).is_err());
        assert!(NBody::new(vec![], 1.0).is_err());
        assert!(NBody::new(vec![1.0, 0.0], 1.0).is_err());
        assert!(NBody::new(vec![1.0], f64::NAN).is_err());
    }
}
