//! The index of a field around a loop.

use std::f64::consts::TAU;

use super::field::VectorField;
use super::grid::{Axis, Grid};
use crate::{Real, wrapped};

/// How often the direction of a field turns along the square loop around a cell, one site beyond its
/// corners for each step of `radius` above 1, on the way right, down, left, up. None if the loop leaves an
/// open grid, meets itself around a torus, or passes a NaN or a vector of length zero.
pub(super) fn index_around<T: Real>(
    field: &VectorField<T>,
    frame: usize,
    grid: Grid,
    [row, column]: [usize; 2],
    radius: usize,
) -> Option<i32> {
    let [_, rows, columns] = field.shape;
    let side = 2 * radius - 1;
    if side >= rows || side >= columns {
        return None;
    }
    let along = |axis: Axis, length: usize, corner: usize, step: usize| -> Option<usize> {
        let place = corner + step;
        if grid.wraps(axis) {
            return Some((place + length - (radius - 1)) % length);
        }
        place.checked_sub(radius - 1).filter(|&place| place < length)
    };
    let site = |down: usize, right: usize| -> Option<usize> {
        let row = along(Axis::Row, rows, row, down)?;
        let column = along(Axis::Column, columns, column, right)?;
        Some((frame * rows + row) * columns + column)
    };
    let top = (0..side).map(|step| (0, step));
    let right = (0..side).map(|step| (step, side));
    let bottom = (0..side).map(|step| (side, side - step));
    let left = (0..side).map(|step| (side - step, 0));
    let mut turned = 0.0;
    let mut before: Option<f64> = None;
    let mut first = None;
    for (down, across) in top.chain(right).chain(bottom).chain(left) {
        let site = site(down, across)?;
        let (downward, rightward) = (field.row[site].widen(), field.column[site].widen());
        let length = downward.hypot(rightward);
        if length.is_nan() || length == 0.0 {
            return None;
        }
        let direction = downward.atan2(rightward);
        first = first.or(Some(direction));
        turned += before.map_or(0.0, |before| wrapped(direction - before));
        before = Some(direction);
    }
    turned += wrapped(first? - before?);
    Some((turned / TAU).round() as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame of 7 x 8 whose vectors are a function of the way down and right from (3, 3).
    fn around(vector: impl Fn(f64, f64) -> [f64; 2]) -> VectorField<f64> {
        let (mut row, mut column) = (Vec::new(), Vec::new());
        for r in 0..7 {
            for c in 0..8 {
                let [downward, rightward] = vector(f64::from(r) - 2.6, f64::from(c) - 3.4);
                row.push(downward);
                column.push(rightward);
            }
        }
        VectorField { shape: [1, 7, 8], row, column }
    }

    #[test]
    fn sources_turn_forward_and_saddles_backward() {
        let index =
            |field: &VectorField<f64>, radius| index_around(field, 0, Grid::Open, [2, 3], radius);
        let source = around(|down, right| [down, right]);
        let rotation = around(|down, right| [right, -down]);
        let saddle = around(|down, right| [down, -right]);
        for radius in 1..=3 {
            assert_eq!(index(&source, radius), Some(1));
            assert_eq!(index(&rotation, radius), Some(1));
            assert_eq!(index(&saddle, radius), Some(-1));
        }
        assert_eq!(index(&source, 4), None, "leaves the grid");
        assert_eq!(index_around(&source, 0, Grid::Open, [0, 0], 1), Some(0));
    }

    #[test]
    fn loops_go_on_across_the_seam_of_a_torus() {
        // The source is moved to the corner of the sheet.
        let source = around(|down, right| {
            let (row, column) = (down + 2.6, right + 3.4);
            let signed = |place: f64, length: f64| {
                if place < length / 2.0 { place + 0.4 } else { place + 0.4 - length }
            };
            [signed(row, 7.0), signed(column, 8.0)]
        });
        for radius in 1..=3 {
            assert_eq!(index_around(&source, 0, Grid::Torus, [6, 7], radius), Some(1));
        }
        assert_eq!(index_around(&source, 0, Grid::Torus, [6, 7], 4), None, "meets itself");
        assert_eq!(index_around(&source, 0, Grid::Rings, [6, 7], 1), None);
    }
}
