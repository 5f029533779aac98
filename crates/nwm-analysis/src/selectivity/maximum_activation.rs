//! The stimuli that drive each site most.

use std::sync::Arc;

use crate::{Error, Real, Result, check};

const ACTION: &str = "collect the stimuli of largest response";

/// Which stimuli are collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MaximumActivationOptions {
    /// How many stimuli of each site are kept and averaged.
    pub stimuli: usize,
    /// Whether a response counts by its size alone, whatever its sign.
    pub absolute: bool,
}

impl Default for MaximumActivationOptions {
    /// The one stimulus of the largest response, with its sign.
    fn default() -> Self {
        Self { stimuli: 1, absolute: false }
    }
}

/// A stimulus among those that drive a site most.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RankedStimulus {
    /// Its place among all stimuli in the order in which they were added.
    pub index: usize,
    /// The response of the site.
    pub response: f64,
}

/// Maximum-activation images: for each site the mean of the stimuli that drive it most.
///
/// Stimuli come in portions. Only those that some site still ranks are kept, each once. Of equal responses
/// the stimulus that was added first ranks higher. A response that is NaN does not rank.
///
/// ```
/// use nwm_analysis::selectivity::{MaximumActivation, MaximumActivationOptions};
///
/// let mut found = MaximumActivation::<f32>::new(2, 3, MaximumActivationOptions::default())?;
/// // Two stimuli of three pixels, and the responses of two sites to each.
/// found.add(&[0.9, -1.0, 0.1, 0.5], &[0.0, 0.5, 1.0, 1.0, 1.0, 0.0])?;
/// assert_eq!(found.images(), [0.0, 0.5, 1.0, 1.0, 1.0, 0.0]);
/// found.add(&[0.2, 0.7], &[0.3, 0.3, 0.3])?;
/// assert_eq!(found.ranked(1)[0].index, 2);
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MaximumActivation<T> {
    pixels: usize,
    options: MaximumActivationOptions,
    added: usize,
    /// For each site, the largest response first.
    ranks: Vec<Vec<Rank<T>>>,
}

#[derive(Debug, Clone)]
struct Rank<T> {
    stimulus: RankedStimulus,
    /// What is compared.
    size: f64,
    image: Arc<[T]>,
}

impl<T: Real> MaximumActivation<T> {
    /// Nothing yet, for a number of sites and stimuli of a number of pixels.
    ///
    /// # Errors
    ///
    /// When one of these numbers, or that of the stimuli to keep, is zero.
    pub fn new(sites: usize, pixels: usize, options: MaximumActivationOptions) -> Result<Self> {
        if options.stimuli == 0 {
            return Err(Error::Range {
                action: ACTION,
                name: "the number of stimuli to keep",
                found: 0,
                expected: "at least 1",
            });
        }
        if sites == 0 || pixels == 0 {
            return Err(Error::Empty { action: ACTION, expected: "site and pixel" });
        }
        Ok(Self { pixels, options, added: 0, ranks: (0..sites).map(|_| Vec::new()).collect() })
    }

    /// Adds stimuli `[stimulus, pixel]` and the responses to them, `[stimulus, site]`.
    ///
    /// # Errors
    ///
    /// When there are not as many responses as stimuli, or one of them is not whole. Then nothing is added.
    pub fn add<R: Real>(&mut self, responses: &[R], stimuli: &[T]) -> Result<()> {
        let sites = self.ranks.len();
        let count = stimuli.len() / self.pixels;
        check::shape("stimuli [stimulus, pixel]", stimuli, &[count, self.pixels])?;
        check::shape("responses [stimulus, site]", responses, &[count, sites])?;
        for (image, responses) in
            stimuli.chunks_exact(self.pixels).zip(responses.chunks_exact(sites))
        {
            self.add_one(image, responses);
        }
        Ok(())
    }

    fn add_one<R: Real>(&mut self, image: &[T], responses: &[R]) {
        let mut shared: Option<Arc<[T]>> = None;
        for (ranks, response) in self.ranks.iter_mut().zip(responses) {
            let response = response.widen();
            let size = if self.options.absolute { response.abs() } else { response };
            let place = ranks.partition_point(|rank| rank.size >= size);
            if size.is_nan() || place == self.options.stimuli {
                continue;
            }
            let image = Arc::clone(shared.get_or_insert_with(|| image.into()));
            ranks.truncate(self.options.stimuli - 1);
            let stimulus = RankedStimulus { index: self.added, response };
            ranks.insert(place, Rank { stimulus, size, image });
        }
        self.added += 1;
    }

    /// How many stimuli were added.
    pub fn added(&self) -> usize {
        self.added
    }

