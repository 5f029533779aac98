//! The difference of two independent estimates.

use crate::{Error, Result};

/// The interval of the difference `first - second` of two independent estimates, each a value with its interval of the same
/// level: of proportions with Wilson's intervals this is Newcombe's hybrid score interval (Statistics in Medicine 17, 1998,
/// method 10); for other estimates it is the method of variance estimates recovery (Zou and Donner 2008).
///
/// With values `m` and intervals from `l` to `u` it reaches from `d - sqrt((m1 - l1)^2 + (u2 - m2)^2)` to
/// `d + sqrt((u1 - m1)^2 + (m2 - l2)^2)` around `d = m1 - m2`. Estimates from the same samples are not independent: if they
/// rise and fall together, the interval is wider than it need be.
///
/// ```
/// use nwm_analysis::statistics::{difference_interval, wilson_interval};
///
/// let share = |of: usize| Ok::<_, nwm_analysis::Error>((of as f64 / 100.0, wilson_interval(of, 100)?));
/// let [low, high] = difference_interval(share(90)?, share(70)?)?;
/// assert!(0.0 < low && low < 0.2 && 0.2 < high);
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::RealRange`] when a value is not within its interval, or not finite.
pub fn difference_interval(first: (f64, [f64; 2]), second: (f64, [f64; 2])) -> Result<[f64; 2]> {
    for (value, [low, high]) in [first, second] {
        if !(value.is_finite() && low <= value && value <= high) {
            return Err(Error::RealRange {
                action: "compare two estimates",
                name: "an estimate",
                found: value,
                expected: "a finite number within its interval",
            });
        }
    }
    let ((first, [first_low, first_high]), (second, [second_low, second_high])) = (first, second);
    let difference = first - second;
    Ok([
        difference - (first - first_low).hypot(second_high - second),
        difference + (first_high - first).hypot(second - second_low),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::wilson_interval;
    use super::*;

    fn share(successes: usize, trials: usize) -> (f64, [f64; 2]) {
        (successes as f64 / trials as f64, wilson_interval(successes, trials).unwrap())
    }

    /// Newcombe's own examples, to the four digits that he printed.
    #[test]
    fn proportions_have_the_published_intervals() {
        for (first, second, expected) in [
            (share(56, 70), share(48, 80), [0.0524, 0.3339]),
            (share(9, 10), share(3, 10), [0.1705, 0.8090]),
        ] {
            let found = difference_interval(first, second).unwrap();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 5e-5, "{found} != {expected}");
            }
        }
    }

    #[test]
    fn the_other_order_has_the_other_sign() {
        let (first, second) = (share(83, 91), share(40, 120));
        let [low, high] = difference_interval(first, second).unwrap();
        let [other_low, other_high] = difference_interval(second, first).unwrap();
        assert_eq!([low, high], [-other_high, -other_low]);
    }

    #[test]
    fn exact_estimates_differ_by_a_point() {
        let found = difference_interval((3.0, [3.0, 3.0]), (1.0, [1.0, 1.0])).unwrap();
        assert_eq!(found, [2.0, 2.0]);
    }

    #[test]
    fn values_outside_of_their_intervals_are_refused() {
        let good = share(1, 2);
        for bad in [(2.0, [0.0, 1.0]), (f64::NAN, [0.0, 1.0]), (0.5, [0.0, f64::NAN])] {
            for (first, second) in [(good, bad), (bad, good)] {
                let error = difference_interval(first, second).unwrap_err();
                assert!(matches!(error, Error::RealRange { .. }), "{error}");
            }
        }
    }
}
