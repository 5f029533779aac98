//! Forecasters that draw a whole trajectory from one latent state: variational autoencoders of Higgins et al. (2021) and
//! Botev et al. (2021) with a flow between encoder and decoder (docs/theory.md, section 4).

use candle_core::{Result as TensorResult, Tensor};

use crate::config::ModelConfig;
use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::Result;
use crate::forecaster::{Forecaster, Posterior, TrainingForecast, Unrolled, decode};
use crate::frame::FrameShape;
use crate::latent_section::Directions;
use crate::names::ModelName;
use crate::nn::flow::{Direction, HamiltonianFlow, MapFlow, OdeFlow, Span};
use crate::nn::{ParameterBuilder, sigmoid};

/// Encoder of a few stacked frames, flow, decoder.
pub(crate) struct LatentForecaster {
    inference_steps: usize,
    size: usize,
    /// Logarithm of the posterior's deviation that zeros of the encoder stand for.
    log_deviation: f64,
    directions: Directions,
    /// The first frame that is drawn.
    first: usize,
    /// Which of the frames that are seen the latent state describes.
    described: usize,
    layers: Layers,
    /// The same layers for forecasts, without gradients.
    detached: Layers,
}

/// The layers, in their order.
struct Layers {
    encoder: Encoder,
    flow: Flow,
    decoder: Decoder,
}

/// What moves the latent state.
enum Flow {
    Hamiltonian(HamiltonianFlow),
    Ode(OdeFlow),
    Map(MapFlow),
}

impl Flow {
    fn new(builder: &mut ParameterBuilder, config: &ModelConfig) -> Result<Self> {
        const NAME: &str = "flow";
        let latent = &config.latent;
        let (size, hidden, step) = (latent.size, &latent.hidden, latent.time_step);
        Ok(match config.name {
            ModelName::Hgn => {
                Self::Hamiltonian(HamiltonianFlow::new(builder, NAME, size / 2, hidden, step)?)
            }
            ModelName::Rgn => {
                Self::Map(MapFlow::new(builder, NAME, size, hidden, config.rgn.residual)?)
            }
            _ => Self::Ode(OdeFlow::new(builder, NAME, size, hidden, config.ode.options(step))?),
        })
    }

    /// The same flow, sharing its parameters, through which no gradient passes.
    fn detached(&self) -> Self {
        match self {
            Self::Hamiltonian(flow) => Self::Hamiltonian(flow.detached()),
            Self::Ode(flow) => Self::Ode(flow.detached()),
            Self::Map(flow) => Self::Map(flow.detached()),
        }
    }

    /// States around `latent` `[batch, size]`.
    fn unroll(&self, latent: &Tensor, span: Span, directions: &[Direction]) -> Result<Tensor> {
        match self {
            Self::Hamiltonian(flow) => flow.unroll(latent, span, directions),
            Self::Ode(flow) => flow.unroll(latent, span, directions),
            Self::Map(flow) => {
                debug_assert_eq!(span.before, 0);
                flow.unroll(latent, span.after)
            }
        }
    }

    /// Of a latent state, how many numbers are decoded: positions alone where there are momenta.
    fn decoded(&self, size: usize) -> usize {
        if matches!(self, Self::Hamiltonian(_)) { size / 2 } else { size }
    }

    fn is_reversible(&self) -> bool {
        !matches!(self, Self::Map(_))
    }
}

impl LatentForecaster {
    /// Adds the parameters to `builder`: those of the flow under `flow`.
    pub(crate) fn new(
        builder: &mut ParameterBuilder,
        frame: FrameShape,
        config: &ModelConfig,
    ) -> Result<Self> {
        let (seen, size) = (config.inference_steps, config.latent.size);
        let channels = seen * frame.channels;
        builder.set_gain(config.initial_gain);
        let encoder = Encoder::new(builder, frame, channels, 2 * size, &config.encoder)?;
        let flow = Flow::new(builder, config)?;
        let decoder = Decoder::new(builder, frame, flow.decoded(size), size, &config.decoder)?;
        let layers = Layers { encoder, flow, decoder };
        Ok(Self {
            inference_steps: seen,
            size,
            log_deviation: config.latent.initial_deviation.ln(),
            directions: config.latent.directions,
            first: config.first_predicted_frame(),
            described: config.latent.described_frame(seen),
            detached: layers.detached(),
            layers,
        })
    }

    /// The trajectory around the mean of the posterior, as long as `span`; no gradient passes.
    fn draw(&self, seen: &Tensor, span: Span, direction: Direction) -> Result<Unrolled> {
        let layers = &self.detached;
        let mean = layers.infer(seen, self.size, self.log_deviation)?.mean;
        let directions = vec![direction; mean.dim(0)?];
        let states = layers.flow.unroll(&mean, span, &directions)?;
        let frames = sigmoid(&layers.decode(&states)?)?;
        Ok(Unrolled { frames, states })
    }
}

impl Layers {
    /// The same layers, sharing their parameters, through which no gradient passes.
    fn detached(&self) -> Self {
        Self {
            encoder: self.encoder.detached(),
            flow: self.flow.detached(),
            decoder: self.decoder.detached(),
        }
    }

