//! Recurrent layers, step by step.
//!
//! Arguments are those of the fused operations: projected inputs `[time, batch, gates x units]`, the initial state, and the
//! recurrent weight `[units, gates x units]`.

use candle_core::{Result, Tensor};

use super::activation::{leaky_relu, sigmoid};

/// Outputs h `[time, batch, units]` and the memory c after the last step, from the initial h and c `[2, batch, units]`.
pub(in super::super) fn lstm(
    projection: &Tensor,
    initial: &Tensor,
    weight: &Tensor,
) -> Result<(Tensor, Tensor)> {
    let units = weight.dim(0)?;
    let (mut h, mut c) = (initial.get(0)?, initial.get(1)?);
    let mut outputs = Vec::with_capacity(projection.dim(0)?);
    for step in 0..projection.dim(0)? {
        let sums = (projection.get(step)? + h.matmul(weight)?)?;
        let gate = |index: usize| sums.narrow(1, index * units, units);
        let (input, candidate) = (sigmoid(&gate(0)?)?, gate(1)?.tanh()?);
        let (forget, output) = (sigmoid(&(gate(2)? + 1.0)?)?, sigmoid(&gate(3)?)?);
        c = ((forget * c)? + (input * candidate)?)?;
        h = (output * c.tanh()?)?;
        outputs.push(h.clone());
    }
    Ok((Tensor::stack(&outputs, 0)?, c))
}

/// States `[time, batch, units]`.
pub(in super::super) fn gru(
    projection: &Tensor,
    initial: &Tensor,
    weight: &Tensor,
) -> Result<Tensor> {
    let units = weight.dim(0)?;
    let of_gates = weight.narrow(1, 0, 2 * units)?.contiguous()?;
    let of_candidate = weight.narrow(1, 2 * units, units)?.contiguous()?;
    let mut h = initial.clone();
    let mut states = Vec::with_capacity(projection.dim(0)?);
    for step in 0..projection.dim(0)? {
        let x = projection.get(step)?;
        let gates = sigmoid(&(x.narrow(1, 0, 2 * units)? + h.matmul(&of_gates)?)?)?;
        let (update, reset) = (gates.narrow(1, 0, units)?, gates.narrow(1, units, units)?);
        let recurrent = (reset * &h)?.matmul(&of_candidate)?;
        let candidate = (x.narrow(1, 2 * units, units)? + recurrent)?.tanh()?;
        h = (&h + (update * (candidate - &h)?)?)?;
        states.push(h.clone());
    }
    Tensor::stack(&states, 0)
}

/// States `[time, batch, units]` with a rectifier.
pub(in super::super) fn vanilla(
    projection: &Tensor,
    initial: &Tensor,
    weight: &Tensor,
) -> Result<Tensor> {
    let mut h = initial.clone();
    let mut states = Vec::with_capacity(projection.dim(0)?);
    for step in 0..projection.dim(0)? {
        h = leaky_relu(&(projection.get(step)? + h.matmul(weight)?)?, 0.0)?;
        states.push(h.clone());
    }
    Tensor::stack(&states, 0)
}
