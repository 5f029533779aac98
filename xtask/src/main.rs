//! Tasks of this repository: `cargo xtask reproduce table1`, `cargo xtask sweep`, `cargo xtask bench`,
//! `cargo xtask gpu-check`, `cargo xtask kernels`, `cargo xtask package`, `cargo xtask soak`, `cargo xtask mutants` and
//! `cargo xtask ci`.
//!
//! Everything that computes is in the `nwm` command and in benchmark programs, which are run as processes: this crate
//! plans and reports, depends on no tensor framework and builds in seconds. Progress goes to the standard
//! error stream, results to the standard output stream.

mod bench;
mod ci;
mod console;
mod engine;
mod files;
mod flags;
mod gpu_check;
mod kernels;
mod mutants;
mod package;
mod reproduce;
mod runs;
mod soak;
mod stage;
mod sweep;
mod usage;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

use crate::flags::{Command, Flags};

fn main() -> ExitCode {
    let outcome = match Flags::parse().command {
        Command::Reproduce(reproduce) => reproduce.run(),
        Command::Sweep(sweep) => sweep.run(),
        Command::Task(task) => task.run(),
        Command::Bench(bench) => bench.run(),
        Command::GpuCheck(check) => check.run(),
        Command::Kernels(kernels) => kernels.run(),
        Command::Package(package) => package.run(),
        Command::Soak(soak) => soak.run(),
        Command::Mutants(mutants) => mutants.run(),
        Command::Ci(ci) => ci.run(),
    };
    outcome.unwrap_or_else(|error| {
        console::progress(&format!("error: {error:#}"));
        ExitCode::from(exit_code(&error))
    })
}

/// The documented exit codes of the `nwm` command, kept here too: 2 for usage, 4 for a
/// device that is missing, 6 for the file system, 1 for the rest.
fn exit_code(error: &anyhow::Error) -> u8 {
    if error.is::<usage::UsageError>() {
        2
    } else if error.is::<gpu_check::NoGpu>() {
        4
    } else if error.chain().any(|cause| cause.is::<std::io::Error>()) {
        6
    } else {
        1
    }
}
