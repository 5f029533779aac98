//! Sums over windows, a block of neighbouring results at a time.

use nwm_simd::{Kernel, Vector, add_products};

use super::super::super::real::Real;
use super::super::geometry::Pass;
use super::super::method::Activation;
use super::Matrices;
use super::row::Row;

/// The targets of a pass from one sample's padded sources; vectors run over the outer index.
pub(super) struct Correlate<'a, T> {
    pub(super) pass: &'a Pass,
    pub(super) matrices: &'a Matrices<T>,
    /// Weights from one inner index to the next.
    pub(super) pitch: usize,
    pub(super) padded: &'a [T],
    pub(super) activation: Option<Activation<'a, T>>,
    pub(super) result: &'a mut [T],
}

impl<T: Real> Kernel<T> for Correlate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Self { pass, matrices, pitch, padded, activation, result } = self;
        for (phase, matrix) in pass.phases().zip(&matrices.of_phases) {
            let row = Row { pass, matrices, phase, matrix, padded, activation };
            let mut outer = 0;
            // The weights of a few filters stay in the first cache while all rows are worked on.
            while outer < pitch {
                let wide = outer + 2 * V::LANES <= pitch;
                for index in 0..phase[0].count(pass.target[0]) {
                    if wide {
                        row.sum::<V, 2>(index, [outer, pitch], result);
                    } else {
                        row.sum::<V, 1>(index, [outer, pitch], result);
                    }
                }
                outer += if wide { 2 * V::LANES } else { V::LANES };
            }
        }
    }
}

impl<T: Real> Row<'_, T> {
    /// `VECTORS` vectors of each target of row `index`.
    #[inline(always)]
    fn sum<V: Vector<Element = T>, const VECTORS: usize>(
        &self,
        index: usize,
        [outer, pitch]: [usize; 2],
        result: &mut [T],
    ) {
        let count = self.phase[1].count(self.pass.target[1]);
        let mut column = 0;
        while column < count {
            let left = count - column;
            let (place, outer) = ([index, column], [outer, pitch]);
            column += match (VECTORS, V::REGISTERS) {
                (1, 32..) if left >= 16 => self.block::<V, 16, VECTORS>(place, outer, result),
                (1, _) | (_, 32..) if left >= 8 => {
                    self.block::<V, 8, VECTORS>(place, outer, result)
                }
                // Six where fours would not come out even, or there is enough for fours to follow.
                (2, _) if left == 6 || left >= 10 => {
                    self.block::<V, 6, VECTORS>(place, outer, result)
                }
                _ if left >= 4 => self.block::<V, 4, VECTORS>(place, outer, result),
                _ if left >= 2 => self.block::<V, 2, VECTORS>(place, outer, result),
                _ => self.block::<V, 1, VECTORS>(place, outer, result),
            };
        }
    }

    /// `COUNT` neighbouring targets from `column` on; returns `COUNT`.
    #[inline(always)]
    fn block<V: Vector<Element = T>, const COUNT: usize, const VECTORS: usize>(
        &self,
        [index, column]: [usize; 2],
        [first, pitch]: [usize; 2],
        result: &mut [T],
    ) -> usize {
        let &Self { phase: [rows, _], matrix, activation, .. } = self;
        let (run, outer) = (self.run(), self.matrices.outer);
        let mut sums = [[V::zero(); VECTORS]; COUNT];
        for line in 0..rows.taps.len() {
            let windows = self.windows::<COUNT>(line, [index, column]);
            add_products(windows, &matrix[line * run * pitch..], pitch, first, &mut sums);
        }
        for (place, sums) in sums.into_iter().enumerate() {
            let target = self.target([index, column + place]);
            let target = &mut result[target * outer..][..outer];
            for (vector, sum) in sums.into_iter().enumerate() {
                let lane = first + vector * V::LANES;
                let value = match activation {
                    None => sum,
                    Some(Activation { bias, slope }) => {
                        let sum = sum + V::load_some(&bias[lane..]);
                        match slope {
                            Some(slope) => sum.where_positive(sum, V::splat(slope) * sum),
                            None => sum,
                        }
                    }
                };
                if lane + V::LANES <= outer {
                    value.store(&mut target[lane..]);
                } else {
                    value.store_some(&mut target[lane..]);
                }
            }
        }
        COUNT
    }
}
