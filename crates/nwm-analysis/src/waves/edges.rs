//! Pairs of next neighbours.

use super::grid::{Axis, Grid};

/// Gives `edge` the two sites of every pair of next neighbours along an axis of frames `[row, column]`, once.
/// An axis of one site has none.
#[inline]
pub(crate) fn for_each_edge(
    axis: Axis,
    [rows, columns]: [usize; 2],
    grid: Grid,
    mut edge: impl FnMut(usize, usize),
) {
    if !grid.couples(axis) {
        return;
    }
    match axis {
        Axis::Row if rows > 1 => {
            (0..(rows - 1) * columns).for_each(|site| edge(site, site + columns));
            if grid.wraps(axis) {
                (0..columns).for_each(|column| edge((rows - 1) * columns + column, column));
            }
        }
        Axis::Column if columns > 1 => {
            for first in (0..rows * columns).step_by(columns) {
                (first..first + columns - 1).for_each(|site| edge(site, site + 1));
                if grid.wraps(axis) {
                    edge(first + columns - 1, first);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(axis: Axis, size: [usize; 2], grid: Grid) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        for_each_edge(axis, size, grid, |from, to| found.push((from, to)));
        found
    }

    #[test]
    fn every_pair_is_met_once() {
        assert_eq!(edges(Axis::Column, [2, 3], Grid::Open), [(0, 1), (1, 2), (3, 4), (4, 5)]);
        assert_eq!(
            edges(Axis::Column, [2, 3], Grid::Rings),
            [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)]
        );
        assert_eq!(
            edges(Axis::Row, [3, 2], Grid::Torus),
            [(0, 2), (1, 3), (2, 4), (3, 5), (4, 0), (5, 1)]
        );
        assert_eq!(edges(Axis::Row, [3, 2], Grid::Open).len(), 4);
        assert!(edges(Axis::Row, [3, 2], Grid::Rings).is_empty());
        assert!(edges(Axis::Row, [1, 9], Grid::Torus).is_empty());
        assert!(edges(Axis::Column, [9, 1], Grid::Torus).is_empty());
    }
}
