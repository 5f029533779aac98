//! A learnt step in time: `z' = z + f(z)`, or `z' = f(z)`.

use super::super::matrix::add;
use super::super::real::Real;
use super::field::{Field, Recorded};
use super::unroll::UnrollBlock;

/// The map with its network.
pub(super) struct Iteration<F> {
    pub(super) field: F,
    /// Numbers of a state.
    pub(super) size: usize,
    /// Whether the network gives the change of the state, not the state.
    pub(super) residual: bool,
}

impl<T: Real, F: Field<T>> UnrollBlock<T> for Iteration<F> {
    type Tape = F::Tape;

    fn unroll_block(
        &self,
        start: &[T],
        signs: &[T],
        steps: usize,
        recorded: bool,
    ) -> (Vec<T>, Option<F::Tape>) {
        let mut tape = recorded.then(|| self.field.tape(signs.len()));
        let mut state = start.to_vec();
        let mut value = state.clone();
        let mut states = Vec::with_capacity(steps * start.len());
        for _ in 0..steps {
            self.field.evaluate(&state, &mut value, tape.as_mut());
            if self.residual {
                add(&mut state, &value);
            } else {
                state.copy_from_slice(&value);
            }
            states.extend_from_slice(&state);
        }
        (states, tape)
    }

    fn pull_back_block(
        &self,
        tape: &F::Tape,
        signs: &[T],
        gradient: &[T],
        sums: &mut [T],
    ) -> Vec<T> {
        let mut adjoint = self.field.adjoint(tape);
        let count = signs.len() * self.size;
        let mut of_state = vec![T::zero(); count];
        for step in (0..tape.evaluations()).rev() {
            add(&mut of_state, &gradient[step * count..][..count]);
            let of_value = of_state.clone();
            if !self.residual {
                of_state.fill(T::zero());
            }
            self.field.pull_back(tape, step, &of_value, &mut of_state, &mut adjoint);
        }
        self.field.add_parameter_gradients(tape, &adjoint, sums);
        of_state
    }

    fn size(&self) -> usize {
        self.size
    }
}
