//! Sums over windows for few results per pixel, each of which is an inner product of two runs of memory.

use nwm_simd::{Kernel, Vector};

use super::super::super::real::Real;
use super::super::geometry::{Pass, Phase};
use super::super::method::Activation;
use super::Matrices;

/// The targets of a pass from one sample's padded sources; vectors run over a row of a window.
pub(super) struct InnerProducts<'a, T> {
    pub(super) pass: &'a Pass,
    pub(super) matrices: &'a Matrices<T>,
    pub(super) padded: &'a [T],
    pub(super) activation: Option<Activation<'a, T>>,
    pub(super) result: &'a mut [T],
}

impl<T: Real> Kernel<T> for InnerProducts<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Self { pass, matrices, padded, activation, result } = self;
        for (phase, matrix) in pass.phases().zip(&matrices.of_phases) {
            let count = phase[1].count(pass.target[1]);
            let row = Row { pass, matrices, phase, matrix, padded, activation };
            for index in 0..phase[0].count(pass.target[0]) {
                let mut column = 0;
                while column < count {
                    column += match count - column {
                        8.. => row.block::<V, 8>([index, column], result),
                        4.. => row.block::<V, 4>([index, column], result),
                        _ => row.block::<V, 1>([index, column], result),
                    };
                }
            }
        }
    }
}

/// What all rows of a phase have in common.
struct Row<'a, T> {
    pass: &'a Pass,
    matrices: &'a Matrices<T>,
    phase: [&'a Phase; 2],
    matrix: &'a [T],
    padded: &'a [T],
    activation: Option<Activation<'a, T>>,
}

impl<T: Real> Row<'_, T> {
    /// `COUNT` neighbouring targets from `column` on; returns `COUNT`.
    #[inline(always)]
    fn block<V: Vector<Element = T>, const COUNT: usize>(
        &self,
        [index, column]: [usize; 2],
        result: &mut [T],
    ) -> usize {
        let Self { pass, matrices, phase: [rows, columns], matrix, padded, activation } = *self;
        let &Matrices { inner, outer, .. } = matrices;
        let run = columns.taps.len() * inner;
        let [start_row, start_column] = pass.start([rows, columns]);
        let width = pass.padded()[1];
        let target_row = (rows.first + index * rows.step) * pass.target[1];
        for filter in 0..outer {
            let mut sums = [V::zero(); COUNT];
            for line in 0..rows.taps.len() {
                let row = start_row + index * rows.stride + line;
                let pixel = row * width + start_column + column * columns.stride;
                let weights = &matrix[(line * outer + filter) * run..][..run];
                let mut windows: [&[T]; COUNT] = [&[]; COUNT];
                for (place, window) in windows.iter_mut().enumerate() {
                    *window = &padded[(pixel + place * columns.stride) * inner..][..run];
                }
                // The arrangement is chosen only where a run is a number of whole vectors.
                for start in (0..run).step_by(V::LANES) {
                    let weights = V::load(&weights[start..]);
                    for place in 0..COUNT {
                        let values = V::load(&windows[place][start..]);
                        sums[place] = values.mul_add(weights, sums[place]);
                    }
                }
            }
            for (place, sum) in sums.into_iter().enumerate() {
                let target = target_row + columns.first + (column + place) * columns.step;
                let sum = sum.sum();
                result[target * outer + filter] = match activation {
                    None => sum,
                    Some(Activation { bias, slope }) => {
                        let value = sum + bias[filter];
                        match slope {
                            Some(slope) if value <= T::zero() => slope * value,
                            _ => value,
                        }
                    }
                };
            }
        }
        COUNT
    }
}
