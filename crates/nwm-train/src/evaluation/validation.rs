//! The error by which checkpoints are compared while a run trains.

use nwm_data::{SplitFrames, Validation};
use nwm_models::Model;

use super::forecasts::Forecasts;
use super::scores::Scores;
use crate::config::Config;
use crate::error::Result;

/// The key of the error.
const KEY: &str = "forward_extrapolation_l2_norm";

/// The mean relative error of forecasts of the validation trajectories beyond the training window. Not a number if a
/// forecast is none.
pub(crate) fn validation_error(
    config: &Config,
    model: &Model,
    frames: &SplitFrames<Validation>,
) -> Result<f64> {
    let mut forecasts = Forecasts::new(config, model, frames.source()).without_past();
    forecasts.run(None, &mut |_, _| {})?;
    let slices = forecasts.slices();
    let scores = Scores::of(&forecasts.forward, &[], &slices, forecasts.values());
    Ok(scores.get(KEY).unwrap_or(f64::NAN))
}
