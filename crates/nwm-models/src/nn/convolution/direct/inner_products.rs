//! Sums over windows for few results per pixel, each of which is an inner product of two runs of memory.

use nwm_simd::{Kernel, Vector};

use super::super::super::real::Real;
use super::super::geometry::Pass;
use super::super::method::Activation;
use super::Matrices;
use super::row::Row;

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
                        8.. => row.inner_products::<V, 8>([index, column], result),
                        4.. => row.inner_products::<V, 4>([index, column], result),
                        _ => row.inner_products::<V, 1>([index, column], result),
                    };
                }
            }
        }
    }
}

impl<T: Real> Row<'_, T> {
    /// `COUNT` neighbouring targets from `column` on; returns `COUNT`.
    #[inline(always)]
    fn inner_products<V: Vector<Element = T>, const COUNT: usize>(
        &self,
        [index, column]: [usize; 2],
        result: &mut [T],
    ) -> usize {
        let &Self { phase: [rows, _], matrix, activation, .. } = self;
        let (run, outer) = (self.run(), self.matrices.outer);
        for filter in 0..outer {
            let mut sums = [V::zero(); COUNT];
            for line in 0..rows.taps.len() {
                let weights = &matrix[(line * outer + filter) * run..][..run];
                let windows = self.windows::<COUNT>(line, [index, column]);
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
                let target = self.target([index, column + place]);
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
