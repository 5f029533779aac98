//! The recurrence of a GRU as one differentiable operation.
//!
//! Arguments: projected inputs `[time, batch, 3 units]`, initial state `[batch, units]`, recurrent weight
//! `[units, 3 units]`. The result `[time, batch, 5 units]` holds, for each step and sample, the new state followed
//! by what the backward pass needs: z, r, a and r h. Only the state may be used by others.

use rayon::prelude::*;

use super::super::matrix::{Matrix, Panels, Write, multiply_in_parallel};
use super::super::real::{Real, logistic};
use super::super::recurrent::{States, samples_per_block};
use super::super::sequence_operation::{Recurrence, RecurrenceGradients};

/// Blocks of `units` numbers in a row of the result: state, z, r, a, r h.
pub(super) const PLANES: usize = 5;

/// Sizes of a sequence.
#[derive(Clone, Copy)]
pub(super) struct GruSequence {
    pub(super) steps: usize,
    pub(super) batch: usize,
    pub(super) units: usize,
}

impl Recurrence for GruSequence {
    const NAME: &'static str = "gru-sequence";

    fn tape_shape(self) -> [usize; 3] {
        [self.steps, self.batch, PLANES * self.units]
    }

    fn forward<T: Real>(self, projection: &[T], initial: &[T], weight: &[T]) -> Vec<T> {
        let n = self.units;
        let gates = Panels::pack(Matrix::with_row_stride(weight, n, 2 * n, 3 * n));
        let candidate = Panels::pack(Matrix::with_row_stride(&weight[2 * n..], n, n, 3 * n));
        let block = samples_per_block(self.batch);
        let mut tape = vec![T::zero(); self.steps * self.batch * PLANES * n];
        let mut previous: Option<&[T]> = None;
        let steps = tape
            .chunks_exact_mut(self.batch * PLANES * n)
            .zip(projection.chunks_exact(self.batch * 3 * n));
        for (step, projection) in steps {
            let states = match previous {
                Some(step) => States::new(step, n, PLANES * n),
                None => States::new(initial, n, n),
            };
            step.par_chunks_mut(block * PLANES * n)
                .zip(projection.par_chunks(block * 3 * n))
                .enumerate()
                .for_each(|(index, (rows, projection))| {
                    let h = states.skip(index * block);
                    self.step(rows, projection, h, &gates, &candidate);
                });
            previous = Some(step);
        }
        tape
    }

    fn backward<T: Real>(
        self,
        (initial, weight): (&[T], &[T]),
        (tape, gradient): (&[T], &[T]),
    ) -> RecurrenceGradients<T> {
        let n = self.units;
        let gates = Panels::pack(Matrix::with_row_stride(weight, n, 2 * n, 3 * n).transposed());
        let candidate =
            Panels::pack(Matrix::with_row_stride(&weight[2 * n..], n, n, 3 * n).transposed());
        let block = samples_per_block(self.batch);
        let mut of_projection = vec![T::zero(); self.steps * self.batch * 3 * n];
        let mut of_state = vec![T::zero(); self.batch * n];
        let size = self.batch * PLANES * n;
        for step in (0..self.steps).rev() {
            let (tape_now, gradient) =
                (&tape[step * size..][..size], &gradient[step * size..][..size]);
            let states = match step {
                0 => States::new(initial, n, n),
                _ => States::new(&tape[(step - 1) * size..][..size], n, PLANES * n),
            };
            of_projection[step * self.batch * 3 * n..][..self.batch * 3 * n]
                .par_chunks_mut(block * 3 * n)
                .zip(of_state.par_chunks_mut(block * n))
                .zip(tape_now.par_chunks(block * PLANES * n))
                .zip(gradient.par_chunks(block * PLANES * n))
                .enumerate()
                .for_each(|(index, (((of_projection, of_state), tape), gradient))| {
                    let h = states.skip(index * block);
                    let weights = (&gates, &candidate);
                    self.step_back(of_projection, of_state, (tape, gradient), h, weights);
                });
        }
        let of_weight = self.weight_gradient(initial, tape, &of_projection);
        RecurrenceGradients { of_projection, of_initial: of_state, of_weight }
    }
}

