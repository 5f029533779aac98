//! What operations on a GPU share, and those that belong to no layer. Generic over where kernels run.

mod adam;
#[cfg(test)]
pub(super) mod emulated;
mod error;
mod numbers;

pub use self::adam::{AdamArrays, AdamStep};
pub use self::error::DeviceError;
pub use self::numbers::Numbers;
