//! The locally coupled oscillatory cell of neural wave machines, as one differentiable candle op.
//!
//! A neural wave machine (Keller & Welling, ICML 2023) is a recurrent network whose units are damped
//! oscillators on a torus or on rings, coupled to their neighbours by small convolutions. This crate
//! is that cell, and its dense relative the coRNN: nothing else. It opens no file, reads no clock and
//! no environment, and owns no random state.
//!
//! With position `x`, velocity `v`, drive `d` and bias `b`, a step is
//!
//! ```text
//! v' = v + dt (tanh(Kx(x) + Kv(v) + Kd(d) + b) - gamma x - alpha v)
//! x' = x + dt v'
//! ```
//!
//! # Example
//!
//! ```
//! use candle_core::{DType, Device, Tensor};
//! use nwm_core::{Cell, CellConfig, Record, Topology};
//!
//! # fn main() -> nwm_core::Result<()> {
//! let cell = Cell::new(CellConfig::new(Topology::Torus { rows: 8, columns: 9 }))?;
//! let parameters = cell
//!     .parameter_shapes()
//!     .iter()
//!     .map(|parameter| Tensor::zeros(parameter.shape.as_slice(), DType::F32, &Device::Cpu))
//!     .collect::<Result<Vec<_>, _>>()?;
//! let packed = cell.pack(&parameters)?;
//! let drive = Tensor::ones((20, 4, cell.units()), DType::F32, &Device::Cpu)?;
//! let start = Tensor::zeros((2, 4, cell.units()), DType::F32, &Device::Cpu)?;
//! let states = cell.forward(&drive, &start, &packed, Record::States)?;
//! assert_eq!(states.dims(), [20, 4, 2, 72]); // time, batch, position and velocity, units
//! # Ok(())
//! # }
//! ```
//!
//! # Main types
//!
//! - [`CellConfig`] says which cell: [`Topology`], channels, kernel, [`Bias`], [`Scalar`]s, norm.
//! - [`Cell`] lists the parameters, packs them, and runs a sequence as one differentiable op.
//! - [`Cell::record`] runs it outside of a graph; its [`Recording`] pulls gradients back.
//! - [`Record`] chooses what is returned: states, positions or velocities of every step, or the last state.
//! - [`mod@imex::reference`] is the definition, one sample at a time; everything else is tested against
//!   it.
//! - [`dispersion`] and [`stability`] are the linear theory: plane waves, and bounds for any weights.
//!
//! # Conventions
//!
//! - Axes are time, batch, channel, row (or ring), column (or position on the ring); units are the
//!   last three flattened in that order.
//! - Kernels are `[out, in, row, column]` and cross-correlate without a flip; dense matrices are
//!   `[in, out]` and multiply from the right.
//! - f32 and f64, on the cpu; f32 on a GPU (feature `cuda`, module [`cuda`]). Results are the same bits for any number of threads. They differ in
//!   the last digits between instruction sets, of which [`Cell::with_instruction_set`] forces one.
//!
//! # Features
//!
//! `cuda` adds the module `cuda`, in which the same operations run in f32 on an NVIDIA GPU; building it needs a CUDA toolkit, and it only adds code paths. There are no default features.
//!
//! # Cost
//!
//! Samples run in parallel, each through the whole sequence before the next one. The backward pass
//! recovers the activations from velocities instead of evaluating the couplings again. The op keeps its
//! result for that, and beside it what is not in there: the velocities where positions or the last
//! state were asked for, and of the last state of a cell with a norm the positions.

mod cell;
mod config;
pub mod cuda;
pub mod dispersion;
mod error;
#[cfg(feature = "cuda")]
mod gpu_op;
pub mod imex;
mod op;
mod parameters;
mod recording;
pub mod stability;
mod state;
mod topology;

pub use cell::Cell;
pub use config::{Bias, CellConfig, DT_FLOOR, Scalar};
pub use error::{Error, Result};
pub use nwm_simd::{InstructionSet, Real};
pub use parameters::{Norm, PackedLayout, ParameterShape, Parameters};
pub use recording::{CellGradients, Recording};
pub use state::{Record, State};
pub use topology::Topology;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
