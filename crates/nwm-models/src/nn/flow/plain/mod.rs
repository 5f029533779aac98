//! Trajectories in operations of the tensor library: for devices without a fused operation.

mod runge_kutta;

use candle_core::Tensor;

use super::super::mlp::Mlp;
use super::span::{Direction, Span};
use crate::error::Result;

pub(super) use runge_kutta::RungeKutta;

/// States `[time, batch, dimension]` around `start` `[batch, dimension]`, put together of what `steps` gives: the states after
/// each of so many steps from a start, with the direction in time of each sample, `[batch, 1]`, 1 or -1.
pub(super) fn trajectory(
    start: &Tensor,
    span: Span,
    directions: &[Direction],
    steps: impl Fn(&Tensor, &Tensor, usize) -> Result<Vec<Tensor>>,
) -> Result<Tensor> {
    let signs: Vec<f64> = directions.iter().map(|direction| direction.sign()).collect();
    let signs = Tensor::from_vec(signs, (directions.len(), 1), start.device())?;
    let signs = signs.to_dtype(start.dtype())?;
    let mut states = steps(start, &signs.neg()?, span.before)?;
    states.reverse();
    states.push(start.clone());
    states.extend(steps(start, &signs, span.after)?);
    Ok(Tensor::stack(&states, 0)?)
}

/// Leapfrog steps of a separable energy: `p -= h/2 dU/dq; q += h dK/dp; p -= h/2 dU/dq`.
pub(super) fn leapfrog(
    [kinetic, potential]: [&Mlp; 2],
    step: f64,
    start: &Tensor,
    signs: &Tensor,
    steps: usize,
) -> Result<Vec<Tensor>> {
    let pairs = start.dim(1)? / 2;
    let (whole, half) = ((signs * step)?, (signs * (step / 2.0))?);
    let mut q = start.narrow(1, 0, pairs)?.contiguous()?;
    let mut p = start.narrow(1, pairs, pairs)?.contiguous()?;
    let mut force = None;
    let mut states = Vec::with_capacity(steps);
    for _ in 0..steps {
        // The force at the end of a step is that at the start of the next.
        let at_start = match force {
            Some(force) => force,
            None => potential.input_gradient(&q)?,
        };
        p = (p - at_start.broadcast_mul(&half)?)?;
        q = (q + kinetic.input_gradient(&p)?.broadcast_mul(&whole)?)?;
        let at_end = potential.input_gradient(&q)?;
        p = (p - at_end.broadcast_mul(&half)?)?;
        force = Some(at_end);
        states.push(Tensor::cat(&[&q, &p], 1)?);
    }
    Ok(states)
}

/// Steps of a learnt map: `z' = z + f(z)`, or `z' = f(z)`.
pub(super) fn iterate(
    field: &Mlp,
    residual: bool,
    start: &Tensor,
    steps: usize,
) -> Result<Vec<Tensor>> {
    let mut state = start.clone();
    let mut states = Vec::with_capacity(steps);
    for _ in 0..steps {
        let value = field.forward(&state)?;
        state = if residual { (state + value)? } else { value };
        states.push(state.clone());
    }
    Ok(states)
}
