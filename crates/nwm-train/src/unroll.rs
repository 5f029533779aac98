//! Hidden states, true frames and predictions of test sequences, in a file for those who analyse them elsewhere.

use std::ops::Range;
use std::path::Path;

use candle_core::{DType, Tensor};
use nwm_data::arrays::{self, ArrayLayout, ArraysWriter, Element};
use nwm_data::store::Dataset;
use nwm_data::{FrameSource, Split, Testing, Window};
use nwm_models::{Model, ModelName};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::data::{open_frames, open_states};
use crate::error::{Error, Result};
use crate::evaluation::{CheckpointRecord, bytes_of, read_film, stack};
use crate::trained_run::{RequestedCheckpoint, TrainedRun};

/// The kind of such a file ([`nwm_data::arrays`]).
pub const UNROLLED_KIND: &str = "unrolled_sequences";

/// Most frames of a forecast.
pub const MOST_UNROLLED_STEPS: usize = 100_000;

/// Bytes that the frames and states of the sequences in memory take, about; one sequence is there in any case.
const BATCH_BYTES: usize = 256 << 20;

/// How often each number of a batch is in memory at most: pieces, put together, transposed, as bytes.
const COPIES: usize = 4;

/// Test trajectories by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChosenTrajectories {
    /// So many, the first ones; all, if there are fewer.
    First(usize),
    /// These, in this order.
    These(Vec<usize>),
}

/// What is unrolled.
#[derive(Clone, Debug)]
pub struct UnrollRequest {
    /// Which checkpoint.
    pub checkpoint: RequestedCheckpoint,
    /// Which test trajectories.
    pub trajectories: ChosenTrajectories,
    /// Frames that are predicted; none stands for those of an evaluation.
    pub steps: Option<usize>,
}

impl Default for UnrollRequest {
    fn default() -> Self {
        Self {
            checkpoint: RequestedCheckpoint::default(),
            trajectories: ChosenTrajectories::First(8),
            steps: None,
        }
    }
}

/// What a file of unrolled sequences says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnrolledSequences {
    /// Which model.
    pub model: ModelName,
    /// Which data set.
    pub data: String,
    /// Which split.
    pub split: Split,
    /// Time between two frames in the units of the equations; none for frames of the user's own.
    pub dt: Option<f64>,
    /// Preset of the run, if any.
    pub preset: Option<String>,
    /// Seed of the run.
    pub seed: u64,
    /// Commit of the program that trained it.
    pub commit: String,
    /// The checkpoint.
    pub checkpoint: CheckpointRecord,
    /// Sequences.
    pub sequences: usize,
    /// True frames each forecast was given, from frame 0 of its window.
    pub inference_steps: usize,
    /// The frame of the window that the first prediction is of.
    pub first_frame: usize,
    /// Predicted frames of each sequence.
    pub steps: usize,
    /// True frames of each sequence, from frame 0 of its window: fewer than predictions reach where a trajectory ends.
    pub true_frames: usize,
    /// Seed of the windows' starts: those of the evaluation.
    pub window_seed: u64,
}

impl UnrolledSequences {
    /// One past the last frame of the window that is predicted or read.
    pub fn window(&self) -> usize {
        (self.first_frame + self.steps).max(self.inference_steps)
    }
}

