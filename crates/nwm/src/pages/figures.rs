//! Charts of a run: how it learned, and how its error grows with the forecast.

use anyhow::Result;
use nwm_analysis::{Error, figures::LineChart};

use super::run_files::{Evaluation, TrainingCurve};

/// Loss and mean squared error against the training step, logarithmic; `None` when no value can
/// be drawn.
pub(super) fn loss_chart(curve: &TrainingCurve, size: [u32; 2]) -> Result<Option<String>> {
    let against_step =
        |values: &[f64]| curve.step.iter().copied().zip(values.iter().copied()).collect::<Vec<_>>();
    let chart = LineChart::new("training step", "loss")
        .logarithmic()
        .size(size[0], size[1])
        .series("loss", against_step(&curve.loss))
        .series("mean squared error", against_step(&curve.mse));
    drawn(&chart)
}

/// Relative squared error of every predicted frame in the unit of the table, beside the reference
/// predictors, logarithmic; `None` when no value can be drawn.
pub(super) fn per_step_chart(evaluation: &Evaluation) -> Result<Option<String>> {
    let per_step = &evaluation.per_step;
    let against_frame = |values: &[Option<f64>]| {
        let frame = |(step, value): (usize, &Option<f64>)| {
            let frame = (per_step.first_frame + step) as f64;
            (frame, value.unwrap_or(f64::NAN) / evaluation.unit)
        };
        values.iter().enumerate().map(frame).collect::<Vec<_>>()
    };
    let chart = LineChart::new("frame", format!("l2_norm, {:e}", evaluation.unit))
        .logarithmic()
        .series(&evaluation.model, against_frame(&per_step.l2_norm))
        .series("mean image", against_frame(&per_step.mean_image_l2_norm))
        .series("last frame", against_frame(&per_step.last_frame_l2_norm))
        .marker(evaluation.inference_steps as f64, "forecast begins");
    drawn(&chart)
}

fn drawn(chart: &LineChart) -> Result<Option<String>> {
    match chart.svg() {
        Ok(svg) => Ok(Some(svg)),
        Err(Error::Empty { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
