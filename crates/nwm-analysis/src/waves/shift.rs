//! Whether the next frame is this one, moved along its rings.

use num_complex::Complex;
use realfft::RealFftPlanner;

use super::grid::check_frames;
use crate::{Real, Result};

/// A movement along rings from frame to frame.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct RingShift {
    /// The mean correlation of each frame with the one before, moved; -1 to 1.
    pub score: f64,
    /// By how many sites it is moved, toward larger columns if positive; from `-columns / 2`, exclusive, to
    /// `columns / 2`.
    pub sites: i64,
}

/// The shift by a whole number of sites, the same for all rings, that makes the frames of a recording `[time, row, column]`
/// most like those that follow: the largest mean over time of the correlation over all sites, of equal ones the smallest
/// shift toward larger columns. Every row is a ring.
///
/// Frames that are the same everywhere do not count, nor does a site with a sample that is no number. None if no two
/// frames are left. The correlations of all shifts are computed at once, from Fourier transforms of the rings.
///
/// # Errors
///
/// When the samples do not have the shape, or there are none.
pub fn ring_shift<T: Real>(recording: &[T], shape: [usize; 3]) -> Result<Option<RingShift>> {
    check_frames("look for a shift along rings", recording, shape)?;
    let [_, rows, columns] = shape;
    let sites = rows * columns;
    let whole: Vec<bool> = (0..sites)
        .map(|site| recording.iter().skip(site).step_by(sites).all(|value| value.is_finite()))
        .collect();
    let mut planner = RealFftPlanner::<f64>::new();
    let (forward, inverse) = (planner.plan_fft_forward(columns), planner.plan_fft_inverse(columns));
    let bins = columns / 2 + 1;
    let mut sum = vec![Complex::default(); bins];
    let mut before: Option<Vec<Complex<f64>>> = None;
    let mut now = vec![Complex::default(); rows * bins];
    let mut pairs = 0.0;
    for frame in recording.chunks_exact(sites) {
        let Some(mut standard) = standard_frame(frame, &whole) else {
            before = None;
            continue;
        };
        for (ring, bins) in standard.chunks_exact_mut(columns).zip(now.chunks_exact_mut(bins)) {
            // The lengths are those of the plan.
            if forward.process(ring, bins).is_err() {
                return Ok(None);
            }
        }
        if let Some(before) = &before {
            pairs += 1.0;
            accumulate(&mut sum, before, &now);
        }
        before = Some(now.clone());
    }
    // Real by symmetry; the inverse transform insists.
    sum[0].im = 0.0;
    if columns.is_multiple_of(2) {
        sum[bins - 1].im = 0.0;
    }
    let mut correlations = inverse.make_output_vec();
    if pairs == 0.0 || inverse.process(&mut sum, &mut correlations).is_err() {
        return Ok(None);
    }
    let mut best = 0;
    for shift in 1..columns {
        if correlations[shift] > correlations[best] {
            best = shift;
        }
    }
    let score = correlations[best] / (pairs * columns as f64);
    let back = if 2 * best > columns { columns as i64 } else { 0 };
    Ok(Some(RingShift { score, sites: best as i64 - back }))
}

/// A frame of mean zero and length one, zero at sites that do not count; none if all others are equal.
fn standard_frame<T: Real>(frame: &[T], whole: &[bool]) -> Option<Vec<f64>> {
    let counted = || frame.iter().zip(whole).filter(|(_, whole)| **whole);
    let mean = counted().map(|(value, _)| value.widen()).sum::<f64>() / counted().count() as f64;
    let mut standard: Vec<f64> = frame
        .iter()
        .zip(whole)
        .map(|(value, &whole)| if whole { value.widen() - mean } else { 0.0 })
        .collect();
    let length = standard.iter().map(|value| value * value).sum::<f64>().sqrt();
    // Rounding of the mean is no difference.
    let still = length <= 1e-13 * mean.abs() || length == 0.0;
    standard.iter_mut().for_each(|value| *value /= length);
    (!still).then_some(standard)
}

