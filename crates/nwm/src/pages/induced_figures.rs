//! Pictures of induced waves.

use anyhow::Result;
use nwm_analysis::figures::{FilmStrip, LineChart, MovieOptions, RgbFrame, animated_gif, png};
use nwm_analysis::statistics::Summary;
use nwm_data::FilmSubject;
use nwm_train::InducedWaves;

/// Films that are shown.
const SHOWN: usize = 5;
const CHART_SIZE: [u32; 2] = [760, 320];
/// Pixels of a line of frames: wide enough for the published 19 beside each other.
const STRIP_WIDTH: u32 = 1320;
/// Frames that show the first one again, and those behind it, as in the paper.
const RETURN_COLOUR: [u8; 3] = [255, 214, 0];
const LATER_COLOUR: [u8; 3] = [255, 105, 180];
const OUTLINE: usize = 2;
const BACKGROUND: [u8; 3] = [255; 3];
/// Pixels between frames of the sheet and of the movie.
const GAP: usize = 2;
const MAGNIFICATION: usize = 2;
const DELAY_HUNDREDTHS: u16 = 20;

/// Every picture of an analysis.
pub(crate) struct InducedFigures {
    /// Films, reconstructions and decodings as SVG with words.
    pub(crate) strips: String,
    /// The same frames as PNG.
    pub(crate) sheet: Vec<u8>,
    /// What the decodings should show and what they show, as GIF.
    pub(crate) film: Vec<u8>,
    /// Width of a frame of it.
    pub(super) film_width: usize,
    /// Matched frames against shifts as SVG.
    pub(crate) matches: String,
    /// Errors against shifts as SVG.
    pub(crate) errors: String,
}

impl InducedFigures {
    /// Draws them.
    ///
    /// # Errors
    ///
    /// When a figure cannot be drawn.
    pub(crate) fn of(waves: &InducedWaves) -> Result<Self> {
        let shown: Vec<Rows> = (0..waves.about.films.min(SHOWN))
            .map(|film| Rows::of(waves, film))
            .collect::<Result<_>>()?;
        let (film, film_width) = movie(&shown)?;
        Ok(Self {
            strips: strips(&shown)?,
            sheet: sheet(&shown)?,
            film,
            film_width,
            matches: matches(waves)?,
            errors: errors(waves)?,
        })
    }
}

/// Frames of one film.
struct Rows {
    name: String,
    input: Vec<RgbFrame>,
    reconstruction: Vec<RgbFrame>,
    /// Decodings, outlined from the one that shows the first frame again.
    induced: Vec<RgbFrame>,
    decodings: Vec<RgbFrame>,
    truth: Vec<RgbFrame>,
}

impl Rows {
    fn of(waves: &InducedWaves, film: usize) -> Result<Self> {
        let side = waves.about.side;
        let frames = |pictures: &[f32], count: usize| {
            let pixels = side * side;
            pictures[film * count * pixels..][..count * pixels]
                .chunks_exact(pixels)
                .map(|picture| grey(picture, side))
                .collect::<Result<Vec<_>>>()
        };
        let (period, shifts) = (waves.about.frames, waves.shifts.len());
        let decodings = frames(&waves.decodings, shifts)?;
        let first_return = waves.speed.first_return(film, waves.matches_of(film), &waves.shifts);
        let outlined = |(place, frame): (usize, &RgbFrame)| match first_return {
            Some(first) if place == first => frame.outlined(OUTLINE, RETURN_COLOUR),
            Some(first) if place > first => frame.outlined(OUTLINE, LATER_COLOUR),
            _ => frame.clone(),
        };
        Ok(Self {
            name: match waves.subjects.get(film) {
                Some(FilmSubject::TurningDigit { label, .. }) => format!("input, a {label}"),
                _ => format!("input {film}"),
            },
            input: frames(&waves.films, period)?,
            reconstruction: frames(&waves.reconstructions, period)?,
            induced: decodings.iter().enumerate().map(outlined).collect(),
            decodings,
            truth: frames(&waves.truth, shifts)?,
        })
    }

    /// As many frames as there are steps at most.
    fn cut<'a>(&self, frames: &'a [RgbFrame]) -> &'a [RgbFrame] {
        &frames[..frames.len().min(self.induced.len())]
    }
}

/// A picture in shades of grey.
fn grey(picture: &[f32], side: usize) -> Result<RgbFrame> {
    let bytes = picture.iter().flat_map(|value| [(255.0 * value).round() as u8; 3]).collect();
    Ok(RgbFrame::new(side, side, bytes)?)
}

