//! Leapfrog for a separable energy `H(q, p) = K(p) + U(q)`: kick, drift, kick.
//!
//! `p -= h/2 dU/dq; q += h dK/dp; p -= h/2 dU/dq`. Symplectic, of second order, and reversible: a step of `-h` undoes one
//! of `h`. The force at the end of a step is that at the start of the next, and computed once.

use super::super::real::Real;
use super::field::{Field, Recorded};
use super::unroll::UnrollBlock;

/// The integrator with the two fields `dK/dp` and `dU/dq`.
pub(super) struct Leapfrog<F> {
    pub(super) kinetic: F,
    pub(super) potential: F,
    /// Numbers of the parameters of either field.
    pub(super) parameters: usize,
    /// Positions, and as many momenta.
    pub(super) pairs: usize,
    /// Time step.
    pub(super) step: f64,
}

/// Evaluations of both fields.
pub(super) struct LeapfrogTape<Tape> {
    kinetic: Tape,
    potential: Tape,
}

/// Positions and momenta of some samples, `[sample, pair]` each.
struct Phase<T> {
    q: Vec<T>,
    p: Vec<T>,
}

impl<T: Real> Phase<T> {
    fn zeros(count: usize) -> Self {
        Self { q: vec![T::zero(); count], p: vec![T::zero(); count] }
    }

    /// From `[sample, 2 pairs]`, positions first.
    fn read(states: &[T], pairs: usize) -> Self {
        let (mut q, mut p) = (Vec::new(), Vec::new());
        for state in states.chunks_exact(2 * pairs) {
            q.extend_from_slice(&state[..pairs]);
            p.extend_from_slice(&state[pairs..]);
        }
        Self { q, p }
    }

    /// Appends `[sample, 2 pairs]`.
    fn write(&self, pairs: usize, states: &mut Vec<T>) {
        for (q, p) in self.q.chunks_exact(pairs).zip(self.p.chunks_exact(pairs)) {
            states.extend_from_slice(q);
            states.extend_from_slice(p);
        }
    }

    fn add(&mut self, other: &Self) {
        super::super::matrix::add(&mut self.q, &other.q);
        super::super::matrix::add(&mut self.p, &other.p);
    }
}

/// `target += factor * sign of the sample * values`.
fn add_signed<T: Real>(target: &mut [T], values: &[T], signs: &[T], factor: T) {
    let size = target.len() / signs.len();
    let rows = target.chunks_exact_mut(size).zip(values.chunks_exact(size));
    for ((target, values), &sign) in rows.zip(signs) {
        for (target, &value) in target.iter_mut().zip(values) {
            *target += factor * sign * value;
        }
    }
}

impl<F> Leapfrog<F> {
    /// The time step and half of it.
    fn steps<T: Real>(&self) -> (T, T) {
        let of = <T as nwm_simd::Real>::nearest;
        (of(self.step), of(self.step / 2.0))
    }
}

impl<T: Real, F: Field<T>> UnrollBlock<T> for Leapfrog<F> {
    type Tape = LeapfrogTape<F::Tape>;

    fn unroll_block(
        &self,
        start: &[T],
        signs: &[T],
        steps: usize,
        recorded: bool,
    ) -> (Vec<T>, Option<Self::Tape>) {
        let (whole, half) = self.steps::<T>();
        let mut tape = recorded.then(|| LeapfrogTape {
            kinetic: self.kinetic.tape(signs.len()),
            potential: self.potential.tape(signs.len()),
        });
        let mut phase = Phase::read(start, self.pairs);
        let mut states = Vec::with_capacity(steps * start.len());
        let (mut force, mut velocity) = (phase.q.clone(), phase.q.clone());
        if steps > 0 {
            let tape = tape.as_mut().map(|tape| &mut tape.potential);
            self.potential.evaluate(&phase.q, &mut force, tape);
        }
        for _ in 0..steps {
            add_signed(&mut phase.p, &force, signs, -half);
            let kinetic = tape.as_mut().map(|tape| &mut tape.kinetic);
            self.kinetic.evaluate(&phase.p, &mut velocity, kinetic);
            add_signed(&mut phase.q, &velocity, signs, whole);
            let potential = tape.as_mut().map(|tape| &mut tape.potential);
            self.potential.evaluate(&phase.q, &mut force, potential);
            add_signed(&mut phase.p, &force, signs, -half);
            phase.write(self.pairs, &mut states);
        }
        (states, tape)
    }

    fn pull_back_block(
        &self,
        tape: &Self::Tape,
        signs: &[T],
        gradient: &[T],
        sums: &mut [T],
    ) -> Vec<T> {
        let (whole, half) = self.steps::<T>();
        let mut kinetic = self.kinetic.adjoint(&tape.kinetic);
        let mut potential = self.potential.adjoint(&tape.potential);
        let count = signs.len() * self.pairs;
        let mut of_phase = Phase::<T>::zeros(count);
        // Gradient of the force at the end of the step, from the one after it.
        let mut of_force = vec![T::zero(); count];
        let steps = tape.kinetic.evaluations();
        for step in (0..steps).rev() {
            let of_states = &gradient[step * 2 * count..][..2 * count];
            of_phase.add(&Phase::read(of_states, self.pairs));
            add_signed(&mut of_force, &of_phase.p, signs, -half);
            self.potential.pull_back(
                &tape.potential,
                step + 1,
                &of_force,
                &mut of_phase.q,
                &mut potential,
            );
            let mut of_velocity = vec![T::zero(); count];
            add_signed(&mut of_velocity, &of_phase.q, signs, whole);
            let of_momentum = &mut of_phase.p;
            self.kinetic.pull_back(&tape.kinetic, step, &of_velocity, of_momentum, &mut kinetic);
            of_force.fill(T::zero());
            add_signed(&mut of_force, &of_phase.p, signs, -half);
        }
        if steps > 0 {
            let of_position = &mut of_phase.q;
            self.potential.pull_back(&tape.potential, 0, &of_force, of_position, &mut potential);
        }
        let (of_kinetic, of_potential) = sums.split_at_mut(self.parameters);
        self.kinetic.add_parameter_gradients(&tape.kinetic, &kinetic, of_kinetic);
        self.potential.add_parameter_gradients(&tape.potential, &potential, of_potential);
        let mut of_start = Vec::with_capacity(2 * count);
        of_phase.write(self.pairs, &mut of_start);
        of_start
    }

    fn size(&self) -> usize {
        2 * self.pairs
    }
}
