//! What a model does with frames, whatever it is made of.

use candle_core::Tensor;

use crate::error::Result;

/// What one training step predicts, and what it should have.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TrainingForecast {
    /// `[time, batch, row, column, channel]`; the logistic function of these is the prediction. A loss that applies the
    /// function itself spares a pass over memory in each direction.
    pub logits: Tensor,
    /// The true frames, in the same axes and order. Samples that a model draws backward in time are backward here, too.
    pub target: Tensor,
    /// Divergence of the posterior from the prior in nats, summed over the latent state, the mean over the batch; none for
    /// a model without a posterior.
    pub divergence: Option<Tensor>,
}

/// A forecast with the hidden states that it was drawn from.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unrolled {
    /// Predicted frames, `[time, batch, row, column, channel]`.
    pub frames: Tensor,
    /// For each of them the hidden state, `[time, batch, ...]`: `[fields, channel, row, column]` for oscillators (position
    /// and velocity, or the position alone if only that is decoded), and a vector for the others, of which the Hamiltonian
    /// model decodes the first half, the position.
    pub states: Tensor,
}

/// Mean and spread of what a variational model takes its latent state to be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Posterior {
    /// `[batch, latent]`.
    pub mean: Tensor,
    /// Logarithm of the standard deviation, `[batch, latent]`.
    pub log_deviation: Tensor,
}

/// A model without its parameters' list. Frames are checked before they get here.
pub(crate) trait Forecaster: Send + Sync {
    /// Standard normal numbers that training draws for each sample.
    fn noise_size(&self) -> usize;

    /// As [`Model::training_forecast`](crate::Model::training_forecast).
    fn training_forecast(&self, frames: &Tensor, noise: &Tensor) -> Result<TrainingForecast>;

    /// As [`Model::unroll`](crate::Model::unroll).
    fn unroll(&self, frames: &Tensor, steps: usize) -> Result<Unrolled>;

    /// As [`Model::unroll_backward`](crate::Model::unroll_backward), if the model can.
    fn unroll_backward(&self, frames: &Tensor, steps: usize) -> Result<Option<Unrolled>>;

    /// As [`Model::posterior`](crate::Model::posterior), if the model has one.
    fn posterior(&self, frames: &Tensor) -> Result<Option<Posterior>>;
}

/// The decoder's logits of many frames at once: `[time, batch, inputs]` to `[time, batch, row, column, channel]`.
pub(crate) fn decode(decoder: &crate::decoder::Decoder, inputs: &Tensor) -> Result<Tensor> {
    let (time, batch, _) = inputs.dims3()?;
    let frames = decoder.forward(&inputs.flatten(0, 1)?)?;
    let (_, rows, columns, channels) = frames.dims4()?;
    Ok(frames.reshape((time, batch, rows, columns, channels))?)
}
