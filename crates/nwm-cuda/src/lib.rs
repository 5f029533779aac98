//! CUDA kernels, described once: launched on a GPU, or emulated on the CPU.
//!
//! Code that launches kernels is written against a [`Queue`] and does not know where they run. Two queues are here:
//! `Gpu` (feature `cuda`), which launches through the tensor library, and [`Emulation`], which compiles the
//! same sources as C++ and runs every thread of a block as a fiber. What a GPU would be told (which kernel, which grid, how
//! much shared memory, which arguments) is thus tested on machines that have none.
//!
//! # Example
//!
//! A kernel without a source here; real ones lie in `kernels/*.cu` of the crate that uses them.
//!
//! ```
//! use nwm_cuda::{Argument, Error, Grid, Kernel, Module, Queue};
//!
//! const DOUBLING: Module = Module { name: "doubling", kernels: &["double"], ptx: &[] };
//!
//! fn double<Q: Queue>(queue: &Q, values: &Q::Array) -> Result<(), Error> {
//!     let count = queue.length(values);
//!     let kernel = Kernel { module: &DOUBLING, name: "double" };
//!     let grid = Grid { blocks: [count.div_ceil(256), 1, 1], threads: 256, shared_words: 0 };
//!     let arguments = [Argument::array(values, 0), Argument::Int(count as i32)];
//!     queue.launch(kernel, grid, &arguments)
//! }
//! ```
//!
//! # Main types
//!
//! - [`Queue`] is where arrays are and kernels run; [`Kernel`], [`Grid`] and [`Argument`] are what a launch says.
//! - [`Sources`] and [`Program`] compile kernels for the [`Emulation`], within the [`Limits`] of a GPU and in any [`Order`].
//!
//! # Features
//!
//! `cuda` adds `Gpu`, which launches through candle; building it needs a CUDA toolkit, and it only adds code paths. There are no default features.
//!
//! # Cost
//!
//! A launch on a GPU is one call of the driver, after its arguments have been checked. The emulation is for tests: it compiles
//! the sources once for each [`Program`], and computes one thread at a time, all of a block in turn between two barriers.
//!
//! # Conventions
//!
//! - Arrays hold f32. Offsets and lengths count elements, not bytes.
//! - Blocks are one-dimensional and whole warps; grids have up to three dimensions.
//! - Kernels are `extern "C"` and named once in their [`Module`].

#[cfg(feature = "cuda")]
mod description;
mod emulation;
mod error;
#[cfg(feature = "cuda")]
mod gpu;
#[cfg(any(feature = "cuda", test))]
mod known;
mod launch;
mod program;

#[cfg(feature = "cuda")]
pub use description::{GpuDescription, driver_release, gpu_count};
pub use emulation::{EmulatedArray, Emulation};
pub use error::{Error, Result};
#[cfg(feature = "cuda")]
pub use gpu::{Gpu, Speeds, open_gpu};
pub use launch::{
    Argument, Capability, Grid, Kernel, LIST, Limits, Matrix, Module, Product, Ptx, Queue, WARP,
};
pub use program::{Order, Program, Sources};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
