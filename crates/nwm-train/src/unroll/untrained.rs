//! What a variational model did before its first step, for pictures beside what it does now.

use std::path::Path;

use candle_core::Device;
use nwm_data::{Split, TURNTABLE_ANGLES};
use nwm_models::{FrameShape, TaskName};

use super::request::{MOST_UNROLLED_STEPS, numbers, steps_within};
use super::states::recordings;
use crate::digit_files::ROTATING_DIGITS;
use crate::error::Result;
use crate::film_data::{film_frames, open_films};
use crate::trained_run::{RequestedCheckpoint, TrainedRun};

/// One test film in a model that was never trained.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UntrainedFilm {
    /// Predictions.
    pub steps: usize,
    /// Rows, columns and channels of a frame.
    pub frame: [usize; 3],
    /// Rows and columns of the sheet.
    pub sheet: [usize; 2],
    /// What it predicts, `[step, row, column, channel]`: entry 0 is about frame 1.
    pub predictions: Vec<f32>,
    /// The positions of its first channel that each prediction is drawn from, `[step, row, column]`.
    pub positions: Vec<f32>,
}

/// The first test film of a run, `steps` predictions long, in its model as it was before the first step. `None` if the run
/// has learnt something else than films.
///
/// # Errors
/// [`Error::File`](crate::Error::File) if the folder holds no run with an intact checkpoint, or its data are not there;
/// [`Error::Request`](crate::Error::Request) if there are no steps, or too many.
pub fn untrained_film(run_directory: &Path, steps: usize) -> Result<Option<UntrainedFilm>> {
    let run = TrainedRun::open(run_directory, RequestedCheckpoint::Configured)?;
    if run.task() != TaskName::Variational {
        return Ok(None);
    }
    let config = run.config();
    let frame = run.variational_model()?.frame();
    let model = run.untrained_variational_model(frame)?;
    let steps = steps_within(Some(steps), steps, MOST_UNROLLED_STEPS)?;
    // The last prediction has a true frame, too, as in the file of the trained model.
    let frames = steps + 1;
    let drawn = match config.data.name.as_str() {
        ROTATING_DIGITS => frames.next_multiple_of(TURNTABLE_ANGLES.len()),
        _ => frames,
    };
    let films = open_films(&config.data, Split::Test, drawn, config.train.seed)?;
    let film = film_frames(films.slice(0..1)?, &Device::Cpu)?;
    let unrolled = model.unroll(&film.narrow(0, 0, frames)?.contiguous()?, None)?;
    let states = unrolled.states.narrow(0, 0, steps)?.narrow(3, 0, 1)?;
    let FrameShape { rows, columns, channels } = frame;
    let cell = &config.model.cell;
    Ok(Some(UntrainedFilm {
        steps,
        frame: [rows, columns, channels],
        sheet: [cell.rows, cell.columns],
        predictions: numbers(&unrolled.frames.narrow(0, 0, steps)?)?,
        positions: recordings(&states, 0)?,
    }))
}
