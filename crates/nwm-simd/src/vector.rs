//! What every vector can do.

use std::ops::{Add, Div, Mul, Sub};

use num_traits::Zero;

use crate::real::Real;

/// An array of vectors: `vectors!(index in COUNT => expression)`.
///
/// It takes the place of [`std::array::from_fn`] in kernels, whose closure the compiler may leave a
/// function of its own, and then every instruction in it too.
#[macro_export]
macro_rules! vectors {
    ($index:ident in $count:expr => $value:expr) => {{
        let mut vectors = [<_ as $crate::Vector>::zero(); $count];
        for $index in 0..$count {
            vectors[$index] = $value;
        }
        vectors
    }};
}

/// The most numbers that a vector of any instruction set holds.
pub const LONGEST_VECTOR: usize = 16;

/// A fixed number of numbers on which one instruction works.
///
/// All methods are inlined; call them from code that is inlined into a
/// [`Kernel`](crate::Kernel).
pub trait Vector:
    Copy
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
{
    /// The number type.
    type Element: Real;

    /// How many numbers a vector holds.
    const LANES: usize;

    /// How many vectors a kernel may hope to keep in registers.
    const REGISTERS: usize;

    /// The same number in every lane.
    fn splat(value: Self::Element) -> Self;

    /// Zero in every lane.
    #[inline(always)]
    fn zero() -> Self {
        Self::splat(Self::Element::zero())
    }

    /// The first [`Vector::LANES`] values.
    ///
    /// # Panics
    /// If there are fewer.
    fn load(values: &[Self::Element]) -> Self;

    /// The first values, at most [`Vector::LANES`]; lanes without a value are zero.
    fn load_some(values: &[Self::Element]) -> Self;

    /// Writes the first [`Vector::LANES`] values.
    ///
    /// # Panics
    /// If there are fewer.
    fn store(self, values: &mut [Self::Element]);

    /// Writes the first values, at most [`Vector::LANES`].
    fn store_some(self, values: &mut [Self::Element]);

    /// `self * factor + addend`, rounded once where the instruction set can.
    fn mul_add(self, factor: Self, addend: Self) -> Self;

    /// The smaller of `self` and `bound`; a lane of `self` that is not a number stays so.
    fn at_most(self, bound: Self) -> Self;

    /// The larger of `self` and `bound`; a lane of `self` that is not a number stays so.
    fn at_least(self, bound: Self) -> Self;

    /// Lanes of `self` where `condition` is above zero, and of `other` elsewhere.
    fn where_positive(self, condition: Self, other: Self) -> Self;

    /// The lanes of both vectors in turn: `self` 0, `other` 0, `self` 1, and so on, as two vectors.
    fn interleave(self, other: Self) -> [Self; 2];

    /// The sum of all lanes, always in the same order: halves onto each other.
    fn sum(self) -> Self::Element;

    /// The hyperbolic tangent, within [`TANH_ULPS`](crate::TANH_ULPS) for `f32`; the standard library's
    /// for `f64`. Never larger than 1 in magnitude, odd, and not a number only where `self` is not.
    fn tanh(self) -> Self;
}
