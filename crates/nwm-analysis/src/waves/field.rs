//! Fields of vectors, and their derivatives.

use rayon::prelude::*;

use super::grid::{Axis, Grid, Neighbours};
use crate::Real;

/// A vector at every site of every frame.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct VectorField<T> {
    /// `[time, row, column]`.
    pub shape: [usize; 3],
    /// Components toward larger rows (down).
    pub row: Vec<T>,
    /// Components toward larger columns (right).
    pub column: Vec<T>,
}

impl<T: Real> VectorField<T> {
    /// The field of opposite vectors.
    pub fn negated(mut self) -> Self {
        for values in [&mut self.row, &mut self.column] {
            values.par_iter_mut().for_each(|value| *value = -*value);
        }
        self
    }

    /// `d row / d r + d column / d c`, `[time, row, column]`, per grid unit: positive at sources.
    ///
    /// Differences are centred, and one-sided beside an edge or a NaN. A site whose own vector is NaN, or
    /// that has no neighbour along an axis with others, is NaN.
    pub fn divergence(&self, grid: Grid) -> Vec<T> {
        self.sum_of_slopes(grid, [&self.row, &self.column], T::one())
    }

    /// `d row / d c - d column / d r`, `[time, row, column]`, per grid unit: positive where vectors turn
    /// from larger columns to larger rows, clockwise on a screen. Differences as in
    /// [`divergence`](Self::divergence).
    pub fn curl(&self, grid: Grid) -> Vec<T> {
        // The row derivative is that of the column component here, and is subtracted.
        self.sum_of_slopes(grid, [&self.column, &self.row], -T::one())
    }

    /// How far the vectors of each frame agree, 0 to 1: the length of their sum by the sum of their lengths. Vectors
    /// that are NaN do not count; a frame without others is NaN, one of zeros 0.
    pub fn order_parameters(&self) -> Vec<f64> {
        let [_, rows, columns] = self.shape;
        let sites = rows * columns;
        self.row
            .par_chunks_exact(sites)
            .zip(self.column.par_chunks_exact(sites))
            .map(|(along_rows, along_columns)| {
                let [mut down, mut right, mut length, mut count] = [0.0; 4];
                for (row, column) in along_rows.iter().zip(along_columns) {
                    let (row, column) = (row.widen(), column.widen());
                    let of_one = (row * row + column * column).sqrt();
                    if !of_one.is_nan() {
                        down += row;
                        right += column;
                        length += of_one;
                        count += 1.0;
                    }
                }
                match (count, length) {
                    (0.0, _) => f64::NAN,
                    (_, 0.0) => 0.0,
                    _ => (down * down + right * right).sqrt() / length,
                }
            })
            .collect()
    }

    /// `sign` times the slope of the first component along rows, plus that of the second along columns.
    fn sum_of_slopes(&self, grid: Grid, [along_rows, along_columns]: [&[T]; 2], sign: T) -> Vec<T> {
        let [_, rows, columns] = self.shape;
        let sites = rows * columns;
        let mut result = vec![T::zero(); along_rows.len()];
        let neighbours = Neighbours::new(grid, [rows, columns]);
        result
            .par_chunks_exact_mut(sites)
            .zip(along_rows.par_chunks_exact(sites).zip(along_columns.par_chunks_exact(sites)))
            .for_each(|(result, (first, second))| {
                let difference = |to: T, from: T| to - from;
                neighbours.centred(Axis::Row, first, difference, |site, slope| {
                    result[site] = sign * slope;
                });
                neighbours.centred(Axis::Column, second, difference, |site, slope| {
                    result[site] = result[site] + slope;
                });
            });
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A frame from functions of row and column.
    fn field(size: [usize; 2], vector: impl Fn(f64, f64) -> [f64; 2]) -> VectorField<f64> {
        let [rows, columns] = size;
        let sites = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
        let vectors: Vec<_> =
            sites.map(|(row, column)| vector(row as f64, column as f64)).collect();
        VectorField {
            shape: [1, rows, columns],
            row: vectors.iter().map(|it| it[0]).collect(),
            column: vectors.iter().map(|it| it[1]).collect(),
        }
    }

    #[test]
    fn linear_fields_have_constant_derivatives_up_to_the_edges() {
        let field =
            field([4, 6], |row, column| [0.5 * row - 0.3 * column, 0.7 * row + 0.2 * column]);
        for (divergence, curl) in field.divergence(Grid::Open).iter().zip(field.curl(Grid::Open)) {
            assert!((divergence - 0.7).abs() < 1e-14, "{divergence}");
            // d row / d column - d column / d row.
            assert!((curl - (-0.3 - 0.7)).abs() < 1e-14, "{curl}");
        }
    }

    #[test]
    fn derivatives_wrap_on_a_torus() {
        let k = std::f64::consts::TAU / 8.0;
        let field = field([8, 8], |row, column| [(k * row).sin(), (k * column).cos()]);
        let found = field.divergence(Grid::Torus);
        for (site, found) in found.iter().enumerate() {
            let (row, column) = ((site / 8) as f64, (site % 8) as f64);
            let wanted = k.sin() * ((k * row).cos() - (k * column).sin());
            assert!((found - wanted).abs() < 1e-14, "{site}: {found} {wanted}");
        }
        assert!(field.curl(Grid::Torus).iter().all(|curl| curl.abs() < 1e-15));
        // On rings rows have no neighbours: their slopes are dropped.
        let rings = field.divergence(Grid::Rings);
        assert!((rings[1] + k.sin() * k.sin()).abs() < 1e-14);
    }

    #[test]
    fn agreement_is_the_length_of_the_mean_by_the_mean_length() {
        // Two vectors of length 5 at an angle of twice atan(3 / 4), one that is unknown, and frames of zeros and NaN.
        let nan = f64::NAN;
        let field = VectorField {
            shape: [3, 1, 3],
            row: vec![3.0, -3.0, nan, 0.0, 0.0, 0.0, nan, 1.0, nan],
            column: vec![4.0, 4.0, 1.0, 0.0, 0.0, 0.0, 1.0, nan, nan],
        };
        let found = field.order_parameters();
        assert_eq!(found[..2], [0.8, 0.0]);
        assert!(found[2].is_nan());
    }

    #[test]
    fn beside_a_gap_differences_are_one_sided() {
        let mut field = field([3, 5], |row, column| [row * row, column * column]);
        field.column[7] = f64::NAN;
        let found = field.divergence(Grid::Open);
        assert!(found[7].is_nan());
        // Left of the gap: 1 - 0 from its left neighbour alone; rows centred: (4 - 0) / 2.
        assert_eq!(found[6], 1.0 + 2.0);
        assert_eq!(found[8], 16.0 - 9.0 + 2.0);
        assert_eq!(found[2], 4.0 + 1.0);
        assert_eq!(field.negated().row[14], -4.0);
    }
}
