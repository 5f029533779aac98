//! What integrators need of a vector field.

use super::super::real::Real;

/// A vector field whose every evaluation can be pulled back.
///
/// An evaluation is of a fixed number of points, one for each sample. Those on a tape are counted from 0.
pub(super) trait Field<T: Real>: Sync {
    /// What evaluations leave for the backward pass.
    type Tape: Recorded;

    /// What the backward pass has found so far.
    type Adjoint: Send;

    /// An empty tape for evaluations at `samples` points.
    fn tape(&self, samples: usize) -> Self::Tape;

    /// The field at `points` `[sample, dimension]`, into `values` of the same axes.
    fn evaluate(&self, points: &[T], values: &mut [T], tape: Option<&mut Self::Tape>);

    /// The start of a backward pass over all evaluations of a tape.
    fn adjoint(&self, tape: &Self::Tape) -> Self::Adjoint;

    /// Adds to `of_points` what `gradient`, that of the values of one evaluation, says of its points. Each evaluation
    /// is pulled back once at most.
    fn pull_back(
        &self,
        tape: &Self::Tape,
        evaluation: usize,
        gradient: &[T],
        of_points: &mut [T],
        adjoint: &mut Self::Adjoint,
    );

    /// Adds the gradients of the field's parameters to `sums`.
    fn add_parameter_gradients(&self, tape: &Self::Tape, adjoint: &Self::Adjoint, sums: &mut [T]);
}

/// A tape that grows by one evaluation at a time.
pub(super) trait Recorded: Send + Sync + 'static {
    /// Evaluations so far.
    fn evaluations(&self) -> usize;

    /// Forgets all but the first `evaluations`.
    fn truncate(&mut self, evaluations: usize);
}
