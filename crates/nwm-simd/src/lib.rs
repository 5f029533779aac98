//! Vectors of whatever width the processor has, for kernels that are written once.
//!
//! A kernel is a [`Kernel`]: generic over a [`Vector`], compiled once per instruction set, and run by a
//! [`Simd`], which proves that the processor has the instructions. Kernels hold no `unsafe`: loads and
//! stores take slices, and the few blocks there are lie in the files of the instruction sets and their
//! choice, of lines of a sheet, of arrays without values, and of hints.
//!
//! # Example
//!
//! ```
//! use nwm_simd::{Kernel, Real, Simd, Vector};
//!
//! /// The squared length of a list of numbers.
//! struct SquaredLength<'a, R>(&'a [R]);
//!
//! impl<R: Real> Kernel<R> for SquaredLength<'_, R> {
//!     type Output = R;
//!
//!     #[inline(always)]
//!     fn run<V: Vector<Element = R>>(self) -> R {
//!         let mut sum = V::splat(R::zero());
//!         for values in self.0.chunks(V::LANES) {
//!             let values = V::load_some(values);
//!             sum = values.mul_add(values, sum);
//!         }
//!         sum.sum()
//!     }
//! }
//!
//! assert_eq!(Simd::detect().run(SquaredLength(&[3.0_f32, 4.0])), 25.0);
//! ```
//!
//! # Main types
//!
//! - [`InstructionSet`] names what there is; [`Simd::detect`] takes the best, [`Simd::new`] a given one.
//! - [`Vector`] has the arithmetic, with one rounding in `mul_add` where the processor offers it, and
//!   [`Vector::tanh`] with a stated error; [`multiply`] and [`transpose`] are made of it.
//! - [`Real`] is `f32` or `f64`. Only `f32` has instructions of its own; `f64`, in which references and
//!   gradient checks are computed, runs the portable code everywhere.
//!
//! # Cost
//!
//! Everything from [`Kernel::run`] down has to be inlined into one function per instruction set, so
//! kernels and their helpers are `#[inline(always)]`. What is not inlined stays right, but calls a
//! function for every instruction.

mod instruction_set;
mod instruction_sets;
mod lines;
mod prefetch;
mod product;
mod real;
mod tanh;
mod transpose;
mod unwritten;
mod vector;

pub use instruction_set::{InstructionSet, Kernel, Simd, Unavailable};
pub use lines::{Lines, LinesMut, Window, WindowMut};
pub use prefetch::prefetch;
pub use product::{Columns, Rows, add_products, add_transposed_product, multiply};
pub use real::Real;
pub use tanh::{TANH_ERROR, TANH_ULPS};
pub use transpose::transpose;
pub use unwritten::{Row, TaskRows, Unwritten};
pub use vector::{LONGEST_VECTOR, Vector};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
