//! `cargo xtask ci`: every check of this repository, in order, with a table of times.

mod checks;
mod command;
mod cuda;
mod dependencies;
mod engines;
mod examples;
mod guides;
mod kernels;
mod smoke;
mod toolchain;

pub(crate) use checks::link_targets;
pub(crate) use cuda::CudaBuild;
