//! The adding problem: remember two marked numbers of a long sequence, and add them.

use crate::error::{Error, Result};
use crate::spec::Split;
use crate::stream::Stream;

/// Sequences of uniform numbers of which two are marked, one in each half.
///
/// The constant answer 1 has the mean squared error 1/6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AddingProblem {
    /// Numbers in a sequence; at least 2.
    pub steps: usize,
    /// Seed.
    pub seed: u64,
    /// Splits never share a random number.
    pub split: Split,
}

/// Some sequences with their answers.
#[derive(Debug, Clone, PartialEq)]
pub struct AddingBatch {
    /// Axes `[time, batch, 2]`: the number in 0..1, and 1 where it is marked.
    pub inputs: Vec<f32>,
    /// Sum of the marked numbers, axis `[batch]`.
    pub targets: Vec<f32>,
}

impl AddingProblem {
    /// Batch number `index`: a function of the problem, `index` and `batch_size` alone.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] if a sequence has fewer than 2 numbers.
    pub fn batch(&self, index: u64, batch_size: usize) -> Result<AddingBatch> {
        if self.steps < 2 {
            return Err(Error::InvalidSetting {
                key: "data.steps",
                found: self.steps.to_string(),
                expected: "at least 2",
            });
        }
        let domain = format!("nwm-data/adding/{}", self.split);
        let half = self.steps / 2;
        let mut inputs = vec![0.0; self.steps * batch_size * 2];
        let mut targets = Vec::with_capacity(batch_size);
        for item in 0..batch_size {
            let mut stream = Stream::new(&domain, &[self.seed, index, item as u64]);
            let place = |step: usize| (step * batch_size + item) * 2;
            for step in 0..self.steps {
                inputs[place(step)] = stream.unit_f32();
            }
            let marked = [stream.below(half), half + stream.below(self.steps - half)];
            for step in marked {
                inputs[place(step) + 1] = 1.0;
            }
            targets.push(marked.iter().map(|&step| inputs[place(step)]).sum());
        }
        Ok(AddingBatch { inputs, targets })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem() -> AddingProblem {
        AddingProblem { steps: 11, seed: 3, split: Split::Train }
    }

    #[test]
    fn one_number_of_each_half_is_marked_and_the_target_is_their_sum() {
        let AddingBatch { inputs, targets } = problem().batch(0, 200).unwrap();
        for (item, target) in targets.iter().enumerate() {
            let at = |step: usize| &inputs[(step * 200 + item) * 2..][..2];
            let marked: Vec<usize> = (0..11).filter(|&step| at(step)[1] == 1.0).collect();
            assert!(
                matches!(marked[..], [first, second] if first < 5 && second >= 5),
                "{marked:?}"
            );
            assert_eq!(at(marked[0])[0] + at(marked[1])[0], *target);
            assert!((0..11).all(|step| (0.0..1.0).contains(&at(step)[0])));
        }
    }

    #[test]
    fn the_constant_answer_has_the_known_error() {
        let targets = problem().batch(1, 20_000).unwrap().targets;
        let error: f64 =
            targets.iter().map(|&t| f64::from((t - 1.0) * (t - 1.0))).sum::<f64>() / 20_000.0;
        // The variance of the squared error is 7/180; five standard errors.
        assert!((error - 1.0 / 6.0).abs() < 0.007, "{error}");
    }

    #[test]
    fn batches_splits_and_seeds_differ_and_repeat() {
        let first = problem().batch(0, 4).unwrap();
        assert_eq!(first, problem().batch(0, 4).unwrap());
        assert_ne!(first, problem().batch(1, 4).unwrap());
        assert_ne!(first, AddingProblem { seed: 4, ..problem() }.batch(0, 4).unwrap());
        assert_ne!(first, AddingProblem { split: Split::Test, ..problem() }.batch(0, 4).unwrap());
        assert!(AddingProblem { steps: 1, ..problem() }.batch(0, 4).is_err());
    }
}
