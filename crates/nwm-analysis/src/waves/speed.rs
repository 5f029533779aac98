//! How fast phases move.

use std::f64::consts::TAU;

use num_complex::Complex;

use super::field::VectorField;
use super::gradient::phase_gradient;
use super::grid::{Grid, check_frames};
use super::median::{median, quartiles};
use super::phase::phases_of;
use crate::{Real, Result};

const ACTION: &str = "measure speeds";

/// Below this gradient, in radians per grid unit, a phase is the same everywhere and has no speed.
const SMALLEST_GRADIENT: f64 = 1e-6;

/// Below this share of a site's median amplitude its phase is not known.
const SMALLEST_AMPLITUDE: f64 = 0.05;

/// The speeds `2 pi |f| / |grad phase|` of analytic signals `[time, row, column]` and their instantaneous frequencies `f`,
/// cycles per sample; in grid units per sample.
///
/// NaN where the gradient is below 1e-6 radians per grid unit, the amplitude is below 5 % of its median at the site, or a
/// number is NaN; and in the last frame, where a frequency has no second phase to be taken from. Speeds have a heavy upper
/// tail: take medians ([`speed_quartiles`]), not means.
///
/// # Errors
///
/// When the arrays do not have the shape, or there are no values.
pub fn phase_speeds<T: Real>(
    signals: &[Complex<T>],
    frequencies: &[T],
    shape: [usize; 3],
    grid: Grid,
) -> Result<Vec<f64>> {
    check_frames(ACTION, signals, shape)?;
    check_frames(ACTION, frequencies, shape)?;
    let gradient = phase_gradient(&phases_of(signals), shape, grid)?;
    Ok(speeds(&turning(signals, frequencies, shape[0]), &gradient).collect())
}

/// The lower quartile, the median and the upper quartile of speeds, those that are NaN left out; none if no other is there.
pub fn speed_quartiles(speeds: &[f64]) -> Option<[f64; 3]> {
    quartiles(speeds.to_vec())
}

/// `2 pi |f|` of signals `[time, site]`, radians per sample; NaN where it is not known.
pub(super) fn turning<T: Real>(signals: &[Complex<T>], frequencies: &[T], time: usize) -> Vec<f64> {
    let sites = signals.len() / time;
    let mut turning: Vec<f64> = frequencies.iter().map(|it| TAU * it.widen().abs()).collect();
    for site in 0..sites {
        let course = signals.iter().skip(site).step_by(sites);
        let amplitudes: Vec<f64> =
            course.map(|signal| signal.re.widen().hypot(signal.im.widen())).collect();
        let least = SMALLEST_AMPLITUDE * median(&amplitudes).unwrap_or(f64::NAN);
        for (amplitude, turning) in
            amplitudes.iter().zip(turning.iter_mut().skip(site).step_by(sites))
        {
            // A NaN is not known either.
            let known = *amplitude >= least && *amplitude > 0.0;
            *turning = if known { *turning } else { f64::NAN };
        }
    }
    turning[(time - 1) * sites..].fill(f64::NAN);
    turning
}

/// How fast phases turn, by the length of their gradient.
pub(super) fn speeds<'a, T: Real>(
    turning: &'a [f64],
    gradient: &'a VectorField<T>,
) -> impl Iterator<Item = f64> + 'a {
    let vectors = gradient.row.iter().zip(&gradient.column);
    turning.iter().zip(vectors).map(|(turning, (row, column))| {
        let (row, column) = (row.widen(), column.widen());
        let length = (row * row + column * column).sqrt();
        if length >= SMALLEST_GRADIENT { turning / length } else { f64::NAN }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::signal::{frames_of, instantaneous_frequency, series_of};

    fn frequencies(signals: &[Complex<f64>], time: usize) -> Vec<f64> {
        let series = series_of(signals, time).unwrap();
        frames_of(&instantaneous_frequency(&series, time, 1.0).unwrap(), time).unwrap()
    }

    fn plane(shape: [usize; 3], omega: f64, k: [f64; 2]) -> Vec<Complex<f64>> {
        let [time, rows, columns] = shape;
        (0..time * rows * columns)
            .map(|index| {
                let (t, row, column) =
                    (index / (rows * columns), index / columns % rows, index % columns);
                let space = k[0] * row as f64 + k[1] * column as f64;
                Complex::cis(omega * t as f64 - space)
            })
            .collect()
    }

    #[test]
    fn plane_waves_have_their_phase_speed_up_to_the_last_frame() {
        let mut stream = Stream::new(b"tests of phase speeds   ", 0);
        for _ in 0..10 {
            let mut within = |most: f64| most * (2.0 * stream.unit() - 1.0);
            let (omega, k, shape) = (within(3.0), [within(1.5), within(1.5)], [5, 4, 6]);
            let signals = plane(shape, omega, k);
            let found =
                phase_speeds(&signals, &frequencies(&signals, 5), shape, Grid::Open).unwrap();
            let wanted = omega.abs() / k[0].hypot(k[1]);
            assert!(found[..96].iter().all(|found| (found / wanted - 1.0).abs() < 1e-9));
            assert!(found[96..].iter().all(|found| found.is_nan()));
            let quartiles = speed_quartiles(&found).unwrap();
            assert!(quartiles.iter().all(|found| (found / wanted - 1.0).abs() < 1e-9));
        }
    }

    #[test]
    fn speed_is_unknown_without_a_gradient_or_an_amplitude() {
        let shape = [4, 3, 5];
        let mut signals = plane(shape, 0.7, [0.5, 0.0]);
        signals[15 + 7] *= 0.04;
        signals[30 + 8] *= 0.06;
        let speeds = |signals: &[Complex<f64>], grid| {
            phase_speeds(signals, &frequencies(signals, 4), shape, grid).unwrap()
        };
        let found = speeds(&signals, Grid::Open);
        let unknown: Vec<usize> = (0..45).filter(|&site| found[site].is_nan()).collect();
        assert_eq!(unknown, [15 + 7]);
        // Nothing goes along these rings.
        assert_eq!(speed_quartiles(&speeds(&signals, Grid::Rings)), None);
        let silent = vec![Complex::new(0.0, 0.0); 60];
        assert!(speeds(&silent, Grid::Open).iter().all(|found| found.is_nan()));
        assert!(phase_speeds(&signals, &[0.0; 59], shape, Grid::Open).is_err());
        assert!(phase_speeds::<f64>(&[], &[], [0, 3, 5], Grid::Open).is_err());
    }
}
