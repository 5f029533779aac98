//! What the recurrent layers share: blocks of samples, and the states of a block.
//!
//! Samples of a batch never talk to each other, so each step works on blocks of samples in parallel.

use candle_core::Tensor;

use super::matrix::Matrix;
use super::real::Real;
use crate::error::{Error, Result};

/// Samples per block: enough that a weight, read once per block and step, is used many times.
const MOST_SAMPLES: usize = 16;
const FEWEST_SAMPLES: usize = 4;

/// Samples that one task steps together.
pub(super) fn samples_per_block(batch: usize) -> usize {
    batch.div_ceil(2).clamp(FEWEST_SAMPLES, MOST_SAMPLES)
}

/// One state per sample, inside rows that may hold more.
#[derive(Clone, Copy)]
pub(super) struct States<'a, T> {
    values: &'a [T],
    units: usize,
    stride: usize,
}

impl<'a, T: Real> States<'a, T> {
    /// States of `units` numbers that start every `stride` numbers.
    pub(super) fn new(values: &'a [T], units: usize, stride: usize) -> Self {
        Self { values, units, stride }
    }

    /// Without the first `samples`.
    pub(super) fn skip(self, samples: usize) -> Self {
        Self { values: &self.values[samples * self.stride..], ..self }
    }

    /// The first `samples` as rows.
    pub(super) fn matrix(self, samples: usize) -> Matrix<'a, T> {
        Matrix::with_row_stride(self.values, samples, self.units, self.stride)
    }

    /// The state of one sample.
    pub(super) fn row(self, sample: usize) -> &'a [T] {
        &self.values[sample * self.stride..][..self.units]
    }
}

/// Steps and batch of a sequence `[time, batch, inputs]` that is not empty.
pub(super) fn sequence_axes(what: &str, x: &Tensor, inputs: usize) -> Result<(usize, usize)> {
    match *x.dims() {
        [steps, batch, features] if features == inputs && steps * batch > 0 => Ok((steps, batch)),
        _ => {
            let expected = format!("[time, batch, {inputs}], neither time nor batch empty");
            Err(Error::shape(what, expected, x.dims()))
        }
    }
}

/// Checks the shape of an initial state.
pub(super) fn check_state(what: &str, state: &Tensor, batch: usize, units: usize) -> Result<()> {
    if state.dims() == [batch, units] {
        return Ok(());
    }
    Err(Error::shape(what, format!("[{batch}, {units}] (batch, unit)"), state.dims()))
}
