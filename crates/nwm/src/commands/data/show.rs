//! A contact sheet and a movie of some trajectories.

use std::path::Path;

use anyhow::Context as _;
use nwm_analysis::figures::{
    LineChart, MovieOptions, RgbFrame, SheetOptions, animated_gif, contact_sheet,
};
use nwm_data::store::Dataset;
use nwm_data::{FrameSource as _, Renderer, nearest_name};
use nwm_train::Error;
use serde_json::json;

use super::sequences::Sequences;
use crate::commands::output::write_file;
use crate::exit::{Ending, UsageError};
use crate::flags::ShowArguments;
use crate::terminal::Terminal;

/// Frames of each trajectory on a contact sheet.
const SHEET_FRAMES: usize = 12;
/// Points of a curve, about.
const CURVE_POINTS: usize = 2000;
/// Sequences side by side, at most.
const MOST_SHOWN: usize = 32;
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
    let count = arguments.count;
    if !(1..=MOST_SHOWN).contains(&count) {
        return Err(UsageError(format!("--count {count}: expected 1 to {MOST_SHOWN}")).into());
    }
    let file = &arguments.file;
    let named = Sequences::parse(file).filter(|_| !file.is_file());
    let (films, chart) = match named {
        Some(set) => {
            let sequences = set.films(count)?;
            let film =
                |frames: &Vec<RgbFrame>| Film::new(frames.len(), |frame| Ok(frames[frame].clone()));
            (sequences.iter().map(film).collect::<anyhow::Result<Vec<_>>>()?, None)
        }
        None => {
            refuse_misspelt(file)?;
            let set = Dataset::open(file)?;
            let count = count.min(set.trajectories());
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
        write_file(&path, &content)?;
        paths.push(path);
    }
    let text = paths.iter().map(|path| format!("wrote {}\n", path.display())).collect::<String>();
    terminal.result(&json!({"format": 1, "files": paths}), &text);
    Ok(Ending::Done)
}

/// Refuses what is no file but nearly the name of a set.
fn refuse_misspelt(file: &Path) -> Result<(), UsageError> {
    let names = Sequences::ALL.map(Sequences::name);
    match file.to_str().and_then(|found| nearest_name(found, names)) {
        Some(name) if !file.exists() => Err(UsageError(format!(
            "found no such file, expected one, or one of {}; did you mean {name}?",
            names.join(", ")
        ))),
        _ => Ok(()),
    }
}

/// The frames of one trajectory, upright: row 0 of particles is the smallest y. Strategies of games are a matrix, whose
/// first row is on top.
fn film(set: &Dataset, trajectory: usize) -> anyhow::Result<Film> {
    let spec = set.spec();
    let renderer = Renderer::new(spec.system, spec.variant);
    let [rows, columns, _] = renderer.frame_shape();
    let states = set.states(trajectory, 0, spec.frames)?;
    let dimension = spec.system.state_dimension();
    let appearance = set.appearance(trajectory)?;
    Film::new(spec.frames, |frame| {
        let mut bytes = vec![0; renderer.frame_len()];
        renderer.frame(&states[frame * dimension..][..dimension], &appearance, &mut bytes)?;
        let frame = RgbFrame::new(rows, columns, bytes)?;
        Ok(if spec.system.ball_count() == 0 { frame } else { frame.flipped_rows() })
    })
}

/// The frames of a sequence that are shown.
struct Film {
    /// Evenly spaced over the whole sequence.
    sheet: Vec<RgbFrame>,
    /// From the start, without gaps.
    movie: Vec<RgbFrame>,
}

impl Film {
    /// Takes what is shown of a sequence of `frames` frames.
    fn new(
        frames: usize,
        frame: impl Fn(usize) -> anyhow::Result<RgbFrame>,
    ) -> anyhow::Result<Self> {
        let columns = frames.min(SHEET_FRAMES);
        Ok(Self {
            sheet: (0..columns)
                .map(|column| frame(column * frames / columns))
                .collect::<anyhow::Result<_>>()?,
            movie: (0..frames.min(MOVIE_FRAMES)).map(&frame).collect::<anyhow::Result<_>>()?,
        })
    }
}

/// One row for each trajectory, evenly spaced frames from left to right.
fn sheet(films: &[Film]) -> anyhow::Result<Vec<u8>> {
    let frames: Vec<RgbFrame> = films.iter().flat_map(|film| film.sheet.clone()).collect();
    let options = SheetOptions::default()
        .with_columns(films[0].sheet.len())
        .with_magnification(MAGNIFICATION / 2);
    Ok(contact_sheet(&frames, options)?)
}

/// All trajectories side by side.
fn movie(films: &[Film]) -> anyhow::Result<Vec<u8>> {
    let frames = (0..films[0].movie.len())
        .map(|index| {
            let row: Vec<&RgbFrame> = films.iter().map(|film| &film.movie[index]).collect();
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
            .step_by(spec.frames.div_ceil(CURVE_POINTS))
            .map(|(frame, state)| Ok((spec.time(frame), spec.system.invariant(parameters, state)?)))
            .collect::<Result<Vec<_>, nwm_data::Error>>()?;
        chart = chart.series(format!("trajectory {trajectory}"), points);
    }
    Ok(chart.svg()?)
}
