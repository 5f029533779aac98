//! The two number types.

use num_traits::Float;

/// A floating-point type that kernels compute in: `f32` or `f64`.
pub trait Real: Float + std::ops::AddAssign + Send + Sync + sealed::Dispatch + 'static {
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
    use crate::instruction_set::{Kernel, Simd};
    use crate::real::Real;

    /// The choice of a vector type. Vector types have no name outside of this crate, and a kernel is given one only by
    /// way of a [`Simd`], since a vector must not exist where its instructions do not.
    pub trait Dispatch: Sized {
        fn dispatch<K: Kernel<Self>>(simd: Simd, kernel: K) -> K::Output
        where
            Self: Real;
    }
}
