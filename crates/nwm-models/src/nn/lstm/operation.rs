//! The recurrence of an LSTM as one differentiable operation.
//!
//! Arguments: projected inputs `[time, batch, 4 units]`, initial h and c `[2, batch, units]`, recurrent weight
//! `[units, 4 units]`. The result `[time, batch, 6 units]` holds, for each step and sample, the new h and c followed
//! by what the backward pass needs: the gates i, g, f, o after their nonlinearities. Only h and c may be used by
//! others.

use rayon::prelude::*;

use super::super::matrix::{Matrix, Panels, Write, multiply_in_parallel};
use super::super::real::{Real, logistic};
use super::super::recurrent::{States, samples_per_block};
use super::super::sequence_operation::{Recurrence, RecurrenceGradients};

/// Blocks of `units` numbers in a row of the result: h, c, i, g, f, o.
pub(super) const PLANES: usize = 6;

/// Sizes of a sequence.
#[derive(Clone, Copy)]
pub(super) struct LstmSequence {
    pub(super) steps: usize,
    pub(super) batch: usize,
    pub(super) units: usize,
}

impl Recurrence for LstmSequence {
    const NAME: &'static str = "lstm-sequence";

    fn tape_shape(self) -> [usize; 3] {
        [self.steps, self.batch, PLANES * self.units]
    }

