//! Instantaneous frequency.

use std::f64::consts::TAU;

use num_complex::Complex;
use rayon::prelude::*;

use super::check;
use crate::{Real, Result};

/// The frequency `arg(a[n+1] conj a[n]) / 2 pi` of analytic signals `a`, `[series, time]`, times the
/// sampling rate: in its unit, or in cycles per sample if that is 1. The last value of each series, which
/// has no successor, is 0.
///
/// It is negative where the signal turns clockwise, which happens where more than one frequency is present.
///
/// # Errors
///
/// When there is no sample, or their number is no multiple of `time`.
pub fn instantaneous_frequency<T: Real>(
    signals: &[Complex<T>],
    time: usize,
    sampling_rate: f64,
) -> Result<Vec<T>> {
    check::series("measure instantaneous frequencies", signals, time)?;
    let mut frequencies = vec![T::zero(); signals.len()];
    let per_radian = sampling_rate / TAU;
    frequencies.par_chunks_exact_mut(time).zip(signals.par_chunks_exact(time)).for_each(
        |(frequencies, signal)| {
            for (frequency, pair) in frequencies.iter_mut().zip(signal.windows(2)) {
                let step = (pair[1] * pair[0].conj()).arg();
                *frequency = T::nearest(step.widen() * per_radian);
            }
        },
    );
    Ok(frequencies)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotation_has_its_frequency_and_direction() {
        for cycles in [0.05, -0.2, 0.49] {
            let signal: Vec<_> =
                (0..10).map(|n| 3.0 * Complex::cis(TAU * cycles * f64::from(n))).collect();
            let found = instantaneous_frequency(&signal, 10, 200.0).unwrap();
            assert!(found[..9].iter().all(|found| (found - 200.0 * cycles).abs() < 1e-11));
            assert_eq!(found[9], 0.0);
        }
    }
}
