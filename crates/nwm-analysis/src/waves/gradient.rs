//! The gradient of a phase in space.

use std::f64::consts::FRAC_PI_2;

use rayon::prelude::*;

use super::edges::for_each_edge;
use super::field::VectorField;
use super::grid::{Axis, Grid, Neighbours, check_frames};
use super::phase::{difference, principal};
use crate::{Real, Result};

/// The gradient of the phase `[time, row, column]`, radians per grid unit.
///
/// Its negative points where waves go and is their wave vector: a long vector belongs to a short wave, not
/// to a fast one. Differences are centred, `wrap(phase(r + 1) - phase(r - 1)) / 2`, and one-sided beside an
/// open edge or a site that is NaN. They are wrong where the phase changes by more than a quarter turn
/// from site to site, in waves shorter than four sites along an axis: see [`aliased_fraction`].
///
/// On [`Grid::Rings`] row components are zero, as are those of an axis of one site.
///
/// # Errors
///
/// When the phases do not have the shape, or there are none.
pub fn phase_gradient<T: Real>(
    phase: &[T],
    shape: [usize; 3],
    grid: Grid,
) -> Result<VectorField<T>> {
    check_frames("take the gradient of phases", phase, shape)?;
    let [_, rows, columns] = shape;
    let phase = principal(phase);
    let zeros = || vec![T::zero(); phase.len()];
    let mut field = VectorField { shape, row: zeros(), column: zeros() };
    let neighbours = Neighbours::new(grid, [rows, columns]);
    let sites = rows * columns;
    field
        .row
        .par_chunks_exact_mut(sites)
        .zip(field.column.par_chunks_exact_mut(sites))
        .zip(phase.par_chunks_exact(sites))
        .for_each(|((along_rows, along_columns), frame)| {
            neighbours
                .centred(Axis::Row, frame, difference, |site, slope| along_rows[site] = slope);
            neighbours.centred(Axis::Column, frame, difference, |site, slope| {
                along_columns[site] = slope;
            });
        });
    Ok(field)
}

