//! One training step: prediction, loss, gradients.

use candle_core::{Device, Tensor};
use nwm_data::Batch;
use nwm_models::Model;

use crate::adam::{collect_gradients, gradient_norm};
use crate::error::Result;
use crate::loss::{PERFECT_LOSS, forecast_loss_of_logits};

/// What one batch says about the parameters; nothing is changed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct StepResult {
    /// Training loss.
    pub loss: f64,
    /// Gradients, in the parameters' order.
    pub gradients: Vec<Vec<f32>>,
    /// Euclidean norm of all gradients.
    pub gradient_norm: f64,
}

impl StepResult {
    /// Mean squared error of the predictions.
    pub fn mean_squared_error(&self) -> f64 {
        self.loss - PERFECT_LOSS
    }
}

/// Frames of a batch as a tensor `[time, batch, row, column, channel]`.
///
/// # Errors
/// [`crate::Error::Tensor`] if the device refuses.
pub fn frames_of(batch: Batch, device: &Device) -> Result<Tensor> {
    Ok(Tensor::from_vec(batch.frames, &batch.shape, device)?)
}

/// Loss and gradients of teacher-forced prediction of `frames` `[time, batch, row, column, channel]`.
///
/// # Errors
/// [`crate::Error::Model`] or [`crate::Error::Tensor`] if the frames do not fit the model.
pub fn training_step(model: &Model, frames: &Tensor) -> Result<StepResult> {
    let logits = model.teacher_forced_logits(frames)?;
    let target = frames.narrow(0, 1, frames.dim(0)? - 1)?;
    let loss = forecast_loss_of_logits(&logits, &target)?;
    let gradients = collect_gradients(model.parameters(), &loss.backward()?)?;
    Ok(StepResult {
        loss: f64::from(loss.to_scalar::<f32>()?),
        gradient_norm: gradient_norm(&gradients),
        gradients,
    })
}
