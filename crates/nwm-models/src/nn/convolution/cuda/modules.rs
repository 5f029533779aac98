//! The files of kernels.

use nwm_cuda::{Capability, Module, Ptx};

/// What a file compiles to.
macro_rules! compiled {
    ($name:literal) => {
        &[
            Ptx {
                capability: Capability::From80,
                text: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/kernels/ptx/",
                    $name,
                    ".compute_80.ptx"
                )),
            },
            Ptx {
                capability: Capability::Only90,
                text: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/kernels/ptx/",
                    $name,
                    ".compute_90a.ptx"
                )),
            },
        ]
    };
}
pub(crate) use compiled;

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
    ptx: compiled!("convolution_correlate"),
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
    ptx: compiled!("convolution_weight_gradient"),
};

/// Back through the activation of the last layer.
pub(super) const LEAKY_RELU_GRADIENT: Module = Module {
    name: "leaky_relu_gradient",
    kernels: &["leaky_relu_gradient"],
    ptx: compiled!("leaky_relu_gradient"),
};
