//! Films of square grey frames: what the variational model of the sequence experiments reads.

use std::ops::Range;

use rayon::prelude::*;

use super::gratings::Grating;
use crate::epochs::{check_batch_size, is_addressable};
use crate::error::{Error, Result, check_length};

/// What a film shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum FilmSubject {
    /// A digit on the turntable.
    TurningDigit {
        /// Its number in the file.
        digit: usize,
        /// What it stands for, 0 to 9.
        label: u8,
        /// Angle of the first frame, degrees counter-clockwise.
        start: f64,
    },
    /// A moving grating, as it is in the first frame.
    MovingGrating(Grating),
    /// Nothing.
    Noise,
}

/// Some films.
#[derive(Debug, Clone, PartialEq)]
pub struct FilmBatch {
    /// Axes `[time, batch, row, column]`, values in 0..=1.
    pub frames: Vec<f32>,
    /// The lengths of those axes.
    pub shape: [usize; 4],
    /// What the films show, axis `[batch]`.
    pub subjects: Vec<FilmSubject>,
}

/// Films of one kind, all equally long and large; each is a function of the settings and its number alone.
///
/// ```
/// use nwm_data::{Films, MovingGratings, NoiseFilms, Split};
/// # fn main() -> Result<(), nwm_data::Error> {
/// let kinds: [Box<dyn Films>; 2] =
///     [Box::new(MovingGratings::new(0, Split::Train)), Box::new(NoiseFilms::new(0, Split::Train))];
/// for films in &kinds {
///     assert_eq!(films.batch(0, 5)?.shape, [36, 5, 28, 28]); // time, batch, row, column
/// }
/// # Ok(())
/// # }
/// ```
pub trait Films: std::fmt::Debug + Send + Sync {
    /// Frames of a film.
    fn frames(&self) -> usize;

    /// Rows and columns of a frame.
    fn side(&self) -> usize;

    /// Number of films; `None` if they never end, since they are drawn from random numbers.
    fn count(&self) -> Option<usize>;

    /// Numbers of the films of training batch `step`: for films that never end, those that follow the batch before.
    fn in_batch(&self, step: u64, batch_size: usize) -> Vec<u64> {
        // Numbers of 64 bits: beyond the last film the first one follows.
        let first = step.wrapping_mul(batch_size as u64);
        (0..batch_size as u64).map(|item| first.wrapping_add(item)).collect()
    }

    /// Draws film number `film` into `out`, axes `[time, row, column]`, and says what it shows.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such film, [`Error::BufferLength`] if `out` does not have the length that its
    /// axes ask for.
    fn draw(&self, film: u64, out: &mut [f32]) -> Result<FilmSubject>;

    /// Training batch number `step`, a function of the settings and the arguments alone. Films are drawn in parallel.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] if the batch size is 0, or the memory cannot address so many values; those of
    /// [`Films::draw`].
    fn batch(&self, step: u64, batch_size: usize) -> Result<FilmBatch> {
        check_batch_size(batch_size, &[self.frames(), self.side(), self.side()])?;
        drawn(self, &self.in_batch(step, batch_size))
    }

    /// The films of a range in order, for evaluation.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there are no such films, [`Error::InvalidSetting`] if the memory cannot address so many
    /// values; those of [`Films::draw`].
    fn slice(&self, range: Range<u64>) -> Result<FilmBatch> {
        let exist = self.count().is_none_or(|count| range.end <= count as u64);
        let Some(count) = range.end.checked_sub(range.start).filter(|_| exist) else {
            return Err(no_such_films(range, self.count()));
        };
        let axes = [self.frames(), self.side(), self.side()];
        if !usize::try_from(count).is_ok_and(|count| is_addressable(count, &axes)) {
            return Err(Error::InvalidSetting {
                key: "films",
                found: count.to_string(),
                expected: "as many as the memory can address",
            });
        }
        drawn(self, &range.collect::<Vec<_>>())
    }
}

/// Draws films one by one, since they are so defined, and stores them time first, since models consume them so.
fn drawn(films: &(impl Films + ?Sized), numbers: &[u64]) -> Result<FilmBatch> {
    let (time, side) = (films.frames(), films.side());
    let frame_len = side * side;
    let draw = |&film: &u64| {
        let mut frames = vec![0.0; time * frame_len];
        let subject = films.draw(film, &mut frames)?;
        Ok((frames, subject))
    };
    let drawn = numbers.par_iter().map(draw).collect::<Result<Vec<_>>>()?;
    let mut frames = Vec::with_capacity(time * numbers.len() * frame_len);
    for frame in 0..time {
        for (film, _) in &drawn {
            frames.extend_from_slice(&film[frame * frame_len..][..frame_len]);
        }
    }
    let subjects = drawn.into_iter().map(|(_, subject)| subject).collect();
    Ok(FilmBatch { frames, shape: [time, numbers.len(), side, side], subjects })
}

