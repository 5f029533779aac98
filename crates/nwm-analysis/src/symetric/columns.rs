//! Samples held by variable, each in one contiguous column.

use std::ops::Range;

use super::scores::{is_constant, mean, variance};

/// A table `[column, sample]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Columns {
    samples: usize,
    values: Vec<f64>,
}

impl Columns {
    /// No columns yet, each to hold `samples` values.
    pub(super) fn new(samples: usize) -> Self {
        Self { samples, values: Vec::new() }
    }

    /// The `chosen` columns of `rows`, `[sample, width]`.
    pub(super) fn of_rows(rows: &[f64], width: usize, chosen: &[usize]) -> Self {
        let mut columns = Self::new(rows.len() / width.max(1));
        for &column in chosen {
            columns.push(rows.chunks_exact(width).map(|row| row[column]));
        }
        columns
    }

    /// Appends a column of as many values as the others have.
    pub(super) fn push(&mut self, column: impl Iterator<Item = f64>) {
        self.values.extend(column);
    }

    /// Values of each column.
    pub(super) fn samples(&self) -> usize {
        self.samples
    }

    /// Number of columns.
    pub(super) fn count(&self) -> usize {
        self.values.len() / self.samples.max(1)
    }

    /// One column.
    pub(super) fn column(&self, column: usize) -> &[f64] {
        &self.values[column * self.samples..][..self.samples]
    }

    /// All columns in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks_exact(self.samples.max(1))
    }

    /// One value of every column.
    pub(super) fn row(&self, sample: usize) -> Vec<f64> {
        self.iter().map(|column| column[sample]).collect()
    }

    /// The same columns without the samples of `without`.
    pub(super) fn without(&self, without: &Range<usize>) -> Self {
        let mut columns = Self::new(self.samples - without.len());
        for column in self.iter() {
            columns.push(rest(column, without));
        }
        columns
    }

    /// The same columns shifted and scaled to mean 0 and variance 1 (divisor `n`); constant columns
    /// become 0.
    pub(super) fn standardised(mut self) -> Self {
        for column in self.values.chunks_exact_mut(self.samples.max(1)) {
            // Squares of large values must not overflow.
            let largest = column.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            if largest > 0.0 {
                column.iter_mut().for_each(|value| *value /= largest);
            }
            let (center, spread) = (mean(column), variance(column));
            let scale = if is_constant(column) { 0.0 } else { 1.0 / spread.sqrt() };
            column.iter_mut().for_each(|value| *value = (*value - center) * scale);
        }
        self
    }
}

/// The values of a column outside `without`.
pub(super) fn rest<'a>(
    column: &'a [f64],
    without: &Range<usize>,
) -> impl Iterator<Item = f64> + use<'a> {
    let (before, after) = (&column[..without.start], &column[without.end..]);
    before.iter().chain(after).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_chosen_and_cut() {
        let rows: Vec<f64> = (0..12).map(f64::from).collect();
        let columns = Columns::of_rows(&rows, 3, &[2, 0]);
        assert_eq!((columns.samples(), columns.count()), (4, 2));
        assert_eq!(columns.column(0), [2.0, 5.0, 8.0, 11.0]);
        assert_eq!(columns.row(1), [5.0, 3.0]);
        assert_eq!(columns.without(&(1..3)).column(1), [0.0, 9.0]);
    }

    #[test]
    fn standard_columns_by_hand() {
        // 1, 3: mean 2, deviation 1, also when their squares overflow.
        let rows = [1.0, 1e300, 0.1, 3.0, 3e300, 0.1];
        let columns = Columns::of_rows(&rows, 3, &[0, 1, 2]).standardised();
        for column in 0..2 {
            for (found, expected) in columns.column(column).iter().zip([-1.0, 1.0]) {
                assert!((found - expected).abs() < 1e-15, "{found}");
            }
        }
        assert_eq!(columns.column(2), [0.0, 0.0]);
    }
}
