//! What a periodic film shows between its frames.

use std::f64::consts::PI;
use std::sync::Arc;

use nwm_data::{Digits, FilmSubject, Split, TURNTABLE_ANGLES};

use crate::config::DataConfig;
use crate::digit_files::{ROTATING_DIGITS, digits_of};
use crate::error::{Error, Result};

/// Frames of one period: a whole turn of a digit, a whole period of a grating.
pub(super) const PERIOD: usize = TURNTABLE_ANGLES.len();

/// Degrees that a digit turns from frame to frame.
const DEGREES: f64 = 360.0 / PERIOD as f64;

/// Radians that the phase of a grating advances from frame to frame.
const ADVANCE: f64 = 2.0 * PI / PERIOD as f64;

/// Draws the frames of test films at any time.
pub(super) struct TrueFilms {
    /// The test digits, if the films show digits.
    digits: Option<Arc<Digits>>,
    side: usize,
}

impl TrueFilms {
    /// For films of `side` rows and columns of a data set.
    ///
    /// # Errors
    /// [`Error::Request`] if the set has no periodic films, [`Error::Key`] if the digits are not there.
    pub(super) fn open(data: &DataConfig, side: usize) -> Result<Self> {
        match data.name.as_str() {
            ROTATING_DIGITS => Ok(Self { digits: Some(digits_of(data, Split::Test)?.0), side }),
            "gratings" => Ok(Self { digits: None, side }),
            other => Err(Error::Request {
                what: "data.name",
                found: other.into(),
                expected: "rotating_mnist or gratings, whose films can run".into(),
            }),
        }
    }

    /// What a film shows at a time in frames, `[row, column]`. It is drawn from the subject itself: a digit is turned from its
    /// picture, at an angle that need not be that of a frame.
    pub(super) fn frame(&self, subject: &FilmSubject, time: f64) -> Result<Vec<f32>> {
        match (*subject, &self.digits) {
            (FilmSubject::TurningDigit { digit, start, .. }, Some(digits)) => {
                Ok(digits.turned(digit, &[start + DEGREES * time])?)
            }
            (FilmSubject::MovingGrating(mut grating), _) => {
                grating.phase += ADVANCE * time;
                let mut picture = vec![0.0; self.side * self.side];
                grating.draw(self.side, &mut picture);
                Ok(picture)
            }
            _ => Err(Error::Request {
                what: "film",
                found: "one that shows nothing that moves".into(),
                expected: "a turning digit or a grating".into(),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::film_data::open_films;

    #[test]
    fn at_whole_times_it_shows_the_frames_round_after_round() {
        let data = DataConfig { name: "gratings".into(), ..DataConfig::default() };
        let films = open_films(&data, Split::Test, PERIOD, 0).unwrap();
        let batch = films.slice(3..5).unwrap();
        let truth = TrueFilms::open(&data, films.side()).unwrap();
        let pixels = films.side() * films.side();
        for (film, subject) in batch.subjects.iter().enumerate() {
            for time in [0, 1, 17] {
                let frame = &batch.frames[(time * 2 + film) * pixels..][..pixels];
                for round in [-36.0, 0.0, 18.0] {
                    let drawn = truth.frame(subject, time as f64 + round).unwrap();
                    let near = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-5;
                    assert!(drawn.iter().zip(frame).all(near), "{film} {time} {round}");
                }
            }
        }
    }

    #[test]
    fn digits_turn_by_any_angle() {
        let digits = Arc::new(Digits::sample().unwrap());
        let truth = TrueFilms { digits: Some(Arc::clone(&digits)), side: 28 };
        let subject = FilmSubject::TurningDigit { digit: 7, label: 3, start: 10.0 };
        let drawn = truth.frame(&subject, -1.25).unwrap();
        assert_eq!(drawn, digits.turned(7, &[-15.0]).unwrap());
    }

    #[test]
    fn films_that_cannot_run_are_refused() {
        let data = DataConfig { name: "noise".into(), ..DataConfig::default() };
        let message = TrueFilms::open(&data, 28).err().unwrap().to_string();
        assert!(message.contains("found noise, expected rotating_mnist or gratings"), "{message}");
        let truth = TrueFilms { digits: None, side: 28 };
        assert!(truth.frame(&FilmSubject::Noise, 0.0).is_err());
    }
}
