//! The arithmetic of one group of samples, and the layouts of weights.

use super::super::matrix::{Matrix, Write, multiply};
use super::super::real::Real;
use super::geometry::{Correlation, WINDOW};

/// The weight `[filters, channels, 3, 3]` as three matrices `[3 channels, filters]`, one per window row.
pub(super) fn pack_forward<T: Real>(correlation: &Correlation, weight: &[T]) -> Vec<T> {
    let (channels, filters) = (correlation.channels(), correlation.filters());
    let mut packed = vec![T::zero(); weight.len()];
    for_each_tap(channels, filters, |stored, filter, channel, tap| {
        packed[(tap * channels + channel) * filters + filter] = weight[stored];
    });
    packed
}

/// The same weight as three matrices `[3 filters, channels]` with the taps reversed, for the adjoint.
pub(super) fn pack_adjoint<T: Real>(correlation: &Correlation, weight: &[T]) -> Vec<T> {
    let (channels, filters) = (correlation.channels(), correlation.filters());
    let mut packed = vec![T::zero(); weight.len()];
    for_each_tap(channels, filters, |stored, filter, channel, tap| {
        let reversed = WINDOW * WINDOW - 1 - tap;
        packed[(reversed * filters + filter) * channels + channel] = weight[stored];
    });
    packed
}

/// Undoes [`pack_forward`].
pub(super) fn unpack<T: Real>(correlation: &Correlation, packed: &[T]) -> Vec<T> {
    let (channels, filters) = (correlation.channels(), correlation.filters());
    let mut weight = vec![T::zero(); packed.len()];
    for_each_tap(channels, filters, |stored, filter, channel, tap| {
        weight[stored] = packed[(tap * channels + channel) * filters + filter];
    });
    weight
}

/// Calls `visit(index, filter, channel, tap)` for every number of a stored weight, in order.
pub(super) fn for_each_tap(
    channels: usize,
    filters: usize,
    mut visit: impl FnMut(usize, usize, usize, usize),
) {
    let taps = WINDOW * WINDOW;
    for filter in 0..filters {
        for channel in 0..channels {
            for tap in 0..taps {
                visit((filter * channels + channel) * taps + tap, filter, channel, tap);
            }
        }
    }
}

/// Correlates a group of samples. `sums` holds the result by position, `[positions, filters]`; what stands
/// between the rows and samples of the result there is of no use.
pub(super) fn correlate<T: Real>(
    correlation: &Correlation,
    capacity: usize,
    samples: usize,
    padded: &[T],
    packed_weight: &[T],
    sums: &mut [T],
) {
    let inner = WINDOW * correlation.channels();
    let filters = correlation.filters();
    for (line, weight) in packed_weight.chunks_exact(inner * filters).enumerate() {
        let windows = correlation.window_rows(capacity, samples, line, padded);
        let write = if line == 0 { Write::Replace } else { Write::Add };
        multiply(windows, Matrix::new(weight, inner, filters), sums, write);
    }
}

/// Adds a group's share to the gradient of the packed weight. `gradient` is that of the sums by position, zero
/// between rows and samples.
pub(super) fn add_weight_gradient<T: Real>(
    correlation: &Correlation,
    capacity: usize,
    samples: usize,
    padded: &[T],
    gradient: &[T],
    packed_gradient: &mut [T],
) {
    let inner = WINDOW * correlation.channels();
    let filters = correlation.filters();
    let gradient = Matrix::new(gradient, correlation.positions(samples), filters);
    for (line, part) in packed_gradient.chunks_exact_mut(inner * filters).enumerate() {
        let windows = correlation.window_rows(capacity, samples, line, padded);
        multiply(windows.transposed(), gradient, part, Write::Add);
    }
}

/// The rows of the result inside the sums by position, in order.
pub(super) fn result_rows<'a, T>(
    correlation: &Correlation,
    sums: &'a [T],
) -> impl Iterator<Item = &'a [T]> {
    let filters = correlation.filters();
    let [rows, columns] = correlation.output();
    let row_size = correlation.row_pitch() * filters;
    sums.chunks(correlation.sample_pitch() * filters)
        .flat_map(move |sample| sample.chunks(row_size).take(rows))
        .map(move |row| &row[..columns * filters])
}

/// Writes the result of a group: sums, bias and leaky ReLU.
pub(super) fn finish<T: Real>(
    correlation: &Correlation,
    sums: &[T],
    bias: &[T],
    slope: Option<T>,
    result: &mut [T],
) {
    let filters = correlation.filters();
    let width = correlation.output()[1] * filters;
    for (result, sums) in result.chunks_exact_mut(width).zip(result_rows(correlation, sums)) {
        for (result, sums) in result.chunks_exact_mut(filters).zip(sums.chunks_exact(filters)) {
            for ((result, &sum), &bias) in result.iter_mut().zip(sums).zip(bias) {
                let value = sum + bias;
                *result = match slope {
                    Some(slope) if value <= T::zero() => slope * value,
                    _ => value,
                };
            }
        }
    }
}

/// The gradient before the leaky ReLU, of which the result's sign tells the branch.
pub(super) fn unleak<T: Real>(slope: Option<T>, result: &[T], gradient: &[T], before: &mut [T]) {
    match slope {
        None => before.copy_from_slice(gradient),
        Some(slope) => {
            for ((before, &result), &gradient) in before.iter_mut().zip(result).zip(gradient) {
                let factor = if result > T::zero() { T::one() } else { slope };
                *before = gradient * factor;
            }
        }
    }
}

/// Writes the input's gradient from the adjoint's sums: the picture itself, or the sum over each 2 x 2 cell that
/// repeated one pixel.
pub(super) fn finish_adjoint<T: Real>(
    adjoint: &Correlation,
    upsampled: bool,
    sums: &[T],
    input_gradient: &mut [T],
) {
    let channels = adjoint.filters();
    let width = adjoint.output()[1] * channels;
    let mut rows = result_rows(adjoint, sums);
    if !upsampled {
        for (target, row) in input_gradient.chunks_exact_mut(width).zip(rows) {
            target.copy_from_slice(row);
        }
        return;
    }
    for target in input_gradient.chunks_exact_mut(width / 2) {
        let (Some(upper), Some(lower)) = (rows.next(), rows.next()) else { return };
        let cells = upper.chunks_exact(2 * channels).zip(lower.chunks_exact(2 * channels));
        for (target, (upper, lower)) in target.chunks_exact_mut(channels).zip(cells) {
            for (channel, target) in target.iter_mut().enumerate() {
                *target = (upper[channel] + upper[channels + channel])
                    + (lower[channel] + lower[channels + channel]);
            }
        }
    }
}
