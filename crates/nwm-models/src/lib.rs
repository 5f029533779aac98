//! Neural wave machines and their baselines: forecasters that see a few frames of a film and draw the rest.
//!
//! A [`Model`] is a convolutional encoder, a middle part that knows time, and a spatial-broadcast decoder. The
//! middle part is the oscillatory cell of [`nwm_core`] (coRNN, NWM 1-D, NWM 2-D: one type, three
//! configurations), a stack of recurrent layers (AR), or a [flow](nn::flow) of a latent state (HGN++, ODE, RGN),
//! after Keller & Welling 2023, Table 1.
//!
//! ```
//! use candle_core::{DType, Device, Tensor};
//! use nwm_models::{FrameShape, Model, ModelConfig, ModelName};
//!
//! # fn main() -> Result<(), nwm_models::Error> {
//! let mut config = ModelConfig::published(ModelName::Nwm2d);
//! (config.cell.rows, config.cell.columns) = (5, 5);
//! (config.encoder.channels, config.decoder.channels) = (4, 4);
//! let model = Model::new(&config, FrameShape::SUITE, 0, DType::F32, &Device::Cpu)?;
//! let frames = Tensor::zeros((31, 1, 32, 32, 3), DType::F32, &Device::Cpu)?;
//! let forecast = model.forecast(&frames, 40)?;
//! assert_eq!(forecast.dims(), [40, 1, 32, 32, 3]);
//! # Ok(())
//! # }
//! ```
//!
//! A trained model comes from its run folder: `Model::load("runs/spring")?`.
//!
//! Cells that nobody trained, and their waves, are in [`simulation`].
//!
//! # Main types
//!
//! - [`ModelConfig`] says which model, [`Model`] is one that forecasts: new, or loaded.
//! - [`SequenceModel`] answers sequences of numbers, [`VariationalModel`] reads films and draws what its state holds.
//! - [`nn`] has the layers, with ordered and named parameters.
//!
//! # Conventions
//! - Frames are time, batch, row, column, channel, with values in \[0, 1\]; row 0 is the smallest y.
//! - Parameters are ordered and named; every initial value is a pure function of the seed and the name.
//! - Results do not depend on the number of threads.
//!
//! # Features
//!
//! `cuda` runs the models in f32 on an NVIDIA GPU; building it needs a CUDA toolkit, and it only adds code paths. There are no default features.
//!
//! # Cost
//! Encoder and decoder are nearly all of it: about 276 MFLOP for one 32 x 32 frame forward at 64 channels, three
//! times that with the backward pass.

mod autoregressive;
mod cell_scalars;
mod cell_section;
mod checkpoint;
mod config;
mod decoder;
mod dynamics;
mod encoder;
mod error;
mod forecaster;
mod frame;
mod latent;
mod latent_section;
mod model;
mod model_file;
mod names;
pub mod nn;
mod oscillator;
mod oscillators;
mod recurrent;
mod sequence_model;
pub mod simulation;
mod variational;

pub use cell_scalars::CellScalars;
pub use cell_section::{BiasScope, CellSection, KernelStart, ScalarMode, TopologyName};
pub use checkpoint::{
    CHECKPOINT_FORMAT, Checkpoint, FileRecord, MODEL_FILE, STATE_FILE, checkpoint_directory,
    checkpoint_steps, latest_checkpoint, seal_state, sha256,
};
pub use config::{
    ArConfig, DecoderConfig, DecoderInput, EncoderConfig, ModelConfig, ReadoutConfig,
    RecurrentCell, RolloutConfig,
};
pub use error::{Error, Result};
pub use forecaster::{Posterior, TrainingForecast, Unrolled};
pub use frame::FrameShape;
pub use latent_section::{Directions, LatentConfig, OdeConfig, RgnConfig};
pub use model::Model;
pub use model_file::MODEL_FORMAT;
pub use names::{ModelName, TaskName};
pub use nn::flow::Integrator;
pub use sequence_model::{SequenceModel, SequenceShape};
pub use variational::VariationalModel;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
