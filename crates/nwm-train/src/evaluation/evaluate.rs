//! The evaluation itself.

use std::path::Path;

use candle_core::Device;
use nwm_data::{Split, Testing, Training};
use nwm_models::{Checkpoint, Model, checkpoint_directory, latest_checkpoint};

use super::forecasts::{Beside, Forecasts};
use super::references::mean_image;
use super::result::{
    CheckpointRecord, EvaluationResult, PerStep, PerTrajectory, RESULT_FILE, RESULT_FORMAT,
    References,
};
use super::samples::{ForecastSamples, SAMPLES_FILE};
use super::scores::{FrameErrors, Scores, per_step};
use super::symplecticity::symplecticity;
use super::valid_time::valid_time;
use crate::checkpoint::TrainingState;
use crate::config::{CheckpointChoice, Config, Layer, Resolved};
use crate::data::open_frames;
use crate::error::{Error, Result};
use crate::run_folder::{read_run_record, write_json};

/// A checkpoint by name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RequestedCheckpoint {
    /// What `eval.checkpoint` says.
    #[default]
    Configured,
    /// The newest intact one.
    Last,
    /// The one with the least validation error.
    Best,
    /// That of a step.
    Step(u64),
}

/// What is scored.
#[derive(Clone, Debug, Default)]
pub struct EvaluationRequest {
    /// Which checkpoint.
    pub checkpoint: RequestedCheckpoint,
}

/// Scores a run on its test trajectories and writes `result.json` and `samples.safetensors` into its folder.
///
/// `progress` is called with the trajectories done and their number.
///
/// # Errors
/// [`Error::File`] if the run has no intact checkpoint; [`Error::Data`] if the test set cannot be made or read.
pub fn evaluate(
    run_directory: &Path,
    request: &EvaluationRequest,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<EvaluationResult> {
    let resolved = Resolved::from_layers(&[Layer::read(&run_directory.join("resolved.toml"))?])?;
    let config = resolved.config();
    let record = read_run_record(run_directory)?;
    let checkpoint = open_checkpoint(run_directory, config, request.checkpoint)?;
    let model = Model::from_checkpoint(&checkpoint, &Device::Cpu)?;
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
        forecasts.forward.iter().map(|errors| errors.means(slice, values)[1]).collect()
    };
    let result = EvaluationResult {
        format: RESULT_FORMAT,
        model: model.config().name,
        data: config.data.name.clone(),
        split: Split::Test.name().into(),
        preset: record.preset,
        seed: record.seed,
        commit: record.commit,
        device: record.device,
        parameters: model.parameters().count(),
        trajectories: forecasts.forward.len(),
        steps: checkpoint.step(),
        seconds: record.seconds,
        checkpoint: CheckpointRecord::of(&checkpoint),
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
    beside.samples.write(&run_directory.join(SAMPLES_FILE))?;
    write_json(&run_directory.join(RESULT_FILE), &result)?;
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

/// The checkpoint of a run that is asked for.
pub(crate) fn open_checkpoint(
    run_directory: &Path,
    config: &Config,
    requested: RequestedCheckpoint,
) -> Result<Checkpoint> {
    let of_step = |step| Ok(Checkpoint::open(&checkpoint_directory(run_directory, step))?);
    let best = match (requested, config.eval.checkpoint) {
        (RequestedCheckpoint::Step(step), _) => return of_step(step),
        (RequestedCheckpoint::Configured, choice) => choice == CheckpointChoice::Best,
        (requested, _) => requested == RequestedCheckpoint::Best,
    };
    let newest = newest_checkpoint(run_directory)?;
    if !best {
        return Ok(newest);
    }
    let state: TrainingState = serde_json::from_str(newest.state()).map_err(|error| {
        Error::File { path: newest.directory().to_owned(), problem: error.to_string() }
    })?;
    match state.best {
        Some(best) => of_step(best.step),
        None => Err(Error::File {
            path: newest.directory().to_owned(),
            problem: "no checkpoint of the run was validated, so none is the best; ask for the last one, or train with data.validation_trajectories".into(),
        }),
    }
}

fn newest_checkpoint(run_directory: &Path) -> Result<Checkpoint> {
    match latest_checkpoint(run_directory)? {
        (Some(checkpoint), _) => Ok(checkpoint),
        (None, damaged) => Err(match damaged.into_iter().next() {
            Some(error) => error.into(),
            None => Error::File {
                path: run_directory.join("checkpoints"),
                problem:
                    "found no checkpoint, expected step-NNNNNNNN; train first or check the path"
                        .into(),
            },
        }),
    }
}
