//! Vanilla recurrent layers over whole sequences: `h' = relu(x w_i + b_i + h w_h + b_h)`.

use candle_core::Tensor;
use rayon::prelude::*;

use super::initialiser::Initialiser;
use super::linear::affine_map;
use super::matrix::{Matrix, Panels, Write, multiply_in_parallel};
use super::parameters::ParameterBuilder;
use super::plain;
use super::real::Real;
use super::recurrent::{States, check_state, samples_per_block, sequence_axes};
use super::sequence_operation::{Recurrence, RecurrenceGradients, SequenceOperation};
use crate::error::Result;

/// A recurrent layer with a rectifier and a bias for each of its two weights (docs/theory.md, section 3).
#[derive(Clone, Debug)]
pub struct Vanilla {
    input_weight: Tensor,
    input_bias: Tensor,
    hidden_weight: Tensor,
    hidden_bias: Tensor,
}

impl Vanilla {
    /// Registers `NAME.w_i` `[inputs, units]` and `NAME.w_h` `[units, units]`, truncated normal with standard deviation
    /// `1 / sqrt(rows)`, and `NAME.b_i` and `NAME.b_h` `[units]`, zero (docs/theory.md, section 3).
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if one of the names is taken or a size is 0.
    pub fn new(
        builder: &mut ParameterBuilder,
        name: &str,
        inputs: usize,
        units: usize,
    ) -> Result<Self> {
        let mut add = |part: &str, shape: &[usize], initialiser| {
            builder.add(&format!("{name}.{part}"), shape, initialiser)
        };
        Ok(Self {
            input_weight: add("w_i", &[inputs, units], Initialiser::fan_in(inputs))?,
            input_bias: add("b_i", &[units], Initialiser::Constant(0.0))?,
            hidden_weight: add("w_h", &[units, units], Initialiser::fan_in(units))?,
            hidden_bias: add("b_h", &[units], Initialiser::Constant(0.0))?,
        })
    }

    /// States after every step, `[time, batch, units]`, from inputs `[time, batch, inputs]` and an initial state
    /// `[batch, units]` (none: zero).
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if an argument has other axes or the sequence is empty;
    /// [`Error::Tensor`](crate::Error::Tensor) for another number type or device than the parameters'.
    pub fn forward(&self, x: &Tensor, initial: Option<&Tensor>) -> Result<Tensor> {
        let (inputs, units) = self.input_weight.dims2()?;
        let (steps, batch) = sequence_axes("input of a recurrent layer", x, inputs)?;
        let initial = match initial {
            Some(state) => {
                check_state("initial state of a recurrent layer", state, batch, units)?;
                state.contiguous()?
            }
            None => Tensor::zeros((batch, units), x.dtype(), x.device())?,
        };
        let bias = (&self.input_bias + &self.hidden_bias)?;
        let projection = affine_map("input of a recurrent layer", x, &self.input_weight, &bias)?;
        if plain::is_needed(&projection) {
            return Ok(plain::vanilla(&projection, &initial, &self.hidden_weight)?);
        }
        let operation = SequenceOperation(VanillaSequence { steps, batch, units });
        Ok(projection.apply_op3(&initial, &self.hidden_weight, operation)?)
    }
}

/// Sizes of a sequence; its tape is the states themselves.
#[derive(Clone, Copy)]
struct VanillaSequence {
    steps: usize,
    batch: usize,
    units: usize,
}

impl Recurrence for VanillaSequence {
    const NAME: &'static str = "vanilla-sequence";

    fn tape_shape(self) -> [usize; 3] {
        [self.steps, self.batch, self.units]
    }

    fn forward<T: Real>(self, projection: &[T], initial: &[T], weight: &[T]) -> Vec<T> {
        let n = self.units;
        let weight = Panels::pack(Matrix::new(weight, n, n));
        let block = samples_per_block(self.batch) * n;
        let mut states = projection.to_vec();
        let mut previous = initial;
        for step in states.chunks_exact_mut(self.batch * n) {
            step.par_chunks_mut(block).enumerate().for_each(|(index, rows)| {
                let before = States::new(&previous[index * block..], n, n);
                weight.multiply(before.matrix(rows.len() / n), rows, Write::Add);
                rows.iter_mut().filter(|sum| **sum < T::zero()).for_each(|sum| *sum = T::zero());
            });
            previous = step;
        }
        states
    }

    fn backward<T: Real>(
        self,
        (initial, weight): (&[T], &[T]),
        (states, gradient): (&[T], &[T]),
    ) -> RecurrenceGradients<T> {
        let n = self.units;
        let transposed = Panels::pack(Matrix::new(weight, n, n).transposed());
        let block = samples_per_block(self.batch) * n;
        let size = self.batch * n;
        let mut of_projection = gradient.to_vec();
        let mut of_state = vec![T::zero(); size];
        for step in (0..self.steps).rev() {
            of_projection[step * size..][..size]
                .par_chunks_mut(block)
                .zip(of_state.par_chunks_mut(block))
                .zip(states[step * size..][..size].par_chunks(block))
                .for_each(|((of_sums, of_state), state)| {
                    for ((of_sum, &later), &state) in of_sums.iter_mut().zip(&*of_state).zip(state)
                    {
                        // Where the rectifier is shut the state is zero.
                        *of_sum = if state > T::zero() { *of_sum + later } else { T::zero() };
                    }
                    let rows = of_sums.len() / n;
                    transposed.multiply(Matrix::new(of_sums, rows, n), of_state, Write::Replace);
                });
        }
        let mut of_weight = vec![T::zero(); n * n];
        let (first, later) = of_projection.split_at(size);
        let transposed_rows = |rows: usize, states| Matrix::new(states, rows, n).transposed();
        multiply_in_parallel(
            transposed_rows(self.batch, initial),
            Matrix::new(first, self.batch, n),
            &mut of_weight,
            Write::Replace,
        );
        let rows = (self.steps - 1) * self.batch;
        if rows > 0 {
            multiply_in_parallel(
                transposed_rows(rows, states),
                Matrix::new(later, rows, n),
                &mut of_weight,
                Write::Add,
            );
        }
        RecurrenceGradients { of_projection, of_initial: of_state, of_weight }
    }
}
