//! Normalisation of vectors.

use candle_core::{D, Result, Tensor};

/// `(x - mean) / sqrt(variance + epsilon)` over the last axis.
pub(in super::super) fn layer_norm(x: &Tensor, epsilon: f64) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    centred.broadcast_div(&(variance + epsilon)?.sqrt()?)
}
