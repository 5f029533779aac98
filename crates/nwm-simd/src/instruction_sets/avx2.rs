//! Eight `f32` in one AVX register, with FMA.
#![allow(unsafe_code)]

use std::arch::x86_64::*;

use super::operators;
use crate::tanh::rational_tanh;
use crate::vector::Vector;

const LANES: usize = 8;

/// Eight `f32`. Exists only on a processor with AVX2 and FMA: [`Simd`](crate::Simd) checks before it
/// runs a kernel on this type, and nobody else can name it.
#[derive(Clone, Copy)]
pub(crate) struct F32x8(__m256);

operators!(
    F32x8,
    Add add _mm256_add_ps,
    Sub sub _mm256_sub_ps,
    Mul mul _mm256_mul_ps,
    Div div _mm256_div_ps,
);

/// Sign bits for the first lanes: a mask starts at `LANES - count`.
static MASKS: [i32; 2 * LANES] = [-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0];

#[inline(always)]
fn first_lanes(count: usize) -> __m256i {
    let mask = &MASKS[LANES - count.min(LANES)..][..LANES];
    // SAFETY: the slice holds the eight integers that are read; AVX2 as for every function here.
    unsafe { _mm256_loadu_si256(mask.as_ptr().cast()) }
}

impl Vector for F32x8 {
    type Element = f32;

    const LANES: usize = LANES;
    const REGISTERS: usize = 16;

    #[inline(always)]
    fn splat(value: f32) -> Self {
        // SAFETY: this type is used only where AVX2 and FMA are, as its docs say.
        Self(unsafe { _mm256_set1_ps(value) })
    }

    #[inline(always)]
    fn load(values: &[f32]) -> Self {
        let values = &values[..LANES];
        // SAFETY: the slice holds the eight numbers that are read.
        Self(unsafe { _mm256_loadu_ps(values.as_ptr()) })
    }

    #[inline(always)]
    fn load_some(values: &[f32]) -> Self {
        if values.len() >= LANES {
            return Self::load(values);
        }
        // SAFETY: the mask keeps the load inside the slice.
        Self(unsafe { _mm256_maskload_ps(values.as_ptr(), first_lanes(values.len())) })
    }

    #[inline(always)]
    fn store(self, values: &mut [f32]) {
        let values = &mut values[..LANES];
        // SAFETY: the slice holds the eight numbers that are written.
        unsafe { _mm256_storeu_ps(values.as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn store_some(self, values: &mut [f32]) {
        // A masked store takes some processors as long as ten others.
        if values.len() >= LANES {
            return self.store(values);
        }
        // SAFETY: the mask keeps the store inside the slice.
        unsafe { _mm256_maskstore_ps(values.as_mut_ptr(), first_lanes(values.len()), self.0) }
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: FMA is there, as the type's docs say.
        Self(unsafe { _mm256_fmadd_ps(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    fn at_most(self, bound: Self) -> Self {
        // SAFETY: as above. The second operand is the result where one is not a number.
        Self(unsafe { _mm256_min_ps(bound.0, self.0) })
    }

    #[inline(always)]
    fn at_least(self, bound: Self) -> Self {
        // SAFETY: as above. The second operand is the result where one is not a number.
        Self(unsafe { _mm256_max_ps(bound.0, self.0) })
    }

    #[inline(always)]
    fn where_positive(self, condition: Self, other: Self) -> Self {
        // SAFETY: as above.
        Self(unsafe {
            let positive = _mm256_cmp_ps::<_CMP_GT_OQ>(condition.0, _mm256_setzero_ps());
            _mm256_blendv_ps(other.0, self.0, positive)
        })
    }

    #[inline(always)]
    fn interleave(self, other: Self) -> [Self; 2] {
        // SAFETY: as above.
        unsafe {
            let low = _mm256_unpacklo_ps(self.0, other.0);
            let high = _mm256_unpackhi_ps(self.0, other.0);
            [
                Self(_mm256_permute2f128_ps::<0x20>(low, high)),
                Self(_mm256_permute2f128_ps::<0x31>(low, high)),
            ]
        }
    }

    #[inline(always)]
    fn sum(self) -> f32 {
        // SAFETY: as above.
        unsafe {
            let four =
                _mm_add_ps(_mm256_castps256_ps128(self.0), _mm256_extractf128_ps::<1>(self.0));
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_shuffle_ps::<1>(two, two)))
        }
    }

    #[inline(always)]
    fn tanh(self) -> Self {
        rational_tanh(self)
    }
}
