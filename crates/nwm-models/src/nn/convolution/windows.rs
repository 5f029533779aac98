//! Any layer as products with the rows of its windows.

use super::super::real::Real;
use super::geometry::Correlation;
use super::kernels::{
    add_weight_gradient, correlate, finish, finish_adjoint, pack_adjoint, pack_forward, unpack,
};
use super::method::{Activation, Method};
use super::narrow;
use super::winograd::{self, Tiles};

/// A layer that is computed in this form.
pub(super) struct Windows<T> {
    correlation: Correlation,
    adjoint: Correlation,
    /// In the order that the pass needs.
    weight: Vec<T>,
    /// Computes the gradient of the input instead, where that is faster.
    adjoint_tiles: Option<Tiles<T>>,
}

impl<T: Real> Windows<T> {
    /// For the forward pass of a layer.
    pub(super) fn forward(correlation: &Correlation, weight: &[T]) -> Self {
        let pack = if narrow::sums_taps(correlation) { narrow::pack_taps } else { pack_forward };
        Self::new(correlation, pack(correlation, weight), None)
    }

    /// For the backward pass of a layer.
    pub(super) fn backward(correlation: &Correlation, weight: &[T]) -> Self {
        if Tiles::<T>::suit_adjoint(correlation) {
            let tiles = Tiles::backward(correlation, weight);
            Self::new(correlation, Vec::new(), Some(tiles))
        } else {
            Self::new(correlation, pack_adjoint(correlation, weight), None)
        }
    }

    fn new(correlation: &Correlation, weight: Vec<T>, adjoint_tiles: Option<Tiles<T>>) -> Self {
        let adjoint = correlation.adjoint();
        Self { correlation: correlation.clone(), adjoint, weight, adjoint_tiles }
    }
}

/// Memory of the passes, each part made when it is first used.
pub(super) struct Scratch<T> {
    capacity: usize,
    padded: Vec<T>,
    sums: Vec<T>,
    /// Gradient before the activation by position, zero between rows and samples.
    by_position: Vec<T>,
    padded_gradient: Vec<T>,
    tiles: winograd::Scratch<T>,
}

impl<T: Real> Method<T> for Windows<T> {
    type Scratch = Scratch<T>;

    fn scratch(&self, capacity: usize) -> Scratch<T> {
        Scratch {
            capacity,
            padded: Vec::new(),
            sums: Vec::new(),
            by_position: Vec::new(),
            padded_gradient: Vec::new(),
            tiles: winograd::Scratch::default(),
        }
    }

    fn forward(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        activation: Activation<'_, T>,
        result: &mut [T],
    ) {
        let Scratch { capacity, padded, sums, .. } = scratch;
        let (correlation, weight) = (&self.correlation, &self.weight);
        let Activation { bias, slope } = activation;
        if narrow::sums_taps(correlation) {
            narrow::forward(correlation, (input, weight), bias, slope, sums, result);
            return;
        }
        let sums = correlate_group(correlation, *capacity, input, weight, padded, sums);
        finish(correlation, sums, bias, slope, result);
    }

    fn gradient_len(&self) -> usize {
        9 * self.correlation.channels() * self.correlation.filters()
    }

    fn add_weight_gradient(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        before: &[T],
        gradient: &mut [T],
    ) {
        let Scratch { capacity, padded, by_position, .. } = scratch;
        let correlation = &self.correlation;
        let samples = input.len() / correlation.source_size();
        let filters = correlation.filters();
        by_position.resize(correlation.positions(*capacity) * filters, T::zero());
        let by_position = &mut by_position[..correlation.positions(samples) * filters];
        spread_rows(correlation, before, by_position);
        padded.resize(correlation.padded_size(*capacity), T::zero());
        correlation.place(*capacity, input, padded);
        let add = if narrow::is_narrow(correlation) {
            narrow::add_weight_gradient
        } else {
            add_weight_gradient
        };
        add(correlation, *capacity, samples, padded, by_position, gradient);
    }

    fn input_gradient(&self, scratch: &mut Scratch<T>, before: &[T], result: &mut [T]) {
        if let Some(tiles) = &self.adjoint_tiles {
            return tiles.input_gradient(&mut scratch.tiles, before, result);
        }
        let Scratch { capacity, padded_gradient, sums, .. } = scratch;
        let (adjoint, weight) = (&self.adjoint, &self.weight);
        let sums = correlate_group(adjoint, *capacity, before, weight, padded_gradient, sums);
        finish_adjoint(adjoint, self.correlation.upsamples(), sums, result);
    }

    fn unpack(&self, gradient: &[T]) -> Vec<T> {
        let unpack = if narrow::is_narrow(&self.correlation) { narrow::unpack } else { unpack };
        unpack(&self.correlation, gradient)
    }
}

/// Correlates a group and returns the sums by position.
fn correlate_group<'s, T: Real>(
    correlation: &Correlation,
    capacity: usize,
    input: &[T],
    weight: &[T],
    padded: &mut Vec<T>,
    sums: &'s mut Vec<T>,
) -> &'s [T] {
    let samples = input.len() / correlation.source_size();
    padded.resize(correlation.padded_size(capacity), T::zero());
    correlation.place(capacity, input, padded);
    sums.resize(correlation.positions(capacity) * correlation.filters(), T::zero());
    let sums = &mut sums[..correlation.positions(samples) * correlation.filters()];
    correlate(correlation, capacity, samples, padded, weight, sums);
    sums
}

/// Copies rows without gaps to their positions, and leaves the numbers between them as they are.
fn spread_rows<T: Real>(correlation: &Correlation, rows: &[T], by_position: &mut [T]) {
    let [height, columns] = correlation.output();
    let filters = correlation.filters();
    let pitch = correlation.row_pitch() * filters;
    let width = columns * filters;
    for (index, row) in rows.chunks_exact(width).enumerate() {
        let start = (index / height * (height + 1) + index % height) * pitch;
        by_position[start..start + width].copy_from_slice(row);
    }
}
