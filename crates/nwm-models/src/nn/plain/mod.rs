//! What the fused operations of this module compute, in operations of the tensor library: for devices without a kernel of
//! their own.
//!
//! They run wherever the library does, which differentiates them, and take a launch for every sum and product. A layer asks
//! [`is_needed`] and takes the one way or the other; that both lead to the same values and gradients is tested on the CPU.
//! Flows have theirs in `flow/plain`.

mod activation;
mod affine;
mod layer_norm;
mod posterior;
mod recurrent;
#[cfg(test)]
mod tests;

use candle_core::Tensor;

pub(super) use activation::{leaky_relu, sigmoid, swish};
pub(super) use affine::affine_map;
pub(super) use layer_norm::layer_norm;
pub(super) use posterior::{divergence, sample};
pub(super) use recurrent::{gru, lstm, vanilla};

/// Whether the device of a tensor has no fused operations.
pub(super) fn is_needed(tensor: &Tensor) -> bool {
    #[cfg(test)]
    if everywhere::is_asked_for() {
        return true;
    }
    !tensor.device().is_cpu()
}

/// The plain way on the CPU, too, to compare it with the other.
#[cfg(test)]
pub(crate) mod everywhere {
    use std::cell::Cell;

    thread_local! {
        static ASKED_FOR: Cell<bool> = const { Cell::new(false) };
    }

    pub(super) fn is_asked_for() -> bool {
        ASKED_FOR.get()
    }

    /// Calls `function` while this thread takes the plain way.
    pub(crate) fn run<T>(function: impl FnOnce() -> T) -> T {
        ASKED_FOR.set(true);
        let result = function();
        ASKED_FOR.set(false);
        result
    }
}
