//! Which states of a trajectory are computed from one of them.

use std::sync::OnceLock;

use candle_core::Tensor;

use super::operation::{Definition, Trajectory};
use crate::error::{Error, Result};

/// How many states lie before and after the given one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// States before it.
    pub before: usize,
    /// States after it.
    pub after: usize,
}

impl Span {
    /// States in all.
    pub fn states(self) -> usize {
        self.before + 1 + self.after
    }
}

/// Which way later states of a trajectory go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Later in time.
    Forward,
    /// Back in time: the time step changes its sign, and nothing else.
    Backward,
}

impl Direction {
    /// What the time step is multiplied by.
    pub(super) fn sign(self) -> f64 {
        match self {
            Self::Forward => 1.0,
            Self::Backward => -1.0,
        }
    }
}

/// Refuses states that are not `[batch, size]`, and another number of directions than samples.
pub(super) fn check(states: &Tensor, size: usize, directions: &[Direction]) -> Result<()> {
    let batch = match *states.dims() {
        [batch, found] if found == size && batch > 0 => batch,
        _ => {
            let expected = format!("[batch, {size}] with at least one sample");
            return Err(Error::shape("states of a flow", expected, states.dims()));
        }
    };
    if directions.len() != batch {
        let expected = format!("{batch}, one for each sample");
        return Err(Error::shape("directions of a flow", expected, &[directions.len()]));
    }
    Ok(())
}

/// States `[time, batch, dimension]` around `states` `[batch, dimension]`, which have been checked.
pub(super) fn unroll<D: Definition>(
    definition: D,
    parameters: &[Tensor],
    states: &Tensor,
    span: Span,
    directions: &[Direction],
) -> Result<Tensor> {
    let parameters = Tensor::cat(parameters, 0)?;
    let states = states.contiguous()?;
    let operation = Trajectory {
        definition,
        before: span.before,
        after: span.after,
        signs: directions.iter().map(|direction| direction.sign()).collect(),
        differentiable: states.track_op() || parameters.track_op(),
        tapes: OnceLock::new(),
    };
    let trajectory = states.apply_op2(&parameters, operation)?;
    debug_assert_eq!(trajectory.dim(0)?, span.states());
    Ok(trajectory)
}
