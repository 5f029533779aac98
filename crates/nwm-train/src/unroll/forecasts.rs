//! The forecasts of test trajectories.

use std::ops::Range;
use std::path::Path;

use candle_core::Tensor;
use nwm_data::arrays::{self, ArrayLayout, ArraysWriter, Element};
use nwm_data::store::Dataset;
use nwm_data::{FrameSource, Split, Testing, Window};
use nwm_models::Model;

use super::request::{
    ChosenTrajectories, MOST_UNROLLED_STEPS, UNROLLED_KIND, UnrollRequest, UnrolledSequences,
    numbers, steps_within, whole,
};
use super::states::recordings;
use crate::config::Config;
use crate::data::{open_frames, open_states};
use crate::error::{Error, Result};
use crate::evaluation::{CheckpointRecord, bytes_of, read_film, stack};
use crate::trained_run::TrainedRun;

/// Bytes that the frames and states of the sequences in memory take, about; one sequence is there in any case.
const BATCH_BYTES: usize = 256 << 20;

/// The positions of oscillators as recordings, beside the states that they are a part of.
const POSITION: &str = "position";

/// Axes of the states of oscillators: time, batch, field, channel, row, column. All other states have three.
const OSCILLATOR_AXES: usize = 6;

/// How often each number of a batch is in memory at most: pieces, put together, transposed, as bytes.
const COPIES: usize = 4;

/// Unrolls a forecaster on the evaluation windows of test trajectories.
pub(super) fn unroll_forecasts(
    run: TrainedRun,
    request: &UnrollRequest,
    out: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<UnrolledSequences> {
    let model = run.forecaster()?;
    let TrainedRun { resolved, record, checkpoint, is_configured, .. } = run;
    let config = resolved.config();
    let test = open_frames::<Testing>(&config.data)?;
    let source = test.source();
    let first_frame = model.first_predicted_frame();
    let expected = config.evaluation_window() - first_frame;
    let steps = steps_within(request.steps, expected, MOST_UNROLLED_STEPS)?;
    let last = (first_frame + steps).max(model.inference_steps());
    let windows = windows_of(&request.trajectories, config, source, last)?;
    let true_states = open_states(&config.data, Split::Test)?;
    let about = UnrolledSequences {
        task: model.config().task,
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

/// The evaluation windows of trajectories, longer or shorter so that they end before frame `last` or where the first of
/// the trajectories ends.
fn windows_of(
    chosen: &ChosenTrajectories,
    config: &Config,
    source: &dyn FrameSource,
    last: usize,
) -> Result<Vec<Window>> {
    let (total, frames) = (source.trajectories(), source.frames());
    let chosen = chosen.of(total)?;
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
        if let [_, channels, rows, columns] = state[..] {
            let axes = ["recording", "time", "row", "column"];
            let shape = [sequences * channels, steps, rows, columns];
            layouts.push(ArrayLayout::new(POSITION, &axes, &shape, Element::F32));
        }
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
        if unrolled.states.rank() == OSCILLATOR_AXES {
            file.append(POSITION, &recordings(&unrolled.states, 0)?)?;
        }
        Ok(file.append("predictions", &numbers(&unrolled.frames.transpose(0, 1)?)?)?)
    }

    /// The true frames of some sequences, `[time, row, column, channel]` each.
    fn read(&self, group: Range<usize>) -> Result<Vec<Vec<f32>>> {
        self.windows[group].iter().map(|window| read_film(self.source, window)).collect()
    }

    /// The frames that the model sees.
    fn given(&self, films: &[Vec<f32>]) -> Result<Tensor> {
        let (seen, shape) = (self.model.inference_steps(), self.source.frame_shape());
        stack(films, 0, seen, shape, self.model.device())
    }
}

fn product(shape: &[usize]) -> usize {
    shape.iter().product()
}
