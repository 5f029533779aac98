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
mod error;
mod modules;
#[cfg(feature = "cuda")]
mod operation;
#[cfg(test)]
mod tests;
mod tile;

pub(super) use self::device_stack::DeviceStack;
#[cfg(feature = "cuda")]
pub(super) use self::operation::{backward, forward};
pub(super) use self::tile::{Precision, Tile};

/// Numbers on a device, from one place in an array on.
#[derive(Debug)]
pub(super) struct Numbers<'a, A> {
    pub(super) array: &'a A,
    pub(super) offset: usize,
}

impl<A> Clone for Numbers<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Numbers<'_, A> {}

impl<'a, A> Numbers<'a, A> {
    /// A whole array.
    pub(super) fn of(array: &'a A) -> Self {
        Self { array, offset: 0 }
    }

    fn from(self, distance: usize) -> Self {
        Self { offset: self.offset + distance, ..self }
    }

    fn argument(self) -> nwm_cuda::Argument<'a, A> {
        nwm_cuda::Argument::array(self.array, self.offset)
    }
}