/// Checks the buffer of [`Films::draw`].
pub(super) fn check_film(films: &impl Films, out: &[f32]) -> Result<()> {
    let axes = [films.frames(), films.side(), films.side()];
    let expected = axes.into_iter().fold(1, usize::saturating_mul);
    check_length("film", "[time, row, column]", expected, out.len())
}

/// Films beyond the last one of `count`.
fn no_such_films(range: Range<u64>, count: Option<usize>) -> Error {
    let index = |film: u64| usize::try_from(film).unwrap_or(usize::MAX);
    Error::OutOfRange {
        axis: "film",
        start: index(range.start),
        end: index(range.end),
        length: count.unwrap_or(usize::MAX),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::mnist::Digits;
    use crate::sequences::{MovingGratings, NoiseFilms, TurningDigits, TurningDigitsOptions};
    use crate::spec::Split;

    /// Every kind.
    fn kinds() -> [Box<dyn Films>; 4] {
        let sample = Arc::new(Digits::sample().unwrap());
        let digits = |random_start| {
            let options = TurningDigitsOptions { random_start, seed: 3, ..Default::default() };
            TurningDigits::new(Arc::clone(&sample), (0..50).collect(), options).unwrap()
        };
        [
            Box::new(digits(false)),
            Box::new(digits(true)),
            Box::new(MovingGratings::new(3, Split::Train)),
            Box::new(NoiseFilms { frames: 5, side: 9, seed: 3, split: Split::Train }),
        ]
    }

    #[test]
    fn batches_hold_the_films_of_their_numbers_time_first() {
        for films in kinds() {
            let [time, side] = [films.frames(), films.side()];
            let numbers = films.in_batch(6, 7);
            let batch = films.batch(6, 7).unwrap();
            assert_eq!(batch.shape, [time, 7, side, side]);
            assert!(batch.frames.iter().all(|value| (0.0..=1.0).contains(value)));
            let mut film = vec![0.0; time * side * side];
            for (item, &number) in numbers.iter().enumerate() {
                assert_eq!(films.draw(number, &mut film).unwrap(), batch.subjects[item]);
                for (frame, expected) in film.chunks_exact(side * side).enumerate() {
                    let place = (frame * 7 + item) * side * side;
                    assert_eq!(batch.frames[place..][..side * side], *expected, "{films:?}");
                }
                let alone = films.slice(number..number + 1).unwrap();
                assert!(alone.frames == film && alone.subjects == batch.subjects[item..=item]);
            }
        }
    }

    #[test]
    fn batches_repeat_and_differ_for_any_number_of_threads() {
        for films in kinds() {
            let with_threads = |threads| {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
                pool.install(|| films.batch(2, 5).unwrap())
            };
            let one = with_threads(1);
            assert!(one == with_threads(4), "{films:?}");
            assert_ne!(one.frames, films.batch(3, 5).unwrap().frames);
        }
    }

    #[test]
    fn films_that_never_end_follow_each_other() {
        let films = MovingGratings::new(0, Split::Test);
        assert_eq!(films.in_batch(3, 4), [12, 13, 14, 15]);
        assert_eq!(films.in_batch(u64::MAX, 2), [u64::MAX - 1, u64::MAX]);
        let batches = [films.batch(0, 2).unwrap().subjects, films.batch(1, 2).unwrap().subjects];
        assert_eq!(films.slice(0..4).unwrap().subjects, batches.concat());
    }

    #[test]
    fn impossible_requests_are_refused() {
        for films in kinds() {
            for size in [0, usize::MAX] {
                assert!(matches!(films.batch(0, size), Err(Error::InvalidSetting { .. })));
            }
            assert!(films.slice(4..4).unwrap().subjects.is_empty());
            let backwards = films.slice(Range { start: 2, end: 1 }).unwrap_err();
            assert!(matches!(backwards, Error::OutOfRange { axis: "film", .. }), "{backwards}");
            let huge = films.slice(0..u64::MAX).unwrap_err().to_string();
            let expected = if films.count().is_some() { "outside 0..50" } else { "can address" };
            assert!(huge.contains(expected), "{huge}");
            let error = films.draw(0, &mut [0.0; 3]).unwrap_err();
            assert!(matches!(error, Error::BufferLength { what: "film", found: 3, .. }), "{error}");
        }
        let message = kinds()[0].slice(49..51).unwrap_err().to_string();
        assert_eq!(message, "film 49..51 lies outside 0..50");
        let nothing = NoiseFilms { frames: 0, side: 9, seed: 0, split: Split::Test };
        let batch = nothing.batch(0, 3).unwrap();
        assert_eq!((batch.frames.len(), batch.subjects.len()), (0, 3));
    }
}
