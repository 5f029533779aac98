//! The state of one sample, and what the op records of a batch.

use nwm_simd::Real;

/// Position and velocity of one sample, each over all units (channel, row, column).
#[derive(Debug, Clone, PartialEq)]
pub struct State<R> {
    /// Position `x` of each unit.
    pub position: Vec<R>,
    /// Velocity `v` of each unit.
    pub velocity: Vec<R>,
}

impl<R: Real> State<R> {
    /// Everything at rest at zero.
    pub fn zeros(units: usize) -> Self {
        Self { position: vec![R::zero(); units], velocity: vec![R::zero(); units] }
    }
}

/// What the backward pass reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tape {
    /// As [`Record::States`].
    States,
    /// As [`Record::Velocities`].
    Velocities,
}

/// What [`Cell::forward`](crate::Cell::forward) returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Record {
    /// Both parts of the state after every step: `[time, batch, 2, units]`, position then velocity.
    States,
    /// Position and velocity after the last step alone: `[2, batch, units]`. While gradients are
    /// tracked the op keeps a tape of its own; otherwise nothing is stored on the way.
    Last,
    /// The velocity after every step, then the last position in one more row:
    /// `[time + 1, batch, units]` holding `v_1 .. v_T, x_T`. Half the memory of
    /// [`Record::States`]; positions can be recovered from it, except through a state norm.
    Velocities,
}
