//! The `nwm` command: generate data, train, evaluate and report neural wave machines.
//!
//! This crate holds arguments, exit codes and printing; the work is done by the libraries.

mod commands;
mod compared_waves;
mod exit;
mod flags;
mod interrupt;
mod pages;
mod presets;
mod progress;
mod terminal;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    // SAFETY: the program has just begun, and nothing has started a thread.
    #[allow(unsafe_code)]
    unsafe {
        nwm_process::keep_pages();
        nwm_process::limit_tensor_threads(None);
    }
    let arguments = flags::Arguments::parse();
    let terminal = terminal::Terminal::new(&arguments);
    let outcome = commands::run(arguments.command, &terminal);
    exit::report(outcome, &terminal)
}
