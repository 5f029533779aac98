//! p-values of several comparisons at once.

use crate::{Error, Result};

/// p-values adjusted for their number by Holm's step-down method, in the order given.
///
/// With the values sorted, `p_(1) <= ... <= p_(m)`, the adjusted ones are
/// `max over j <= i of min(1, (m - j + 1) p_(j))`. Calling those at most `a` significant makes one or
/// more false calls with a probability of at most `a`, however the comparisons depend on each other.
///
/// Source: S. Holm, A simple sequentially rejective multiple test procedure, Scandinavian Journal of
/// Statistics 6, 1979.
///
/// # Errors
///
/// [`Error::RealRange`] when a value is not a probability.
pub fn holm_adjusted(p_values: &[f64]) -> Result<Vec<f64>> {
    if let Some(&found) = p_values.iter().find(|p| !(0.0..=1.0).contains(*p)) {
        return Err(Error::RealRange {
            action: "adjust p-values",
            name: "a p-value",
            found,
            expected: "0 to 1",
        });
    }
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, &index) in order.iter().enumerate() {
        let remaining = (p_values.len() - rank) as f64;
        largest = largest.max((remaining * p_values[index]).min(1.0));
        adjusted[index] = largest;
    }
    Ok(adjusted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_values_by_hand() {
        // Sorted times 5, 4, 3, 2, 1 is 0.025, 0.04, 0.09, 0.08, 0.55, and 0.08 rises to 0.09.
        let found = holm_adjusted(&[0.01, 0.04, 0.03, 0.005, 0.55]).unwrap();
        for (found, expected) in found.iter().zip([0.04, 0.09, 0.09, 0.025, 0.55]) {
            assert!((found - expected).abs() < 1e-15, "{found} != {expected}");
        }
    }

    #[test]
    fn one_stays_many_are_cut_and_ties_stay_ties() {
        assert_eq!(holm_adjusted(&[]).unwrap(), []);
        assert_eq!(holm_adjusted(&[0.03]).unwrap(), [0.03]);
        assert_eq!(holm_adjusted(&[0.5, 0.75, 0.5]).unwrap(), [1.0; 3]);
        assert_eq!(holm_adjusted(&[0.25, 0.125, 0.125]).unwrap(), [0.375, 0.375, 0.375]);
    }

    #[test]
    fn wrong_input_is_an_error() {
        for wrong in [f64::NAN, -0.1, 1.5] {
            let error = holm_adjusted(&[0.5, wrong]).unwrap_err();
            assert!(matches!(error, Error::RealRange { .. }), "{error}");
        }
    }
}
