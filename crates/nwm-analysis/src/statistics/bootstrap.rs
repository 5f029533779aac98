//! Is one model better than another on the same trajectories?

use crate::random::Stream;
use crate::sums::dot;
use crate::{Error, Result, check};

/// More resamples than anyone needs; their differences are all kept to be sorted.
const MOST_RESAMPLES: usize = 10_000_000;

/// How a difference is resampled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BootstrapOptions {
    /// Number of resamples, 1 to 10 million; default 10 000.
    pub resamples: usize,
    /// Seed of the random draws; default 0.
    pub seed: u64,
}

impl Default for BootstrapOptions {
    fn default() -> Self {
        Self { resamples: 10_000, seed: 0 }
    }
}

impl BootstrapOptions {
    /// The same options with another number of resamples.
    #[must_use]
    pub fn with_resamples(self, resamples: usize) -> Self {
        Self { resamples, ..self }
    }

    /// The same options with another seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }
}

/// Difference of the mean errors of two models on the same trajectories, with its uncertainty from
/// a paired hierarchical bootstrap.
///
/// Every resample draws the trajectories with replacement, the same for both models, so that what
/// makes a trajectory hard for both cancels. It also draws the seeds of a model with replacement,
/// for each model by itself, because a seed of one model has nothing in common with a seed of the
/// other. A single seed is kept; the result then says nothing about other seeds of that model. With
/// few seeds the interval is too narrow, as that of every percentile bootstrap of few values.
///
/// Source: B. Efron and R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapters 8, 13
/// and 16; A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application, 1997, section
/// 3.8 on hierarchical data and chapter 4 on tests.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct PairedDifference {
    /// Mean of the first model minus mean of the second, over seeds and trajectories.
    pub difference: f64,
    /// The 0.025 and 0.975 quantiles of the resampled differences, interpolated linearly between
    /// order statistics.
    pub interval95: [f64; 2],
    /// Two-sided p-value of no difference, `2 min(n_low + 1, n_high + 1) / (resamples + 1)` and at
    /// most 1, where `n_low` resampled differences are at most 0 and `n_high` at least 0.
    pub p_value: f64,
    /// Whether either model has a single seed.
    pub conditional_on_seed: bool,
}

impl PairedDifference {
    /// Compares `first[seed][trajectory]` with `second[seed][trajectory]`: one or more seeds, not
    /// necessarily as many for both, and the same trajectories in the same order everywhere.
    ///
    /// Takes about `resamples * trajectories * (5 + seeds / 2)` nanoseconds, seeds of both models.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without seeds or trajectories, [`Error::Mismatch`] when numbers of
    /// trajectories differ, [`Error::NonFinite`] when an error is NaN or infinite (the index is
    /// `seed * trajectories + trajectory`), [`Error::Range`] when the number of resamples or of
    /// trajectories is out of range.
    pub fn of<A: AsRef<[f64]>, B: AsRef<[f64]>>(
        first: &[A],
        second: &[B],
        options: BootstrapOptions,
    ) -> Result<Self> {
        let first: Vec<&[f64]> = first.iter().map(AsRef::as_ref).collect();
        let second: Vec<&[f64]> = second.iter().map(AsRef::as_ref).collect();
        let trajectories = check_errors(&first, &second)?;
        if !(1..=MOST_RESAMPLES).contains(&options.resamples) {
            return Err(Error::Range {
                action: ACTION,
                name: "resamples",
                found: options.resamples,
                expected: "1 to 10 million",
            });
        }
        let conditional_on_seed = first.len() == 1 || second.len() == 1;

        let differences: Vec<f64>;
        let (first, second) = match (first.as_slice(), second.as_slice()) {
            // Nothing but trajectories is drawn: one column is enough.
            (&[first], &[second]) => {
                differences =
                    first.iter().zip(second).map(|(first, second)| first - second).collect();
                (vec![differences.as_slice()], Vec::new())
            }
            _ => (first, second),
        };
        let once = vec![1.0; trajectories as usize];
        let difference =
            mean(&weighted_means(&once, &first)) - mean(&weighted_means(&once, &second));

        let mut stream = Stream::new(b"nwm-analysis bootstrap  ", options.seed);
        let mut counts = vec![0.0; trajectories as usize];
        let mut resampled = Vec::with_capacity(options.resamples);
        for _ in 0..options.resamples {
            counts.fill(0.0);
            for _ in 0..trajectories {
                counts[stream.below(trajectories) as usize] += 1.0;
            }
            let first = resampled_mean(&weighted_means(&counts, &first), &mut stream);
            let second = resampled_mean(&weighted_means(&counts, &second), &mut stream);
            resampled.push(first - second);
        }
        resampled.sort_unstable_by(f64::total_cmp);
        Ok(Self {
            difference,
            interval95: [quantile(&resampled, 0.025), quantile(&resampled, 0.975)],
            p_value: two_sided_p(&resampled),
            conditional_on_seed,
        })
    }
}

