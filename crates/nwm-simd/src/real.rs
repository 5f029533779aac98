//! The two number types, and the vectors of each.

use num_traits::Float;

use crate::instruction_sets::portable::Portable;

/// A floating-point type that kernels compute in: `f32` or `f64`.
pub trait Real: Float + std::ops::AddAssign + Send + Sync + sealed::Vectors + 'static {
    /// The nearest value of this type.
    fn nearest(value: f64) -> Self;

    /// This value in double precision.
    fn widen(self) -> f64;
}

impl Real for f32 {
    #[inline(always)]
    fn nearest(value: f64) -> Self {
        value as f32
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    #[inline(always)]
    fn nearest(value: f64) -> Self {
        value
    }

    #[inline(always)]
    fn widen(self) -> f64 {
        self
    }
}

pub(crate) mod sealed {
    use crate::vector::Vector;

    /// The vector type of every instruction set. Out of reach from outside, since a vector must not
    /// exist where its instructions do not.
    pub trait Vectors: Sized {
        type Portable: Vector<Element = Self>;
        #[cfg(target_arch = "x86_64")]
        type Avx2: Vector<Element = Self>;
        #[cfg(target_arch = "x86_64")]
        type Avx512: Vector<Element = Self>;
    }
}

impl sealed::Vectors for f32 {
    type Portable = Portable<f32>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = crate::instruction_sets::avx2::F32x8;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = crate::instruction_sets::avx512::F32x16;
}

impl sealed::Vectors for f64 {
    type Portable = Portable<f64>;
    #[cfg(target_arch = "x86_64")]
    type Avx2 = Portable<f64>;
    #[cfg(target_arch = "x86_64")]
    type Avx512 = Portable<f64>;
}
