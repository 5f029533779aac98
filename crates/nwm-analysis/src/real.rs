//! The two number types of recordings.

use num_traits::Float;
use rustfft::FftNum;

/// A floating-point type that recordings are made of: `f32` or `f64`.
pub trait Real: Float + FftNum + Default + sealed::Sealed {
    /// The nearest value of this type.
    fn nearest(value: f64) -> Self;

    /// This value in double precision.
    fn widen(self) -> f64;
}

impl Real for f32 {
    #[inline]
    fn nearest(value: f64) -> Self {
        value as f32
    }

    #[inline]
    fn widen(self) -> f64 {
        f64::from(self)
    }
}

impl Real for f64 {
    #[inline]
    fn nearest(value: f64) -> Self {
        value
    }

    #[inline]
    fn widen(self) -> f64 {
        self
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}
