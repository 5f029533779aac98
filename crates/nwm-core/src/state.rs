//! The state of one sample, and what the op records of a batch.

use num_traits::Float;

/// A floating-point type that the cell computes in: `f32` or `f64`.
pub trait Real: Float + std::ops::AddAssign + Send + Sync + sealed::Sealed + 'static {
    /// The nearest value of this type.
    fn nearest(value: f64) -> Self;

    /// This value in double precision.
    fn widen(self) -> f64;
}

impl Real for f32 {
    fn nearest(value: f64) -> Self {
        value as f32
    }

    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    fn nearest(value: f64) -> Self {
        value
    }

    fn widen(self) -> f64 {
        self
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

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

/// What [`Cell::forward`](crate::Cell::forward) returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Record {
    /// Both parts of the state after every step: `[time, batch, 2, units]`, position then velocity.
    States,
    /// The velocity after every step, then the last position in one more row:
    /// `[time + 1, batch, units]` holding `v_1 .. v_T, x_T`. Half the memory of
    /// [`Record::States`]; positions can be recovered from it, except through a state norm.
    Velocities,
}
