//! Standard scores.

use rayon::prelude::*;

use super::check;
use crate::{Real, Result};

/// Takes the mean of each series of `[series, time]` away and divides it by its standard deviation,
/// which is the unbiased one (divided by `time - 1`). A series that is constant becomes zeros; one of
/// a single sample, too.
///
/// # Errors
///
/// When there is no sample, or their number is no multiple of `time`.
pub fn standardize<T: Real>(series: &mut [T], time: usize) -> Result<()> {
    check::series("standardize series", series, time)?;
    series.par_chunks_exact_mut(time).for_each(|samples| {
        let mean = samples.iter().map(|value| value.widen()).sum::<f64>() / time as f64;
        let squares: f64 = samples.iter().map(|value| (value.widen() - mean).powi(2)).sum();
        let deviation = (squares / (time as f64 - 1.0)).sqrt();
        // Rounding of the mean leaves differences of this size in a constant series.
        let constant = deviation <= mean.abs() * 1e-14 || time == 1;
        for value in samples {
            let centred = value.widen() - mean;
            // NaN stays NaN in a series that is not whole.
            *value = T::nearest(if constant { centred * 0.0 } else { centred / deviation });
        }
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mean_is_zero_and_variance_one() {
        let mut series = [1.0, 2.0, 3.0, 4.0, 0.1, 0.1, 0.1, 0.1, f64::NAN, 1.0, 2.0, 3.0];
        standardize(&mut series, 4).unwrap();
        let deviation = (5.0_f64 / 3.0).sqrt();
        for (found, wanted) in series.iter().zip([-1.5, -0.5, 0.5, 1.5]) {
            assert!((found - wanted / deviation).abs() < 1e-15, "{found}");
        }
        assert_eq!(series[4..8], [0.0; 4]);
        assert!(series[8..].iter().all(|value| value.is_nan()));
        let mut single = [3.0_f32];
        standardize(&mut single, 1).unwrap();
        assert_eq!(single, [0.0]);
    }
}
