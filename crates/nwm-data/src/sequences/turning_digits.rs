//! Rotating MNIST: digits on a turntable.

use std::fmt;
use std::sync::Arc;

use super::chosen_digits::ChosenDigits;
use super::films::{FilmSubject, Films, check_film};
use super::rotation::{TURNTABLE_ANGLES, Turn, rotate};
use crate::error::{Error, Result};
use crate::mnist::Digits;
use crate::stream::Stream;

/// How digits turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TurningDigitsOptions {
    /// Rounds of 18 frames that a film consists of. The published figures show 4.
    pub rounds: usize,
    /// Whether every digit has a first angle of its own, uniform over a turn, instead of standing upright.
    pub random_start: bool,
    /// Seed of the order of the digits in training batches, and of their first angles.
    pub seed: u64,
}

impl Default for TurningDigitsOptions {
    /// One round that begins upright, as in the published code.
    fn default() -> Self {
        Self { rounds: 1, random_start: false, seed: 0 }
    }
}

/// Films of digits that turn by 20 degrees from frame to frame.
///
/// Every frame is turned from the original picture (see [`rotate`]). Training batches hold the digits
/// in an order that is drawn anew for every epoch; they follow each other without gap, so that a batch may span two epochs
/// and no digit is dropped. A film's number is the place of its digit among the chosen ones.
pub struct TurningDigits {
    digits: ChosenDigits,
    options: TurningDigitsOptions,
    /// The turns of the films that begin upright.
    turns: Vec<Turn>,
}

impl fmt::Debug for TurningDigits {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = formatter.debug_struct("TurningDigits");
        fields.field("digits", &self.digits).field("options", &self.options);
        fields.finish_non_exhaustive()
    }
}

impl TurningDigits {
    /// Films of the digits with the numbers `chosen`, such as those of [`rotating_split`](crate::rotating_split).
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such digit; [`Error::InvalidSetting`] if none is chosen, or there is no round.
    pub fn new(
        digits: Arc<Digits>,
        chosen: Vec<usize>,
        options: TurningDigitsOptions,
    ) -> Result<Self> {
        if options.rounds == 0 {
            return Err(Error::InvalidSetting {
                key: "data.rounds",
                found: "0".to_owned(),
                expected: "at least 1",
            });
        }
        let digits = ChosenDigits::new(digits, chosen)?;
        let turns = if options.random_start {
            Vec::new()
        } else {
            TURNTABLE_ANGLES.map(|degrees| Turn::new(Digits::SIDE, degrees)).into()
        };
        Ok(Self { digits, options, turns })
    }

    /// Angle of the first frame of a digit, degrees.
    fn start(&self, digit: usize) -> f64 {
        if !self.options.random_start {
            return 0.0;
        }
        let key = [self.options.seed, digit as u64];
        Stream::new("nwm-data/turntable start", &key).uniform(0.0, 360.0)
    }
}

impl Films for TurningDigits {
    fn frames(&self) -> usize {
        TURNTABLE_ANGLES.len().saturating_mul(self.options.rounds)
    }

    fn side(&self) -> usize {
        Digits::SIDE
    }

    fn count(&self) -> Option<usize> {
        Some(self.digits.len())
    }

    fn in_batch(&self, step: u64, batch_size: usize) -> Vec<u64> {
        let places = self.digits.batch(self.options.seed, step, batch_size);
        places.into_iter().map(|place| place as u64).collect()
    }

