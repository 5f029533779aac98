//! How sure a share of successes is.

use crate::{Error, Result};

/// The 0.975 quantile of the standard normal distribution.
const NORMAL_975: f64 = 1.959_963_984_540_054;

/// The 95 % score interval of Wilson (1927) for the probability of a success, of which `trials` independent trials had
/// `successes`. Unlike one that is symmetric about the share it stays in \[0, 1\], and is no point at either end.
///
/// ```
/// let [low, high] = nwm_analysis::statistics::wilson_interval(98, 100)?;
/// assert!(low < 0.98 && 0.98 < high && high < 1.0);
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Empty`] without trials, [`Error::Range`] with more successes than trials.
pub fn wilson_interval(successes: usize, trials: usize) -> Result<[f64; 2]> {
    const ACTION: &str = "compute the interval of a share";
    if trials == 0 {
        return Err(Error::Empty { action: ACTION, expected: "trial" });
    }
    if successes > trials {
        return Err(Error::Range {
            action: ACTION,
            name: "the number of successes",
            found: successes,
            expected: "at most that of trials",
        });
    }
    let (n, share) = (trials as f64, successes as f64 / trials as f64);
    let square = NORMAL_975 * NORMAL_975;
    let centre = (share + square / (2.0 * n)) / (1.0 + square / n);
    let spread = (share * (1.0 - share) / n + square / (4.0 * n * n)).sqrt();
    let half = NORMAL_975 / (1.0 + square / n) * spread;
    // At the ends the exact value is the end; rounding must not leave it outside.
    let low = if successes == 0 { 0.0 } else { centre - half };
    let high = if successes == trials { 1.0 } else { centre + half };
    Ok([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both ends are where a test of the share against them has a score of 1.96: the definition.
    #[test]
    fn ends_are_where_the_score_test_rejects() {
        for (successes, trials) in [(1, 10), (5, 10), (81, 263), (9_900, 10_000), (999, 1000)] {
            let share = successes as f64 / trials as f64;
            for end in wilson_interval(successes, trials).unwrap() {
                let score = (share - end).abs() / (end * (1.0 - end) / trials as f64).sqrt();
                assert!((score - NORMAL_975).abs() < 1e-9, "{successes} of {trials}: {score}");
            }
        }
    }

    #[test]
    fn nothing_and_all_are_ends_of_their_intervals() {
        let [low, high] = wilson_interval(0, 20).unwrap();
        assert!(low == 0.0 && (0.1..0.2).contains(&high));
        let [low, high] = wilson_interval(20, 20).unwrap();
        assert!(high == 1.0 && (0.8..0.9).contains(&low));
    }

    #[test]
    fn impossible_counts_are_refused() {
        assert!(matches!(wilson_interval(0, 0), Err(Error::Empty { .. })));
        assert!(matches!(wilson_interval(3, 2), Err(Error::Range { found: 3, .. })));
    }
}
