//! The recurrence on a GPU: which kernels are launched, how, and with what.
//!
//! Everything here is written against a [`Queue`](nwm_cuda::Queue), so that the emulation of `nwm-cuda` runs the same launches as a GPU.
//! [`Run::forward`] and [`Run::backward`] have the same results as the cpu's, for f32; sums over samples have a fixed order, so that
//! the same launches give the same bits.
//!
//! A torus or rings whose maps fit the shared memory of a block run through the whole sequence in one launch
//! (`kernels/local_*.cu`), with eight maps or more on tensor cores (`kernels/tile_*.cu`, [`Precision`]). Larger ones, and dense cells, take a launch for the couplings of every step and one for the
//! oscillators (`kernels/step_*.cu`); the couplings of a dense cell are a product of matrices.

mod lattice;
mod local;
mod modules;
mod path;
mod recorded;
mod sheet;
mod stepwise;

pub use modules::MODULES;
pub use path::{Gradients, Inputs, Kept, Precision, Run, Written};
pub use recorded::View;
