//! Windings of a phase around the squares of a grid.

use std::f64::consts::TAU;

use rayon::prelude::*;

use super::grid::{Axis, Grid, check_frames};
use super::phase::{difference, principal};
use crate::{Real, Result};

/// How often the phase turns around each square of four neighbouring sites.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Windings {
    /// `[time, row, column]` of squares: as many as sites along an axis that wraps, one less along one that
    /// does not, none on rings.
    pub shape: [usize; 3],
    /// -1, 0 or 1 for the square whose corner with the smallest row and column has this index; none where a
    /// corner is NaN. Positive if the phase rises on the way right, down, left, up.
    pub turns: Vec<Option<i8>>,
}

impl Windings {
    /// The share of squares around which the phase turns, of those that have no NaN: 1/3 for independent
    /// uniform phases. NaN if there are no squares.
    pub fn density(&self) -> f64 {
        let known = self.turns.iter().flatten();
        let (singular, all) = known
            .fold((0, 0), |(singular, all), &turns| (singular + usize::from(turns != 0), all + 1));
        singular as f64 / f64::from(all)
    }
}

/// The windings of phases `[time, row, column]`. A square with a winding has a phase singularity in it.
///
/// The difference of phase along an edge is taken once, and given with opposite signs to the squares on its
/// sides, so the windings of a frame on a torus sum to zero.
///
/// # Errors
///
/// When the phases do not have the shape, or there are none.
pub fn windings<T: Real>(phase: &[T], shape: [usize; 3], grid: Grid) -> Result<Windings> {
    check_frames("measure windings", phase, shape)?;
    let [time, rows, columns] = shape;
    let shape = [time, grid.cells(Axis::Row, rows), grid.cells(Axis::Column, columns)];
    let phase = principal(phase);
    let turns = phase
        .par_chunks_exact(rows * columns)
        .flat_map_iter(|frame| windings_of_frame(frame, [rows, columns], [shape[1], shape[2]]))
        .collect();
    Ok(Windings { shape, turns })
}

fn windings_of_frame<T: Real>(
    frame: &[T],
    [rows, columns]: [usize; 2],
    [high, wide]: [usize; 2],
) -> Vec<Option<i8>> {
    let at = |row: usize, column: usize| frame[row % rows * columns + column % columns];
    let mut turns = Vec::with_capacity(high * wide);
    for row in 0..high {
        for column in 0..wide {
            let right = |row| difference(at(row, column + 1), at(row, column));
            let down = |column| difference(at(row + 1, column), at(row, column));
            let around = right(row) + down(column + 1) - right(row + 1) - down(column);
            let around = around.widen();
            turns.push((!around.is_nan()).then(|| (around / TAU).round() as i8));
        }
    }
    turns
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;

    #[test]
    fn a_lattice_of_vortices_has_known_windings() {
        let mut phase = Vec::new();
        for row in 0..12 {
            for column in 0..16 {
                let across = (TAU * (f64::from(column) + 0.5) / 16.0).sin();
                let along = (TAU * (f64::from(row) + 0.5) / 12.0).sin();
                phase.push(along.atan2(across));
            }
        }
        let found = windings(&phase, [1, 12, 16], Grid::Torus).unwrap();
        assert_eq!(found.shape, [1, 12, 16]);
        for (square, turns) in found.turns.iter().enumerate() {
            let wanted = match (square / 16, square % 16) {
                (5, 7) | (11, 15) => 1,
                (5, 15) | (11, 7) => -1,
                _ => 0,
            };
            assert_eq!(*turns, Some(wanted), "{square}");
        }
        assert_eq!(found.density(), 4.0 / 192.0);
        // An open grid lacks the squares of the last row and column.
        let open = windings(&phase, [1, 12, 16], Grid::Open).unwrap();
        assert_eq!((open.shape, open.turns.len()), ([1, 11, 15], 165));
        assert_eq!(open.turns.iter().flatten().filter(|&&turns| turns != 0).count(), 1);
        assert!(windings(&phase, [1, 12, 16], Grid::Rings).unwrap().density().is_nan());
    }

    #[test]
    fn random_phases_wind_around_a_third_of_the_squares() {
        let mut stream = Stream::new(b"tests of windings       ", 0);
        let (frames, shape) = (40, [40, 20, 20]);
        let phase: Vec<f64> = (0..frames * 400).map(|_| TAU * (stream.unit() - 0.5)).collect();
        let found = windings(&phase, shape, Grid::Torus).unwrap();
        for frame in found.turns.chunks(400) {
            assert_eq!(frame.iter().flatten().map(|&turns| i32::from(turns)).sum::<i32>(), 0);
        }
        // Standard deviation of the share over 16 000 squares, were they independent: 0.004.
        assert!((found.density() - 1.0 / 3.0).abs() < 0.02, "{}", found.density());
    }

    #[test]
    fn a_dead_corner_leaves_a_square_undefined() {
        let mut phase = [0.0; 9];
        phase[0] = f64::NAN;
        let found = windings(&phase, [1, 3, 3], Grid::Open).unwrap();
        assert_eq!(found.turns, [None, Some(0), Some(0), Some(0)]);
    }
}
