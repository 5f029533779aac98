//! Pictures that are drawn from the hidden states of a run.

use anyhow::Result;
use nwm_analysis::figures::{FilmStrip, MovieOptions, Quiver, animated_gif};
use nwm_analysis::waves::Grid;

use super::hidden_film::{HiddenFilm, HiddenPhases};

/// Steps of a movie, at most, and pixels of its longer side, about.
const MOVIE_STEPS: usize = 72;
const MOVIE_SIDE: usize = 216;
/// Time of a frame, as the authors' videos have it.
const DELAY_HUNDREDTHS: u16 = 25;

/// A movie of the last positions.
pub(super) fn movie(film: &HiddenFilm) -> Result<Vec<u8>> {
    let steps = film.steps();
    let frames = film.positions(steps.saturating_sub(MOVIE_STEPS)..steps)?;
    let side = frames[0].rows().max(frames[0].columns());
    let options = MovieOptions::default()
        .with_magnification((MOVIE_SIDE / side).max(1))
        .with_delay_hundredths(DELAY_HUNDREDTHS);
    Ok(animated_gif(&frames, options)?)
}

/// The last steps of a film: what is predicted, the positions behind it, their phases, and where these go.
pub(super) struct Strips {
    film: HiddenFilm,
    phases: HiddenPhases,
    frames: usize,
}

impl Strips {
    /// Strips of so many frames.
    ///
    /// # Errors
    ///
    /// When the film is too short for the filter of the band.
    pub(super) fn new(film: HiddenFilm, band: [f64; 2], grid: Grid, frames: usize) -> Result<Self> {
        let phases = film.phases(band, grid)?;
        Ok(Self { film, phases, frames })
    }

    fn steps(&self) -> std::ops::Range<usize> {
        let end = self.film.steps();
        end.saturating_sub(self.frames)..end
    }

    /// All of it as SVG.
    pub(super) fn svg(&self) -> Result<String> {
        let steps = self.steps();
        let of = |picture: &dyn Fn(usize) -> Result<_>| {
            steps.clone().map(picture).collect::<Result<Vec<_>>>()
        };
        let figure = FilmStrip::new(self.film.numbers[steps.clone()].iter().copied())
            .strip("reconstruction", &self.film.predictions(steps.clone())?)
            .strip("state", &self.film.positions(steps.clone())?)
            .strip("phase", &of(&|step| self.phases.picture(step))?)
            .strip("direction", &of(&|step| self.phases.directions(step))?);
        Ok(figure.svg()?)
    }

    /// Phase and velocity of the last step, as SVG.
    pub(super) fn arrows(&self) -> Result<String> {
        let last = self.film.steps() - 1;
        let picture = self.phases.picture(last)?;
        Ok(Quiver::new(picture, &self.phases.velocity, last)?.unit("rad per site").svg()?)
    }
}
