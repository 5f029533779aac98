//! What a variational model sees, holds and predicts while it reads test films.

use std::path::Path;

use nwm_data::arrays::{self, ArrayLayout, Element};
use nwm_data::{Split, TURNTABLE_ANGLES};
use nwm_models::FrameShape;

use super::request::{
    MOST_UNROLLED_STEPS, UNROLLED_KIND, UnrollRequest, UnrolledSequences, numbers, steps_within,
    whole,
};
use super::states::{append_states, append_trajectories, state_layouts};
use crate::digit_files::ROTATING_DIGITS;
use crate::error::{Error, Result};
use crate::film_data::{film_frames, open_films};
use crate::trained_run::TrainedRun;

/// Predictions of a film where nothing is said: four rounds of the turntable, which is what is measured elsewhere.
const STEPS: usize = 72;

/// Unrolls a variational model on test films, driven by the means of its posteriors.
pub(super) fn unroll_films(
    run: &TrainedRun,
    request: &UnrollRequest,
    out: &Path,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<UnrolledSequences> {
    let config = run.config();
    let model = run.variational_model()?;
    let steps = steps_within(request.steps, STEPS, MOST_UNROLLED_STEPS)?;
    let chosen = request.trajectories.of(config.data.test_trajectories)?;
    // The last prediction has a true frame, too.
    let frames = steps + 1;
    let drawn = match config.data.name.as_str() {
        ROTATING_DIGITS => frames.next_multiple_of(TURNTABLE_ANGLES.len()),
        _ => frames,
    };
    let films = open_films(&config.data, Split::Test, drawn, config.train.seed)?;
    let about = UnrolledSequences::of_read(run, chosen.len(), steps, 1);
    let FrameShape { rows, columns, channels } = model.frame();
    let axes_of_frames = ["trajectory", "time", "row", "column", "channel"];
    let frame = |time| [chosen.len(), time, rows, columns, channels];
    let mut layouts = vec![
        ArrayLayout::new("inputs", &axes_of_frames, &frame(frames), Element::F32),
        ArrayLayout::new("predictions", &axes_of_frames, &frame(steps), Element::F32),
        ArrayLayout::new("frame_index", &["time"], &[steps], Element::U32),
    ];
    layouts.extend(state_layouts(&config.model.cell, chosen.len(), steps));
    arrays::write(out, UNROLLED_KIND, &about, layouts, |file| {
        file.append("frame_index", &(1..=steps).map(whole).collect::<Vec<_>>())?;
        append_trajectories(file, &chosen)?;
        progress(0, chosen.len());
        for (done, &film) in chosen.iter().enumerate() {
            let film = film as u64;
            let film = film_frames(films.slice(film..film + 1)?, model.device())?;
            let film = film.narrow(0, 0, frames)?.contiguous()?;
            let unrolled = model.unroll(&film, None)?;
            file.append("inputs", &numbers(&film)?)?;
            // A model whose last target is the first frame predicts one more.
            file.append("predictions", &numbers(&unrolled.frames.narrow(0, 0, steps)?)?)?;
            append_states(file, &unrolled.states.narrow(0, 0, steps)?)?;
            progress(done + 1, chosen.len());
        }
        Ok::<_, Error>(())
    })?;
    Ok(about)
}