    /// Mean and spread of the latent state, from the frames that are seen `[time, batch, row, column, channel]`.
    fn infer(&self, seen: &Tensor, size: usize, log_deviation: f64) -> Result<Posterior> {
        let (time, batch, rows, columns, channels) = seen.dims5()?;
        let stacked = seen.permute((1, 2, 3, 0, 4))?.contiguous()?;
        let stacked = stacked.reshape((batch, rows, columns, time * channels))?;
        let parameters = self.encoder.forward(&stacked)?;
        let half =
            |start| -> TensorResult<Tensor> { parameters.narrow(1, start, size)?.contiguous() };
        Ok(Posterior { mean: half(0)?, log_deviation: (half(size)? + log_deviation)? })
    }

    /// Logits of the frames that states `[time, batch, dimension]` stand for.
    fn decode(&self, states: &Tensor) -> Result<Tensor> {
        let decoded = states.narrow(2, 0, self.flow.decoded(states.dim(2)?))?.contiguous()?;
        decode(&self.decoder, &decoded)
    }
}

/// Divergence of normal distributions from the standard one: `sum of mean^2 / 2 + (exp(2 s) - 1) / 2 - s` over the latent
/// state, the mean over the batch.
fn divergence(posterior: &Posterior) -> TensorResult<Tensor> {
    let Posterior { mean, log_deviation } = posterior;
    let variance = (log_deviation * 2.0)?.exp()?;
    let terms = (((mean.sqr()? + variance)? - 1.0)? * 0.5)?;
    (terms - log_deviation)?.sum(1)?.mean_all()
}

impl Forecaster for LatentForecaster {
    fn noise_size(&self) -> usize {
        self.size
    }

    fn training_forecast(&self, frames: &Tensor, noise: &Tensor) -> Result<TrainingForecast> {
        let (time, batch) = (frames.dim(0)?, frames.dim(1)?);
        let seen = self.inference_steps;
        let forward = match self.directions {
            Directions::Both => batch / 2,
            Directions::Forward => batch,
        };
        let backward = batch - forward;
        let of_forward = |start, length| frames.narrow(0, start, length)?.narrow(1, 0, forward);
        let of_backward =
            |start, length| frames.narrow(0, start, length)?.narrow(1, forward, backward);
        let first = self.first;
        let (given, target) = match (forward, backward) {
            (_, 0) => (of_forward(0, seen)?, of_forward(first, time - first)?),
            (0, _) => {
                (of_backward(time - seen, seen)?, of_backward(0, time)?.contiguous()?.flip(&[0])?)
            }
            _ => (
                Tensor::cat(&[of_forward(0, seen)?, of_backward(time - seen, seen)?], 1)?,
                Tensor::cat(
                    &[of_forward(0, time)?, of_backward(0, time)?.contiguous()?.flip(&[0])?],
                    1,
                )?,
            ),
        };
        let layers = &self.layers;
        let posterior = layers.infer(&given, self.size, self.log_deviation)?;
        let latent = (&posterior.mean + (posterior.log_deviation.exp()? * noise)?)?;
        let span = Span { before: self.described - first, after: time - 1 - self.described };
        let directions: Vec<_> = (0..batch)
            .map(|sample| if sample < forward { Direction::Forward } else { Direction::Backward })
            .collect();
        let states = layers.flow.unroll(&latent, span, &directions)?;
        Ok(TrainingForecast {
            logits: layers.decode(&states)?,
            target,
            divergence: Some(divergence(&posterior)?),
        })
    }

    fn unroll(&self, frames: &Tensor, steps: usize) -> Result<Unrolled> {
        let before = self.described - self.first;
        let span = Span { before, after: steps.saturating_sub(before + 1) };
        let seen = frames.narrow(0, 0, self.inference_steps)?;
        let Unrolled { frames, states } = self.draw(&seen, span, Direction::Forward)?;
        let first = |drawn: &Tensor| drawn.narrow(0, 0, steps)?.contiguous();
        Ok(Unrolled { frames: first(&frames)?, states: first(&states)? })
    }

    fn unroll_backward(&self, frames: &Tensor, steps: usize) -> Result<Option<Unrolled>> {
        if !self.layers.flow.is_reversible() {
            return Ok(None);
        }
        let (time, seen) = (frames.dim(0)?, self.inference_steps);
        // Frames behind the one that the latent state describes.
        let before = seen - 1 - self.described;
        let span = Span { before, after: steps.saturating_sub(before + 1) };
        let seen = frames.narrow(0, time - seen, seen)?;
        let Unrolled { frames, states } = self.draw(&seen, span, Direction::Backward)?;
        let chronological = |drawn: &Tensor| drawn.narrow(0, 0, steps)?.flip(&[0])?.contiguous();
        Ok(Some(Unrolled { frames: chronological(&frames)?, states: chronological(&states)? }))
    }

    fn posterior(&self, frames: &Tensor) -> Result<Option<Posterior>> {
        let seen = frames.narrow(0, 0, self.inference_steps)?;
        Ok(Some(self.detached.infer(&seen, self.size, self.log_deviation)?))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn the_divergence_is_the_golden_number() {
        let tensor = |value: f64| Tensor::full(value, (3, 1), &Device::Cpu).unwrap();
        let posterior = Posterior { mean: tensor(0.5), log_deviation: tensor(-0.3) };
        let found = divergence(&posterior).unwrap().to_scalar::<f64>().unwrap();
        assert!((found - 0.199_405_82).abs() < 5e-9, "{found}");
    }
}
