//! How well predictions explain a variable.

/// Mean of `values`.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Mean squared deviation from the mean.
pub(super) fn variance(values: &[f64]) -> f64 {
    let center = mean(values);
    values.iter().map(|value| (value - center).powi(2)).sum::<f64>() / values.len() as f64
}

/// Whether `values` vary by no more than the rounding of their mean, `n eps |mean|`.
pub(super) fn is_constant(values: &[f64]) -> bool {
    let rounding = values.len() as f64 * f64::EPSILON * mean(values);
    variance(values) <= rounding.powi(2)
}

/// `1 - var(target - predicted) / var(target)`: 1 if all of the variance is explained, whatever the
/// mean error is. A constant target scores 1 if the predictions are constant as well, else 0.
pub(super) fn explained_variance(target: &[f64], predicted: &[f64]) -> f64 {
    let errors = differences(target, predicted);
    if is_constant(target) {
        let size =
            target.iter().chain(predicted).fold(0.0_f64, |size, value| size.max(value.abs()));
        let rounding = target.len() as f64 * f64::EPSILON * size;
        return if variance(&errors) <= rounding.powi(2) { 1.0 } else { 0.0 };
    }
    1.0 - variance(&errors) / variance(target)
}

/// `1 - mean((target - predicted)^2) / var(target)`: as [`explained_variance`], but a mean error
/// counts.
pub(super) fn r_squared(target: &[f64], predicted: &[f64]) -> f64 {
    let squares: Vec<f64> = differences(target, predicted).iter().map(|e| e * e).collect();
    if is_constant(target) {
        return if mean(&squares) == 0.0 { 1.0 } else { 0.0 };
    }
    1.0 - mean(&squares) / variance(target)
}

fn differences(target: &[f64], predicted: &[f64]) -> Vec<f64> {
    target.iter().zip(predicted).map(|(target, predicted)| target - predicted).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_by_hand() {
        // Target variance 1.25; errors -1, -1, -1, 0: mean square 0.75, variance 0.1875.
        let (target, predicted) = ([1.0, 2.0, 3.0, 4.0], [2.0, 3.0, 4.0, 4.0]);
        assert!((explained_variance(&target, &predicted) - 0.85).abs() < 1e-15);
        assert!((r_squared(&target, &predicted) - 0.4).abs() < 1e-15);
        assert_eq!(r_squared(&target, &target), 1.0);
        // A constant shift costs nothing but in R^2.
        let shifted = target.map(|value| value + 5.0);
        assert!((explained_variance(&target, &shifted) - 1.0).abs() < 1e-15);
        assert_eq!(r_squared(&target, &shifted), -19.0);
    }

    #[test]
    fn constant_targets_are_all_or_nothing() {
        // 0.1 is no dyadic number: its mean is rounded.
        let constant = [0.1; 7];
        assert_eq!(explained_variance(&constant, &[0.3; 7]), 1.0);
        assert_eq!(explained_variance(&constant, &[0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2]), 0.0);
        assert_eq!((r_squared(&[0.0; 3], &[0.0; 3]), r_squared(&[0.0; 3], &[0.1; 3])), (1.0, 0.0));
    }
}
