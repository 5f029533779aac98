//! Synchrony: do all sites have the same phase at the same time?

use super::grid::check_phase;
use crate::Result;

/// Mean over frames of the length of the mean phase vector,
/// `mean_t |mean_r exp(i phase(t, r))|`: 1 when all sites agree, about `0.89 / sqrt(sites)` for
/// independent phases, 0 for a plane wave of whole cycles.
///
/// `phase` is `[time, row, column]` in radians; unwrapped phases are fine.
///
/// # Errors
///
/// When the slice does not have the shape, is empty, or holds a value that is not finite.
pub fn synchrony(phase: &[f64], shape: [usize; 3]) -> Result<f64> {
    check_phase(phase, shape)?;
    let [time, rows, columns] = shape;
    let total: f64 = phase.chunks_exact(rows * columns).map(mean_vector_length).sum();
    Ok(total / time as f64)
}

/// `|mean exp(i phase)|` of one frame.
fn mean_vector_length(frame: &[f64]) -> f64 {
    let (cosines, sines) = frame.iter().fold((0.0, 0.0), |(cosines, sines), phase| {
        let (sine, cosine) = phase.sin_cos();
        (cosines + cosine, sines + sine)
    });
    f64::hypot(cosines, sines) / frame.len() as f64
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;
    use crate::Error;

    #[test]
    fn equal_phases_are_fully_synchronous() {
        let phase: Vec<f64> = (0..5).flat_map(|time| [0.7 * f64::from(time); 12]).collect();
        let found = synchrony(&phase, [5, 3, 4]).unwrap();
        assert!((found - 1.0).abs() < 1e-14, "{found}");
    }

    #[test]
    fn whole_cycles_cancel() {
        let phase: Vec<f64> = (0..12).map(|column| -TAU * f64::from(column) / 12.0).collect();
        assert!(synchrony(&phase, [1, 1, 12]).unwrap() < 1e-15);
    }

    #[test]
    fn part_of_a_cycle_is_the_geometric_sum() {
        // |sum_{c<n} exp(-i k c)| / n = |sin(n k / 2) / (n sin(k / 2))|, the same in every frame.
        let (k, n) = (0.3, 7.0_f64);
        let phase: Vec<f64> = (0..14).map(|i| f64::from(i / 7) - k * f64::from(i % 7)).collect();
        let expected = ((n * k / 2.0).sin() / (n * (k / 2.0).sin())).abs();
        let found = synchrony(&phase, [2, 1, 7]).unwrap();
        assert!((found - expected).abs() < 1e-14, "{found} != {expected}");
    }

    #[test]
    fn frames_are_averaged_not_pooled() {
        // Each frame agrees within itself; the two frames point in opposite directions.
        let phase = [0.0, 0.0, TAU / 2.0, TAU / 2.0];
        assert!((synchrony(&phase, [2, 1, 2]).unwrap() - 1.0).abs() < 1e-15);
    }

    #[test]
    fn wrong_shapes_and_values_are_errors() {
        assert!(matches!(synchrony(&[0.0; 5], [1, 2, 3]), Err(Error::Length { found: 5, .. })));
        assert!(matches!(synchrony(&[], [0, 2, 3]), Err(Error::Empty { .. })));
        assert!(matches!(
            synchrony(&[0.0, f64::INFINITY], [1, 1, 2]),
            Err(Error::NonFinite { index: 1, .. })
        ));
        assert!(synchrony(&[], [usize::MAX, 2, 2]).is_err());
    }
}