    /// The stimuli that drive a site most, the largest response first; none if no response of it ranks, or
    /// there is no such site.
    pub fn ranked(&self, site: usize) -> Vec<RankedStimulus> {
        let ranks = self.ranks.get(site).map_or([].as_slice(), Vec::as_slice);
        ranks.iter().map(|rank| rank.stimulus).collect()
    }

    /// The images `[site, pixel]`: means over the stimuli of each site, NaN for a site that has none.
    pub fn images(&self) -> Vec<T> {
        let mut images = Vec::with_capacity(self.ranks.len() * self.pixels);
        for ranks in &self.ranks {
            for pixel in 0..self.pixels {
                let sum: f64 = ranks.iter().map(|rank| rank.image[pixel].widen()).sum();
                images.push(T::nearest(sum / ranks.len() as f64));
            }
        }
        images
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    fn options(stimuli: usize) -> MaximumActivationOptions {
        MaximumActivationOptions { stimuli, ..Default::default() }
    }

    #[test]
    fn portions_equal_a_sort_of_all_stimuli() {
        let mut stream = Stream::new(b"tests of max activation ", 0);
        let (stimuli, sites, pixels) = (40, 7, 5);
        // Few values, so that many are equal.
        let responses: Vec<f64> =
            (0..stimuli * sites).map(|_| f64::from(stream.below(9)) - 4.0).collect();
        let pictures: Vec<f64> = (0..stimuli * pixels).map(|_| stream.unit()).collect();
        for (count, absolute) in [(1, false), (3, false), (3, true), (60, false)] {
            let options = MaximumActivationOptions { stimuli: count, absolute };
            let mut found = MaximumActivation::new(sites, pixels, options).unwrap();
            for (first, last) in [(0, 1), (1, 1), (1, 17), (17, 40)] {
                let part = &pictures[first * pixels..last * pixels];
                found.add(&responses[first * sites..last * sites], part).unwrap();
            }
            assert_eq!(found.added(), stimuli);
            for site in 0..sites {
                let response = |stimulus: usize| responses[stimulus * sites + site];
                let size = |stimulus| {
                    if absolute { response(stimulus).abs() } else { response(stimulus) }
                };
                let mut order: Vec<usize> = (0..stimuli).collect();
                // This sort keeps the order of equal ones.
                order.sort_by(|&one, &other| size(other).total_cmp(&size(one)));
                order.truncate(count);
                let ranked = found.ranked(site);
                assert_eq!(ranked.iter().map(|it| it.index).collect::<Vec<_>>(), order);
                assert!(ranked.iter().all(|it| it.response == response(it.index)));
                for pixel in 0..pixels {
                    let values = order.iter().map(|stimulus| pictures[stimulus * pixels + pixel]);
                    let mean = values.sum::<f64>() / order.len() as f64;
                    assert_eq!(found.images()[site * pixels + pixel], mean);
                }
            }
        }
    }

    #[test]
    fn only_ranked_stimuli_are_kept() {
        let mut found = MaximumActivation::<f32>::new(2, 1, options(1)).unwrap();
        found.add(&[1.0, 1.0], &[0.25]).unwrap();
        let first = Arc::downgrade(&found.ranks[0][0].image);
        assert_eq!(first.strong_count(), 2, "sites share a stimulus");
        found.add(&[2.0, 2.0], &[0.5]).unwrap();
        assert_eq!(first.strong_count(), 0);
        assert_eq!(found.images(), [0.5, 0.5]);
    }

    #[test]
    fn responses_that_are_no_numbers_do_not_rank() {
        let mut found = MaximumActivation::<f32>::new(2, 1, options(2)).unwrap();
        found.add(&[f64::NAN, f64::NAN, -3.0, f64::NAN], &[1.0, 2.0]).unwrap();
        assert_eq!(found.ranked(0), [RankedStimulus { index: 1, response: -3.0 }]);
        assert!(found.images()[0] == 2.0 && found.images()[1].is_nan());
        assert!(found.ranked(1).is_empty() && found.ranked(2).is_empty());
    }

    #[test]
    fn wrong_sizes_are_errors() {
        for (sites, pixels) in [(0, 3), (2, 0)] {
            let found = MaximumActivation::<f32>::new(sites, pixels, options(1));
            assert!(matches!(found, Err(Error::Empty { .. })));
        }
        let found = MaximumActivation::<f32>::new(2, 3, options(0));
        assert!(matches!(found, Err(Error::Range { .. })));
        let mut found = MaximumActivation::<f32>::new(2, 3, options(1)).unwrap();
        assert!(matches!(found.add(&[0.0; 2], &[0.0; 4]), Err(Error::Length { .. })));
        assert!(matches!(found.add(&[0.0; 3], &[0.0; 3]), Err(Error::Length { .. })));
        assert_eq!(found.added(), 0);
    }
}
