//! Forecasters that read frame after frame and predict the next one (docs/theory.md, section 4).

use candle_core::Tensor;

use crate::autoregressive::RecurrentStack;
use crate::config::ModelConfig;
use crate::decoder::Decoder;
use crate::dynamics::{Dynamics, HiddenState};
use crate::encoder::Encoder;
use crate::error::Result;
use crate::forecaster::{Forecaster, Posterior, TrainingForecast, Unrolled, decode};
use crate::frame::FrameShape;
use crate::names::ModelName;
use crate::nn::{ParameterBuilder, sigmoid};
use crate::oscillator::Oscillator;

/// Encoder of single frames, recurrent dynamics, decoder.
pub(crate) struct RecurrentForecaster {
    inference_steps: usize,
    dynamics: Box<dyn Dynamics>,
    layers: Layers,
    /// The same layers for forecasts, without gradients.
    detached: Layers,
}

/// What surrounds the dynamics.
struct Layers {
    encoder: Encoder,
    decoder: Decoder,
}

impl Layers {
    /// All times and samples at once: `[time, batch, ...]` to `[time, batch, latent]`.
    fn encode(&self, frames: &Tensor) -> Result<Tensor> {
        let (time, batch) = (frames.dim(0)?, frames.dim(1)?);
        let latents = self.encoder.forward(&frames.contiguous()?.flatten(0, 1)?)?;
        let size = latents.dim(1)?;
        Ok(latents.reshape((time, batch, size))?)
    }
}

impl RecurrentForecaster {
    /// Adds the parameters to `builder`.
    pub(crate) fn new(
        builder: &mut ParameterBuilder,
        frame: FrameShape,
        config: &ModelConfig,
    ) -> Result<Self> {
        let latent = config.latent_size();
        builder.set_gain(config.initial_gain);
        let encoder = Encoder::new(builder, frame, frame.channels, latent, &config.encoder)?;
        builder.set_gain(1.0);
        let dynamics: Box<dyn Dynamics> = match config.name {
            ModelName::Ar => Box::new(RecurrentStack::new(builder, &config.ar)?),
            _ => Box::new(Oscillator::new(
                builder,
                &config.cell,
                config.inference_steps,
                config.decoder.input,
            )?),
        };
        debug_assert_eq!(dynamics.latent(), latent);
        builder.set_gain(config.initial_gain);
        let decoder = Decoder::new(builder, frame, dynamics.outputs(), latent, &config.decoder)?;
        let detached = Layers { encoder: encoder.detached(), decoder: decoder.detached() };
        let layers = Layers { encoder, decoder };
        Ok(Self { inference_steps: config.inference_steps, dynamics, layers, detached })
    }

    /// Reads frames; the predictions of those that follow each of them, what they are decoded from, and the state after
    /// the last. No gradient passes.
    fn read(
        &self,
        frames: &Tensor,
        state: Option<&HiddenState>,
    ) -> Result<(Tensor, Tensor, HiddenState)> {
        let latents = self.detached.encode(frames)?;
        let initial = match state {
            Some(state) => state.clone(),
            None => self.dynamics.initial_state(&latents)?.detach(),
        };
        let (outputs, state) = self.dynamics.run(&latents, &initial)?;
        let outputs = outputs.detach();
        let predictions = sigmoid(&decode(&self.detached.decoder, &outputs)?)?;
        Ok((predictions, outputs, state.detach()))
    }
}

impl Forecaster for RecurrentForecaster {
    fn noise_size(&self) -> usize {
        0
    }

    fn training_forecast(&self, frames: &Tensor, _noise: &Tensor) -> Result<TrainingForecast> {
        let time = frames.dim(0)?;
        let latents = self.layers.encode(&frames.narrow(0, 0, time - 1)?)?;
        let state = self.dynamics.initial_state(&latents)?;
        let (outputs, _) = self.dynamics.run(&latents, &state)?;
        Ok(TrainingForecast {
            logits: decode(&self.layers.decoder, &outputs)?,
            target: frames.narrow(0, 1, time - 1)?,
            divergence: None,
        })
    }

    fn unroll(&self, frames: &Tensor, steps: usize) -> Result<Unrolled> {
        let seen = self.inference_steps;
        let (given, read, mut state) = self.read(&frames.narrow(0, 0, seen)?, None)?;
        let mut frame = given.narrow(0, seen - 1, 1)?;
        let (mut predictions, mut outputs) = (vec![given], vec![read]);
        for _ in seen..steps {
            let (next, output, after) = self.read(&frame, Some(&state))?;
            predictions.push(next.clone());
            outputs.push(output);
            (frame, state) = (next, after);
        }
        let first = |parts: &[Tensor]| -> Result<Tensor> {
            Ok(Tensor::cat(parts, 0)?.narrow(0, 0, steps)?.contiguous()?)
        };
        let states = self.dynamics.states(&first(&outputs)?)?;
        Ok(Unrolled { frames: first(&predictions)?, states })
    }

    fn unroll_backward(&self, _frames: &Tensor, _steps: usize) -> Result<Option<Unrolled>> {
        Ok(None)
    }

    fn posterior(&self, _frames: &Tensor) -> Result<Option<Posterior>> {
        Ok(None)
    }
}
