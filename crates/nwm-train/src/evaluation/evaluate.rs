//! The evaluation itself.

use std::path::Path;

use candle_core::{Device, Tensor};
use nwm_data::{FrameSource, Split, Testing, Training, Window};
use nwm_models::{Checkpoint, MODEL_FILE, Model, checkpoint_directory, latest_checkpoint};

use super::references::mean_image;
use super::result::{
    CheckpointRecord, EvaluationResult, PerStep, RESULT_FILE, RESULT_FORMAT, References, Slices,
};
use super::samples::{ForecastSamples, SAMPLES_FILE};
use super::scores::{FrameErrors, Scores, Slice, per_step};
use crate::config::{Config, Layer, Resolved};
use crate::data::open_frames;
use crate::error::{Error, Result};
use crate::run_folder::{read_run_record, write_json};

/// What is scored.
#[derive(Clone, Debug, Default)]
pub struct EvaluationRequest {
    /// Step of the checkpoint; the newest intact one if not given.
    pub step: Option<u64>,
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
    let checkpoint = open_checkpoint(run_directory, request.step)?;
    let model = Model::from_checkpoint(&checkpoint, &Device::Cpu)?;
    let test = open_frames::<Testing>(&config.data)?;
    let mean = mean_image(open_frames::<Training>(&config.data)?.source())?;

    let mut forecasts = Forecasts::new(config, &model, test.source(), mean);
    forecasts.run(progress)?;
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
        trajectories: forecasts.model_errors.len(),
        steps: checkpoint.step(),
        seconds: record.seconds,
        checkpoint: CheckpointRecord {
            step: checkpoint.step(),
            sha256: checkpoint.sha256_of(MODEL_FILE).unwrap_or_default().to_owned(),
        },
        inference_steps: model.inference_steps(),
        horizon: config.eval.horizon,
        unit: config.eval.unit,
        slices: Slices {
            train: Slice::train(config),
            extrapolation: Slice::extrapolation(config),
            full: Slice::full(config),
        },
        metrics: forecasts.scores(&forecasts.model_errors),
        references: References {
            mean_image: forecasts.scores(&forecasts.mean_errors),
            last_frame: forecasts.scores(&forecasts.last_errors),
        },
        per_step: forecasts.per_step(),
    };
    forecasts.samples.write(&run_directory.join(SAMPLES_FILE))?;
    write_json(&run_directory.join(RESULT_FILE), &result)?;
    Ok(result)
}

fn open_checkpoint(run_directory: &Path, step: Option<u64>) -> Result<Checkpoint> {
    if let Some(step) = step {
        return Ok(Checkpoint::open(&checkpoint_directory(run_directory, step))?);
    }
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

/// Forecasts of all test trajectories, and their errors.
struct Forecasts<'a> {
    config: &'a Config,
    model: &'a Model,
    test: &'a dyn FrameSource,
    mean: Vec<f32>,
    values: usize,
    model_errors: Vec<FrameErrors>,
    mean_errors: Vec<FrameErrors>,
    last_errors: Vec<FrameErrors>,
    samples: ForecastSamples,
}

impl<'a> Forecasts<'a> {
    fn new(
        config: &'a Config,
        model: &'a Model,
        test: &'a dyn FrameSource,
        mean: Vec<f32>,
    ) -> Self {
        let samples = ForecastSamples {
            count: config.report.samples.min(test.trajectories()),
            frames: config.evaluation_window() - 1,
            shape: test.frame_shape(),
            inference_steps: model.inference_steps(),
            ..ForecastSamples::default()
        };
        Self {
            config,
            model,
            test,
            values: mean.len(),
            mean,
            model_errors: Vec::new(),
            mean_errors: Vec::new(),
            last_errors: Vec::new(),
            samples,
        }
    }

    fn run(&mut self, progress: &mut dyn FnMut(usize, usize)) -> Result<()> {
        let total = self.test.trajectories();
        let mut done = 0;
        progress(done, total);
        while done < total {
            let batch = self.config.eval.batch_size.min(total - done);
            self.forecast(done, batch)?;
            done += batch;
            progress(done, total);
        }
        Ok(())
    }

    /// Forecasts and scores trajectories `first..first + batch`.
    fn forecast(&mut self, first: usize, batch: usize) -> Result<()> {
        let (length, values) = (self.config.evaluation_window(), self.values);
        let windows = (first..first + batch)
            .map(|trajectory| self.read_window(trajectory))
            .collect::<Result<Vec<_>>>()?;
        let seen = self.model.inference_steps();
        let mut given = Vec::with_capacity(seen * batch * values);
        for time in 0..seen {
            for window in &windows {
                given.extend_from_slice(&window[time * values..(time + 1) * values]);
            }
        }
        let [rows, columns, channels] = self.test.frame_shape();
        let given = Tensor::from_vec(given, (seen, batch, rows, columns, channels), &Device::Cpu)?;
        let predicted = self.model.forecast(&given, length - 1)?;
        let predicted = predicted.flatten_all()?.to_vec1::<f32>()?;
        for (item, window) in windows.iter().enumerate() {
            let frame = |time: usize| &window[time * values..(time + 1) * values];
            let mut errors = [const { FrameErrors { error: Vec::new(), energy: Vec::new() } }; 3];
            for time in 1..length {
                let start = ((time - 1) * batch + item) * values;
                let prediction = &predicted[start..start + values];
                errors[0].push(prediction, frame(time));
                errors[1].push(&self.mean, frame(time));
                errors[2].push(frame(seen - 1), frame(time));
                if first + item < self.samples.count {
                    self.samples.push(frame(time), prediction);
                }
            }
            let [model, mean, last] = errors;
            self.model_errors.push(model);
            self.mean_errors.push(mean);
            self.last_errors.push(last);
        }
        Ok(())
    }

    /// The frames of a trajectory's evaluation window.
    fn read_window(&self, trajectory: usize) -> Result<Vec<f32>> {
        let length = self.config.evaluation_window();
        let seed = self.config.eval.window_seed;
        let window = Window::for_evaluation(seed, trajectory, self.test.frames(), length)?;
        let mut frames = vec![0.0; length * self.values];
        window.read(self.test, &mut frames)?;
        Ok(frames)
    }

    fn scores(&self, errors: &[FrameErrors]) -> Scores {
        Scores::of(errors, self.config, self.values)
    }

    fn per_step(&self) -> PerStep {
        let relative = |errors: &[FrameErrors]| per_step(errors, self.values).1;
        let (l2, l2_norm) = per_step(&self.model_errors, self.values);
        PerStep {
            first_frame: 1,
            l2,
            l2_norm,
            mean_image_l2_norm: relative(&self.mean_errors),
            last_frame_l2_norm: relative(&self.last_errors),
        }
    }
}
