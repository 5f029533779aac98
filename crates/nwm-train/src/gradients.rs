//! Gradients as plain numbers, in the parameters' order, and their norm.

use candle_core::backprop::GradStore;
use nwm_models::nn::Parameters;
use rayon::prelude::*;

use crate::error::Result;

/// Squares of one partial sum of a norm. It decides the last bits of every norm.
const SQUARES_PER_SUM: usize = 1 << 14;

/// Gradients of every parameter as plain numbers, in the parameters' order; zero where none flowed.
///
/// # Errors
/// [`crate::Error::Tensor`] if a gradient cannot be read.
pub fn collect_gradients(parameters: &Parameters, store: &GradStore) -> Result<Vec<Vec<f32>>> {
    let parameters: Vec<_> = parameters.iter().collect();
    parameters
        .par_iter()
        .map(|(_, tensor)| match store.get(tensor) {
            Some(gradient) => Ok(gradient.flatten_all()?.to_vec1::<f32>()?),
            None => Ok(vec![0.0; tensor.elem_count()]),
        })
        .collect()
}

/// Euclidean norm of all gradients together, summed in f64 in a fixed order.
pub fn gradient_norm(gradients: &[Vec<f32>]) -> f64 {
    gradients.iter().map(|gradient| norm_squared(gradient)).sum::<f64>().sqrt()
}

/// Sum of squares in f64: chunk by chunk, then over the chunks in order.
pub(crate) fn norm_squared(values: &[f32]) -> f64 {
    let partial: Vec<f64> = values
        .par_chunks(SQUARES_PER_SUM)
        .map(|chunk| chunk.iter().map(|&value| f64::from(value) * f64::from(value)).sum())
        .collect();
    partial.iter().sum()
}
