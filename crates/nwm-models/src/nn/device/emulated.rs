//! Kernels emulated, for tests.

use std::path::Path;

use nwm_cuda::{Emulation, Module, Order, Sources};

/// A queue for modules of this crate, compiled with macros that plant mistakes; none where there is no compiler.
pub(in super::super) fn queue(
    name: &str,
    modules: &[&'static Module],
    defines: &[&str],
    checked: bool,
    order: Order,
) -> Option<Emulation> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
    Sources { name, folder: &folder, modules, checked, defines }.start_for_tests(order)
}
