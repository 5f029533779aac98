//! Local coherence: do neighbours have nearly the same phase?

use super::grid::{Grid, check_phase};
use crate::{Error, Result};

/// Mean cosine of the phase difference between a site and its next neighbour, averaged over frames
/// and sites for each axis and then over the axes: `(mean cos g_r + mean cos g_c) / 2` with the
/// forward differences `g`. A plane wave gives `(cos k_r + cos k_c) / 2`; independent phases give
/// 0; the range is -1 to 1.
///
/// `phase` is `[time, row, column]` in radians. On [`Grid::Rings`] the row term is dropped, as is
/// the term of an axis of one site. Wrapping the differences into (-pi, pi] would not change their
/// cosine, so it is not done.
///
/// # Errors
///
/// When the slice does not have the shape, is empty, holds a value that is not finite, or when no
/// site has a neighbour.
pub fn local_coherence(phase: &[f64], shape: [usize; 3], grid: Grid) -> Result<f64> {
    check_phase(phase, shape)?;
    let [_, rows, columns] = shape;
    let wraps = grid != Grid::Open;
    let mut terms = Vec::with_capacity(2);
    if grid != Grid::Rings && rows > 1 {
        terms.push(mean_cosine_between_rows(phase, shape, wraps));
    }
    if columns > 1 {
        terms.push(mean_cosine_between_columns(phase, shape, wraps));
    }
    if terms.is_empty() {
        return Err(Error::Empty {
            action: "measure local coherence",
            expected: "pair of neighbours",
        });
    }
    Ok(terms.iter().sum::<f64>() / terms.len() as f64)
}

/// Mean of `cos(phase[t, r + 1, c] - phase[t, r, c])`.
fn mean_cosine_between_rows(phase: &[f64], [_, rows, columns]: [usize; 3], wraps: bool) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0_usize);
    for frame in phase.chunks_exact(rows * columns) {
        for row in 0..if wraps { rows } else { rows - 1 } {
            let here = &frame[row * columns..][..columns];
            let next = &frame[(row + 1) % rows * columns..][..columns];
            sum += here.iter().zip(next).map(|(here, next)| (next - here).cos()).sum::<f64>();
            pairs += columns;
        }
    }
    sum / pairs as f64
}

/// Mean of `cos(phase[t, r, c + 1] - phase[t, r, c])`.
fn mean_cosine_between_columns(phase: &[f64], [_, _, columns]: [usize; 3], wraps: bool) -> f64 {
    let (mut sum, mut pairs) = (0.0, 0_usize);
    for row in phase.chunks_exact(columns) {
        sum += row.windows(2).map(|pair| (pair[1] - pair[0]).cos()).sum::<f64>();
        pairs += columns - 1;
        if wraps {
            sum += (row[0] - row[columns - 1]).cos();
            pairs += 1;
        }
    }
    sum / pairs as f64
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    /// Phase of `exp(i (omega t - k.r)) + amplitude exp(i (omega t + k.r))`.
    fn two_waves(shape: [usize; 3], omega: f64, k: [f64; 2], amplitude: f64) -> Vec<f64> {
        let [time, rows, columns] = shape;
        let mut phase = Vec::with_capacity(time * rows * columns);
        for t in 0..time {
            for row in 0..rows {
                for column in 0..columns {
                    let (turn, space) =
                        (omega * t as f64, k[0] * row as f64 + k[1] * column as f64);
                    let (right, left) = (turn - space, turn + space);
                    phase.push(f64::atan2(
                        right.sin() + amplitude * left.sin(),
                        right.cos() + amplitude * left.cos(),
                    ));
                }
            }
        }
        phase
    }

    #[test]
    fn plane_and_partly_standing_waves_on_a_torus() {
        // Known values for an opposite wave of relative amplitude 0, 1/4 and 1/2, six digits.
        let (shape, omega, k) = ([36, 12, 12], TAU * 2.0 / 36.0, [TAU * 2.0 / 12.0, TAU / 12.0]);
        for (amplitude, expected) in [(0.0, 0.683_013), (0.25, 0.664_887), (0.5, 0.616_031)] {
            let phase = two_waves(shape, omega, k, amplitude);
            let found = local_coherence(&phase, shape, Grid::Torus).unwrap();
            assert!((found - expected).abs() < 5e-7, "{amplitude}: {found} != {expected}");
        }
    }

    #[test]
    fn plane_wave_of_any_wavelength_on_an_open_grid() {
        let (shape, k) = ([3, 5, 7], [0.41, -1.3]);
        let phase = two_waves(shape, 0.2, k, 0.0);
        let expected = (k[0].cos() + k[1].cos()) / 2.0;
        let found = local_coherence(&phase, shape, Grid::Open).unwrap();
        assert!((found - expected).abs() < 1e-13, "{found} != {expected}");
        // The same wave does not close on a torus, whose extra edges must lower the value.
        assert!(local_coherence(&phase, shape, Grid::Torus).unwrap() < found - 1e-3);
    }

    #[test]
    fn rings_ignore_the_rows() {
        let shape = [2, 3, 12];
        let phase = two_waves(shape, 0.3, [2.9, TAU / 12.0], 0.0);
        let found = local_coherence(&phase, shape, Grid::Rings).unwrap();
        assert!((found - (TAU / 12.0).cos()).abs() < 1e-13, "{found}");
    }

    #[test]
    fn opposite_neighbours_give_minus_one() {
        let phase: Vec<f64> = (0..16).map(|i| f64::from((i / 4 + i % 4) % 2) * TAU / 2.0).collect();
        for grid in [Grid::Torus, Grid::Rings, Grid::Open] {
            assert!((local_coherence(&phase, [1, 4, 4], grid).unwrap() + 1.0).abs() < 1e-15);
        }
    }

    #[test]
    fn a_site_without_neighbours_is_an_error() {
        assert!(matches!(
            local_coherence(&[0.0; 4], [4, 1, 1], Grid::Torus),
            Err(Error::Empty { .. })
        ));
        assert!(local_coherence(&[0.0; 4], [1, 4, 1], Grid::Rings).is_err());
        assert!(local_coherence(&[0.0; 3], [1, 4, 1], Grid::Open).is_err());
    }
}
