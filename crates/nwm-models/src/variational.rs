//! The variational neural wave machine: every frame of a film is encoded, the samples drive a sheet of oscillators, and the
//! next frame is drawn from its positions (paper, equations 6 to 10; docs/theory.md, section 9).

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use nwm_core::Record;

use crate::cell_scalars::CellScalars;
use crate::checkpoint::Checkpoint;
use crate::config::{ModelConfig, RolloutConfig, check_size};
use crate::error::{Error, Result};
use crate::forecaster::{TrainingForecast, Unrolled};
use crate::frame::FrameShape;
use crate::model_file::{self, StoredModel};
use crate::names::TaskName;
use crate::nn::{
    Linear, LinearOptions, ParameterBuilder, Parameters, divergence, layer_norm, leaky_relu,
    sample, sigmoid,
};
use crate::oscillators::Oscillators;

/// A variational autoencoder whose latent state is a sheet of oscillators.
///
/// Frames are `[time, batch, row, column, channel]` with values in \[0, 1\].
pub struct VariationalModel {
    config: ModelConfig,
    frame: FrameShape,
    parameters: Parameters,
    layers: Layers,
    /// The same layers for everything without gradients.
    detached: Layers,
}

/// Encoder, sheet and decoder.
struct Layers {
    encoder: Perceptron,
    sheet: Oscillators,
    decoder: Perceptron,
}

/// Affine maps with ReLU between them.
struct Perceptron {
    layers: Vec<Linear>,
}

impl Perceptron {
    fn new(builder: &mut ParameterBuilder, name: &str, sizes: &[usize]) -> Result<Self> {
        let layer = |(index, pair): (usize, &[usize])| {
            let options = LinearOptions::uniform(pair[0]);
            Linear::with_options(builder, &format!("{name}.{index}"), [pair[0], pair[1]], options)
        };
        Ok(Self { layers: sizes.windows(2).enumerate().map(layer).collect::<Result<_>>()? })
    }

    fn detached(&self) -> Self {
        Self { layers: self.layers.iter().map(Linear::detached).collect() }
    }

    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut x = x.clone();
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                x = leaky_relu(&x, 0.0)?;
            }
            x = layer.forward(&x)?;
        }
        Ok(x)
    }
}

/// The course of a sheet through a film.
struct Rollout {
    /// After each step, `[time, batch, unit]` positions, or `[time, batch, 2, unit]` positions and velocities.
    states: Tensor,
    /// Means and logarithms of variances of every frame's posterior, `[time, batch, 2 latent]`.
    statistics: Tensor,
}

impl VariationalModel {
    /// A model with freshly drawn parameters, a pure function of `seed` and the configuration.
    ///
    /// # Errors
    /// [`Error::Key`] or [`Error::Cell`] if the configuration is out of range or the frame has a side of 0.
    pub fn new(
        config: &ModelConfig,
        frame: FrameShape,
        seed: u64,
        dtype: DType,
        device: &Device,
    ) -> Result<Self> {
        Self::build(config, frame, ParameterBuilder::new(seed, dtype, device))
    }

