//! The kernels of this crate.

use nwm_cuda::{Kernel, Module};

/// A module whose code lies beside its source.
macro_rules! module {
    ($name:literal, $kernels:expr) => {
        Module { name: $name, kernels: $kernels, ptx: nwm_cuda::ptx!($name) }
    };
}

pub(super) static LOCAL_FORWARD: Module = module!(
    "local_forward",
    &[
        "torus_forward_4",
        "torus_forward_5",
        "torus_forward_many",
        "rings_forward_4",
        "rings_forward_many",
        "maps_forward",
    ]
);
pub(super) static LOCAL_BACKWARD: Module = module!(
    "local_backward",
    &[
        "torus_backward_4",
        "torus_backward_5",
        "torus_backward_many",
        "rings_backward_4",
        "rings_backward_many",
        "maps_backward",
    ]
);
pub(super) static STEP_COUPLE: Module =
    module!("step_couple", &["couple_forward", "couple_backward", "couple_weights"]);
pub(super) static STEP_UPDATE: Module =
    module!("step_update", &["join_states", "split_states", "update_forward", "update_backward"]);
pub(super) static SUM_PARTIALS: Module = module!("sum_partials", &["sum_partials"]);
pub(super) static TILE_FORWARD: Module =
    module!("tile_forward", &["tf32_forward", "tf32x3_forward"]);
pub(super) static TILE_BACKWARD: Module = module!(
    "tile_backward",
    &["tf32_backward_3", "tf32_backward_6", "tf32x3_backward_3", "tf32x3_backward_6"]
);

/// All modules of this crate, whose sources are `kernels/NAME.cu`.
pub static MODULES: [&Module; 7] = [
    &LOCAL_BACKWARD,
    &LOCAL_FORWARD,
    &STEP_COUPLE,
    &STEP_UPDATE,
    &SUM_PARTIALS,
    &TILE_BACKWARD,
    &TILE_FORWARD,
];

/// A kernel of a module.
pub(super) fn kernel(module: &'static Module, name: &'static str) -> Kernel {
    Kernel { module, name }
}
