//! Pointwise activations.

use candle_core::{Result, Tensor};

/// `x` where positive, `slope x` elsewhere.
pub(in super::super) fn leaky_relu(x: &Tensor, slope: f64) -> Result<Tensor> {
    let positive = x.detach().gt(0.0)?;
    positive.where_cond(x, &(x * slope)?)
}

/// `1 / (1 + exp(-x))`, of `e = exp(-|x|)`, which no number makes infinite: `1 / (1 + e)` or `e / (1 + e)`.
pub(in super::super) fn sigmoid(x: &Tensor) -> Result<Tensor> {
    let e = x.abs()?.neg()?.exp()?;
    let positive = x.detach().ge(0.0)?;
    positive.where_cond(&e.detach().ones_like()?, &e)? / (e + 1.0)?
}

/// `x sigmoid(x)`.
pub(in super::super) fn swish(x: &Tensor) -> Result<Tensor> {
    x.silu()
}
