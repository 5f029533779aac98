//! Sequential MNIST: digits read pixel by pixel.

use std::ops::Range;
use std::sync::Arc;

use super::chosen_digits::ChosenDigits;
use super::permutation::{PSMNIST_SEED, torch_permutation};
use crate::epochs::check_batch_size;
use crate::error::{Error, Result};
use crate::mnist::Digits;

/// The order in which the pixels of a digit are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PixelOrder {
    /// Row by row: sequential MNIST.
    #[default]
    Raster,
    /// The permutation that the published code of the coRNN draws: permuted sequential MNIST.
    Published,
    /// [`torch_permutation`] with a seed.
    Seeded(u32),
}

impl PixelOrder {
    /// Step `t` reads pixel `permutation[t]` of `pixels`.
    #[must_use]
    pub fn permutation(self, pixels: usize) -> Vec<usize> {
        match self {
            Self::Raster => (0..pixels).collect(),
            Self::Published => torch_permutation(PSMNIST_SEED, pixels),
            Self::Seeded(seed) => torch_permutation(seed, pixels),
        }
    }
}

/// How digits become sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DigitSequenceOptions {
    /// The order of the pixels, after the reduction.
    pub order: PixelOrder,
    /// Squares of so many rows and columns are averaged to one pixel; a divisor of 28. With 2, sequences have 196 steps
    /// instead of 784.
    pub reduction: usize,
}

impl Default for DigitSequenceOptions {
    /// Sequential MNIST: all pixels, row by row.
    fn default() -> Self {
        Self { order: PixelOrder::Raster, reduction: 1 }
    }
}

/// Labelled digits as sequences of their pixels, for classification.
///
/// ```
/// use std::sync::Arc;
/// use nwm_data::{DigitSequenceOptions, DigitSequences, Digits};
/// # fn main() -> Result<(), nwm_data::Error> {
/// let digits = Arc::new(Digits::sample()?);
/// let training = DigitSequences::new(digits, (0..240).collect(), DigitSequenceOptions::default())?;
/// let batch = training.batch(0, 120, 1)?;
/// assert_eq!((batch.inputs.len(), batch.labels.len()), (784 * 120, 120));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct DigitSequences {
    digits: ChosenDigits,
    order: Vec<usize>,
    reduction: usize,
}

/// Some sequences with their labels.
#[derive(Debug, Clone, PartialEq)]
pub struct SequenceBatch {
    /// Axes `[time, batch, 1]`, values in 0..=1.
    pub inputs: Vec<f32>,
    /// The digits that the sequences show, 0 to 9, axis `[batch]`.
    pub labels: Vec<u8>,
}

impl DigitSequences {
    /// Sequences of the digits with the numbers `chosen`, such as those of
    /// [`sequential_split`](crate::sequential_split).
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if there is no such digit; [`Error::InvalidSetting`] if none is chosen, or the reduction does
    /// not divide 28.
    pub fn new(
        digits: Arc<Digits>,
        chosen: Vec<usize>,
        options: DigitSequenceOptions,
    ) -> Result<Self> {
        let DigitSequenceOptions { order, reduction } = options;
        if reduction == 0 || !Digits::SIDE.is_multiple_of(reduction) {
            return Err(Error::InvalidSetting {
                key: "data.reduction",
                found: reduction.to_string(),
                expected: "a divisor of 28",
            });
        }
        let side = Digits::SIDE / reduction;
        let digits = ChosenDigits::new(digits, chosen)?;
        Ok(Self { digits, order: order.permutation(side * side), reduction })
    }

