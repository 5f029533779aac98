//! Correlations of angles.

use std::f64::consts::FRAC_1_SQRT_2;

use crate::{Error, Real, Result};

const ACTION: &str = "correlate angles";

/// A correlation, and how often chance alone makes one as large if samples are independent.
///
/// Neighbouring sites of a map are not independent, which makes this p-value far too small for maps: compare
/// with shuffled maps instead.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct AngularCorrelation {
    /// The coefficient.
    pub coefficient: f64,
    /// Its p-value for independent samples.
    pub p_value: f64,
}

/// The correlation of angles with numbers, 0 to 1: the multiple correlation of the numbers with cosine and
/// sine of the angles (Mardia; as in CircStat's `circ_corrcl`). The p-value is `exp(-n rho^2 / 2)`.
///
/// Pairs with a NaN are left out. The coefficient is NaN if the numbers or the angles are all equal.
///
/// # Errors
///
/// When the lengths differ, or fewer than three pairs are whole.
pub fn circular_linear_correlation<T: Real>(
    angles: &[T],
    numbers: &[T],
) -> Result<AngularCorrelation> {
    let pairs = whole_pairs(angles, numbers)?;
    let columns = |of: &dyn Fn(&[f64; 2]) -> f64| pairs.iter().map(of).collect::<Vec<f64>>();
    let (cosines, sines) = (columns(&|it| it[0].cos()), columns(&|it| it[0].sin()));
    let numbers = columns(&|it| it[1]);
    let with_cosine = correlation(&numbers, &cosines);
    let with_sine = correlation(&numbers, &sines);
    let between = correlation(&cosines, &sines);
    let square = (with_cosine.powi(2) + with_sine.powi(2)
        - 2.0 * with_cosine * with_sine * between)
        / (1.0 - between.powi(2));
    let p_value = (-(pairs.len() as f64) * square / 2.0).exp();
    // Rounding may leave less than nothing; NaN stays.
    let square = if square < 0.0 { 0.0 } else { square };
    Ok(AngularCorrelation { coefficient: square.sqrt(), p_value })
}

/// The correlation of angles with angles, -1 to 1 (Jammalamadaka and SenGupta; as in CircStat's
/// `circ_corrcc`), with a normal approximation for its p-value.
///
/// Pairs with a NaN are left out. The coefficient is NaN if one side is constant.
///
/// # Errors
///
/// When the lengths differ, or fewer than three pairs are whole.
pub fn circular_correlation<T: Real>(angles: &[T], others: &[T]) -> Result<AngularCorrelation> {
    let pairs = whole_pairs(angles, others)?;
    let means = [0, 1].map(|side| {
        let (cosines, sines) = pairs.iter().fold((0.0, 0.0), |(cosines, sines), pair| {
            (cosines + pair[side].cos(), sines + pair[side].sin())
        });
        sines.atan2(cosines)
    });
    let [mut product, mut first, mut second, mut both] = [0.0; 4];
    for [angle, other] in &pairs {
        let (sine, sine_of_other) = ((angle - means[0]).sin(), (other - means[1]).sin());
        product += sine * sine_of_other;
        first += sine * sine;
        second += sine_of_other * sine_of_other;
        both += (sine * sine_of_other).powi(2);
    }
    let coefficient = product / (first * second).sqrt();
    let deviations = coefficient * (first * second / both).sqrt();
    let p_value = libm::erfc(deviations.abs() * FRAC_1_SQRT_2);
    Ok(AngularCorrelation { coefficient, p_value })
}

fn whole_pairs<T: Real>(first: &[T], second: &[T]) -> Result<Vec<[f64; 2]>> {
    if first.len() != second.len() {
        return Err(Error::Mismatch {
            action: ACTION,
            what: "values",
            found: second.len(),
            expected: first.len(),
            like: "the angles",
        });
    }
    let pairs: Vec<[f64; 2]> = first
        .iter()
        .zip(second)
        .map(|(first, second)| [first.widen(), second.widen()])
        .filter(|pair| !pair[0].is_nan() && !pair[1].is_nan())
        .collect();
    if pairs.len() < 3 {
        return Err(Error::Range {
            action: ACTION,
            name: "the number of pairs without NaN",
            found: pairs.len(),
            expected: "at least 3",
        });
    }
    Ok(pairs)
}

/// Pearson's coefficient.
fn correlation(first: &[f64], second: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_of_first, mean_of_second) = (mean(first), mean(second));
    let [mut product, mut square, mut other] = [0.0; 3];
    for (first, second) in first.iter().zip(second) {
        let (first, second) = (first - mean_of_first, second - mean_of_second);
        product += first * second;
        square += first * first;
        other += second * second;
    }
    product / (square * other).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANGLES: [f64; 8] = [0.1, 0.5, 1.2, 2.0, -2.5, -1.0, 0.3, 3.0];

    #[test]
    fn known_coefficients() {
        // CircStat under GNU Octave 7.3.
        let numbers: Vec<f64> = (1..=8).map(f64::from).collect();
        let found = circular_linear_correlation(&ANGLES, &numbers).unwrap();
        assert!((found.coefficient - 0.562237411120).abs() < 1e-12, "{found:?}");
        assert!((found.p_value - 0.282396370481).abs() < 1e-12, "{found:?}");
        let others = [0.2, 0.4, 1.5, 1.7, -2.2, -1.4, 0.1, 2.6];
        let found = circular_correlation(&ANGLES, &others).unwrap();
        assert!((found.coefficient - 0.960591090819).abs() < 1e-12, "{found:?}");
        assert!((found.p_value - 0.024131540819).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn pairs_with_a_gap_do_not_count() {
        let numbers: Vec<f64> = (1..=8).map(f64::from).collect();
        let (mut angles, mut more) = (ANGLES.to_vec(), numbers.clone());
        angles.extend([f64::NAN, 1.0]);
        more.extend([1.0, f64::NAN]);
        let whole = circular_linear_correlation(&ANGLES, &numbers).unwrap();
        assert_eq!(circular_linear_correlation(&angles, &more).unwrap(), whole);
        assert!(circular_linear_correlation(&angles[6..], &more[6..]).is_err());
        assert!(circular_correlation(&angles, &numbers).is_err());
        let constant = circular_linear_correlation(&ANGLES, &[1.0; 8]).unwrap();
        assert!(constant.coefficient.is_nan());
    }
}
