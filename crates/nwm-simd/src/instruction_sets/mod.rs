//! One file per instruction set, each with its vectors.
//!
//! Most of the `unsafe` code is here: an intrinsic needs a processor that has it, and reading
//! through a pointer needs a bound. Every block says where both come from.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512;
pub(crate) mod portable;

/// The operators of a vector type from the intrinsic of each.
#[cfg(target_arch = "x86_64")]
macro_rules! operators {
    ($vector:ident, $($operator:ident $method:ident $intrinsic:ident),* $(,)?) => {$(
        impl std::ops::$operator for $vector {
            type Output = Self;

            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                // SAFETY: a vector exists only where its instructions do (see `Dispatch`).
                Self(unsafe { $intrinsic(self.0, other.0) })
            }
        }
    )*};
}
#[cfg(target_arch = "x86_64")]
use operators;
