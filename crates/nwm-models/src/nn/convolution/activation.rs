//! Back through bias and leaky ReLU.

use nwm_simd::{Kernel, Simd, Vector};

use super::super::real::Real;

/// Writes the gradient before the leaky ReLU, of which the result's sign tells the branch, and adds it to that of the
/// bias.
pub(super) fn unleak<T: Real>(
    simd: Simd,
    slope: Option<T>,
    result: &[T],
    gradient: &[T],
    before: &mut [T],
    of_bias: &mut [T],
) {
    simd.run(Unleak { slope, result, gradient, before, of_bias });
}

struct Unleak<'a, T> {
    slope: Option<T>,
    result: &'a [T],
    gradient: &'a [T],
    before: &'a mut [T],
    of_bias: &'a mut [T],
}

/// Pixels after which the sums leave the register.
const PIXELS: usize = 64;

impl<T: Real> Kernel<T> for Unleak<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Self { slope, result, gradient, before, of_bias } = self;
        let block = PIXELS * of_bias.len();
        let values = result.chunks(block).zip(gradient.chunks(block));
        for (before, (result, gradient)) in before.chunks_mut(block).zip(values) {
            Unleak { slope, result, gradient, before, of_bias: &mut *of_bias }.run_block::<V>();
        }
    }
}

impl<T: Real> Unleak<'_, T> {
    #[inline(always)]
    fn run_block<V: Vector<Element = T>>(self) {
        let Self { slope, result, gradient, before, of_bias } = self;
        let filters = of_bias.len();
        let slope = slope.map(V::splat);
        let through = |result: V, gradient: V| match slope {
            None => gradient,
            Some(slope) => gradient.where_positive(result, slope * gradient),
        };
        let whole = filters - filters % V::LANES;
        for first in (0..whole).step_by(V::LANES) {
            let mut sum = V::zero();
            for pixel in (first..before.len()).step_by(filters) {
                let value = through(V::load(&result[pixel..]), V::load(&gradient[pixel..]));
                value.store(&mut before[pixel..]);
                sum = sum + value;
            }
            (V::load(&of_bias[first..]) + sum).store(&mut of_bias[first..]);
        }
        let rest = filters - whole;
        if rest > 0 {
            let mut sum = V::zero();
            for pixel in (whole..before.len()).step_by(filters) {
                let result = V::load_some(&result[pixel..][..rest]);
                let value = through(result, V::load_some(&gradient[pixel..][..rest]));
                value.store_some(&mut before[pixel..][..rest]);
                sum = sum + value;
            }
            (V::load_some(&of_bias[whole..]) + sum).store_some(&mut of_bias[whole..]);
        }
    }
}