impl GruSequence {
    /// One step of one block of samples.
    fn step<T: Real>(
        self,
        rows: &mut [T],
        projection: &[T],
        h: States<'_, T>,
        gates: &Panels<T>,
        candidate: &Panels<T>,
    ) {
        let n = self.units;
        let samples = rows.len() / (PLANES * n);
        let mut product = vec![T::zero(); samples * gates.columns()];
        gates.multiply(h.matrix(samples), &mut product, Write::Replace);
        for (sample, row) in rows.chunks_exact_mut(PLANES * n).enumerate() {
            let x = &projection[sample * 3 * n..];
            let sums = &product[sample * gates.columns()..];
            let h = h.row(sample);
            for unit in 0..n {
                let r = logistic(x[n + unit] + sums[n + unit]);
                row[n + unit] = logistic(x[unit] + sums[unit]);
                row[2 * n + unit] = r;
                row[4 * n + unit] = r * h[unit];
            }
        }
        let mut product = vec![T::zero(); samples * candidate.columns()];
        candidate.multiply(
            Matrix::with_row_stride(&rows[4 * n..], samples, n, PLANES * n),
            &mut product,
            Write::Replace,
        );
        for (sample, row) in rows.chunks_exact_mut(PLANES * n).enumerate() {
            let x = &projection[sample * 3 * n + 2 * n..];
            let sums = &product[sample * candidate.columns()..];
            let h = h.row(sample);
            for unit in 0..n {
                let z = row[n + unit];
                let a = (x[unit] + sums[unit]).tanh();
                row[3 * n + unit] = a;
                row[unit] = (T::one() - z) * h[unit] + z * a;
            }
        }
    }

    /// One step backwards of one block of samples; `of_state` goes from the gradient of the new state, without
    /// that of the result, to that of the old.
    fn step_back<T: Real>(
        self,
        of_projection: &mut [T],
        of_state: &mut [T],
        (tape, gradient): (&[T], &[T]),
        h: States<'_, T>,
        (gates, candidate): (&Panels<T>, &Panels<T>),
    ) {
        let n = self.units;
        let samples = of_state.len() / n;
        for sample in 0..samples {
            let (tape, gradient) = (&tape[sample * PLANES * n..], &gradient[sample * PLANES * n..]);
            let of_projection = &mut of_projection[sample * 3 * n..][..3 * n];
            let of_state = &mut of_state[sample * n..][..n];
            let h = h.row(sample);
            for unit in 0..n {
                let (z, a) = (tape[n + unit], tape[3 * n + unit]);
                let of_new = of_state[unit] + gradient[unit];
                of_projection[unit] = of_new * (a - h[unit]) * z * (T::one() - z);
                of_projection[2 * n + unit] = of_new * z * (T::one() - a * a);
                of_state[unit] = of_new * (T::one() - z);
            }
        }
        let mut product = vec![T::zero(); samples * candidate.columns()];
        candidate.multiply(
            Matrix::with_row_stride(&of_projection[2 * n..], samples, n, 3 * n),
            &mut product,
            Write::Replace,
        );
        for sample in 0..samples {
            let tape = &tape[sample * PLANES * n..];
            let of_reset_state = &product[sample * candidate.columns()..];
            let of_projection = &mut of_projection[sample * 3 * n..][..3 * n];
            let of_state = &mut of_state[sample * n..][..n];
            let h = h.row(sample);
            for unit in 0..n {
                let r = tape[2 * n + unit];
                of_projection[n + unit] = of_reset_state[unit] * h[unit] * r * (T::one() - r);
                of_state[unit] += of_reset_state[unit] * r;
            }
        }
        let mut product = vec![T::zero(); samples * gates.columns()];
        gates.multiply(
            Matrix::with_row_stride(of_projection, samples, 2 * n, 3 * n),
            &mut product,
            Write::Replace,
        );
        for (of_state, product) in
            of_state.chunks_exact_mut(n).zip(product.chunks_exact(gates.columns()))
        {
            for (of_state, &product) in of_state.iter_mut().zip(product) {
                *of_state += product;
            }
        }
    }

    /// Gradient of the recurrent weight, from those of the projection: two products over all steps at once.
    fn weight_gradient<T: Real>(self, initial: &[T], tape: &[T], of_projection: &[T]) -> Vec<T> {
        let n = self.units;
        let rows = self.steps * self.batch;
        let of_gates = |first_row: usize, rows: usize| {
            Matrix::with_row_stride(&of_projection[first_row * 3 * n..], rows, 2 * n, 3 * n)
        };
        let mut gates = vec![T::zero(); n * 2 * n];
        let first = Matrix::new(initial, self.batch, n).transposed();
        multiply_in_parallel(first, of_gates(0, self.batch), &mut gates, Write::Replace);
        if self.steps > 1 {
            let later = rows - self.batch;
            let states = Matrix::with_row_stride(tape, later, n, PLANES * n).transposed();
            multiply_in_parallel(states, of_gates(self.batch, later), &mut gates, Write::Add);
        }
        let mut candidate = vec![T::zero(); n * n];
        let reset_states =
            Matrix::with_row_stride(&tape[4 * n..], rows, n, PLANES * n).transposed();
        let of_candidate = Matrix::with_row_stride(&of_projection[2 * n..], rows, n, 3 * n);
        multiply_in_parallel(reset_states, of_candidate, &mut candidate, Write::Replace);
        let mut of_weight = Vec::with_capacity(n * 3 * n);
        for (gates, candidate) in gates.chunks_exact(2 * n).zip(candidate.chunks_exact(n)) {
            of_weight.extend_from_slice(gates);
            of_weight.extend_from_slice(candidate);
        }
        of_weight
    }
}
