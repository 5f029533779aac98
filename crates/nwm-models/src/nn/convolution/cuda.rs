//! The layers on a GPU: which kernels run, on which grids, with which arguments.
//!
//! A pass is an implicit product of matrices for each of its phases, by the kernels of
//! `kernels/convolution_correlate.cu`; the gradient of the weights is one with the pixels as terms
//! (`kernels/convolution_weight_gradient.cu`). Which sources a target reads comes from the same
//! [`geometry`](super::geometry) as on the CPU. Everything here is generic over where kernels run, so that tests run it
//! where there is no GPU. Sizes of tiles, numbers of chunks and thus all results depend on shapes alone.

mod axis;
mod device_layer;
mod device_stack;
mod modules;
#[cfg(feature = "cuda")]
mod operation;
#[cfg(test)]
mod tests;
mod tile;

#[cfg(feature = "cuda")]
pub(super) use self::operation::{backward, forward};
