//! The middle of values, whatever their distribution.

use statrs::distribution::{Binomial, DiscreteCDF};

use crate::{Error, Result, check};

/// Median and its confidence interval, which no outlier moves and no distribution is assumed for.
///
/// The interval lies between two of the sorted values, the `k`-th smallest and the `k`-th largest, with the largest `k` for
/// which it misses the median of the population with a probability of at most 0.05: each value is below that median with
/// probability 1/2, so the number of those below it is binomial.
///
/// Source: W. J. Conover, Practical Nonparametric Statistics, 1999, section 3.2.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct MedianSummary {
    /// Number of values.
    pub count: usize,
    /// The median, the mean of the middle two if their number is even.
    pub median: f64,
    /// The interval; `None` of fewer than six values, whose extremes miss it too often.
    pub interval95: Option<[f64; 2]>,
}

impl MedianSummary {
    /// Summarises `values`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without values, [`Error::NonFinite`] when one is NaN or infinite.
    pub fn of(values: &[f64]) -> Result<Self> {
        const ACTION: &str = "take a median";
        check::finite(ACTION, values)?;
        let mut sorted = values.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let count = sorted.len();
        if count == 0 {
            return Err(Error::Empty { action: ACTION, expected: "value" });
        }
        let median = (sorted[(count - 1) / 2] + sorted[count / 2]) / 2.0;
        let interval95 =
            outside(count)?.map(|left_out| [sorted[left_out], sorted[count - 1 - left_out]]);
        Ok(Self { count, median, interval95 })
    }
}

/// How many of `count` values lie outside the interval on either side; `None` if the extremes are no interval.
fn outside(count: usize) -> Result<Option<usize>> {
    let below = Binomial::new(0.5, count as u64).map_err(|_| Error::Range {
        action: "compute an interval of a median",
        name: "number of values",
        found: count,
        expected: "at least 1",
    })?;
    let misses = |values: usize| below.cdf(values as u64) > 0.025;
    // Values below the median: at most so many with a probability of at most 0.025.
    let mut left_out = None;
    while !misses(left_out.map_or(0, |values: usize| values + 1)) {
        left_out = Some(left_out.map_or(0, |values| values + 1));
    }
    Ok(left_out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn intervals_are_those_of_printed_tables() {
        // k of the sign test's interval at 95 %, as tables print it: 1 for 6 to 8 values, 2 to 11, 3 to 14, and so on.
        let ranks =
            [(5, None), (6, Some(1)), (8, Some(1)), (9, Some(2)), (11, Some(2)), (12, Some(3))];
        for (count, rank) in ranks.into_iter().chain([(20, Some(6)), (25, Some(8)), (64, Some(24))])
        {
            let found = outside(count).unwrap().map(|left_out| left_out + 1);
            assert_eq!(found, rank, "{count}");
        }
    }

    #[test]
    fn outliers_do_not_matter() {
        let values: Vec<f64> = (1..=9).map(f64::from).rev().collect();
        let found = MedianSummary::of(&values).unwrap();
        assert_eq!((found.count, found.median, found.interval95), (9, 5.0, Some([2.0, 8.0])));
        let mut wild = values;
        wild[0] = 1e9;
        assert_eq!(MedianSummary::of(&wild).unwrap(), found);
        let few = MedianSummary::of(&[4.0, 1.0]).unwrap();
        assert_eq!((few.median, few.interval95), (2.5, None));
    }

    #[test]
    fn nineteen_of_twenty_intervals_hold_the_median() {
        let mut stream = Stream::new(b"tests of medians        ", 0);
        let mut held = 0;
        for _ in 0..2000 {
            let values: Vec<f64> = (0..20).map(|_| stream.normal().exp()).collect();
            let [low, high] = MedianSummary::of(&values).unwrap().interval95.unwrap();
            held += u32::from(low <= 1.0 && 1.0 <= high);
        }
        // The sixth of twenty on either side: 0.9586 exactly; five standard errors are 0.022.
        assert!((f64::from(held) / 2000.0 - 0.9586).abs() < 0.022, "{held}");
    }

    #[test]
    fn nothing_and_nan_are_errors() {
        assert!(matches!(MedianSummary::of(&[]), Err(Error::Empty { .. })));
        let error = MedianSummary::of(&[1.0, f64::INFINITY]).unwrap_err();
        assert!(matches!(error, Error::NonFinite { index: 1, .. }));
    }
}
