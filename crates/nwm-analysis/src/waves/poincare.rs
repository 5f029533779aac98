//! The index of a field around a loop.

use std::f64::consts::TAU;

use super::field::VectorField;
use super::grid::{Axis, Grid};
use crate::{Real, wrapped};

/// The sites of the square loop around a cell, one site beyond its corners for each step of `radius` above 1,
/// on the way right, down, left, up. None if the loop leaves an open grid or meets itself around a torus.
pub(super) fn square_loop(
    [rows, columns]: [usize; 2],
    grid: Grid,
    [row, column]: [usize; 2],
    radius: usize,
) -> Option<Vec<[usize; 2]>> {
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
    let top = (0..side).map(|step| (0, step));
    let right = (0..side).map(|step| (step, side));
    let bottom = (0..side).map(|step| (side, side - step));
    let left = (0..side).map(|step| (side - step, 0));
    let steps = top.chain(right).chain(bottom).chain(left);
    steps
        .map(|(down, across)| {
            Some([
                along(Axis::Row, rows, row, down)?,
                along(Axis::Column, columns, column, across)?,
            ])
        })
        .collect()
}

/// How often the direction of a field turns along the square loop around a cell. None if there is no such loop,
/// or it passes a NaN or a vector of length zero.
pub(super) fn index_around<T: Real>(
    field: &VectorField<T>,
    frame: usize,
    grid: Grid,
    cell: [usize; 2],
    radius: usize,
) -> Option<i32> {
    let [_, rows, columns] = field.shape;
    let directions = square_loop([rows, columns], grid, cell, radius)?
        .into_iter()
        .map(|[row, column]| {
            let site = (frame * rows + row) * columns + column;
            let (down, right) = (field.row[site].widen(), field.column[site].widen());
            let length = down.hypot(right);
            (length > 0.0).then(|| down.atan2(right))
        })
        .collect::<Option<Vec<f64>>>()?;
    let next = directions.iter().cycle().skip(1);
    let turned: f64 = directions.iter().zip(next).map(|(from, to)| wrapped(to - from)).sum();
    Some((turned / TAU).round() as i32)
}

/// The mean of a field along square loops around a point: away from it, and around it (positive from larger
/// columns to larger rows). None if a loop is missing or passes a NaN.
pub(super) fn flow_around<T: Real>(
    field: &VectorField<T>,
    frame: usize,
    grid: Grid,
    place: [f64; 2],
    radii: std::ops::RangeInclusive<usize>,
) -> Option<[f64; 2]> {
    let [_, rows, columns] = field.shape;
    let cell = place.map(|it| it.floor() as usize);
    let (mut flow, mut count) = ([0.0; 2], 0);
    for radius in radii {
        for [row, column] in square_loop([rows, columns], grid, cell, radius)? {
            let down = grid.offset(Axis::Row, rows, place[0], row as f64);
            let right = grid.offset(Axis::Column, columns, place[1], column as f64);
            let distance = down.hypot(right);
            let site = (frame * rows + row) * columns + column;
            let (downward, rightward) = (field.row[site].widen(), field.column[site].widen());
            flow[0] += (downward * down + rightward * right) / distance;
            flow[1] += (downward * right - rightward * down) / distance;
            count += 1;
        }
    }
    let mean = flow.map(|sum| sum / f64::from(count));
    mean.iter().all(|it| it.is_finite()).then_some(mean)
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
    fn flow_has_a_way_out_and_a_way_around() {
        let flow = |field: &VectorField<f64>| {
            flow_around(field, 0, Grid::Open, [2.6, 3.4], 2..=3).unwrap()
        };
        let [away, around_it] = flow(&around(|down, right| {
            let distance = down.hypot(right);
            [(2.0 * down - 3.0 * right) / distance, (2.0 * right + 3.0 * down) / distance]
        }));
        assert!(
            (away - 2.0).abs() < 1e-12 && (around_it + 3.0).abs() < 1e-12,
            "{away} {around_it}"
        );
        let saddle = around(|down, right| [down, -right]);
        assert!(flow(&saddle)[0].abs() < 0.3);
        assert_eq!(flow_around(&saddle, 0, Grid::Open, [2.6, 3.4], 2..=4), None);
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
