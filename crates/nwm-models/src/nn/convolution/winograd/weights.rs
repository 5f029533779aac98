//! The weights of a layer at the points of a tile, and their gradient there.

use nwm_simd::Simd;

use super::super::super::real::Real;
use super::super::geometry::{Correlation, for_each_tap};
use super::transforms::{transform_weights, transform_weights_back};
use super::{PATCH, POINTS};

/// The weights of all channels and filters at each of the points, `[point, channel, filter]`, filters padded to
/// whole vectors.
pub(super) struct PointWeights<T> {
    pub(super) values: Vec<T>,
    pub(super) inner: usize,
    pub(super) outer: usize,
    pub(super) pitch: usize,
}

impl<T: Real> PointWeights<T> {
    /// For the forward pass: sums over channels.
    pub(super) fn forward(correlation: &Correlation, weight: &[T], simd: Simd) -> Self {
        let (channels, filters) = (correlation.channels(), correlation.filters());
        Self::transform(channels, filters, simd, |visit| {
            for_each_tap(channels, filters, |stored, filter, channel, tap| {
                visit(channel, filter, tap, weight[stored]);
            });
        })
    }

    /// For the gradient of the input: sums over filters, taps reversed.
    pub(super) fn adjoint(correlation: &Correlation, weight: &[T], simd: Simd) -> Self {
        let (channels, filters) = (correlation.channels(), correlation.filters());
        Self::transform(filters, channels, simd, |visit| {
            for_each_tap(channels, filters, |stored, filter, channel, tap| {
                visit(filter, channel, 8 - tap, weight[stored]);
            });
        })
    }

    fn transform(
        inner: usize,
        outer: usize,
        simd: Simd,
        for_each: impl FnOnce(&mut dyn FnMut(usize, usize, usize, T)),
    ) -> Self {
        let pitch = outer.next_multiple_of(simd.lanes::<T>());
        let mut taps = vec![[T::zero(); 9]; inner * outer];
        for_each(&mut |from, to, tap, value| taps[from * outer + to][tap] = value);
        let mut values = vec![T::zero(); POINTS * inner * pitch];
        for (index, taps) in taps.iter().enumerate() {
            let columns: [[T; PATCH]; 3] = std::array::from_fn(|column| {
                transform_weights([taps[column], taps[3 + column], taps[6 + column]])
            });
            for row in 0..PATCH {
                let points = transform_weights([columns[0][row], columns[1][row], columns[2][row]]);
                for (column, &value) in points.iter().enumerate() {
                    let point = row * PATCH + column;
                    let (from, to) = (index / outer, index % outer);
                    values[(point * inner + from) * pitch + to] = value;
                }
            }
        }
        Self { values, inner, outer, pitch }
    }
}

/// Shape of the gradient of the weights at each of the points, `[point, channel, filter]`, channels and filters
/// padded to whole vectors.
#[derive(Clone, Copy, Debug)]
pub(super) struct PointGradient {
    pub(super) pitch: usize,
    pub(super) width: usize,
}

impl PointGradient {
    pub(super) fn of<T: Real>(correlation: &Correlation, simd: Simd) -> Self {
        let lanes = simd.lanes::<T>();
        let pitch = correlation.channels().next_multiple_of(lanes);
        Self { pitch, width: correlation.filters().next_multiple_of(lanes) }
    }

    pub(super) fn len(self) -> usize {
        POINTS * self.pitch * self.width
    }

    /// The gradient of the stored weight, `[filters, channels, 3, 3]`.
    pub(super) fn to_weight<T: Real>(self, correlation: &Correlation, points: &[T]) -> Vec<T> {
        let (channels, filters) = (correlation.channels(), correlation.filters());
        let mut weight = Vec::with_capacity(9 * channels * filters);
        for filter in 0..filters {
            for channel in 0..channels {
                let value = |point| points[(point * self.pitch + channel) * self.width + filter];
                let rows: [[T; 3]; PATCH] = std::array::from_fn(|row| {
                    transform_weights_back(std::array::from_fn(|column| {
                        value(row * PATCH + column)
                    }))
                });
                let columns: [[T; 3]; 3] = std::array::from_fn(|column| {
                    transform_weights_back(std::array::from_fn(|row| rows[row][column]))
                });
                for row in 0..3 {
                    weight.extend(columns.map(|column| column[row]));
                }
            }
        }
        weight
    }
}
