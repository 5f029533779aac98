//! The one-dimensional transforms between pixels, weights, results and their products at six points.

use nwm_simd::Vector;

use super::super::super::real::Real;
use super::{PATCH, TILE};

/// `G g`.
pub(super) fn transform_weights<T: Real>([g0, g1, g2]: [T; 3]) -> [T; PATCH] {
    let [quarter, sixth, twelfth] = [1.0 / 4.0, 1.0 / 6.0, 1.0 / 12.0].map(T::nearest);
    let (even, odd) = (g0 + g2, g1);
    let (outer, inner) = ((g0 * quarter + g2) * sixth, g1 * twelfth);
    [quarter * g0, -sixth * (even + odd), -sixth * (even - odd), outer + inner, outer - inner, g2]
}

/// `Gᵀ u`, the adjoint of [`transform_weights`].
pub(super) fn transform_weights_back<T: Real>(u: [T; PATCH]) -> [T; 3] {
    let [quarter, sixth, twelfth] = [1.0 / 4.0, 1.0 / 6.0, 1.0 / 12.0].map(T::nearest);
    let (near, far) = (u[1] + u[2], u[3] + u[4]);
    [
        quarter * u[0] - sixth * near + quarter * sixth * far,
        sixth * (u[2] - u[1]) + twelfth * (u[3] - u[4]),
        u[5] + sixth * (far - near),
    ]
}

#[inline(always)]
fn constant<V: Vector>(value: f64) -> V {
    V::splat(<V::Element as nwm_simd::Real>::nearest(value))
}

/// `Bᵀ d`.
#[inline(always)]
pub(super) fn transform_pixels<V: Vector>(d: [V; PATCH]) -> [V; PATCH] {
    let (two, four) = (constant::<V>(2.0), constant::<V>(4.0));
    let (minus_four, minus_five) = (constant::<V>(-4.0), constant::<V>(-5.0));
    let near_even = minus_four.mul_add(d[2], d[4]);
    let near_odd = minus_four.mul_add(d[1], d[3]);
    let far_even = d[4] - d[2];
    let far_odd = two * (d[3] - d[1]);
    [
        minus_five.mul_add(d[2], four.mul_add(d[0], d[4])),
        near_even + near_odd,
        near_even - near_odd,
        far_even + far_odd,
        far_even - far_odd,
        minus_five.mul_add(d[3], four.mul_add(d[1], d[5])),
    ]
}

/// `Aᵀ m`.
#[inline(always)]
pub(super) fn transform_products<V: Vector>(m: [V; PATCH]) -> [V; TILE] {
    let (two, four, eight) = (constant::<V>(2.0), constant::<V>(4.0), constant::<V>(8.0));
    let (near_even, near_odd) = (m[1] + m[2], m[1] - m[2]);
    let (far_even, far_odd) = (m[3] + m[4], m[3] - m[4]);
    [
        m[0] + near_even + far_even,
        two.mul_add(far_odd, near_odd),
        four.mul_add(far_even, near_even),
        eight.mul_add(far_odd, near_odd) + m[5],
    ]
}

/// `A y`, the adjoint of [`transform_products`].
#[inline(always)]
pub(super) fn transform_results<V: Vector>(y: [V; TILE]) -> [V; PATCH] {
    let (two, four) = (constant::<V>(2.0), constant::<V>(4.0));
    let (near_even, near_odd) = (y[0] + y[2], y[1] + y[3]);
    let far_even = four.mul_add(y[2], y[0]);
    let far_odd = two * four.mul_add(y[3], y[1]);
    [y[0], near_even + near_odd, near_even - near_odd, far_even + far_odd, far_even - far_odd, y[3]]
}
