//! A forecaster of frames with its parameters: the crate's front door.

use std::path::Path;

use candle_core::{DType, Device, Tensor};

use crate::cell_scalars::CellScalars;
use crate::checkpoint::Checkpoint;
use crate::config::ModelConfig;
use crate::error::{Error, Result};
use crate::forecaster::{Forecaster, Posterior, TrainingForecast, Unrolled};
use crate::frame::FrameShape;
use crate::latent::LatentForecaster;
use crate::model_file::{self, StoredModel};
use crate::names::TaskName;
use crate::nn::{ParameterBuilder, Parameters};
use crate::recurrent::RecurrentForecaster;

/// A model of Table 1: it sees frames, and forecasts the ones that follow.
///
/// Frames are `[time, batch, row, column, channel]` with values in [0, 1].
pub struct Model {
    config: ModelConfig,
    frame: FrameShape,
    parameters: Parameters,
    forecaster: Box<dyn Forecaster>,
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
        Self::build(config, frame, ParameterBuilder::new(seed, dtype, device))
    }

    /// Loads a trained model from a run folder (its newest intact checkpoint), a checkpoint folder or a
    /// parameter file, onto the CPU.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Io`] if nothing intact is there; [`Error::Parameter`] if the parameters do not
    /// fit the model that the file describes.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        model_file::load(path.as_ref(), &Device::Cpu)
    }

    /// The model of a verified checkpoint, on a device.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn from_checkpoint(checkpoint: &Checkpoint, device: &Device) -> Result<Self> {
        model_file::from_checkpoint(checkpoint, device)
    }

    /// The content of a parameter file (safetensors): parameters in order, and what they belong to.
    ///
    /// # Errors
    /// [`Error::Tensor`] if the parameters cannot be read from their device.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        model_file::to_bytes(&self.parameters, self.frame, &self.config)
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

    /// Where its parameters are, and what it reads has to be.
    pub fn device(&self) -> &Device {
        self.parameters.device()
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
        CellScalars::of(&self.config.cell, &self.parameters).map(Some)
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

impl StoredModel for Model {
    const TASK: TaskName = TaskName::Forecast;

    type Shape = FrameShape;

    fn build(
        config: &ModelConfig,
        frame: FrameShape,
        mut builder: ParameterBuilder,
    ) -> Result<Self> {
        config.validate()?;
        frame.validate()?;
        let forecaster: Box<dyn Forecaster> = if config.name.is_latent() {
            Box::new(LatentForecaster::new(&mut builder, frame, config)?)
        } else {
            Box::new(RecurrentForecaster::new(&mut builder, frame, config)?)
        };
        let parameters = builder.finish();
        Ok(Self { config: config.clone(), frame, parameters, forecaster })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}
