//! Oriented sine waves, moving for training and still for measuring what a unit prefers.

use std::f64::consts::{PI, TAU};

use super::films::{FilmSubject, Films, check_film};
use crate::error::Result;
use crate::mnist::Digits;
use crate::spec::Split;
use crate::stream::Stream;

/// A sine wave over a square picture: `0.5 + 0.5 sin(2 pi (c cos a + r sin a)/wavelength + phase)` at row `r`, column
/// `c`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Grating {
    /// Pixels of a period.
    pub wavelength: f64,
    /// Angle of the wave vector against the rows, radians.
    pub orientation: f64,
    /// Phase of pixel (0, 0), radians.
    pub phase: f64,
}

impl Grating {
    /// Draws the wave, axes `[row, column]`, values in 0..=1.
    ///
    /// # Panics
    ///
    /// If `out` does not hold `side * side` values.
    pub fn draw(&self, side: usize, out: &mut [f32]) {
        assert_eq!(out.len(), side * side, "a picture of side x side pixels");
        let number = TAU / self.wavelength;
        let across = number * libm::cos(self.orientation);
        let down = number * libm::sin(self.orientation);
        for (index, value) in out.iter_mut().enumerate() {
            let (row, column) = ((index / side) as f64, (index % side) as f64);
            *value = (0.5 + 0.5 * libm::sin(across * column + down * row + self.phase)) as f32;
        }
    }

    /// Still waves for measuring preferences: `orientations` angles evenly over a half turn, each at `phases` phases
    /// evenly over a turn; phases vary fastest.
    #[must_use]
    pub fn still(wavelength: f64, orientations: usize, phases: usize) -> Vec<Self> {
        let share = |index: usize, count: usize| index as f64 / count as f64;
        (0..orientations * phases)
            .map(|index| Self {
                wavelength,
                orientation: PI * share(index / phases, orientations),
                phase: TAU * share(index % phases, phases),
            })
            .collect()
    }
}

/// Random moving gratings: every sequence has an orientation uniform over a half turn and a first phase uniform over a
/// turn, and its phase advances by the same angle from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MovingGratings {
    /// Pixels of a period.
    pub wavelength: f64,
    /// Advance of the phase from frame to frame, radians.
    pub advance: f64,
    /// Frames of a film.
    pub frames: usize,
    /// Rows and columns of a frame.
    pub side: usize,
    /// Seed.
    pub seed: u64,
    /// Splits never share a random number.
    pub split: Split,
}

impl MovingGratings {
    /// The setting of the paper's orientation maps: wavelength 24, 18 frames a period, two periods, pictures as large as
    /// digits.
    #[must_use]
    pub const fn new(seed: u64, split: Split) -> Self {
        Self { wavelength: 24.0, advance: PI / 9.0, frames: 36, side: Digits::SIDE, seed, split }
    }

    /// The first frame of film number `index`.
    #[must_use]
    pub fn first(&self, index: u64) -> Grating {
        let domain = format!("nwm-data/gratings/{}", self.split);
        let mut stream = Stream::new(&domain, &[self.seed, index]);
        let orientation = PI * stream.unit();
        Grating { wavelength: self.wavelength, orientation, phase: TAU * stream.unit() }
    }
}

impl Films for MovingGratings {
    fn frames(&self) -> usize {
        self.frames
    }

    fn side(&self) -> usize {
        self.side
    }

    fn count(&self) -> Option<usize> {
        None
    }

    fn draw(&self, film: u64, out: &mut [f32]) -> Result<FilmSubject> {
        check_film(self, out)?;
        let first = self.first(film);
        // A chunk has a value at least.
        let frame_len = (self.side * self.side).max(1);
        for (frame, picture) in out.chunks_exact_mut(frame_len).enumerate() {
            let phase = first.phase + self.advance * frame as f64;
            Grating { phase, ..first }.draw(self.side, picture);
        }
        Ok(FilmSubject::MovingGrating(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_has_its_period_and_direction() {
        let mut picture = vec![0.0; 24 * 24];
        Grating { wavelength: 12.0, orientation: 0.0, phase: 0.0 }.draw(24, &mut picture);
        assert_eq!(picture[0], 0.5);
        assert!((picture[3] - 1.0).abs() < 1e-6 && picture[9].abs() < 1e-6);
        assert_eq!(picture[..24], picture[23 * 24..], "rows are equal");
        assert!((picture[2] - picture[14]).abs() < 1e-6);
    }

    #[test]
    fn pixels_follow_the_formula() {
        let gratings = MovingGratings { frames: 5, ..MovingGratings::new(2, Split::Train) };
        let first = gratings.first(7);
        let mut frames = vec![0.0; 5 * 28 * 28];
        assert_eq!(gratings.draw(7, &mut frames).unwrap(), FilmSubject::MovingGrating(first));
        for (frame, row, column) in [(0, 0, 0), (0, 3, 20), (1, 17, 2), (4, 9, 9), (4, 27, 1)] {
            let along =
                column as f64 * first.orientation.cos() + row as f64 * first.orientation.sin();
            let phase = first.phase + PI / 9.0 * frame as f64;
            let expected = 0.5 + 0.5 * (TAU / 24.0 * along + phase).sin();
            let found = f64::from(frames[(frame * 28 + row) * 28 + column]);
            assert!((found - expected).abs() < 1e-6, "{frame} {row} {column}: {found} {expected}");
        }
    }

    #[test]
    fn two_periods_take_36_frames() {
        let paper = MovingGratings::new(0, Split::Train);
        assert_eq!((paper.frames(), paper.side(), paper.count()), (36, 28, None));
        let mut frames = vec![0.0; 37 * 28 * 28];
        MovingGratings { frames: 37, ..paper }.draw(5, &mut frames).unwrap();
        for (first, later) in frames[..784].iter().zip(&frames[36 * 784..]) {
            assert!((first - later).abs() < 1e-6);
        }
        // Half a period later the wave is upside down.
        for (first, later) in frames[..784].iter().zip(&frames[9 * 784..]) {
            assert!((first + later - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn orientations_and_phases_are_uniform() {
        let gratings = MovingGratings::new(1, Split::Test);
        let all: Vec<Grating> = (0..20_000).map(|index| gratings.first(index)).collect();
        let below = |part: &dyn Fn(&Grating) -> f64, middle: f64| {
            all.iter().filter(|grating| part(grating) < middle).count()
        };
        // Five standard errors of the count.
        assert!(below(&|grating| grating.orientation, PI / 2.0).abs_diff(10_000) < 354);
        assert!(below(&|grating| grating.phase, PI).abs_diff(10_000) < 354);
    }

    #[test]
    fn still_waves_cover_both_circles() {
        let waves = Grating::still(24.0, 8, 18);
        assert_eq!(waves.len(), 144);
        assert_eq!((waves[0].orientation, waves[0].phase), (0.0, 0.0));
        assert!((waves[18].orientation - PI / 8.0).abs() < 1e-15);
        assert!((waves[143].phase - TAU * 17.0 / 18.0).abs() < 1e-12);
    }
}
