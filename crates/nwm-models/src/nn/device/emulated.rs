//! Kernels emulated, for tests.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::path::Path;

use nwm_cuda::{Emulation, Limits, Module, Order, Program, Sources};

/// A queue for modules of this crate, compiled with macros that plant mistakes; none where there is no compiler.
pub(in super::super) fn queue(
    name: &str,
    modules: &[&'static Module],
    defines: &[&str],
    checked: bool,
    order: Order,
) -> Option<Emulation> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
    let sources = Sources { name, folder: &folder, modules, checked, defines };
    let tests = std::env::current_exe().unwrap();
    let program = Program::build_for_tests(&sources, &tests.parent().unwrap().join("emulation"))?;
    Some(program.start(order, Limits::AMPERE).unwrap())
}
