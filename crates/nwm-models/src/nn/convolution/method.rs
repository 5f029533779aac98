//! What the operation asks of a way to compute a layer.

use super::super::real::Real;

/// What follows the sums of a layer.
#[derive(Clone, Copy)]
pub(super) struct Activation<'a, T> {
    /// Added to every pixel.
    pub(super) bias: &'a [T],
    /// Slope below zero of a leaky ReLU, if there is one.
    pub(super) slope: Option<T>,
}

/// A layer with its weights, ready for groups of samples.
pub(super) trait Method<T: Real>: Sync {
    /// Memory that one group after the other uses.
    type Scratch;

    /// For groups of at most `capacity` samples.
    fn scratch(&self, capacity: usize) -> Self::Scratch;

    /// Writes the result of a group.
    fn forward(
        &self,
        scratch: &mut Self::Scratch,
        input: &[T],
        activation: Activation<'_, T>,
        result: &mut [T],
    );

    /// Numbers in a sum of the weight's gradient.
    fn gradient_len(&self) -> usize;

    /// Adds a group's share to such a sum. `before` is the gradient before the activation.
    fn add_weight_gradient(
        &self,
        scratch: &mut Self::Scratch,
        input: &[T],
        before: &[T],
        gradient: &mut [T],
    );

    /// Writes the gradient of a group's input.
    fn input_gradient(&self, scratch: &mut Self::Scratch, before: &[T], result: &mut [T]);

    /// The stored weight's gradient, `[filters, channels, 3, 3]`, from the sum.
    fn unpack(&self, gradient: &[T]) -> Vec<T>;
}
