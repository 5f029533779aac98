//! One training step: prediction, loss, gradients.

use candle_core::{DType, Device, Tensor};
use nwm_models::Model;
use nwm_models::nn::standard_normals;

use crate::error::Result;
use crate::gradients::{Gradients, collect_gradients, gradient_norm};
use crate::loss::{PERFECT_LOSS, mean_squared_error_of_logits};

/// What one batch says about the parameters; nothing is changed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct StepResult {
    /// Training loss.
    pub loss: f64,
    /// Mean squared error of the predictions; none of classes.
    pub mean_squared_error: Option<f64>,
    /// Share of the batch whose class is predicted right; none for a model that predicts no classes.
    pub accuracy: Option<f64>,
    /// Divergence of the posterior from the prior in nats, the mean over the batch; none for a model without a posterior.
    pub divergence: Option<f64>,
    /// Gradients, in the parameters' order.
    pub gradients: Gradients,
    /// Euclidean norm of all gradients.
    pub gradient_norm: f64,
}

/// The standard normal numbers of one step of a run, `[batch, noise size of the model]`: a function of the run's seed and the
/// step alone. They are on the model's device.
///
/// # Errors
/// [`crate::Error::Tensor`] if the device refuses.
pub fn noise_of_step(model: &Model, batch: usize, seed: u64, step: u64) -> Result<Tensor> {
    let size = model.noise_size();
    let values = standard_normals(seed, &format!("posterior/{step}"), batch * size);
    let noise = Tensor::from_vec(values, (batch, size), &Device::Cpu)?;
    let noise = noise.to_dtype(DType::F32)?;
    // No GPU has a place for nothing, and nobody reads it.
    if size == 0 { Ok(noise) } else { Ok(noise.to_device(model.device())?) }
}

/// Loss and gradients of the forecast of `frames` `[time, batch, row, column, channel]`, which is a sample of the posterior
/// for models that have one: `noise` decides which (see [`noise_of_step`]).
///
/// The loss is the negative log-likelihood per value, with the divergence from the prior times `model.latent.beta`
/// (docs/theory.md, section 5).
///
/// # Errors
/// [`crate::Error::Model`] or [`crate::Error::Tensor`] if the frames do not fit the model.
pub fn training_step(model: &Model, frames: &Tensor, noise: &Tensor) -> Result<StepResult> {
    let forecast = model.training_forecast(frames, noise)?;
    let error = mean_squared_error_of_logits(&forecast.logits, &forecast.target)?;
    let values_per_sample = forecast.target.elem_count() / forecast.target.dim(1)?;
    let weight = model.config().latent.beta / values_per_sample as f64;
    let objective = match &forecast.divergence {
        Some(divergence) => (&error + (divergence * weight)?)?,
        None => error.clone(),
    };
    let gradients = collect_gradients(model.parameters(), &objective.backward()?)?;
    let number =
        |tensor: &Tensor| Ok::<_, candle_core::Error>(f64::from(tensor.to_scalar::<f32>()?));
    Ok(StepResult {
        loss: number(&objective)? + PERFECT_LOSS,
        mean_squared_error: Some(number(&error)?),
        accuracy: None,
        divergence: forecast.divergence.as_ref().map(number).transpose()?,
        gradient_norm: gradient_norm(&gradients)?,
        gradients,
    })
}
