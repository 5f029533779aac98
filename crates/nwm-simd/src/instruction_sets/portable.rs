//! Vectors as arrays, for every processor; the compiler makes of them what it can.

use std::ops::{Add, Div, Mul, Sub};

use crate::real::Real;
use crate::tanh::PortableTanh;
use crate::vector::Vector;

const LANES: usize = 8;

/// Eight numbers. A product and a sum round twice, so that no processor without a fused
/// instruction falls back to a slow emulation.
#[derive(Clone, Copy)]
pub(crate) struct Portable<R>([R; LANES]);

impl<R: Real> Portable<R> {
    #[inline(always)]
    pub(crate) fn map(self, function: impl Fn(R) -> R) -> Self {
        Self(self.0.map(function))
    }

    #[inline(always)]
    fn map2(self, other: Self, function: impl Fn(R, R) -> R) -> Self {
        let mut result = self.0;
        for lane in 0..LANES {
            result[lane] = function(self.0[lane], other.0[lane]);
        }
        Self(result)
    }
}

impl<R: Real> Add for Portable<R> {
    type Output = Self;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.map2(other, |left, right| left + right)
    }
}

impl<R: Real> Sub for Portable<R> {
    type Output = Self;

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.map2(other, |left, right| left - right)
    }
}

impl<R: Real> Mul for Portable<R> {
    type Output = Self;

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.map2(other, |left, right| left * right)
    }
}

impl<R: Real> Div for Portable<R> {
    type Output = Self;

    #[inline(always)]
    fn div(self, other: Self) -> Self {
        self.map2(other, |left, right| left / right)
    }
}

impl<R: Real + PortableTanh> Vector for Portable<R> {
    type Element = R;

    const LANES: usize = LANES;
    const REGISTERS: usize = 8;

    #[inline(always)]
    fn splat(value: R) -> Self {
        Self([value; LANES])
    }

    #[inline(always)]
    fn load(values: &[R]) -> Self {
        let mut lanes = [R::zero(); LANES];
        lanes.copy_from_slice(&values[..LANES]);
        Self(lanes)
    }

    #[inline(always)]
    fn load_some(values: &[R]) -> Self {
        if values.len() >= LANES {
            return Self::load(values);
        }
        let mut lanes = [R::zero(); LANES];
        for (lane, &value) in lanes.iter_mut().zip(values) {
            *lane = value;
        }
        Self(lanes)
    }

    #[inline(always)]
    fn store(self, values: &mut [R]) {
        values[..LANES].copy_from_slice(&self.0);
    }

    #[inline(always)]
    fn store_some(self, values: &mut [R]) {
        if values.len() >= LANES {
            return self.store(values);
        }
        for (value, &lane) in values.iter_mut().zip(&self.0) {
            *value = lane;
        }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        self * factor + addend
    }

    #[inline(always)]
    fn at_most(self, bound: Self) -> Self {
        self.map2(bound, |value, bound| if value > bound { bound } else { value })
    }

    #[inline(always)]
    fn at_least(self, bound: Self) -> Self {
        self.map2(bound, |value, bound| if value < bound { bound } else { value })
    }

    #[inline(always)]
    fn where_positive(self, condition: Self, other: Self) -> Self {
        let mut result = other.0;
        for lane in 0..LANES {
            if condition.0[lane] > R::zero() {
                result[lane] = self.0[lane];
            }
        }
        Self(result)
    }

    #[inline(always)]
    fn interleave(self, other: Self) -> [Self; 2] {
        let [a, b, c, d, e, f, g, h] = self.0;
        let [i, j, k, l, m, n, o, p] = other.0;
        [Self([a, i, b, j, c, k, d, l]), Self([e, m, f, n, g, o, h, p])]
    }

    #[inline(always)]
    fn sum(self) -> R {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        R::portable_tanh(self)
    }
}