    /// Loads a trained model from a run folder (its newest intact checkpoint), a checkpoint folder or a parameter file, onto
    /// the CPU.
    ///
    /// # Errors
    /// [`Error::File`] or [`Error::Io`] if nothing intact is there or it is no variational model; [`Error::Parameter`] if the
    /// parameters do not fit the model that the file describes.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        model_file::load(path.as_ref(), &Device::Cpu)
    }

    /// The model of a verified checkpoint, on a device.
    ///
    /// # Errors
    /// As [`VariationalModel::load`].
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

    /// Time step, restoring and damping coefficient of its cell.
    ///
    /// # Errors
    /// [`Error::Tensor`] if a parameter cannot be read.
    pub fn cell_scalars(&self) -> Result<CellScalars> {
        CellScalars::of(&self.config.cell, &self.parameters)
    }

    /// The shape `[draw, batch, latent]` of the standard normal numbers for films of `time` frames: one draw for every frame,
    /// after one for the first state if the first frame is encoded twice.
    pub fn noise_shape(&self, time: usize, batch: usize) -> [usize; 3] {
        let draws = time + usize::from(self.config.rollout.encode_first_twice);
        [draws, batch, latents(&self.config)]
    }

    /// What a training step predicts: each frame from the state before it, which samples of the posteriors of earlier frames
    /// have driven. `noise` decides which samples and has the shape of [`VariationalModel::noise_shape`]. The divergence is
    /// summed over frames and latent numbers, and is the mean over the batch.
    ///
    /// # Errors
    /// [`Error::Shape`] if an argument has another shape; [`Error::Tensor`] if its numbers have another type.
    pub fn training_forecast(&self, frames: &Tensor, noise: &Tensor) -> Result<TrainingForecast> {
        self.predict(&self.layers, frames, noise)
    }

    /// The same prediction, for which nothing is kept.
    ///
    /// # Errors
    /// As [`VariationalModel::training_forecast`].
    pub fn forecast(&self, frames: &Tensor, noise: &Tensor) -> Result<TrainingForecast> {
        self.predict(&self.detached, frames, noise)
    }

    fn predict(
        &self,
        layers: &Layers,
        frames: &Tensor,
        noise: &Tensor,
    ) -> Result<TrainingForecast> {
        let rollout = self.roll_out(layers, frames, Some(noise), Record::Positions)?;
        let (positions, target) = self.predictions(&rollout.states, frames)?;
        let batch = frames.dim(1)? as f64;
        Ok(TrainingForecast {
            logits: self.draw(layers, &positions)?,
            target,
            divergence: Some((divergence(&rollout.statistics)? / batch)?),
        })
    }

    /// The predictions of a film, and the hidden states that they are drawn from. With `noise` they are driven by samples, as
    /// in training, without by the means of the posteriors. No gradient passes.
    ///
    /// # Errors
    /// As [`VariationalModel::training_forecast`].
    pub fn unroll(&self, frames: &Tensor, noise: Option<&Tensor>) -> Result<Unrolled> {
        let rollout = self.roll_out(&self.detached, frames, noise, Record::States)?;
        let (states, _) = self.predictions(&rollout.states, frames)?;
        let positions = states.narrow(2, 0, 1)?.squeeze(2)?;
        let (time, batch) = (states.dim(0)?, states.dim(1)?);
        let cell = &self.config.cell;
        Ok(Unrolled {
            frames: sigmoid(&self.draw(&self.detached, &positions)?)?,
            states: states.reshape(vec![time, batch, 2, cell.channels, cell.rows, cell.columns])?,
        })
    }

    /// The positions of the sheet in the course of a film, `[time, batch, unit]`: entry `t` has read the frames up to number
    /// `t`, so that the last one has read the whole film. With `noise` they are driven by samples, without by the means of the
    /// posteriors. Nothing is drawn, and no gradient passes.
    ///
    /// # Errors
    /// As [`VariationalModel::training_forecast`].
    pub fn positions(&self, frames: &Tensor, noise: Option<&Tensor>) -> Result<Tensor> {
        Ok(self.roll_out(&self.detached, frames, noise, Record::Positions)?.states)
    }

    /// Frames drawn from positions: `[time, batch, unit]` to `[time, batch, row, column, channel]`. No gradient passes.
    ///
    /// # Errors
    /// [`Error::Shape`] if the positions have other axes.
    pub fn decode(&self, positions: &Tensor) -> Result<Tensor> {
        let units = self.config.cell.units();
        match *positions.dims() {
            [_, _, found] if found == units => {}
            ref found => {
                let expected = format!("[time, batch, {units}]");
                return Err(Error::shape("positions", expected, found));
            }
        }
        sigmoid(&self.draw(&self.detached, positions)?)
    }

    /// Drives the sheet with a film.
    fn roll_out(
        &self,
        layers: &Layers,
        frames: &Tensor,
        noise: Option<&Tensor>,
        record: Record,
    ) -> Result<Rollout> {
        self.check(frames)?;
        let (time, batch) = (frames.dim(0)?, frames.dim(1)?);
        let pixels = frames.reshape((time, batch, self.frame.values()))?;
        let statistics = layers.encoder.forward(&pixels)?;
        let drives = self.drives(&statistics, noise)?;
        let first = drives.get(0)?;
        let rest = Tensor::zeros(first.shape(), first.dtype(), first.device())?;
        let start = Tensor::stack(&[&first, &rest], 0)?;
        let steps = drives.dim(0)? - 1;
        let run = |drives: &Tensor| layers.sheet.forward(drives, &start, record);
        let states = if self.config.rollout.encode_first_twice {
            run(&drives.narrow(0, 1, steps)?)?
        } else {
            // The first state is that of time 0, before any step.
            let first = match record {
                Record::States => start.transpose(0, 1)?.unsqueeze(0)?,
                _ => first.unsqueeze(0)?,
            };
            match steps {
                0 => first,
                _ => Tensor::cat(&[first, run(&drives.narrow(0, 1, steps)?)?], 0)?,
            }
        };
        Ok(Rollout { states, statistics })
    }

    /// What enters the sheet, `[draw, batch, unit]`: samples of the posteriors, or without noise their means.
    fn drives(&self, statistics: &Tensor, noise: Option<&Tensor>) -> Result<Tensor> {
        let twice = self.config.rollout.encode_first_twice;
        let latents = latents(&self.config);
        let (time, batch, _) = statistics.dims3()?;
        let z = match noise {
            Some(noise) => {
                let expected = self.noise_shape(time, batch);
                if *noise.dims() != expected {
                    return Err(Error::shape("noise", format!("{expected:?}"), noise.dims()));
                }
                let own = noise.narrow(0, usize::from(twice), time)?;
                let z = sample(statistics, &own)?;
                match twice {
                    true => {
                        let first = statistics.narrow(0, 0, 1)?;
                        Tensor::cat(&[sample(&first, &noise.narrow(0, 0, 1)?)?, z], 0)?
                    }
                    false => z,
                }
            }
            None => {
                let means = statistics.narrow(2, 0, latents)?;
                match twice {
                    true => Tensor::cat(&[means.narrow(0, 0, 1)?, means], 0)?,
                    false => means,
                }
            }
        };
        let z = z.narrow(2, 0, self.config.cell.units())?;
        if self.config.encoder.norm { layer_norm(&z) } else { Ok(z.contiguous()?) }
    }

    /// The states that predict a frame of the film, and those frames.
    fn predictions(&self, states: &Tensor, frames: &Tensor) -> Result<(Tensor, Tensor)> {
        let time = frames.dim(0)?;
        let RolloutConfig { wrap_target, .. } = self.config.rollout;
        let later = frames.narrow(0, 1, time - 1)?;
        if wrap_target {
            let target = Tensor::cat(&[later, frames.narrow(0, 0, 1)?], 0)?;
            return Ok((states.clone(), target));
        }
        Ok((states.narrow(0, 0, time - 1)?.contiguous()?, later.contiguous()?))
    }

    /// The decoder's logits, `[time, batch, unit]` to `[time, batch, row, column, channel]`.
    fn draw(&self, layers: &Layers, positions: &Tensor) -> Result<Tensor> {
        let (time, batch, _) = positions.dims3()?;
        let FrameShape { rows, columns, channels } = self.frame;
        let logits = layers.decoder.forward(&positions.contiguous()?)?;
        Ok(logits.reshape((time, batch, rows, columns, channels))?)
    }

    fn check(&self, frames: &Tensor) -> Result<()> {
        let FrameShape { rows, columns, channels } = self.frame;
        let least = if self.config.rollout.wrap_target { 1 } else { 2 };
        match *frames.dims() {
            [time, batch, r, c, ch]
                if time >= least && batch > 0 && (r, c, ch) == (rows, columns, channels) =>
            {
                Ok(())
            }
            ref found => Err(Error::shape(
                "frames",
                format!(
                    "[time, batch, row, column, channel] = [at least {least}, at least 1, {rows}, {columns}, {channels}]"
                ),
                found,
            )),
        }
    }
}

