//! Which instruction sets there are, and how a kernel is run on one.

use std::fmt;

use crate::instruction_sets::portable::Portable;
#[cfg(target_arch = "x86_64")]
use crate::instruction_sets::{avx2::F32x8, avx512::F32x16};
use crate::real::Real;
use crate::real::sealed::Dispatch;
use crate::vector::Vector;

/// A family of vector instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum InstructionSet {
    /// What every processor of the target has.
    Portable,
    /// 256-bit vectors and fused multiply-add of x86-64.
    Avx2,
    /// 512-bit vectors of x86-64 (F, with AVX2 and FMA).
    Avx512,
}

impl InstructionSet {
    /// All of them, slowest first.
    pub const ALL: [Self; 3] = [Self::Portable, Self::Avx2, Self::Avx512];

    /// The name in run folders and benchmarks: `portable`, `avx2` or `avx512`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Portable => "portable",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => Self::Avx2.is_available() && is_x86_feature_detected!("avx512f"),
            #[cfg(not(target_arch = "x86_64"))]
            Self::Avx2 | Self::Avx512 => false,
        }
    }
}

impl fmt::Display for InstructionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// An instruction set that this processor lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this processor has no {0} instructions; ask for portable, or let the best set be found")]
pub struct Unavailable(pub InstructionSet);

/// An instruction set that this processor was found to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Simd {
    instruction_set: InstructionSet,
}

impl Simd {
    /// The best that there is.
    pub fn detect() -> Self {
        let best = InstructionSet::ALL.into_iter().rev().find(|set| set.is_available());
        Self { instruction_set: best.unwrap_or(InstructionSet::Portable) }
    }

    /// A given one.
    ///
    /// # Errors
    /// [`Unavailable`] if this processor lacks it.
    pub fn new(instruction_set: InstructionSet) -> Result<Self, Unavailable> {
        if instruction_set.is_available() {
            Ok(Self { instruction_set })
        } else {
            Err(Unavailable(instruction_set))
        }
    }

    /// All that this processor has, slowest first.
    pub fn available() -> impl Iterator<Item = Self> {
        InstructionSet::ALL.into_iter().filter_map(|set| Self::new(set).ok())
    }

    /// Which one it is.
    pub fn instruction_set(self) -> InstructionSet {
        self.instruction_set
    }

    /// How many numbers of this type its vectors hold.
    pub fn lanes<R: Real>(self) -> usize {
        struct Lanes;
        impl<R: Real> Kernel<R> for Lanes {
            type Output = usize;

            #[inline(always)]
            fn run<V: Vector<Element = R>>(self) -> usize {
                V::LANES
            }
        }
        self.run::<R, _>(Lanes)
    }

    /// Runs a kernel with the vectors of this instruction set.
    pub fn run<R: Real, K: Kernel<R>>(self, kernel: K) -> K::Output {
        R::dispatch(self, kernel)
    }
}

/// Implements the choice for a number type: its vectors with AVX2 and with AVX-512.
macro_rules! dispatch {
    ($real:ty, $avx2:ty, $avx512:ty) => {
        impl Dispatch for $real {
            #[allow(unsafe_code)]
            fn dispatch<K: Kernel<Self>>(simd: Simd, kernel: K) -> K::Output {
                match simd.instruction_set {
                    InstructionSet::Portable => kernel.run::<Portable<Self>>(),
                    // SAFETY: a `Simd` exists only if the processor has the features that the function enables.
                    #[cfg(target_arch = "x86_64")]
                    InstructionSet::Avx2 => unsafe { run_avx2::<$avx2, K>(kernel) },
                    // SAFETY: as above.
                    #[cfg(target_arch = "x86_64")]
                    InstructionSet::Avx512 => unsafe { run_avx512::<$avx512, K>(kernel) },
                    #[cfg(not(target_arch = "x86_64"))]
                    InstructionSet::Avx2 | InstructionSet::Avx512 => kernel.run::<Portable<Self>>(),
                }
            }
        }
    };
}

dispatch!(f32, F32x8, F32x16);
dispatch!(f64, Portable<f64>, Portable<f64>);

impl Default for Simd {
    fn default() -> Self {
        Self::detect()
    }
}

/// A computation that is compiled once for every instruction set.
pub trait Kernel<R: Real> {
    /// What it computes.
    type Output;

    /// The computation. Mark it, and what it calls, `#[inline(always)]`.
    fn run<V: Vector<Element = R>>(self) -> Self::Output;
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<V: Vector, K: Kernel<V::Element>>(kernel: K) -> K::Output {
    kernel.run::<V>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn run_avx512<V: Vector, K: Kernel<V::Element>>(kernel: K) -> K::Output {
    kernel.run::<V>()
}
