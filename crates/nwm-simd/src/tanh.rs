//! The hyperbolic tangent of a vector: `x P(x²) / Q(x²)`, both polynomials of degree 4.
//!
//! The coefficients minimise the largest relative error over the range in which `f32` can tell the
//! result from 1 (2.1e-8 before rounding). What is left is rounding: the bound below was found by
//! trying numbers over the whole range, which a test repeats.

use crate::instruction_sets::portable::Portable;
use crate::real::Real;
use crate::vector::Vector;

/// Bound on the error of the `f32` tangent, in units of the last place of the true value.
pub const TANH_ULPS: f64 = 6.0;

/// Bound on the absolute error of the `f32` tangent.
pub const TANH_ERROR: f64 = 4e-7;

/// From here on the tangent is exactly 1: the quotient lies above 1 by more than its own rounding, and is cut off there.
const SATURATION: f64 = 10.0;

const NUMERATOR: [f64; 5] = [1.0, 0.133_797_13, 3.494_028_7e-3, 2.058_338_6e-5, 1.331_894_4e-8];
const DENOMINATOR: [f64; 5] = [1.0, 0.467_130_28, 2.587_105_1e-2, 3.283_083_3e-4, 7.761_966e-7];

/// The tangent as a quotient of polynomials, for vectors of `f32`.
#[inline(always)]
pub(crate) fn rational_tanh<V: Vector>(x: V) -> V {
    let x = x.at_most(constant(SATURATION)).at_least(constant(-SATURATION));
    let square = x * x;
    let quotient = x * polynomial(NUMERATOR, square) / polynomial(DENOMINATOR, square);
    quotient.at_most(constant(1.0)).at_least(constant(-1.0))
}

#[inline(always)]
fn constant<V: Vector>(value: f64) -> V {
    V::splat(V::Element::nearest(value))
}

/// A polynomial by Horner's rule.
#[inline(always)]
fn polynomial<V: Vector>([c0, c1, c2, c3, c4]: [f64; 5], x: V) -> V {
    constant::<V>(c4)
        .mul_add(x, constant(c3))
        .mul_add(x, constant(c2))
        .mul_add(x, constant(c1))
        .mul_add(x, constant(c0))
}

/// How the portable vectors of a number type compute the tangent.
pub(crate) trait PortableTanh: Real {
    /// The tangent of every lane.
    fn portable_tanh(x: Portable<Self>) -> Portable<Self>;
}

impl PortableTanh for f32 {
    #[inline(always)]
    fn portable_tanh(x: Portable<f32>) -> Portable<f32> {
        rational_tanh(x)
    }
}

impl PortableTanh for f64 {
    #[inline(always)]
    fn portable_tanh(x: Portable<f64>) -> Portable<f64> {
        x.map(f64::tanh)
    }
}