impl StoredModel for VariationalModel {
    const TASK: TaskName = TaskName::Variational;

    type Shape = FrameShape;

    fn build(
        config: &ModelConfig,
        frame: FrameShape,
        mut builder: ParameterBuilder,
    ) -> Result<Self> {
        config.validate_for(TaskName::Variational)?;
        check_size("pixels of a frame", frame.values())?;
        let (pixels, units) = (frame.values(), config.cell.units());
        let latents = latents(config);
        let chain =
            |first: usize, hidden: &[usize], last: usize| [&[first], hidden, &[last]].concat();
        let sizes = chain(pixels, &config.encoder.layers, 2 * latents);
        let encoder = Perceptron::new(&mut builder, "encoder", &sizes)?;
        let sheet = Oscillators::new(&mut builder, &config.cell, None)?;
        let sizes = chain(units, &config.decoder.layers, pixels);
        let decoder = Perceptron::new(&mut builder, "decoder", &sizes)?;
        let detached = Layers {
            encoder: encoder.detached(),
            sheet: sheet.detached(),
            decoder: decoder.detached(),
        };
        Ok(Self {
            config: config.clone(),
            frame,
            parameters: builder.finish(),
            layers: Layers { encoder, sheet, decoder },
            detached,
        })
    }

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }
}

/// Numbers that the posterior of one frame describes.
fn latents(config: &ModelConfig) -> usize {
    let units = config.cell.units();
    if config.encoder.unused_half { 2 * units } else { units }
}