const ACTION: &str = "compare two models";

/// Checks both models and returns the number of trajectories.
fn check_errors(first: &[&[f64]], second: &[&[f64]]) -> Result<u32> {
    const MODELS: [(&str, &str); 2] = [
        ("trajectories in a seed of the first model", "compare two models, errors of the first"),
        ("trajectories in a seed of the second model", "compare two models, errors of the second"),
    ];
    let (Some(like), false) = (first.first(), second.is_empty()) else {
        return Err(Error::Empty { action: ACTION, expected: "seed of each" });
    };
    let expected = like.len();
    for (seeds, (what, action)) in [first, second].into_iter().zip(MODELS) {
        for (seed, errors) in seeds.iter().enumerate() {
            if errors.len() != expected {
                let like = "the first seed of the first model";
                return Err(Error::Mismatch {
                    action: ACTION,
                    what,
                    found: errors.len(),
                    expected,
                    like,
                });
            }
            check::finite(action, errors).map_err(|error| match error {
                Error::NonFinite { action, index, value } => {
                    Error::NonFinite { action, index: seed * expected + index, value }
                }
                other => other,
            })?;
        }
    }
    match u32::try_from(expected) {
        Ok(0) => Err(Error::Empty { action: ACTION, expected: "trajectory" }),
        Ok(trajectories) => Ok(trajectories),
        Err(_) => Err(Error::Range {
            action: ACTION,
            name: "number of trajectories",
            found: expected,
            expected: "at most 4294967295",
        }),
    }
}

/// Mean of every column when trajectory `i` counts `counts[i]` times; the counts sum to their
/// number.
fn weighted_means(counts: &[f64], columns: &[&[f64]]) -> Vec<f64> {
    columns.iter().map(|column| dot(counts, column) / counts.len() as f64).collect()
}

/// Mean of as many of `values` as there are, drawn with replacement; a single one is kept. The mean
/// of none is 0, as is the second model's when its errors are already subtracted from the first's.
fn resampled_mean(values: &[f64], stream: &mut Stream) -> f64 {
    if values.len() < 2 {
        return mean(values);
    }
    let drawn: f64 =
        (0..values.len()).map(|_| values[stream.below(values.len() as u32) as usize]).sum();
    drawn / values.len() as f64
}

/// Mean of `values`, 0 of none.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// The quantile at `probability` of at least one sorted value: linear between order statistics, the
/// smallest at 0 and the largest at 1.
pub(crate) fn quantile(sorted: &[f64], probability: f64) -> f64 {
    let last = sorted.len() - 1;
    let position = probability * last as f64;
    let below = (position.floor() as usize).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (position - below as f64) * (sorted[above] - sorted[below])
}