/// Adds the transform of the correlation of two frames, over all rings.
fn accumulate(sum: &mut [Complex<f64>], before: &[Complex<f64>], now: &[Complex<f64>]) {
    let bins = sum.len();
    for (before, now) in before.chunks_exact(bins).zip(now.chunks_exact(bins)) {
        for ((sum, before), now) in sum.iter_mut().zip(before).zip(now) {
            *sum += before.conj() * now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    /// The correlation of each frame with the one before, moved by `shift`, in plain loops.
    fn plain(recording: &[f64], [time, rows, columns]: [usize; 3], shift: usize) -> f64 {
        let sites = rows * columns;
        let mut sum = 0.0;
        for t in 1..time {
            let now = &recording[t * sites..][..sites];
            let moved: Vec<f64> = (0..sites)
                .map(|site| {
                    let column = (site % columns + columns - shift) % columns;
                    recording[(t - 1) * sites + site / columns * columns + column]
                })
                .collect();
            let mean = |values: &[f64]| values.iter().sum::<f64>() / sites as f64;
            let product = |one: &[f64], other: &[f64]| {
                let means = [mean(one), mean(other)];
                let pairs = one.iter().zip(other);
                pairs.map(|(one, other)| (one - means[0]) * (other - means[1])).sum::<f64>()
            };
            sum += product(now, &moved) / (product(now, now) * product(&moved, &moved)).sqrt();
        }
        sum / (time - 1) as f64
    }

    #[test]
    fn scores_are_those_of_plain_loops() {
        let mut stream = Stream::new(b"tests of ring shifts    ", 0);
        for shape in [[6, 1, 2], [5, 3, 7], [9, 4, 12], [2, 5, 1]] {
            let recording: Vec<f64> =
                (0..shape.iter().product()).map(|_| 2.0 + stream.normal()).collect();
            let found = ring_shift(&recording, shape).unwrap().unwrap();
            let scores: Vec<f64> =
                (0..shape[2]).map(|shift| plain(&recording, shape, shift)).collect();
            let best = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            assert!((found.score - best).abs() < 1e-12, "{found:?} {scores:?}");
            let sites = found.sites.rem_euclid(shape[2] as i64) as usize;
            assert!((scores[sites] - best).abs() < 1e-12);
        }
    }

    #[test]
    fn patterns_that_move_are_followed_either_way() {
        let mut stream = Stream::new(b"tests of ring shifts    ", 1);
        let pattern: Vec<f64> = (0..3 * 10).map(|_| stream.normal()).collect();
        for shift in [-4_i64, -1, 0, 3, 5] {
            let moved = |t: i64, site: i64| {
                let column = (site % 10 - shift * t).rem_euclid(10);
                pattern[(site / 10 * 10 + column) as usize] as f32
            };
            let mut recording: Vec<f32> = (0..8)
                .flat_map(|t| (0..30).map(move |site| (t, site)))
                .map(|(t, site)| moved(t, site))
                .collect();
            let found = ring_shift(&recording, [8, 3, 10]).unwrap().unwrap();
            assert_eq!(found.sites, shift);
            assert!((found.score - 1.0).abs() < 1e-6, "{found:?}");
            // A dead site weakens it, and no more.
            recording[30 + 4] = f32::NAN;
            let found = ring_shift(&recording, [8, 3, 10]).unwrap().unwrap();
            assert!(found.sites == shift && found.score > 0.6, "{found:?}");
        }
    }

    #[test]
    fn stillness_has_no_shift() {
        assert_eq!(ring_shift(&[0.1; 24], [4, 2, 3]).unwrap(), None);
        assert_eq!(ring_shift(&[1.0, 2.0, 3.0], [1, 1, 3]).unwrap(), None);
        assert!(ring_shift(&[1.0; 5], [1, 2, 3]).is_err());
        assert!(ring_shift::<f64>(&[], [0, 2, 3]).is_err());
    }
}