    /// Number of sequences; never 0.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub const fn len(&self) -> usize {
        self.digits.len()
    }

    /// Steps of a sequence.
    #[must_use]
    pub const fn steps(&self) -> usize {
        self.order.len()
    }

    /// Training batch number `step`: a function of the sequences and the arguments alone.
    ///
    /// The order is drawn anew for every epoch. Batches follow each other without gap, so that a batch may span two epochs
    /// and no sequence is dropped.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] if the batch size is 0, or the memory cannot address so many values.
    pub fn batch(&self, step: u64, batch_size: usize, seed: u64) -> Result<SequenceBatch> {
        check_batch_size(batch_size, &[self.steps()])?;
        self.sequences(&self.digits.batch(seed, step, batch_size))
    }

    /// The sequences of a range in the order in which their digits were chosen, for evaluation.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`] if the range leaves `0..len()`.
    pub fn slice(&self, range: Range<usize>) -> Result<SequenceBatch> {
        let Range { start, end } = range;
        if start > end || end > self.len() {
            return Err(Error::OutOfRange { axis: "sequence", start, end, length: self.len() });
        }
        self.sequences(&range.collect::<Vec<_>>())
    }

    /// The sequences at these places among the chosen digits.
    fn sequences(&self, places: &[usize]) -> Result<SequenceBatch> {
        let mut inputs = vec![0.0; self.steps() * places.len()];
        let mut labels = Vec::with_capacity(places.len());
        for (item, &place) in places.iter().enumerate() {
            let digit = self.digits.digit(place)?;
            labels.push(digit.label);
            for (step, &pixel) in self.order.iter().enumerate() {
                inputs[step * places.len() + item] = self.mean_ink(digit.pixels, pixel);
            }
        }
        Ok(SequenceBatch { inputs, labels })
    }

    /// A pixel of the reduced image: the mean of its square.
    fn mean_ink(&self, image: &[u8], pixel: usize) -> f32 {
        let (square, side) = (self.reduction, Digits::SIDE / self.reduction);
        let corner = (pixel / side * Digits::SIDE + pixel % side) * square;
        let row = |row: usize| &image[corner + row * Digits::SIDE..][..square];
        let ink: u32 = (0..square).flat_map(row).map(|&byte| u32::from(byte)).sum();
        (f64::from(ink) / (255 * square * square) as f64) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequences::{psmnist_permutation, sequential_split};

    fn sample() -> Arc<Digits> {
        Arc::new(Digits::sample().unwrap())
    }

    fn sequences(order: PixelOrder, reduction: usize) -> DigitSequences {
        let options = DigitSequenceOptions { order, reduction };
        DigitSequences::new(sample(), (0..300).rev().collect(), options).unwrap()
    }

    #[test]
    fn sequences_lie_time_first_in_the_order_of_their_pixels() {
        let (sample, published) = (sample(), psmnist_permutation());
        for (order, pixels) in [
            (PixelOrder::Raster, (0..784).collect()),
            (PixelOrder::Published, published.clone()),
            (PixelOrder::Seeded(12_008), published),
            (PixelOrder::Seeded(5), torch_permutation(5, 784)),
        ] {
            let sequences = sequences(order, 1);
            assert_eq!((sequences.len(), sequences.steps()), (300, 784));
            let slice = sequences.slice(290..300).unwrap();
            for item in 0..10 {
                // The last chosen digit is number 0.
                let digit = 9 - item;
                assert_eq!(slice.labels[item], sample.labels()[digit]);
                let found: Vec<f32> = slice.inputs.iter().skip(item).step_by(10).copied().collect();
                assert_eq!(found, sample.sequence(digit, &pixels).unwrap(), "{order:?} {item}");
            }
        }
    }

    #[test]
    fn a_known_digit_has_its_known_pixels() {
        // Row 5 of the first training digit, a five.
        let known = [3, 18, 18, 18, 126, 136, 175, 26, 166, 255, 247, 127];
        let slice = sequences(PixelOrder::Raster, 1).slice(299..300).unwrap();
        assert_eq!(slice.labels, [5]);
        assert_eq!(
            slice.inputs[5 * 28 + 12..][..12],
            known.map(|byte: u8| f32::from(byte) / 255.0)
        );
    }

    #[test]
    fn a_reduced_image_has_the_means_of_its_squares() {
        for reduction in [2, 4, 7, 28] {
            let sequences = sequences(PixelOrder::Raster, reduction);
            let side = 28 / reduction;
            assert_eq!(sequences.steps(), side * side);
            let slice = sequences.slice(0..300).unwrap();
            for item in 0..300 {
                let image = sequences.digits.digit(item).unwrap().pixels;
                let byte = |row: usize, column: usize| f64::from(image[row * 28 + column]) / 255.0;
                let mut total = 0.0;
                for pixel in 0..side * side {
                    let found = f64::from(slice.inputs[pixel * 300 + item]);
                    let mut mean = 0.0;
                    for row in 0..reduction {
                        for column in 0..reduction {
                            let (top, left) = (pixel / side * reduction, pixel % side * reduction);
                            mean += byte(top + row, left + column) / (reduction * reduction) as f64;
                        }
                    }
                    // Half the spacing of single-precision numbers below 1.
                    assert!((found - mean).abs() < 3e-8, "{item} {pixel}: {found} {mean}");
                    total += found;
                }
                let mean = image.iter().map(|&byte| f64::from(byte)).sum::<f64>() / 255.0 / 784.0;
                assert!((total / (side * side) as f64 - mean).abs() < 3e-8, "{item}");
            }
        }
    }

    #[test]
    fn a_reduced_image_is_permuted_after_its_reduction() {
        let raster = sequences(PixelOrder::Raster, 2).slice(3..4).unwrap();
        let permuted = sequences(PixelOrder::Published, 2).slice(3..4).unwrap();
        let order = torch_permutation(12_008, 196);
        assert!(raster.inputs.iter().any(|&value| value > 0.9));
        for (step, value) in permuted.inputs.iter().enumerate() {
            assert_eq!(*value, raster.inputs[order[step]]);
        }
    }

    #[test]
    fn batches_repeat_differ_and_hold_every_sequence_once_an_epoch() {
        let options = DigitSequenceOptions { reduction: 28, ..DigitSequenceOptions::default() };
        let sequences = DigitSequences::new(sample(), (0..300).collect(), options).unwrap();
        let batch = |step, seed| sequences.batch(step, 120, seed).unwrap();
        assert_eq!(batch(3, 1), batch(3, 1));
        assert_ne!(batch(3, 1), batch(4, 1));
        assert_ne!(batch(3, 1), batch(3, 2));
        // Five batches are two epochs; the third batch spans both.
        let all: Vec<f32> = (0..5).flat_map(|step| batch(step, 1).inputs).collect();
        let ordered = sequences.slice(0..300).unwrap().inputs;
        let sorted = |values: &[f32]| {
            let mut values = values.to_vec();
            values.sort_unstable_by(f32::total_cmp);
            values
        };
        for epoch in all.chunks_exact(300) {
            assert_eq!(sorted(epoch), sorted(&ordered));
        }
        assert_ne!(all[..300], all[300..]);
    }

    #[test]
    fn wrong_settings_and_ranges_are_refused() {
        let refused = |chosen, reduction| {
            let options = DigitSequenceOptions { reduction, ..DigitSequenceOptions::default() };
            DigitSequences::new(sample(), chosen, options).unwrap_err()
        };
        for reduction in [0, 3, 56] {
            let message = refused(vec![0], reduction).to_string();
            let expected = format!("data.reduction: found {reduction}, expected a divisor of 28");
            assert_eq!(message, expected);
        }
        assert!(matches!(refused(Vec::new(), 1), Error::InvalidSetting { key: "digits", .. }));
        // The published splits are of all training digits.
        assert!(matches!(refused(sequential_split(0).0, 1), Error::OutOfRange { .. }));
        let sequences = sequences(PixelOrder::Raster, 1);
        for range in [Range { start: 2, end: 1 }, 0..301, 301..301, 0..usize::MAX] {
            assert!(matches!(sequences.slice(range), Err(Error::OutOfRange { .. })));
        }
        assert!(sequences.slice(300..300).unwrap().labels.is_empty());
        for size in [0, usize::MAX] {
            assert!(matches!(sequences.batch(0, size, 0), Err(Error::InvalidSetting { .. })));
        }
    }
}
