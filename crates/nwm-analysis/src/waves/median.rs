//! Medians.

/// The median of numbers, the mean of the middle two if their number is even; NaN are left out. None if there
/// is no number.
pub(super) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        length if length.is_multiple_of(2) => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
        _ => Some(sorted[middle]),
    }
}

/// The lower quartile, the median and the upper quartile of numbers, linear between neighbours; NaN are left out.
/// None if there is no number.
pub(super) fn quartiles(mut values: Vec<f64>) -> Option<[f64; 3]> {
    values.retain(|value| !value.is_nan());
    let last = values.len().checked_sub(1)?;
    Some([1, 2, 3].map(|quarter| {
        let (place, rest) = (quarter * last / 4, quarter * last % 4);
        let (_, &mut here, above) = values.select_nth_unstable_by(place, f64::total_cmp);
        let next = above.iter().copied().min_by(f64::total_cmp).unwrap_or(here);
        here + (next - here) * rest as f64 / 4.0
    }))
}

/// The weighted median of numbers in `[-1/2, 1/2]` that come in portions, to a precision of `2^-20`.
#[derive(Debug, Clone)]
pub(super) struct WeightedMedian {
    weights: Vec<f64>,
}

/// Steps per unit.
const STEPS: f64 = (1 << 20) as f64;

impl WeightedMedian {
    pub(super) fn new() -> Self {
        Self { weights: vec![0.0; (1 << 20) + 1] }
    }

    /// Adds a number. A NaN counts as nothing, as does a weight that is NaN.
    pub(super) fn add(&mut self, value: f64, weight: f64) {
        let place = ((value + 0.5) * STEPS).round();
        if (0.0..=STEPS).contains(&place) && weight > 0.0 {
            self.weights[place as usize] += weight;
        }
    }

    /// The number that half of the weight lies up to; none if there is no weight.
    pub(super) fn median(&self) -> Option<f64> {
        let half = self.weights.iter().sum::<f64>() / 2.0;
        let mut sum = 0.0;
        let place = self.weights.iter().position(|weight| {
            sum += weight;
            sum >= half && half > 0.0
        })?;
        Some(place as f64 / STEPS - 0.5)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_of_few_numbers() {
        assert_eq!(median(&[3.0, f64::NAN, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[f64::NAN]), None);
    }

    #[test]
    fn quartiles_lie_between_numbers() {
        let values = [0.3, 2.0, 0.1, f64::NAN, 5.0, 0.7, 1.0];
        // Sorted 0.1 0.3 0.7 1 2 5: places 1.25, 2.5 and 3.75.
        let found = quartiles(values.to_vec()).unwrap();
        for (found, wanted) in found.into_iter().zip([0.4, 0.85, 1.75]) {
            assert!((found - wanted).abs() < 1e-15, "{found} {wanted}");
        }
        assert_eq!(Some(found[1]), median(&values));
        assert_eq!(quartiles(vec![3.0]), Some([3.0; 3]));
        assert_eq!(quartiles(vec![f64::NAN]), None);
    }

    #[test]
    fn weights_move_the_median() {
        let mut found = WeightedMedian::new();
        assert_eq!(found.median(), None);
        [(0.1, 1.0), (0.2, 1.0), (0.4, 5.0), (f64::NAN, 9.0), (0.3, f64::NAN), (0.7, 9.0)]
            .into_iter()
            .for_each(|(value, weight)| found.add(value, weight));
        assert!((found.median().unwrap() - 0.4).abs() < 1e-6);
        found.add(-0.5, 100.0);
        assert_eq!(found.median(), Some(-0.5));
    }
}
