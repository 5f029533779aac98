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

/// The trajectory as the backward pass reads it, after each step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Tape<'a, R> {
    /// `[time, batch, 2, units]`, position then velocity.
    States(&'a [R]),
    /// `[time, batch, units]`, and the position `[batch, units]` after the last step, from which the
    /// others are recovered.
    Velocities { velocities: &'a [R], last_position: &'a [R] },
    /// Both `[time, batch, units]`: no position can be recovered from another through a state norm.
    Both { positions: &'a [R], velocities: &'a [R] },
}

/// The part of a trajectory that the op keeps for its backward pass, beside its result.
#[derive(Debug)]
pub(crate) struct Kept<R> {
    /// `[time, batch, units]`.
    pub(crate) velocities: Vec<R>,
    /// `[time, batch, units]`, or empty where positions are recovered or the result holds them.
    pub(crate) positions: Vec<R>,
}

/// What [`Cell::forward`](crate::Cell::forward) returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Record {
    /// Both parts of the state after every step: `[time, batch, 2, units]`, position then velocity.
    States,
    /// The position after every step: `[time, batch, units]`. While gradients are tracked the op
    /// keeps the velocities for itself; otherwise they are not stored.
    Positions,
    /// Position and velocity after the last step alone: `[2, batch, units]`. While gradients are
    /// tracked the op keeps a tape of its own; otherwise nothing is stored on the way.
    Last,
    /// The velocity after every step, then the last position in one more row:
    /// `[time + 1, batch, units]` holding `v_1 .. v_T, x_T`. Half the memory of
    /// [`Record::States`]; positions can be recovered from it, except through a state norm.
    Velocities,
}
