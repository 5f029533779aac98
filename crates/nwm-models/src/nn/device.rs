//! What operations on a GPU share, and those that belong to no layer. Generic over where kernels run.

#[cfg(test)]
pub(super) mod emulated;
mod error;
mod listed;
mod numbers;
mod optimizer;
mod squares;
#[cfg(feature = "cuda")]
pub(super) mod tensors;

pub use self::error::DeviceError;
pub use self::listed::Together;
pub use self::numbers::Numbers;
pub use self::optimizer::{AdamStep, MomentumStep};
pub use self::squares::sum_of_squares;
#[cfg(feature = "cuda")]
pub use self::tensors::launch_on_tensors;
