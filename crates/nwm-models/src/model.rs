//! A forecaster of frames with its parameters: the crate's front door.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{DType, Device, Tensor};
use nwm_core::Scalar;
use serde::{Deserialize, Serialize};

use crate::checkpoint::{Checkpoint, MODEL_FILE, STATE_FILE, latest_checkpoint};
use crate::config::ModelConfig;
use crate::error::{Error, Result};
use crate::forecaster::{Forecaster, Posterior, TrainingForecast, Unrolled};
use crate::frame::FrameShape;
use crate::latent::LatentForecaster;
use crate::nn::{ParameterBuilder, Parameters, read_description};
use crate::recurrent::RecurrentForecaster;

/// Version of the parameter files this crate writes.
pub const MODEL_FORMAT: u32 = 1;

/// Key of a parameter file's metadata under which the model is described.
const DESCRIPTION_KEY: &str = "model";

/// A model of Table 1: it sees frames, and forecasts the ones that follow.
///
/// Frames are `[time, batch, row, column, channel]` with values in [0, 1].
pub struct Model {
    config: ModelConfig,
    frame: FrameShape,
    parameters: Parameters,
    forecaster: Box<dyn Forecaster>,
}

/// The three numbers that all units of an oscillatory cell share, with their constraints applied.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CellScalars {
    /// Time step.
    pub dt: f64,
    /// Restoring coefficient.
    pub gamma: f64,
    /// Damping coefficient.
    pub alpha: f64,
}

/// The part of a description that every version has.
#[derive(Deserialize)]
struct DescriptionVersion {
    format: u32,
}

/// What a parameter file says of the model it belongs to.
#[derive(Serialize, Deserialize)]
struct Description {
    format: u32,
    frame: FrameShape,
    model: ModelConfig,
}

impl Model {
    /// A model with freshly drawn parameters, a pure function of `seed` and the configuration.
    ///
    /// # Errors
    /// [`Error::Key`] or [`Error::Cell`] if the configuration is out of range; [`Error::Shape`] if the frame is one
    /// that [`FrameShape::new`] refuses.
    pub fn new(
        config: &ModelConfig,
        frame: FrameShape,
        seed: u64,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        config.validate()?;
        frame.validate()?;
        let mut builder = ParameterBuilder::new(seed, dtype, device);
        let forecaster: Box<dyn Forecaster> = if config.name.is_latent() {
            Box::new(LatentForecaster::new(&mut builder, frame, config)?)
        } else {
            Box::new(RecurrentForecaster::new(&mut builder, frame, config)?)
        };
        let parameters = builder.finish();
        Ok(Self { config: config.clone(), frame, parameters, forecaster })
    }

