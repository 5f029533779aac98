//! Smoothing in space.

use num_complex::Complex;
use rayon::prelude::*;

use super::grid::{Axis, Grid};
use crate::{Error, Real, Result, check};

const ACTION: &str = "smooth frames";

/// Weights beyond this many standard deviations are left out.
const REACH: f64 = 4.0;

/// Complex values `[time, row, column]` smoothed in each frame by a Gaussian of a standard deviation in grid
/// units; 0 changes nothing. Rings are smoothed along columns only.
///
/// Near an open edge only as many sites count on one side as there are on the other, so that waves keep their
/// length there; the edge itself is smoothed along the edge alone. Values that are NaN stay so, and do not count
/// elsewhere. Weights are scaled to sum to one. Applied to analytic signals it averages phases weighted by amplitude, and takes away
/// what differs from site to site.
///
/// # Errors
///
/// When the values do not have the shape, there are none, or the deviation is negative or no number.
pub fn smoothed<T: Real>(
    values: &[Complex<T>],
    shape: [usize; 3],
    grid: Grid,
    deviation: f64,
) -> Result<Vec<Complex<T>>> {
    check::shape("values [time, row, column]", values, &shape)?;
    if values.is_empty() {
        return Err(Error::Empty { action: ACTION, expected: "value" });
    }
    if !(deviation >= 0.0 && deviation.is_finite()) {
        return Err(Error::RealRange {
            action: ACTION,
            name: "the standard deviation",
            found: deviation,
            expected: "zero or more",
        });
    }
    let mut result = values.to_vec();
    if deviation == 0.0 {
        return Ok(result);
    }
    let [_, rows, columns] = shape;
    let along = |axis: Axis, length: usize| {
        let couples = grid.couples(axis);
        couples.then(|| line_weights(length, grid.wraps(axis), deviation))
    };
    let (down, right) = (along(Axis::Row, rows), along(Axis::Column, columns));
    let sites = rows * columns;
    result.par_chunks_exact_mut(sites).for_each_init(
        || vec![Weighted::default(); sites],
        |sums, frame| {
            for (sum, value) in sums.iter_mut().zip(frame.iter()) {
                *sum = Weighted::of(*value);
            }
            if let Some(weights) = &right {
                let row = |row: usize| (0..columns).map(move |column| row * columns + column);
                (0..rows)
                    .for_each(|index| smooth_line(sums, &row(index).collect::<Vec<_>>(), weights));
            }
            if let Some(weights) = &down {
                let column = |column: usize| (0..rows).map(move |row| row * columns + column);
                (0..columns).for_each(|index| {
                    smooth_line(sums, &column(index).collect::<Vec<_>>(), weights)
                });
            }
            for (value, sum) in frame.iter_mut().zip(sums.iter()) {
                // What was NaN stays NaN.
                *value = *value * T::zero() + sum.mean();
            }
        },
    );
    Ok(result)
}

/// A sum of values with the sum of their weights.
#[derive(Debug, Clone, Copy, Default)]
struct Weighted {
    re: f64,
    im: f64,
    weight: f64,
}

impl Weighted {
    fn of<T: Real>(value: Complex<T>) -> Self {
        let (re, im) = (value.re.widen(), value.im.widen());
        if re.is_nan() || im.is_nan() { Self::default() } else { Self { re, im, weight: 1.0 } }
    }

    fn add(&mut self, other: Self, weight: f64) {
        self.re += weight * other.re;
        self.im += weight * other.im;
        self.weight += weight * other.weight;
    }

    fn mean<T: Real>(self) -> Complex<T> {
        Complex::new(T::nearest(self.re / self.weight), T::nearest(self.im / self.weight))
    }
}

/// For every place of a line the places that count there and their weights. Where the line wraps, a place that
/// is met on several ways around counts once for each.
fn line_weights(length: usize, wraps: bool, deviation: f64) -> Vec<Vec<(usize, f64)>> {
    let reach = (REACH * deviation).ceil() as i64;
    (0..length as i64)
        .map(|here| {
            let reach = if wraps { reach } else { reach.min(here).min(length as i64 - 1 - here) };
            (here - reach..=here + reach)
                .map(|there| {
                    let distance = (there - here) as f64 / deviation;
                    (there.rem_euclid(length as i64) as usize, (-distance * distance / 2.0).exp())
                })
                .collect()
        })
        .collect()
}

fn smooth_line(sums: &mut [Weighted], sites: &[usize], weights: &[Vec<(usize, f64)>]) {
    let line: Vec<Weighted> = sites.iter().map(|&site| sums[site]).collect();
    for (&site, weights) in sites.iter().zip(weights) {
        let mut sum = Weighted::default();
        weights.iter().for_each(|&(place, weight)| sum.add(line[place], weight));
        sums[site] = sum;
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    fn plane(rows: usize, columns: usize, k: [f64; 2]) -> Vec<Complex<f64>> {
        let sites = (0..rows * columns).map(|site| (site / columns, site % columns));
        sites.map(|(row, column)| Complex::cis(-k[0] * row as f64 - k[1] * column as f64)).collect()
    }

    #[test]
    fn plane_waves_on_a_torus_only_shrink() {
        let k = [TAU / 12.0, TAU * 2.0 / 15.0];
        let values = plane(12, 15, k);
        let found = smoothed(&values, [1, 12, 15], Grid::Torus, 1.0).unwrap();
        // The transform of a Gaussian, up to the weights that are left out.
        let gain = (-(k[0] * k[0] + k[1] * k[1]) / 2.0).exp();
        for (found, value) in found.iter().zip(&values) {
            assert!((found - gain * value).norm() < 1e-3, "{found} {value}");
        }
    }

    #[test]
    fn constants_stay_at_edges_and_around_gaps() {
        let mut values = vec![Complex::new(2.0, -1.0); 2 * 5 * 6];
        values[8].re = f64::NAN;
        for grid in [Grid::Open, Grid::Torus, Grid::Rings] {
            let found = smoothed(&values, [2, 5, 6], grid, 1.5).unwrap();
            for (site, value) in found.iter().enumerate() {
                if site == 8 {
                    assert!(value.re.is_nan());
                } else {
                    assert!((value - Complex::new(2.0, -1.0)).norm() < 1e-14, "{grid:?} {site}");
                }
            }
        }
    }

    #[test]
    fn plane_waves_keep_their_phase_up_to_open_edges() {
        let values = plane(9, 7, [0.6, -0.4]);
        let found = smoothed(&values, [1, 9, 7], Grid::Open, 1.0).unwrap();
        for (found, value) in found.iter().zip(&values) {
            assert!((found / value).arg().abs() < 1e-14);
        }
    }

    #[test]
    fn rings_do_not_mix() {
        let mut values = vec![Complex::new(0.0_f32, 0.0); 3 * 8];
        values[8 + 3].re = 1.0;
        let found = smoothed(&values, [1, 3, 8], Grid::Rings, 1.0).unwrap();
        assert!(found[..8].iter().chain(&found[16..]).all(|value| value.re == 0.0));
        assert!(found[8 + 3].re > found[8 + 4].re && found[8 + 4].re > 0.2);
        assert_eq!(found[8 + 2], found[8 + 4]);
        assert_eq!(smoothed(&values, [1, 3, 8], Grid::Rings, 0.0).unwrap(), values);
        assert!(smoothed(&values, [1, 3, 8], Grid::Rings, -1.0).is_err());
        assert!(smoothed(&values, [1, 3, 7], Grid::Rings, 1.0).is_err());
    }
}