/// Unrolls a run's model on the evaluation windows of test trajectories and writes what it sees, holds and predicts to the
/// HDF5 file `out` (docs/formats.md).
///
/// Sequences go through the model in groups, so that their number has no influence on the memory that is needed; that
/// grows with the steps of one. `progress` is called with the sequences done and their number.
///
/// # Errors
/// [`Error::Request`] if there are no such trajectories or steps; [`Error::File`] if the run has no intact checkpoint;
/// [`Error::Data`] if the test set cannot be made or read, or the file cannot be written.
pub fn unroll(
    run_directory: &Path,
    request: &UnrollRequest,
    out: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<UnrolledSequences> {
    let TrainedRun { resolved, record, checkpoint, model, is_configured, .. } =
        TrainedRun::open(run_directory, request.checkpoint)?;
    let config = resolved.config();
    let test = open_frames::<Testing>(&config.data)?;
    let source = test.source();
    let first_frame = model.first_predicted_frame();
    let steps = steps_of(request, config, first_frame)?;
    let last = (first_frame + steps).max(model.inference_steps());
    let windows = windows_of(&request.trajectories, config, source, last)?;
    let true_states = open_states(&config.data, Split::Test)?;
    let about = UnrolledSequences {
        model: model.config().name,
        data: config.data.name.clone(),
        split: Split::Test,
        dt: true_states.as_ref().map(|set| set.spec().dt),
        preset: record.preset,
        seed: record.seed,
        commit: record.commit,
        checkpoint: CheckpointRecord::of(&checkpoint, is_configured),
        sequences: windows.len(),
        inference_steps: model.inference_steps(),
        first_frame,
        steps,
        true_frames: windows.iter().map(|window| window.length).min().unwrap_or(0),
        window_seed: config.eval.window_seed,
    };
    let sequences = Sequences { model: &model, source, windows, true_states, about: &about };
    let (layouts, bytes) = sequences.layouts()?;
    let group = (BATCH_BYTES / (COPIES * bytes).max(1)).clamp(1, config.eval.batch_size);
    arrays::write(out, UNROLLED_KIND, &about, layouts, |file| {
        sequences.write_indices(file)?;
        progress(0, about.sequences);
        let mut done = 0;
        while done < about.sequences {
            let next = (done + group).min(about.sequences);
            sequences.write_group(file, done..next)?;
            done = next;
            progress(done, about.sequences);
        }
        Ok::<_, Error>(())
    })?;
    Ok(about)
}

fn steps_of(request: &UnrollRequest, config: &Config, first_frame: usize) -> Result<usize> {
    match request.steps {
        None => Ok(config.evaluation_window() - first_frame),
        Some(steps) if (1..=MOST_UNROLLED_STEPS).contains(&steps) => Ok(steps),
        Some(steps) => Err(Error::Request {
            what: "steps",
            found: steps.to_string(),
            expected: format!("1 to {MOST_UNROLLED_STEPS}"),
        }),
    }
}

/// The evaluation windows of trajectories, longer or shorter so that they end before frame `last` or where the first of
/// the trajectories ends.
fn windows_of(
    chosen: &ChosenTrajectories,
    config: &Config,
    source: &dyn FrameSource,
    last: usize,
) -> Result<Vec<Window>> {
    let (total, frames) = (source.trajectories(), source.frames());
    let chosen = match chosen {
        ChosenTrajectories::First(count) => (0..total.min(*count)).collect(),
        ChosenTrajectories::These(chosen) => chosen.clone(),
    };
    let refused = |found: String| {
        let expected = format!("one or more of the test trajectories 0 to {}", total - 1);
        Err(Error::Request { what: "trajectories", found, expected })
    };
    if chosen.is_empty() {
        return refused("none".into());
    }
    if let Some(absent) = chosen.iter().find(|&&trajectory| trajectory >= total) {
        return refused(absent.to_string());
    }
    let window = |&trajectory: &usize| {
        let (seed, length) = (config.eval.window_seed, config.evaluation_window());
        Window::for_evaluation(seed, trajectory, frames, length)
    };
    let mut windows = chosen.iter().map(window).collect::<std::result::Result<Vec<_>, _>>()?;
    let latest = windows.iter().map(|window| window.start).max().unwrap_or(0);
    for window in &mut windows {
        window.length = last.min(frames - latest);
    }
    Ok(windows)
}

/// The sequences of a file.
struct Sequences<'a> {
    model: &'a Model,
    source: &'a dyn FrameSource,
    windows: Vec<Window>,
    /// The states behind the frames, where they are known.
    true_states: Option<Dataset>,
    about: &'a UnrolledSequences,
}

