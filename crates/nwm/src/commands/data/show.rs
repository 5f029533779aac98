//! A contact sheet and a movie of some trajectories.

use std::path::Path;

use anyhow::Context as _;
use nwm_analysis::figures::{
    LineChart, MovieOptions, RgbFrame, SheetOptions, animated_gif, contact_sheet,
};
use nwm_data::atomic::write_atomically;
use nwm_data::store::Dataset;
use nwm_data::{FrameSource as _, Renderer};
use nwm_train::Error;
use serde_json::json;

use super::sequences::Sequences;
use crate::exit::{Ending, UsageError};
use crate::flags::ShowArguments;
use crate::terminal::Terminal;

/// Frames of each trajectory on a contact sheet.
const SHEET_FRAMES: usize = 12;
/// Frames of a movie, at most.
const MOVIE_FRAMES: usize = 200;
const GAP_COLOUR: [u8; 3] = [255; 3];
const MAGNIFICATION: usize = 4;

/// Writes sheet.png, movie.gif and energy.svg.
pub(super) fn show(arguments: &ShowArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let file = arguments.file.display();
    pictures(arguments, terminal).with_context(|| format!("failed to show {file}"))
}

fn pictures(arguments: &ShowArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    if arguments.count == 0 {
        return Err(UsageError("--count 0: expected at least 1".into()).into());
    }
    let file = &arguments.file;
    let named = Sequences::parse(file).filter(|_| !file.exists());
    let (films, chart) = match named {
        Some(set) => (set.films(arguments.count)?, None),
        None => {
            let set = Dataset::open(file)?;
            let count = arguments.count.min(set.trajectories());
            let films = (0..count).map(|trajectory| film(&set, trajectory));
            (films.collect::<anyhow::Result<Vec<_>>>()?, Some(energy_chart(&set, count)?))
        }
    };
    let out = &arguments.out;
    std::fs::create_dir_all(out).map_err(|source| Error::Io { path: out.clone(), source })?;
    let mut files = vec![("sheet.png", sheet(&films)?), ("movie.gif", movie(&films)?)];
    files.extend(chart.map(|chart| ("energy.svg", chart.into_bytes())));
    let mut paths = Vec::new();
    for (name, content) in files {
        let path = out.join(name);
        write(&path, content)?;
        paths.push(path);
    }
    let text = paths.iter().map(|path| format!("wrote {}\n", path.display())).collect::<String>();
    terminal.result(&json!({"format": 1, "files": paths}), &text);
    Ok(Ending::Done)
}

fn write(path: &Path, content: Vec<u8>) -> Result<(), Error> {
    write_atomically(path, |scratch| {
        std::fs::write(scratch, content).map_err(|source| Error::Io { path: path.into(), source })
    })
}

/// The frames of one trajectory, upright: row 0 of particles is the smallest y. Strategies of games are a matrix, whose
/// first row is on top.
fn film(set: &Dataset, trajectory: usize) -> anyhow::Result<Vec<RgbFrame>> {
    let spec = set.spec();
    let renderer = Renderer::new(spec.system, spec.variant);
    let [rows, columns, _] = renderer.frame_shape();
    let states = set.states(trajectory, 0, spec.frames)?;
    let mut bytes = vec![0; spec.frames * renderer.frame_len()];
    renderer.frames(&states, &set.appearance(trajectory)?, &mut bytes)?;
    let upright = |frame: RgbFrame| match spec.system.ball_count() {
        0 => frame,
        _ => frame.flipped_rows(),
    };
    bytes
        .chunks_exact(renderer.frame_len())
        .map(|frame| Ok(upright(RgbFrame::new(rows, columns, frame.to_vec())?)))
        .collect()
}

/// One row for each trajectory, evenly spaced frames from left to right.
fn sheet(films: &[Vec<RgbFrame>]) -> anyhow::Result<Vec<u8>> {
    let columns = films[0].len().min(SHEET_FRAMES);
    let frames: Vec<RgbFrame> = films
        .iter()
        .flat_map(|film| (0..columns).map(|index| film[index * film.len() / columns].clone()))
        .collect();
    let options =
        SheetOptions::default().with_columns(columns).with_magnification(MAGNIFICATION / 2);
    Ok(contact_sheet(&frames, options)?)
}

/// All trajectories side by side.
fn movie(films: &[Vec<RgbFrame>]) -> anyhow::Result<Vec<u8>> {
    let frames = (0..films[0].len().min(MOVIE_FRAMES))
        .map(|index| {
            let row: Vec<&RgbFrame> = films.iter().map(|film| &film[index]).collect();
            RgbFrame::side_by_side(&row, 1, GAP_COLOUR)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(animated_gif(&frames, MovieOptions::default().with_magnification(MAGNIFICATION))?)
}

/// What motion without friction keeps, against time.
fn energy_chart(set: &Dataset, count: usize) -> anyhow::Result<String> {
    let spec = set.spec();
    let dimension = spec.system.state_dimension();
    let mut chart = LineChart::new("time", spec.system.invariant_name());
    for trajectory in 0..count {
        let states = set.states(trajectory, 0, spec.frames)?;
        let parameters = set.appearance(trajectory)?.parameters;
        let points = states
            .chunks_exact(dimension)
            .enumerate()
            .map(|(frame, state)| Ok((spec.time(frame), spec.system.invariant(parameters, state)?)))
            .collect::<Result<Vec<_>, nwm_data::Error>>()?;
        chart = chart.series(format!("trajectory {trajectory}"), points);
    }
    Ok(chart.svg()?)
}
