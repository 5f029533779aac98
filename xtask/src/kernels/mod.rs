//! `cargo xtask kernels`: what the CUDA kernels compile to, and what of the device they use, checked without a GPU.
//!
//! The compiler (`nvcc`, from a toolkit that `toolkit` installs) makes PTX and machine code of every module (`sources`,
//! `compile`) and says what each kernel uses (`ptxas`). Both are checked in, the first as text for programs to load (`ptx`),
//! the second as a table (`resources`), and `artifacts` compares them with the sources or writes them anew.

mod artifacts;
mod command;
mod compile;
mod nvcc;
mod ptx;
mod ptxas;
mod resources;
mod sources;
mod toolkit;

pub(crate) use command::{Mode, NONE, examine};
pub(crate) use nvcc::{Nvcc, find_nvcc};
pub(crate) use sources::kernel_folders;
pub(crate) use toolkit::Toolkit;
