//! The evaluation of forecasts.

use std::path::Path;

use nwm_data::{Split, Testing, Training};

use super::dispatch::EvaluationRequest;
use super::forecasts::{Beside, Forecasts};
use super::references::mean_image;
use super::result::{
    CheckpointRecord, ForecastResult, PerStep, PerTrajectory, RESULT_FILE, RESULT_FORMAT,
    References,
};
use super::samples::{ForecastSamples, SAMPLES_FILE};
use super::scores::{FrameErrors, Scores, per_step};
use super::symplecticity::symplecticity;
use super::valid_time::valid_time;
use crate::data::{FILE_DATA, open_frames};
use crate::error::Result;
use crate::run_folder::write_json;
use crate::trained_run::TrainedRun;

/// Scores a run that forecasts on its test trajectories and writes `result.json` and `samples.safetensors` into its folder.
///
/// `progress` is called with the trajectories done and their number.
///
/// # Errors
/// [`crate::Error::File`] if the run has no intact checkpoint; [`crate::Error::OtherTask`] if it has learnt something else;
/// [`crate::Error::Data`] if the test set cannot be made or read.
pub fn evaluate_forecasts(
    run_directory: &Path,
    request: &EvaluationRequest,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ForecastResult> {
    let run = TrainedRun::open(run_directory, request.checkpoint)?;
    forecast_result(run.on(&request.device), progress)
}

/// As [`evaluate_forecasts`].
pub(super) fn forecast_result(
    run: TrainedRun,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<ForecastResult> {
    let model = run.forecaster()?;
    let TrainedRun {
        directory, resolved, record, trained_steps, checkpoint, is_configured, ..
    } = run;
    let config = resolved.config();
    let test = open_frames::<Testing>(&config.data)?;
    let test = test.source();
    let mean = mean_image(open_frames::<Training>(&config.data)?.source())?;
    let first_frame = model.first_predicted_frame();
    let mut beside = Beside {
        mean_image: &mean,
        of_mean_image: Vec::new(),
        of_last_frame: Vec::new(),
        samples: ForecastSamples {
            count: config.report.samples.min(test.trajectories()),
            frames: config.evaluation_window() - first_frame,
            first_frame,
            shape: test.frame_shape(),
            inference_steps: model.inference_steps(),
            ..ForecastSamples::default()
        },
    };
    let mut forecasts = Forecasts::new(config, &model, test);
    forecasts.run(Some(&mut beside), progress)?;
    let (slices, values) = (forecasts.slices(), forecasts.values());
    let scores = |errors: &[FrameErrors]| Scores::of(errors, &[], &slices, values);
    let of_trajectories = |slice| -> Vec<f64> {
        let relative = |errors: &FrameErrors| errors.means(slice, values).1.unwrap_or(f64::NAN);
        forecasts.forward.iter().map(relative).collect()
    };
    let result = ForecastResult {
        format: RESULT_FORMAT,
        task: model.config().task,
        model: model.config().name,
        data: config.data.name.clone(),
        dt: (config.data.name != FILE_DATA).then_some(config.data.dt),
        split: Split::Test.name().into(),
        preset: record.preset,
        seed: record.seed,
        commit: record.commit,
        device: record.device,
        parameters: model.parameters().count(),
        trajectories: forecasts.forward.len(),
        steps: checkpoint.step(),
        trained_steps,
        seconds: record.seconds,
        checkpoint: CheckpointRecord::of(&checkpoint, is_configured),
        inference_steps: model.inference_steps(),
        horizon: config.eval.horizon,
        unit: config.eval.unit,
        slices,
        metrics: Scores::of(&forecasts.forward, &forecasts.backward, &slices, values),
        references: References {
            mean_image: scores(&beside.of_mean_image),
            last_frame: scores(&beside.of_last_frame),
        },
        per_step: per_step_of(&forecasts, &beside),
        per_trajectory: PerTrajectory {
            forward_extrapolation_l2_norm: of_trajectories(slices.extrapolation),
            forward_matched_l2_norm: of_trajectories(slices.matched),
        },
        valid_time: valid_time(config, &model, test)?,
        symplecticity: symplecticity(config, &model, test)?,
    };
    beside.samples.write(&directory.join(SAMPLES_FILE))?;
    write_json(&directory.join(RESULT_FILE), &result)?;
    Ok(result)
}

fn per_step_of(forecasts: &Forecasts<'_>, beside: &Beside<'_>) -> PerStep {
    let values = forecasts.values();
    let relative = |errors: &[FrameErrors]| per_step(errors, values).1;
    let (l2, l2_norm) = per_step(&forecasts.forward, values);
    PerStep {
        first_frame: beside.samples.first_frame,
        l2,
        l2_norm,
        mean_image_l2_norm: relative(&beside.of_mean_image),
        last_frame_l2_norm: relative(&beside.of_last_frame),
    }
}