/// The share of differences between next neighbours that exceed a quarter turn, over all frames and both
/// axes. Above about one in a hundred the centred differences of [`phase_gradient`] are not to be trusted.
/// Zero if no site has a neighbour.
///
/// # Errors
///
/// When the phases do not have the shape, or there are none.
pub fn aliased_fraction<T: Real>(phase: &[T], shape: [usize; 3], grid: Grid) -> Result<f64> {
    check_frames("look for aliased phases", phase, shape)?;
    let [_, rows, columns] = shape;
    let phase = principal(phase);
    let counts: Vec<[usize; 2]> = phase
        .par_chunks_exact(rows * columns)
        .map(|frame| {
            let mut counts = [0; 2];
            for axis in [Axis::Row, Axis::Column] {
                for_each_edge(axis, [rows, columns], grid, |from, to| {
                    let step = difference(frame[to], frame[from]);
                    counts[0] += usize::from(step.widen().abs() > FRAC_PI_2);
                    counts[1] += usize::from(!step.is_nan());
                });
            }
            counts
        })
        .collect();
    let [aliased, all] = counts.iter().fold([0; 2], |sum, it| [sum[0] + it[0], sum[1] + it[1]]);
    Ok(if all == 0 { 0.0 } else { aliased as f64 / all as f64 })
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// The phase of a plane wave: `omega t - k.r`, with whole turns.
    fn plane([time, rows, columns]: [usize; 3], omega: f64, k: [f64; 2]) -> Vec<f64> {
        let mut phase = Vec::new();
        for t in 0..time {
            for row in 0..rows {
                for column in 0..columns {
                    phase.push(omega * t as f64 - k[0] * row as f64 - k[1] * column as f64);
                }
            }
        }
        phase
    }

    #[test]
    fn minus_the_gradient_is_the_wave_vector() {
        let (shape, k) = ([72, 12, 12], [TAU * 2.0 / 12.0, TAU / 12.0]);
        let phase = plane(shape, TAU * 4.0 / 72.0, k);
        for grid in [Grid::Torus, Grid::Open] {
            let field = phase_gradient(&phase, shape, grid).unwrap().negated();
            assert!(field.row.iter().all(|found| (found - k[0]).abs() < 1e-12));
            assert!(field.column.iter().all(|found| (found - k[1]).abs() < 1e-12));
            assert!(field.divergence(grid).iter().all(|it| it.abs() < 1e-12));
            assert!(field.curl(grid).iter().all(|it| it.abs() < 1e-12));
        }
        let rings = phase_gradient(&phase, shape, Grid::Rings).unwrap();
        assert!(rings.row.iter().all(|&found| found == 0.0));
        let single: Vec<f32> = phase.iter().map(|&value| value as f32).collect();
        let field = phase_gradient(&single, shape, Grid::Torus).unwrap();
        assert!(field.row.iter().all(|found| (f64::from(*found) + k[0]).abs() < 1e-5));
    }

    #[test]
    fn target_and_rotating_waves_have_known_fields() {
        // wave-matlab's waves of 16 and 8 sites a side; its pixels count from 1.
        let sites = |side: i32, of: &dyn Fn(f64, f64) -> f64| -> Vec<f64> {
            let middle = side / 2 - 1;
            (0..side * side)
                .map(|site| of(f64::from(site / side - middle), f64::from(site % side - middle)))
                .collect()
        };
        let k = TAU / 24.0;
        let phase = sites(16, &|down, right| -k * down.hypot(right));
        let field = phase_gradient(&phase, [1, 16, 16], Grid::Open).unwrap().negated();
        let divergence = field.divergence(Grid::Open);
        let centre = 7 * 16 + 7;
        assert!((divergence[centre] - 2.0 * k).abs() < 1e-14);
        let others = divergence.iter().enumerate().filter(|&(site, _)| site != centre);
        assert!(others.into_iter().all(|(_, &found)| found < divergence[centre] - 0.01));
        for column in 8..16 {
            assert!((field.column[7 * 16 + column] - k).abs() < 1e-14);
            assert!(field.row[7 * 16 + column].abs() < 1e-14);
        }
        let phase = sites(8, &|down, right| -down.atan2(right));
        let field = phase_gradient(&phase, [1, 8, 8], Grid::Open).unwrap().negated();
        assert!((field.row[3 * 8 + 6] - 0.321_750_55).abs() < 5e-9);
    }

    #[test]
    fn dead_sites_leave_one_sided_differences() {
        let (shape, k) = ([1, 3, 5], [0.3, -0.7]);
        let mut phase = plane(shape, 0.0, k);
        for dead in [1, 5, 6, 8, 11] {
            phase[dead] = f64::NAN;
        }
        // . x . . .
        // x x . x .
        // . x . . .
        let field = phase_gradient(&phase, shape, Grid::Open).unwrap();
        for dead in [1, 5, 6, 8, 11] {
            assert!(field.row[dead].is_nan() && field.column[dead].is_nan());
        }
        assert!((field.column[2] - 0.7).abs() < 1e-15 && (field.row[2] + 0.3).abs() < 1e-15);
        assert!(field.column[0].is_nan() && field.row[0].is_nan(), "no neighbour is left");
        assert!(field.column[7].is_nan() && (field.row[7] + 0.3).abs() < 1e-15);
    }

    #[test]
    fn short_waves_are_reported() {
        let shape = [2, 6, 6];
        let fraction = |k| aliased_fraction(&plane(shape, 0.1, k), shape, Grid::Open).unwrap();
        assert_eq!(fraction([0.5, -1.5]), 0.0);
        // Columns only: half of all pairs.
        assert_eq!(fraction([0.5, 1.6]), 0.5);
        assert_eq!(aliased_fraction(&[0.0], [1, 1, 1], Grid::Torus).unwrap(), 0.0);
        assert!(phase_gradient::<f64>(&[], [0, 1, 1], Grid::Torus).is_err());
        assert!(phase_gradient(&[0.0], [1, 2, 1], Grid::Torus).is_err());
    }
}
