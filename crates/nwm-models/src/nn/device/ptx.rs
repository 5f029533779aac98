//! What the files of kernels compile to.

/// The compiled forms of `kernels/NAME.cu`: for compute capability 8.0 and all later ones, and for 9.0 alone.
macro_rules! ptx {
    ($name:literal) => {
        &[
            nwm_cuda::Ptx {
                capability: nwm_cuda::Capability::From80,
                text: include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"),
                    "/kernels/ptx/",
                    $name,
                    ".compute_80.ptx"
                )),
            },
            nwm_cuda::Ptx {
                capability: nwm_cuda::Capability::Only90,
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
pub(in super::super) use ptx;
