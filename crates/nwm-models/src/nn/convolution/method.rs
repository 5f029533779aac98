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

/// Memory that one group of a layer after the other uses. It starts empty and is not shared between layers.
pub(super) struct Scratch<T> {
    /// What the layer read, and the gradient of its result, among zeros.
    pub(super) pixels: Vec<T>,
    pub(super) gradient: Vec<T>,
    /// The former transformed, and products or the latter transformed.
    pub(super) sources: Vec<T>,
    pub(super) products: Vec<T>,
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Self { pixels: Vec::new(), gradient: Vec::new(), sources: Vec::new(), products: Vec::new() }
    }
}

/// A layer with its weights, ready for groups of samples.
pub(super) trait Method<T: Real>: Sync {
    /// Writes the result of a group.
    fn forward(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        activation: Activation<'_, T>,
        result: &mut [T],
    );

    /// Numbers in a sum of the weight's gradient.
    fn gradient_len(&self) -> usize;

    /// Adds a group's share to such a sum, and writes the gradient of the group's input; either only if asked for.
    /// `before` is the gradient before the activation.
    fn backward(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        before: &[T],
        of_weight: Option<&mut [T]>,
        of_input: Option<&mut [T]>,
    );

    /// The stored weight's gradient, `[filters, channels, 3, 3]`, from the sum.
    fn unpack(&self, gradient: &[T]) -> Vec<T>;
}
