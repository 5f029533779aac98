//! `cargo xtask ci`: every check of this repository, in order, with a table of times.

mod checks;
mod command;
mod cuda;
mod dependencies;
mod engines;
mod guides;
mod kernels;
mod smoke;
mod stage;

pub(crate) use cuda::CudaBuild;