    fn draw(&self, film: u64, out: &mut [f32]) -> Result<FilmSubject> {
        check_film(self, out)?;
        let digit = self.digits.digit(usize::try_from(film).unwrap_or(usize::MAX))?;
        let start = self.start(digit.number);
        let picture: Vec<f32> = digit.pixels.iter().map(|&byte| f32::from(byte) / 255.0).collect();
        // One round is turned, the others repeat it.
        let round_len = TURNTABLE_ANGLES.len() * Digits::PIXELS;
        let (round, others) = out.split_at_mut(round_len);
        for (index, frame) in round.chunks_exact_mut(Digits::PIXELS).enumerate() {
            match self.turns.get(index) {
                Some(turn) => turn.apply(&picture, frame),
                None => rotate(&picture, Digits::SIDE, start + TURNTABLE_ANGLES[index], frame),
            }
        }
        for other in others.chunks_exact_mut(round_len) {
            other.copy_from_slice(round);
        }
        Ok(FilmSubject::TurningDigit { digit: digit.number, label: digit.label, start })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Arc<Digits> {
        Arc::new(Digits::sample().unwrap())
    }

    fn films(options: TurningDigitsOptions) -> TurningDigits {
        TurningDigits::new(sample(), (100..300).collect(), options).unwrap()
    }

    #[test]
    fn digits_turn_as_they_do_alone_round_after_round() {
        let films = films(TurningDigitsOptions { rounds: 4, ..Default::default() });
        assert_eq!((films.frames(), films.side(), films.count()), (72, 28, Some(200)));
        let mut film = vec![0.0; 72 * 784];
        for number in [0, 1, 57, 199] {
            let digit = 100 + number as usize;
            let label = sample().labels()[digit];
            let subject = films.draw(number, &mut film).unwrap();
            assert_eq!(subject, FilmSubject::TurningDigit { digit, label, start: 0.0 });
            let turned = sample().turned(digit, &TURNTABLE_ANGLES).unwrap();
            for round in film.chunks_exact(18 * 784) {
                assert!(round == turned, "{digit}");
            }
        }
    }

    #[test]
    fn random_starts_are_uniform_and_belong_to_seed_and_digit() {
        let random = |seed| films(TurningDigitsOptions { random_start: true, seed, rounds: 2 });
        let one = random(1);
        let mut film = vec![0.0; 36 * 784];
        let subject = one.draw(11, &mut film).unwrap();
        let FilmSubject::TurningDigit { digit: 111, start, .. } = subject else {
            panic!("{subject:?}")
        };
        let angles: Vec<f64> = (0..18).map(|frame| start + 20.0 * f64::from(frame)).collect();
        let turned = sample().turned(111, &angles).unwrap();
        assert!(film == [turned.clone(), turned].concat());
        // The same digit at another place turns alike.
        let options = TurningDigitsOptions { random_start: true, seed: 1, rounds: 2 };
        let alone = TurningDigits::new(sample(), vec![111], options).unwrap();
        assert_eq!(alone.draw(0, &mut film).unwrap(), subject);
        assert_ne!(random(2).start(111), start);
        let starts: Vec<f64> = (0..20_000).map(|digit| one.start(digit)).collect();
        assert!(starts.iter().all(|start| (0.0..360.0).contains(start)));
        for limit in [90.0, 180.0, 270.0] {
            let below = starts.iter().filter(|&&start| start < limit).count() as f64;
            // Five standard errors of the count at most.
            assert!((below - 20_000.0 * limit / 360.0).abs() < 354.0, "{limit}: {below}");
        }
    }

    #[test]
    fn an_epoch_shows_every_digit_once_and_the_next_one_in_another_order() {
        let films = films(TurningDigitsOptions { seed: 5, ..Default::default() });
        // Batches of 16: the 13th spans two epochs.
        let shown: Vec<u64> = (0..25).flat_map(|step| films.in_batch(step, 16)).collect();
        let (epochs, rest) = shown.as_chunks::<200>();
        assert!(epochs.len() == 2 && rest.is_empty());
        for epoch in epochs {
            let mut sorted = *epoch;
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..200));
        }
        assert_ne!(epochs[0], epochs[1]);
    }

    #[test]
    fn wrong_settings_are_refused() {
        let refused = |chosen, rounds| {
            let options = TurningDigitsOptions { rounds, ..Default::default() };
            TurningDigits::new(sample(), chosen, options).unwrap_err().to_string()
        };
        assert_eq!(refused(vec![0], 0), "data.rounds: found 0, expected at least 1");
        assert_eq!(refused(Vec::new(), 1), "digits: found none, expected at least one");
        assert_eq!(refused(vec![300], 1), "digit 300..301 lies outside 0..300");
        let films = films(TurningDigitsOptions { rounds: usize::MAX, ..Default::default() });
        assert!(matches!(films.batch(0, 1), Err(Error::InvalidSetting { .. })));
        assert!(matches!(films.slice(0..1), Err(Error::InvalidSetting { .. })));
        assert!(matches!(films.draw(0, &mut [0.0]), Err(Error::BufferLength { .. })));
    }
}