/// Two-sided bootstrap p-value of sorted differences, see [`PairedDifference::p_value`].
fn two_sided_p(sorted: &[f64]) -> f64 {
    let not_above = sorted.partition_point(|&difference| difference <= 0.0);
    let not_below = sorted.len() - sorted.partition_point(|&difference| difference < 0.0);
    let smaller = not_above.min(not_below) + 1;
    (2.0 * smaller as f64 / (sorted.len() + 1) as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSE: &[u8; 24] = b"tests of the bootstrap  ";

    fn normal_values(seed: u64, count: usize) -> Vec<f64> {
        let mut stream = Stream::new(PURPOSE, seed);
        (0..count).map(|_| stream.normal()).collect()
    }

    fn compare(first: &[Vec<f64>], second: &[Vec<f64>]) -> PairedDifference {
        PairedDifference::of(first, second, BootstrapOptions::default()).unwrap()
    }

    fn width(comparison: &PairedDifference) -> f64 {
        comparison.interval95[1] - comparison.interval95[0]
    }

    #[test]
    fn quantiles_and_p_by_hand() {
        let sorted = [-1.0, 0.0, 0.0, 2.0, 4.0];
        assert_eq!([0.0, 0.25, 0.625, 1.0].map(|p| quantile(&sorted, p)), [-1.0, 0.0, 1.0, 4.0]);
        assert_eq!(quantile(&[3.0], 0.975), 3.0);
        // Three are at most 0, four at least 0: 2 (3 + 1) / (5 + 1), cut at 1.
        assert_eq!(two_sided_p(&sorted), 1.0);
        assert_eq!(two_sided_p(&[1.0; 19]), 0.1);
        // One of seven is at most 0: 2 (1 + 1) / (7 + 1).
        assert_eq!(two_sided_p(&[-1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]), 0.5);
    }

    #[test]
    fn identical_models_do_not_differ() {
        let errors = [normal_values(1, 50)];
        let found = compare(&errors, &errors);
        assert_eq!((found.difference, found.interval95, found.p_value), (0.0, [0.0; 2], 1.0));
        assert!(found.conditional_on_seed);
        let errors = [normal_values(1, 50), normal_values(2, 50), normal_values(3, 50)];
        let found = compare(&errors, &errors);
        assert_eq!(found.difference, 0.0);
        assert!(found.p_value > 0.9 && !found.conditional_on_seed, "{found:?}");
    }

    #[test]
    fn a_constant_shift_is_certain() {
        let second: Vec<f64> = (0..40).map(|i| f64::from(i % 7)).collect();
        let first: Vec<f64> = second.iter().map(|error| error - 0.25).collect();
        let found = compare(&[first], &[second]);
        assert_eq!((found.difference, found.interval95), (-0.25, [-0.25; 2]));
        assert_eq!(found.p_value, 2.0 / 10_001.0);
    }

    #[test]
    fn two_seeds_by_hand() {
        // The mean of two seeds drawn from errors 0 and 1 is 0, 1/2, 1 with shares 1/4, 1/2, 1/4.
        let found = compare(&[vec![0.0; 3], vec![1.0; 3]], &[vec![0.0; 3]]);
        assert_eq!((found.difference, found.interval95), (0.5, [0.0, 1.0]));
        // p is twice a share of 1/4 whose standard deviation is sqrt(3 / 16 / 10 000) = 0.0043.
        assert!((found.p_value - 0.5).abs() < 0.04, "{found:?}");
        assert!(found.conditional_on_seed);
    }

    #[test]
    fn the_interval_is_that_of_a_normal_mean() {
        let (first, second) = (normal_values(4, 400), normal_values(5, 400));
        let differences: Vec<f64> = first.iter().zip(&second).map(|(a, b)| a - b).collect();
        let center = mean(&differences);
        let squares: f64 = differences.iter().map(|value| (value - center).powi(2)).sum();
        let half_width = 1.959_964 * (squares / 399.0).sqrt() / 20.0;
        let found = compare(&[first], &[second]);
        assert!((found.difference - center).abs() < 1e-15, "{found:?}");
        let ratio = width(&found) / (2.0 * half_width);
        assert!((ratio - 1.0).abs() < 0.03, "{ratio}");
    }

    #[test]
    fn the_interval_covers_in_nineteen_of_twenty() {
        let options = BootstrapOptions::default().with_resamples(400);
        let covered = (0..400)
            .filter(|&seed| {
                let (first, second) =
                    (normal_values(2 * seed, 60), normal_values(2 * seed + 1, 60));
                let [low, high] =
                    PairedDifference::of(&[first], &[second], options).unwrap().interval95;
                low <= 0.0 && high >= 0.0
            })
            .count();
        // Expected 380, a little less for 60 trajectories; standard deviation sqrt(400 / 20) = 4.4.
        assert!((362..=394).contains(&covered), "{covered}");
    }

    #[test]
    fn pairing_tells_apart_what_scatter_would_hide() {
        let hard = normal_values(6, 200);
        let noise = normal_values(7, 200);
        let better: Vec<f64> = hard.iter().zip(&noise).map(|(h, n)| h - 0.02 + 0.05 * n).collect();
        let found = compare(&[better], std::slice::from_ref(&hard));
        assert!(found.interval95[1] < 0.0 && found.p_value < 0.01, "{found:?}");
        // Independent trajectories of the same scatter: 0.02 is a tenth of the half width.
        assert!(width(&found) < 0.1 * 2.0 * 1.96 * (2.0_f64 / 200.0).sqrt(), "{found:?}");
    }

    #[test]
    fn seeds_that_differ_widen_the_interval() {
        let errors = normal_values(8, 100);
        let of_seed = |shift: f64| errors.iter().map(|error| error + shift).collect::<Vec<_>>();
        let second = [of_seed(0.3)];
        let alone = compare(&[of_seed(0.0)], &second);
        let several = compare(&[of_seed(-0.1), of_seed(0.0), of_seed(0.1)], &second);
        assert!(width(&alone) < 1e-12, "{alone:?}");
        assert!(width(&several) > 0.1, "{several:?}");
        assert!((several.difference - alone.difference).abs() < 1e-12);
        // Seeds of the second model widen it as well, and then nothing is conditional.
        let both =
            compare(&[of_seed(-0.1), of_seed(0.0), of_seed(0.1)], &[of_seed(0.2), of_seed(0.4)]);
        assert!(width(&both) > width(&several) && !both.conditional_on_seed, "{both:?}");
    }

    #[test]
    fn the_seed_fixes_the_result() {
        let (first, second) =
            ([normal_values(9, 30), normal_values(10, 30)], [normal_values(11, 30)]);
        assert_eq!(compare(&first, &second), compare(&first, &second));
        let other = BootstrapOptions::default().with_seed(1);
        let other = PairedDifference::of(&first, &second, other).unwrap();
        assert_ne!(compare(&first, &second).interval95, other.interval95);
    }

    #[test]
    fn wrong_input_is_an_error() {
        let of = |first: &[Vec<f64>], second: &[Vec<f64>]| {
            PairedDifference::of(first, second, BootstrapOptions::default()).unwrap_err()
        };
        assert!(matches!(of(&[], &[vec![1.0]]), Error::Empty { .. }));
        assert!(matches!(of(&[vec![1.0]], &[]), Error::Empty { .. }));
        assert!(matches!(of(&[vec![]], &[vec![]]), Error::Empty { .. }));
        let error = of(&[vec![1.0, 2.0]], &[vec![1.0, 2.0], vec![1.0]]);
        assert_eq!(
            error.to_string(),
            "compare two models: found 1 trajectories in a seed of the second model, expected 2 \
             like the first seed of the first model"
        );
        let error = of(&[vec![1.0, 2.0]], &[vec![1.0, 2.0], vec![1.0, f64::NAN]]);
        assert_eq!(
            error.to_string(),
            "compare two models, errors of the second: value 3 is NaN, expected a finite number"
        );
        let none = BootstrapOptions::default().with_resamples(0);
        assert!(PairedDifference::of(&[[1.0]], &[[1.0]], none).is_err());
        let many = BootstrapOptions::default().with_resamples(usize::MAX);
        assert!(PairedDifference::of(&[[1.0]], &[[1.0]], many).is_err());
    }
}
