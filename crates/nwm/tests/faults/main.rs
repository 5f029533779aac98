//! Every change that a command makes to the file system fails once, in every way: the command says so and leaves nothing half
//! written, and started again it ends with the bytes of one that was not disturbed.
//!
//! `layer.c` makes calls fail. A sample of all points is tried, the same one every time; with `NWM_FAULTS=all`, which
//! `cargo xtask ci --full` sets, all of them are, up to some hundreds for each command. Linux on x86-64 only.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod commands;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[path = "../common/mod.rs"]
mod common;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod folder;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod layer;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod scenarios;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod trial;

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
#[test]
fn calls_are_known_on_another_system_only() {
    eprintln!("skipped: the layer knows the system calls of Linux on x86-64");
}
