//! Responses to stimuli of several orientations.

use super::moments::Moments;
use crate::{Error, Real, Result, check};

const ACTION: &str = "add up responses to orientations";

/// Mean and variance of the responses of a grid of sites to each of several orientations.
///
/// Samples are added one by one and are not kept, so the set of stimuli may be large. Orientations may have
/// different numbers of samples. A site with a response that is NaN or infinite is dead from then on.
#[derive(Debug, Clone, PartialEq)]
pub struct OrientationResponses {
    orientations: usize,
    size: [usize; 2],
    /// Samples of each orientation.
    samples: Vec<usize>,
    /// `[orientation, row, column]`.
    moments: Vec<Moments>,
}

impl OrientationResponses {
    /// No samples yet, for a grid `[row, column]`.
    ///
    /// # Errors
    ///
    /// When there are fewer than two orientations, or no sites.
    pub fn new(orientations: usize, size: [usize; 2]) -> Result<Self> {
        if orientations < 2 {
            return Err(Error::Range {
                action: ACTION,
                name: "the number of orientations",
                found: orientations,
                expected: "at least 2",
            });
        }
        let sites = size[0] * size[1];
        if sites == 0 {
            return Err(Error::Empty { action: ACTION, expected: "site" });
        }
        let moments = vec![Moments::default(); orientations * sites];
        Ok(Self { orientations, size, samples: vec![0; orientations], moments })
    }

    /// All samples at once, the same number of every orientation: `[orientation, sample, row, column]`.
    ///
    /// # Errors
    ///
    /// When the responses do not have the shape, there are fewer than two orientations, or no sites.
    pub fn of<T: Real>(responses: &[T], shape: [usize; 4]) -> Result<Self> {
        check::shape("responses [orientation, sample, row, column]", responses, &shape)?;
        let [orientations, samples, rows, columns] = shape;
        let mut sums = Self::new(orientations, [rows, columns])?;
        for (index, response) in responses.chunks_exact(rows * columns).enumerate() {
            sums.add(index / samples, response)?;
        }
        Ok(sums)
    }

    /// Adds a sample: the responses `[row, column]` to one stimulus of an orientation.
    ///
    /// # Errors
    ///
    /// When there is no such orientation, or the responses do not have the size of the grid.
    pub fn add<T: Real>(&mut self, orientation: usize, response: &[T]) -> Result<()> {
        if orientation >= self.orientations {
            return Err(Error::Range {
                action: ACTION,
                name: "the index of the orientation",
                found: orientation,
                expected: "less than the number of orientations",
            });
        }
        check::shape("response [row, column]", response, &self.size)?;
        self.samples[orientation] += 1;
        let sites = response.len();
        for (moments, value) in self.moments[orientation * sites..].iter_mut().zip(response) {
            moments.push(value.widen());
        }
        Ok(())
    }

    /// `[orientation, row, column]`.
    pub fn shape(&self) -> [usize; 3] {
        [self.orientations, self.size[0], self.size[1]]
    }

    /// How many samples each orientation has.
    pub fn samples(&self) -> &[usize] {
        &self.samples
    }

    /// Mean responses, `[orientation, row, column]`; 0 for an orientation without samples.
    pub fn means(&self) -> Vec<f64> {
        self.moments.iter().map(|moments| moments.mean).collect()
    }

    /// Unbiased variances, `[orientation, row, column]`; NaN for an orientation of fewer than two samples.
    pub fn variances(&self) -> Vec<f64> {
        self.moments.iter().map(|moments| moments.variance()).collect()
    }

    /// Standard deviations, `[orientation, row, column]`; NaN for an orientation of fewer than two samples.
    ///
    /// If the samples of an orientation are phases of a grating, this is the modulation of a site by the phase: of a site that
    /// adds up what it sees the mean over phases is the same for all orientations, and only its modulation tells them apart.
    pub fn modulations(&self) -> Vec<f64> {
        self.moments.iter().map(|moments| moments.variance().sqrt()).collect()
    }

    /// The moments of a site for every orientation.
    pub(super) fn of_site(&self, site: usize) -> Vec<Moments> {
        let sites = self.size[0] * self.size[1];
        self.moments.iter().skip(site).step_by(sites).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_of_samples_equals_the_array_of_them() {
        // [orientation, sample, row, column]
        let responses: Vec<f32> = (0..2 * 3 * 4).map(|index| (index as f32 * 0.7).sin()).collect();
        let whole = OrientationResponses::of(&responses, [2, 3, 2, 2]).unwrap();
        let mut stream = OrientationResponses::new(2, [2, 2]).unwrap();
        // Orientations may alternate.
        for sample in 0..3 {
            for orientation in 0..2 {
                let start = (orientation * 3 + sample) * 4;
                stream.add(orientation, &responses[start..start + 4]).unwrap();
            }
        }
        assert_eq!(whole, stream);
        assert_eq!((whole.shape(), whole.samples()), ([2, 2, 2], [3, 3].as_slice()));
        // Site 1 of orientation 1: the values at 13, 17 and 21.
        let values = [13, 17, 21].map(|index: usize| f64::from(responses[index]));
        let mean = values.iter().sum::<f64>() / 3.0;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / 2.0;
        assert!((whole.means()[5] - mean).abs() < 1e-15);
        assert!((whole.variances()[5] - variance).abs() < 1e-15);
        assert!((whole.modulations()[5] - variance.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn wrong_sizes_are_errors() {
        assert!(matches!(OrientationResponses::new(1, [2, 2]), Err(Error::Range { .. })));
        assert!(matches!(OrientationResponses::new(2, [0, 2]), Err(Error::Empty { .. })));
        let mut responses = OrientationResponses::new(2, [1, 2]).unwrap();
        assert!(matches!(responses.add(2, &[0.0; 2]), Err(Error::Range { .. })));
        assert!(matches!(responses.add(0, &[0.0; 3]), Err(Error::Length { .. })));
        assert!(OrientationResponses::of(&[0.0; 7], [2, 2, 1, 2]).is_err());
        assert_eq!(responses.samples(), [0, 0]);
    }
}