fn strips(shown: &[Rows]) -> Result<String> {
    let steps = shown.first().map_or(0, |rows| rows.induced.len());
    let mut figure = FilmStrip::new(0..steps).counted("step").width(STRIP_WIDTH);
    for rows in shown {
        figure = figure
            .strip(rows.name.as_str(), rows.cut(&rows.input))
            .strip("reconstruction", rows.cut(&rows.reconstruction))
            .strip("induced", &rows.induced);
    }
    Ok(figure.svg()?)
}

fn sheet(shown: &[Rows]) -> Result<Vec<u8>> {
    let mut lines = Vec::new();
    for rows in shown {
        let blank =
            RgbFrame::filled(rows.induced[0].rows(), rows.induced[0].columns(), BACKGROUND)?;
        for frames in [rows.cut(&rows.input), rows.cut(&rows.reconstruction), &rows.induced[..]] {
            let missing = rows.induced.len() - frames.len();
            let line: Vec<&RgbFrame> =
                frames.iter().chain(std::iter::repeat_n(&blank, missing)).collect();
            lines.push(RgbFrame::side_by_side(&line, GAP, BACKGROUND)?);
        }
    }
    let lines: Vec<&RgbFrame> = lines.iter().collect();
    Ok(png(&RgbFrame::stacked(&lines, GAP, BACKGROUND)?.magnified(MAGNIFICATION)?)?)
}

/// The true films above, the decodings below, step by step; and the width.
fn movie(shown: &[Rows]) -> Result<(Vec<u8>, usize)> {
    let steps = shown.first().map_or(0, |rows| rows.decodings.len());
    let frames = (0..steps)
        .map(|step| {
            let line = |of: fn(&Rows) -> &Vec<RgbFrame>| {
                let line: Vec<&RgbFrame> = shown.iter().map(|rows| &of(rows)[step]).collect();
                RgbFrame::side_by_side(&line, GAP, BACKGROUND)
            };
            let (truth, decodings) = (line(|rows| &rows.truth)?, line(|rows| &rows.decodings)?);
            RgbFrame::stacked(&[&truth, &decodings], GAP, BACKGROUND)
        })
        .collect::<nwm_analysis::Result<Vec<_>>>()?;
    let options = MovieOptions::default().with_delay_hundredths(DELAY_HUNDREDTHS);
    let width = frames.first().map_or(0, |frame| frame.columns() * options.magnification);
    Ok((animated_gif(&frames, options)?, width))
}

fn matches(waves: &InducedWaves) -> Result<String> {
    let (speed, shifts) = (&waves.speed, &waves.shifts);
    let course = speed.course(&waves.matches, shifts)?;
    let at =
        |place: usize| shifts.iter().zip(&course).map(move |(&shift, found)| (shift, found[place]));
    let quartiles = shifts.iter().zip(&course).map(|(&shift, found)| (shift, found[0], found[2]));
    let fitted = shifts.iter().map(|&shift| (shift, speed.common.at(shift)));
    let slope = speed.slope.median;
    // The line of a wave that moves one site with each frame, the way that was found.
    let unit = if slope > 0.0 { 1.0 } else { -1.0 };
    let lines = LineChart::new("shift (sites)", "matched frame")
        .size(CHART_SIZE[0], CHART_SIZE[1])
        .series("median over films, quartiles", at(1))
        .band(quartiles)
        .series(format!("fit: {slope:.2} frames per site"), fitted)
        .reference("one frame per site", shifts.iter().map(|&shift| (shift, unit * shift)));
    Ok(lines.svg()?)
}

fn errors(waves: &InducedWaves) -> Result<String> {
    let points = || waves.shifts.iter().copied().zip(&waves.errors);
    let band = |(shift, summary): (f64, &Summary)| {
        let [low, high] = summary.interval95.unwrap_or([summary.mean; 2]);
        (shift, low, high)
    };
    let mut lines = LineChart::new("shift (sites)", "mean squared error per pixel")
        .size(CHART_SIZE[0], CHART_SIZE[1])
        .series("shifted rings", points().map(|(shift, at)| (shift, at.induced.mean)))
        .band(points().map(|(shift, at)| band((shift, &at.induced))))
        .series("shuffled rings", points().map(|(shift, at)| (shift, at.control.mean)))
        .band(points().map(|(shift, at)| band((shift, &at.control))))
        .reference(
            "mean image of the film",
            points().map(|(shift, at)| (shift, at.mean_image.mean)),
        );
    if let Some(sites) = waves.speed.sites_per_round() {
        lines = lines.marker(sites.copysign(waves.about.velocity), "one round");
    }
    Ok(lines.svg()?)
}
