//! Some digits of a file, in an order of their own.

use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::epochs::Epochs;
use crate::error::{Error, Result};
use crate::mnist::Digits;

/// At least one digit of `digits`; those of a split, or all.
pub(super) struct ChosenDigits {
    digits: Arc<Digits>,
    chosen: Vec<usize>,
    epochs: Epochs,
}

impl std::fmt::Debug for ChosenDigits {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ChosenDigits").field("len", &self.len()).finish_non_exhaustive()
    }
}

impl ChosenDigits {
    /// Checks that there is a digit, and that each exists.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] if none is chosen, [`Error::OutOfRange`] if there is no such digit.
    pub(super) fn new(digits: Arc<Digits>, chosen: Vec<usize>) -> Result<Self> {
        let Some(count) = NonZeroUsize::new(chosen.len()) else {
            return Err(Error::InvalidSetting {
                key: "digits",
                found: "none".to_owned(),
                expected: "at least one",
            });
        };
        for &digit in &chosen {
            digits.image(digit)?;
        }
        Ok(Self { digits, chosen, epochs: Epochs::new(count) })
    }

    /// Number of chosen digits.
    pub(super) const fn len(&self) -> usize {
        self.chosen.len()
    }

    /// Places of the digits of training batch `step` among the chosen ones.
    pub(super) fn batch(&self, seed: u64, step: u64, batch_size: usize) -> Vec<usize> {
        self.epochs.batch(seed, step, batch_size)
    }

    /// Number, pixels and label of the digit at a place among the chosen ones.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such place.
    pub(super) fn digit(&self, place: usize) -> Result<ChosenDigit<'_>> {
        let &number = self.chosen.get(place).ok_or(Error::OutOfRange {
            axis: "chosen digit",
            start: place,
            end: place.saturating_add(1),
            length: self.len(),
        })?;
        let pixels = self.digits.image(number)?;
        Ok(ChosenDigit { number, pixels, label: self.digits.labels()[number] })
    }
}

/// One of the chosen digits.
pub(super) struct ChosenDigit<'a> {
    /// Its number in the file.
    pub(super) number: usize,
    /// Axes `[row, column]`.
    pub(super) pixels: &'a [u8],
    /// What it stands for, 0 to 9.
    pub(super) label: u8,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_keep_their_numbers_and_labels() {
        let sample = Arc::new(Digits::sample().unwrap());
        let chosen = ChosenDigits::new(Arc::clone(&sample), vec![7, 2, 299]).unwrap();
        assert_eq!(chosen.len(), 3);
        for (place, number) in [7, 2, 299].into_iter().enumerate() {
            let digit = chosen.digit(place).unwrap();
            assert_eq!(digit.number, number);
            assert_eq!(digit.pixels, sample.image(number).unwrap());
            assert_eq!(digit.label, sample.labels()[number]);
        }
        assert!(matches!(chosen.digit(3), Err(Error::OutOfRange { start: 3, length: 3, .. })));
    }

    #[test]
    fn no_digit_and_digits_that_do_not_exist_are_refused() {
        let sample = Arc::new(Digits::sample().unwrap());
        let refused = |chosen| ChosenDigits::new(Arc::clone(&sample), chosen).unwrap_err();
        assert_eq!(refused(Vec::new()).to_string(), "digits: found none, expected at least one");
        assert_eq!(refused(vec![0, 300]).to_string(), "digit 300..301 lies outside 0..300");
    }
}
