//! The `nwm` command: generate data, train, evaluate and report neural wave machines.
//!
//! This crate holds arguments, exit codes and printing; the work is done by the libraries.

mod commands;
mod exit;
mod flags;
mod pages;
mod presets;
mod progress;
mod terminal;

use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

/// A training step makes and drops the same large tensors again and again. This allocator keeps their pages, where
/// the system's returns them to the kernel and has them cleared again at every step (docs/performance.md).
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let arguments = flags::Arguments::parse();
    let terminal = terminal::Terminal::new(&arguments);
    let outcome = commands::run(arguments.command, &terminal);
    exit::report(outcome, &terminal)
}