    /// Loads a trained model from a run folder (its newest intact checkpoint), a checkpoint folder or a
    /// parameter file, onto the CPU.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Io`] if nothing intact is there; [`Error::Parameter`] if the parameters do not
    /// fit the model that the file describes.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        if path.is_file() {
            let content =
                std::fs::read(path).map_err(|source| Error::Io { path: path.into(), source })?;
            return Self::from_bytes(&content, path, &Device::Cpu);
        }
        if path.join(STATE_FILE).is_file() {
            return Self::from_checkpoint(&Checkpoint::open(path)?, &Device::Cpu);
        }
        match latest_checkpoint(path)? {
            (Some(checkpoint), _) => Self::from_checkpoint(&checkpoint, &Device::Cpu),
            (None, mut damaged) => Err(match damaged.is_empty() {
                true => Error::File {
                    path: path.into(),
                    problem: "found no checkpoint, expected checkpoints/step-NNNNNNNN; train first or check the path".into(),
                },
                false => damaged.swap_remove(0),
            }),
        }
    }

    /// The model of a verified checkpoint.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn from_checkpoint(checkpoint: &Checkpoint, device: &Device) -> Result<Self> {
        let content = checkpoint.read(MODEL_FILE)?;
        Self::from_bytes(&content, &checkpoint.directory().join(MODEL_FILE), device)
    }

    /// The model stored in the bytes of a parameter file; `path` is for messages alone.
    fn from_bytes(content: &[u8], path: &Path, device: &Device) -> Result<Self> {
        let damaged = |problem: String| Error::File { path: path.into(), problem };
        let (metadata, dtype) =
            read_description(content).map_err(|error| damaged(error.to_string()))?;
        let description = metadata.get(DESCRIPTION_KEY).ok_or_else(|| {
            damaged(
                "the file does not say which model it belongs to; expected one nwm wrote".into(),
            )
        })?;
        let unreadable = |error: serde_json::Error| damaged(format!("model description: {error}"));
        // The version first: a later one may describe models in words that this one does not know.
        let version: DescriptionVersion = serde_json::from_str(description).map_err(unreadable)?;
        if version.format != MODEL_FORMAT {
            return Err(damaged(format!(
                "found model format {}, expected {MODEL_FORMAT}; use the version of nwm that wrote it",
                version.format
            )));
        }
        let description: Description = serde_json::from_str(description).map_err(unreadable)?;
        let model = Self::new(&description.model, description.frame, 0, dtype, device)?;
        model.parameters.load_bytes(content)?;
        Ok(model)
    }

    /// The content of a parameter file (safetensors): parameters in order, and what they belong to.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the parameters cannot be read from their device.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        let description =
            Description { format: MODEL_FORMAT, frame: self.frame, model: self.config.clone() };
        let description = serde_json::to_string(&description).map_err(|error| {
            Error::Parameter { name: "description".into(), problem: error.to_string() }
        })?;
        self.parameters.to_bytes(&BTreeMap::from([(DESCRIPTION_KEY.to_owned(), description)]))
    }

    /// The configuration it was built from.
    pub fn config(&self) -> &ModelConfig {
        &self.config
    }

    /// The shape of its frames.
    pub fn frame(&self) -> FrameShape {
        self.frame
    }

    /// Its parameters, in order.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// True frames that a forecast starts from.
    pub fn inference_steps(&self) -> usize {
        self.config.inference_steps
    }

    /// Effective time step, restoring and damping coefficient of the oscillatory cell; none for a model without one.
    ///
    /// # Errors
    /// [`Error::Tensor`] if a parameter cannot be read.
    pub fn cell_scalars(&self) -> Result<Option<CellScalars>> {
        if !self.config.name.is_oscillator() {
            return Ok(None);
        }
        let scalar = |name: &str, start: f64| -> Result<Scalar> {
            let raw = match self.parameters.get(name) {
                Some(tensor) => tensor.to_dtype(DType::F64)?.to_scalar::<f64>()?,
                None => start,
            };
            Ok(Scalar::Learned { raw })
        };
        let cell = &self.config.cell;
        Ok(Some(CellScalars {
            dt: scalar("cell.dt_raw", cell.dt_raw)?.as_time_step(),
            gamma: scalar("cell.gamma_raw", cell.gamma_raw)?.as_coefficient(),
            alpha: scalar("cell.alpha_raw", cell.alpha_raw)?.as_coefficient(),
        }))
    }

    /// The first frame that a forecast predicts, as [`ModelConfig::first_predicted_frame`].
    pub fn first_predicted_frame(&self) -> usize {
        self.config.first_predicted_frame()
    }

    /// Standard normal numbers that training needs for each sample: 0 for models without a posterior.
    pub fn noise_size(&self) -> usize {
        self.forecaster.noise_size()
    }

    /// What a training step predicts (docs/theory.md, sections 4 and 5): each frame from the true ones before it, or all
    /// frames from one latent state, which is drawn from its posterior by means of `noise` `[batch, noise size]`.
    ///
    /// `frames` is `[time, batch, row, column, channel]` with at least two times, or for models with a posterior at least
    /// [`Model::inference_steps`].
    ///
    /// # Errors
    /// [`Error::Shape`] if an argument has another shape; [`Error::Tensor`] if its numbers have another type.
    pub fn training_forecast(&self, frames: &Tensor, noise: &Tensor) -> Result<TrainingForecast> {
        let least = if self.noise_size() > 0 { self.inference_steps() } else { 2 };
        self.check_frames(frames, least)?;
        let expected = [frames.dim(1)?, self.noise_size()];
        if noise.dims() != expected && self.noise_size() > 0 {
            return Err(Error::shape("noise", format!("{expected:?}"), noise.dims()));
        }
        self.forecaster.training_forecast(frames, noise)
    }

    /// Forecasts from the first true frames: the loop is closed in pixels, or all frames are drawn from the mean of the
    /// posterior.
    ///
    /// `frames` is `[time, batch, row, column, channel]`, of which the first [`Model::inference_steps`] are read; the
    /// result is `[steps, batch, row, column, channel]`, the predictions of the frames from
    /// [`Model::first_predicted_frame`] on. No gradient passes.
    ///
    /// # Errors
    /// [`Error::Shape`] if there are fewer frames than inference steps, or another frame shape.
    pub fn forecast(&self, frames: &Tensor, steps: usize) -> Result<Tensor> {
        Ok(self.unroll(frames, steps)?.frames)
    }

    /// As [`Model::forecast`], with the hidden states.
    ///
    /// # Errors
    /// As [`Model::forecast`].
    pub fn unroll(&self, frames: &Tensor, steps: usize) -> Result<Unrolled> {
        self.check_frames(frames, self.inference_steps())?;
        self.forecaster.unroll(frames, steps)
    }

    /// What came before: reads the last [`Model::inference_steps`] of `frames` and draws the `steps` frames that end with
    /// the last one, earliest first. None for a model that cannot go back in time.
    ///
    /// # Errors
    /// As [`Model::forecast`].
    pub fn unroll_backward(&self, frames: &Tensor, steps: usize) -> Result<Option<Unrolled>> {
        self.check_frames(frames, self.inference_steps())?;
        self.forecaster.unroll_backward(frames, steps)
    }

    /// What the model takes the latent state to be from the first [`Model::inference_steps`] frames. None for a model
    /// without a posterior.
    ///
    /// # Errors
    /// As [`Model::forecast`].
    pub fn posterior(&self, frames: &Tensor) -> Result<Option<Posterior>> {
        self.check_frames(frames, self.inference_steps())?;
        self.forecaster.posterior(frames)
    }

    fn check_frames(&self, frames: &Tensor, at_least: usize) -> Result<()> {
        let FrameShape { rows, columns, channels } = self.frame;
        match *frames.dims() {
            [time, batch, r, c, ch]
                if time >= at_least && batch > 0 && (r, c, ch) == (rows, columns, channels) =>
            {
                Ok(())
            }
            ref found => Err(Error::shape(
                "frames",
                format!(
                    "[time, batch, row, column, channel] = [at least {at_least}, at least 1, {rows}, {columns}, {channels}]"
                ),
                found,
            )),
        }
    }
}