impl Sequences<'_> {
    /// The arrays of the file, and bytes of one sequence in memory.
    fn layouts(&self) -> Result<(Vec<ArrayLayout>, usize)> {
        let UnrolledSequences { sequences, steps, true_frames, inference_steps, .. } = *self.about;
        let [rows, columns, channels] = self.source.frame_shape();
        let frame = |time| [sequences, time, rows, columns, channels];
        // One prediction shows what states look like.
        let given = self.given(&self.read(0..1)?)?;
        let state = self.model.unroll(&given, 1)?.states.dims()[2..].to_vec();
        let shape = [&[sequences, steps][..], &state].concat();
        let axes: &[&str] = match state.len() {
            4 => &["trajectory", "time", "field", "channel", "row", "column"],
            _ => &["trajectory", "time", "unit"],
        };
        let axes_of_frames = ["trajectory", "time", "row", "column", "channel"];
        let mut layouts = vec![
            ArrayLayout::new("inputs", &axes_of_frames, &frame(true_frames), Element::U8),
            ArrayLayout::new("predictions", &axes_of_frames, &frame(steps), Element::F32),
            ArrayLayout::new("states", axes, &shape, Element::F32),
            ArrayLayout::new("frame_index", &["time"], &[steps], Element::U32),
            ArrayLayout::new("trajectory_index", &["trajectory"], &[sequences], Element::U32),
            ArrayLayout::new("window_start", &["trajectory"], &[sequences], Element::U32),
        ];
        if let Some(set) = &self.true_states {
            let shape = [sequences, true_frames, set.spec().system.state_dimension()];
            let axes = ["trajectory", "time", "dimension"];
            layouts.push(ArrayLayout::new("true_states", &axes, &shape, Element::F64));
        }
        if let Some(posterior) = self.model.posterior(&given)? {
            let (axes, shape) = (["trajectory", "latent"], [sequences, posterior.mean.dim(1)?]);
            for name in ["posterior_mean", "posterior_log_deviation"] {
                layouts.push(ArrayLayout::new(name, &axes, &shape, Element::F32));
            }
        }
        let frames = true_frames.max(inference_steps) + steps;
        let numbers =
            frames * self.source.frame_shape().iter().product::<usize>() + steps * product(&state);
        Ok((layouts, numbers * size_of::<f32>()))
    }

    /// What is known before anything is unrolled.
    fn write_indices(&self, file: &mut ArraysWriter<'_>) -> Result<()> {
        let UnrolledSequences { first_frame, steps, .. } = *self.about;
        let of_windows =
            |index: fn(&Window) -> usize| self.windows.iter().map(index).map(whole).collect();
        let indices: Vec<u32> = (first_frame..first_frame + steps).map(whole).collect();
        let trajectories: Vec<u32> = of_windows(|window| window.trajectory);
        let starts: Vec<u32> = of_windows(|window| window.start);
        file.append("frame_index", &indices)?;
        file.append("trajectory_index", &trajectories)?;
        Ok(file.append("window_start", &starts)?)
    }

    /// Unrolls some sequences together.
    fn write_group(&self, file: &mut ArraysWriter<'_>, group: Range<usize>) -> Result<()> {
        let films = self.read(group.clone())?;
        for film in &films {
            file.append("inputs", &bytes_of(film).collect::<Vec<_>>())?;
        }
        if let Some(set) = &self.true_states {
            for &Window { trajectory, start, length } in &self.windows[group] {
                file.append("true_states", &set.states(trajectory, start, length)?)?;
            }
        }
        let given = self.given(&films)?;
        drop(films);
        if let Some(posterior) = self.model.posterior(&given)? {
            file.append("posterior_mean", &numbers(&posterior.mean)?)?;
            file.append("posterior_log_deviation", &numbers(&posterior.log_deviation)?)?;
        }
        let unrolled = self.model.unroll(&given, self.about.steps)?;
        file.append("states", &numbers(&unrolled.states.transpose(0, 1)?)?)?;
        Ok(file.append("predictions", &numbers(&unrolled.frames.transpose(0, 1)?)?)?)
    }

    /// The true frames of some sequences, `[time, row, column, channel]` each.
    fn read(&self, group: Range<usize>) -> Result<Vec<Vec<f32>>> {
        self.windows[group].iter().map(|window| read_film(self.source, window)).collect()
    }

    /// The frames that the model sees.
    fn given(&self, films: &[Vec<f32>]) -> Result<Tensor> {
        stack(films, 0, self.model.inference_steps(), self.source.frame_shape())
    }
}

fn product(shape: &[usize]) -> usize {
    shape.iter().product()
}

fn whole(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>> {
    Ok(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?)
}
