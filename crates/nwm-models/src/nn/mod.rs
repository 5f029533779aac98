//! Building blocks that candle-core lacks: ordered parameters, seeded initialisers, and layers that are
//! fast in both directions on the CPU.
//!
//! Every layer is a small struct that registers its tensors with a [`ParameterBuilder`] and has a
//! `forward`. Behind each `forward` stands one differentiable operation, generic over `f32` and `f64`, on the CPU.
//!
//! # Conventions
//! - Pictures are channels-last: batch, row, column, channel. Sequences are time, batch, feature.
//! - Results and gradients are the same bits for any number of threads: work is cut into blocks that
//!   depend on shapes alone, and partial sums are added in the order of the blocks.
//! - Gradients are first order: no operation here can be differentiated twice.
//! - An operation's result is also its tape, to which a stack of convolutions adds what its layers hand each other.
//! - Any other number type is a typed error that names the operation.
//! - On a GPU (feature `cuda`) convolutions have kernels of their own, in `f32`: nearly as exact as on the cpu, or in TF32 where the program
//!   lets the tensor library multiply matrices so. The other layers are computed in the tensor library's operations (`plain`), whose
//!   last bits differ.

mod activation;
mod convolution;
#[cfg(any(test, feature = "cuda"))]
mod device;
pub mod flow;
mod gru;
mod initialiser;
mod layer_norm;
mod linear;
mod lstm;
mod matrix;
mod mlp;
mod parameters;
mod plain;
mod posterior;
mod real;
mod recurrent;
mod sequence_operation;
mod vanilla;

pub use activation::{leaky_relu, sigmoid, swish};
pub use convolution::{Convolution, ConvolutionOptions, ConvolutionStack};
#[cfg(feature = "cuda")]
pub use device::launch_on_tensors;
#[cfg(any(test, feature = "cuda"))]
pub use device::{AdamStep, DeviceError, MomentumStep, Numbers, Together, sum_of_squares};
pub use gru::Gru;
pub use initialiser::{Initialiser, standard_normals};
pub use layer_norm::layer_norm;
pub use linear::{Linear, LinearOptions};
pub use lstm::{Lstm, LstmState};
pub use mlp::Mlp;
pub use parameters::{ParameterBuilder, Parameters, read_description, to_half_precision};
pub use posterior::{divergence, sample};
pub use vanilla::Vanilla;
