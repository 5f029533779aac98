//! When to look at a wave.

use num_complex::Complex;

use crate::{Error, Real, Result, wrapped};

const ACTION: &str = "find evaluation points";

/// The frames in which the mean signal of all sites passes an angle: where the distance of its phase from
/// `angle` is smaller than in the frames before and after, and below `tolerance`, both in radians. `pi` is the
/// trough of an oscillation.
///
/// `signals` are analytic signals `[time, site]`; each site counts by its amplitude, NaN does not count. Two
/// frames that are equally close are both missed, as in the toolbox that this follows (wave-matlab).
///
/// # Errors
///
/// When there are no values, or their number is no multiple of `time`.
pub fn evaluation_points<T: Real>(
    signals: &[Complex<T>],
    time: usize,
    angle: f64,
    tolerance: f64,
) -> Result<Vec<usize>> {
    if signals.is_empty() || time == 0 {
        return Err(Error::Empty { action: ACTION, expected: "value" });
    }
    let sites = signals.len() / time;
    if sites * time != signals.len() {
        return Err(Error::Length {
            what: "signals [time, site]",
            shape: vec![time, sites],
            found: signals.len(),
            expected: sites * time,
        });
    }
    let distances: Vec<f64> = signals
        .chunks_exact(sites)
        .map(|frame| {
            let whole = frame.iter().filter(|value| !value.re.is_nan() && !value.im.is_nan());
            let (re, im) = whole
                .fold((0.0, 0.0), |(re, im), value| (re + value.re.widen(), im + value.im.widen()));
            wrapped(im.atan2(re) - angle).abs()
        })
        .collect();
    let is_point =
        |window: &[f64]| window[1] < window[0] && window[1] < window[2] && window[1] < tolerance;
    Ok((1..time.saturating_sub(1)).filter(|&n| is_point(&distances[n - 1..=n + 1])).collect())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::*;

    fn target() -> Vec<Complex<f64>> {
        let mut signals = Vec::new();
        for n in 1..=200 {
            for site in 0..64 {
                let (down, right) = (f64::from(site / 8 - 3), f64::from(site % 8 - 3));
                signals.push(Complex::cis(
                    TAU * (5.0 * f64::from(n) / 100.0 - down.hypot(right) / 24.0),
                ));
            }
        }
        signals
    }

    #[test]
    fn the_troughs_of_a_target_wave() {
        // wave-matlab under GNU Octave 7.3: samples 13, 33, ..., 193, counted from 1.
        let found = evaluation_points(&target(), 200, PI, 0.2).unwrap();
        assert_eq!(found, (0..10).map(|k| 12 + 20 * k).collect::<Vec<_>>());
    }

    #[test]
    fn dead_sites_do_not_count_and_short_recordings_have_none() {
        let mut signals = target();
        signals.iter_mut().skip(7).step_by(64).for_each(|value| value.im = f64::NAN);
        assert_eq!(evaluation_points(&signals, 200, PI, 0.2).unwrap().len(), 10);
        assert!(evaluation_points(&signals[..64], 1, PI, 0.2).unwrap().is_empty());
        assert!(evaluation_points(&signals[..65], 2, PI, 0.2).is_err());
        assert!(evaluation_points(&signals[..0], 0, PI, 0.2).is_err());
    }
}
