//! Kernels emulated, for tests.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests may panic, and say what is skipped"
)]

use std::path::Path;

use nwm_cuda::{Emulation, Limits, Module, Order, Program, Sources};

/// All orders in which the threads of a block run.
pub(super) const ORDERS: [Order; 3] = [Order::Forward, Order::Reverse, Order::Shuffled];

/// A queue for modules of this crate, compiled with macros that plant mistakes; none where there is no compiler.
pub(super) fn queue(
    name: &str,
    modules: &[&'static Module],
    defines: &[&str],
    checked: bool,
    order: Order,
) -> Option<Emulation> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("kernels");
    let sources = Sources { name, folder: &folder, modules, checked, defines };
    let tests = std::env::current_exe().unwrap();
    match Program::build(&sources, &tests.parent().unwrap().join("emulation")) {
        Ok(program) => Some(program.start(order, Limits::AMPERE).unwrap()),
        Err(error) if error.to_string().contains("does not start") => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}
