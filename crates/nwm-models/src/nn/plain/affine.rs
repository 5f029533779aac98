//! Affine maps.

use candle_core::{Result, Tensor};

/// `x w + b` over the last axis of `x`; weight `[inputs, outputs]`, of which either axis may be the contiguous one.
pub(in super::super) fn affine_map(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (inputs, outputs) = weight.dims2()?;
    let mut shape = x.dims().to_vec();
    if let Some(last) = shape.last_mut() {
        *last = outputs;
    }
    let rows = x.reshape(((), inputs))?;
    rows.matmul(weight)?.broadcast_add(bias)?.reshape(shape)
}
