//! The files of kernels.

use nwm_cuda::{Module, ptx};

/// Passes over pictures, and the layout of their weights.
pub(super) const CORRELATE: Module = Module {
    name: "convolution_correlate",
    kernels: &[
        "correlate_large_rounded",
        "correlate_narrow_rounded",
        "correlate_small_rounded",
        "correlate_large_split",
        "correlate_narrow_split",
        "correlate_small_split",
        "pack_weights",
    ],
    ptx: ptx!("convolution_correlate"),
};

/// The gradient of weights and bias.
pub(super) const WEIGHT_GRADIENT: Module = Module {
    name: "convolution_weight_gradient",
    kernels: &[
        "weight_gradient_large_rounded",
        "weight_gradient_narrow_rounded",
        "weight_gradient_large_split",
        "weight_gradient_narrow_split",
        "reduce_gradient",
    ],
    ptx: ptx!("convolution_weight_gradient"),
};

/// Back through the activation of the last layer.
pub(super) const LEAKY_RELU_GRADIENT: Module = Module {
    name: "leaky_relu_gradient",
    kernels: &["leaky_relu_gradient"],
    ptx: ptx!("leaky_relu_gradient"),
};
