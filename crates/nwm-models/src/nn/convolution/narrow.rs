//! Layers with fewer filters than a vector holds, such as the last of a decoder, which draws three colours.
//!
//! The products of [`kernels`](super::kernels) would leave most of each vector empty. Here the nine taps stand side
//! by side instead: one product gives every pixel's contribution to the nine windows it lies in, and these are then
//! added up. The forward pass has this form for stride 1 without upsampling; the weight's gradient always.

use super::super::matrix::{Matrix, Write, multiply};
use super::super::real::Real;
use super::geometry::{Correlation, WINDOW};
use super::kernels::for_each_tap;

/// Filters up to which this form is the faster one.
const MOST_FILTERS: usize = 7;

/// Whether the weight's gradient is kept with filters as rows.
pub(super) fn is_narrow(correlation: &Correlation) -> bool {
    correlation.filters() <= MOST_FILTERS
}

/// Whether the forward pass is one product over all taps.
pub(super) fn sums_taps(correlation: &Correlation) -> bool {
    is_narrow(correlation) && correlation.slides_over_source()
}

/// The weight `[filters, channels, 3, 3]` as one matrix `[channels, 9 filters]`.
pub(super) fn pack_taps<T: Real>(correlation: &Correlation, weight: &[T]) -> Vec<T> {
    let (channels, filters) = (correlation.channels(), correlation.filters());
    let mut packed = vec![T::zero(); weight.len()];
    for_each_tap(channels, filters, |stored, filter, channel, tap| {
        packed[(channel * WINDOW * WINDOW + tap) * filters + filter] = weight[stored];
    });
    packed
}

/// Result of a group of samples; `products` is scratch memory.
pub(super) fn forward<T: Real>(
    correlation: &Correlation,
    (input, packed_weight): (&[T], &[T]),
    bias: &[T],
    slope: Option<T>,
    products: &mut Vec<T>,
    result: &mut [T],
) {
    let (channels, filters) = (correlation.channels(), correlation.filters());
    let [rows, columns] = correlation.output();
    let taps = WINDOW * WINDOW * filters;
    let pixels = input.len() / channels;
    products.resize(pixels * taps, T::zero());
    let input = Matrix::new(input, pixels, channels);
    multiply(input, Matrix::new(packed_weight, channels, taps), products, Write::Replace);
    let width = columns * filters;
    for (index, result) in result.chunks_exact_mut(width).enumerate() {
        for pixel in result.chunks_exact_mut(filters) {
            pixel.copy_from_slice(bias);
        }
        let (sample, row) = (index / rows, index % rows);
        for line in 0..WINDOW {
            // The source row under this row of the windows, if it is inside the picture.
            let Some(source) = (row + line).checked_sub(1).filter(|&source| source < rows) else {
                continue;
            };
            let products = &products[(sample * rows + source) * columns * taps..][..columns * taps];
            add_row(products, line * WINDOW, filters, result);
        }
        if let Some(slope) = slope {
            for value in result.iter_mut().filter(|value| **value <= T::zero()) {
                *value = slope * *value;
            }
        }
    }
}

/// Adds the three taps from `first_tap` on of one source row to a row of the result.
fn add_row<T: Real>(products: &[T], first_tap: usize, filters: usize, result: &mut [T]) {
    let taps = WINDOW * WINDOW * filters;
    for offset in 0..WINDOW {
        // Tap 0 adds a pixel to the window at its right, tap 2 to the one at its left.
        let skipped_results = usize::from(offset == 0) * filters;
        let skipped_pixels = usize::from(offset == 2) * taps;
        let start = (first_tap + offset) * filters;
        let results = result[skipped_results..].chunks_exact_mut(filters);
        let pixels = products[skipped_pixels..].chunks_exact(taps);
        for (result, pixel) in results.zip(pixels) {
            for (result, &product) in result.iter_mut().zip(&pixel[start..start + filters]) {
                *result += product;
            }
        }
    }
}

/// Adds a group's share to the gradient of the weight as three matrices `[filters, 3 channels]`; arguments as for
/// [`add_weight_gradient`](super::kernels::add_weight_gradient).
pub(super) fn add_weight_gradient<T: Real>(
    correlation: &Correlation,
    capacity: usize,
    samples: usize,
    padded: &[T],
    gradient: &[T],
    packed_gradient: &mut [T],
) {
    let filters = correlation.filters();
    let size = filters * WINDOW * correlation.channels();
    let gradient = Matrix::new(gradient, correlation.positions(samples), filters).transposed();
    for (line, part) in packed_gradient.chunks_exact_mut(size).enumerate() {
        let windows = correlation.window_rows(capacity, samples, line, padded);
        multiply(gradient, windows, part, Write::Add);
    }
}

/// The gradient of [`add_weight_gradient`] in the order of the stored weight.
pub(super) fn unpack<T: Real>(correlation: &Correlation, packed: &[T]) -> Vec<T> {
    let (channels, filters) = (correlation.channels(), correlation.filters());
    let mut weight = vec![T::zero(); packed.len()];
    for_each_tap(channels, filters, |stored, filter, channel, tap| {
        let (line, column) = (tap / WINDOW, tap % WINDOW);
        let row = line * filters + filter;
        weight[stored] = packed[(row * WINDOW + column) * channels + channel];
    });
    weight
}