    fn forward<T: Real>(self, projection: &[T], initial: &[T], weight: &[T]) -> Vec<T> {
        let n = self.units;
        let weight = Panels::pack(Matrix::with_row_stride(weight, n, 4 * n, 4 * n));
        let block = samples_per_block(self.batch);
        let mut tape = vec![T::zero(); self.steps * self.batch * PLANES * n];
        let mut previous: Option<&[T]> = None;
        let steps = tape
            .chunks_exact_mut(self.batch * PLANES * n)
            .zip(projection.chunks_exact(self.batch * 4 * n));
        for (step, projection) in steps {
            let (h, c) = self.states(initial, previous);
            step.par_chunks_mut(block * PLANES * n)
                .zip(projection.par_chunks(block * 4 * n))
                .enumerate()
                .for_each(|(index, (rows, projection))| {
                    let before = (h.skip(index * block), c.skip(index * block));
                    self.step(rows, projection, before, &weight);
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
        let transposed =
            Panels::pack(Matrix::with_row_stride(weight, n, 4 * n, 4 * n).transposed());
        let block = samples_per_block(self.batch);
        let mut of_projection = vec![T::zero(); self.steps * self.batch * 4 * n];
        let mut of_initial = vec![T::zero(); 2 * self.batch * n];
        let (of_h, of_c) = of_initial.split_at_mut(self.batch * n);
        let size = self.batch * PLANES * n;
        for step in (0..self.steps).rev() {
            let previous = step.checked_sub(1).map(|step| &tape[step * size..][..size]);
            let (_, c) = self.states(initial, previous);
            of_projection[step * self.batch * 4 * n..][..self.batch * 4 * n]
                .par_chunks_mut(block * 4 * n)
                .zip(of_h.par_chunks_mut(block * n).zip(of_c.par_chunks_mut(block * n)))
                .zip(tape[step * size..][..size].par_chunks(block * PLANES * n))
                .zip(gradient[step * size..][..size].par_chunks(block * PLANES * n))
                .enumerate()
                .for_each(|(index, (((of_projection, of_state), tape), gradient))| {
                    let c = c.skip(index * block);
                    self.step_back(of_projection, of_state, (tape, gradient), c, &transposed);
                });
        }
        let of_weight = self.weight_gradient(initial, tape, &of_projection);
        RecurrenceGradients { of_projection, of_initial, of_weight }
    }
}

impl LstmSequence {
    /// States h and c before a step, from the initial ones or the step before in the result.
    fn states<'a, T: Real>(
        self,
        initial: &'a [T],
        previous: Option<&'a [T]>,
    ) -> (States<'a, T>, States<'a, T>) {
        let n = self.units;
        match previous {
            Some(step) => {
                (States::new(step, n, PLANES * n), States::new(&step[n..], n, PLANES * n))
            }
            None => {
                let (h, c) = initial.split_at(self.batch * n);
                (States::new(h, n, n), States::new(c, n, n))
            }
        }
    }

    /// One step of one block of samples.
    fn step<T: Real>(
        self,
        rows: &mut [T],
        projection: &[T],
        (h, c): (States<'_, T>, States<'_, T>),
        weight: &Panels<T>,
    ) {
        let n = self.units;
        let samples = rows.len() / (PLANES * n);
        let mut product = vec![T::zero(); samples * weight.columns()];
        weight.multiply(h.matrix(samples), &mut product, Write::Replace);
        for (sample, row) in rows.chunks_exact_mut(PLANES * n).enumerate() {
            let x = &projection[sample * 4 * n..][..4 * n];
            let sums = &product[sample * weight.columns()..][..4 * n];
            let c = c.row(sample);
            for unit in 0..n {
                let sum = |gate: usize| x[gate * n + unit] + sums[gate * n + unit];
                let (i, g) = (logistic(sum(0)), sum(1).tanh());
                let (f, o) = (logistic(sum(2) + T::one()), logistic(sum(3)));
                let memory = f * c[unit] + i * g;
                row[unit] = o * memory.tanh();
                row[n + unit] = memory;
                row[2 * n + unit] = i;
                row[3 * n + unit] = g;
                row[4 * n + unit] = f;
                row[5 * n + unit] = o;
            }
        }
    }

    /// One step backwards of one block of samples; `of_h` and `of_c` go from the gradients of the new state,
    /// without those of the result, to those of the old.
    fn step_back<T: Real>(
        self,
        of_projection: &mut [T],
        (of_h, of_c): (&mut [T], &mut [T]),
        (tape, gradient): (&[T], &[T]),
        c: States<'_, T>,
        transposed: &Panels<T>,
    ) {
        let n = self.units;
        let samples = of_h.len() / n;
        let one = T::one();
        for sample in 0..samples {
            let (tape, gradient) = (&tape[sample * PLANES * n..], &gradient[sample * PLANES * n..]);
            let of_sums = &mut of_projection[sample * 4 * n..][..4 * n];
            let of_h = &of_h[sample * n..][..n];
            let of_c = &mut of_c[sample * n..][..n];
            let c = c.row(sample);
            for unit in 0..n {
                let plane = |index: usize| tape[index * n + unit];
                let (i, g, f, o) = (plane(2), plane(3), plane(4), plane(5));
                let squashed = plane(1).tanh();
                let of_output = of_h[unit] + gradient[unit];
                let of_memory =
                    of_c[unit] + gradient[n + unit] + of_output * o * (one - squashed * squashed);
                of_sums[unit] = of_memory * g * i * (one - i);
                of_sums[n + unit] = of_memory * i * (one - g * g);
                of_sums[2 * n + unit] = of_memory * c[unit] * f * (one - f);
                of_sums[3 * n + unit] = of_output * squashed * o * (one - o);
                of_c[unit] = of_memory * f;
            }
        }
        let mut product = vec![T::zero(); samples * transposed.columns()];
        transposed.multiply(
            Matrix::new(of_projection, samples, 4 * n),
            &mut product,
            Write::Replace,
        );
        for (of_h, row) in of_h.chunks_exact_mut(n).zip(product.chunks_exact(transposed.columns()))
        {
            of_h.copy_from_slice(&row[..n]);
        }
    }

    /// Gradient of the recurrent weight, from those of the projection: one product over all steps but the first,
    /// and one for the first.
    fn weight_gradient<T: Real>(self, initial: &[T], tape: &[T], of_projection: &[T]) -> Vec<T> {
        let n = self.units;
        let (first, later) = of_projection.split_at(self.batch * 4 * n);
        let mut of_weight = vec![T::zero(); n * 4 * n];
        multiply_in_parallel(
            Matrix::new(&initial[..self.batch * n], self.batch, n).transposed(),
            Matrix::new(first, self.batch, 4 * n),
            &mut of_weight,
            Write::Replace,
        );
        let rows = (self.steps - 1) * self.batch;
        if rows > 0 {
            multiply_in_parallel(
                Matrix::with_row_stride(tape, rows, n, PLANES * n).transposed(),
                Matrix::new(later, rows, 4 * n),
                &mut of_weight,
                Write::Add,
            );
        }
        of_weight
    }
}
