//! The Fourier transform over rows and columns.

use std::sync::Arc;

use num_complex::Complex;
use rustfft::{Fft, FftDirection, FftPlanner};

/// The transform of frames of one size, not normalised.
pub(crate) struct PlaneTransform {
    size: [usize; 2],
    along_rows: Arc<dyn Fft<f64>>,
    along_columns: Arc<dyn Fft<f64>>,
}

impl PlaneTransform {
    /// For frames `[row, column]`.
    pub(crate) fn new([rows, columns]: [usize; 2], direction: FftDirection) -> Self {
        let mut planner = FftPlanner::new();
        Self {
            size: [rows, columns],
            along_rows: planner.plan_fft(rows, direction),
            along_columns: planner.plan_fft(columns, direction),
        }
    }

    /// Transforms every row of a frame by itself.
    pub(crate) fn along_columns(&self, frame: &mut [Complex<f64>]) {
        self.along_columns.process(frame);
    }

    /// Transforms a frame along both axes.
    pub(crate) fn process(&self, frame: &mut [Complex<f64>]) {
        let [rows, columns] = self.size;
        self.along_columns(frame);
        let mut line = vec![Complex::default(); rows];
        for column in 0..columns {
            for (row, value) in line.iter_mut().enumerate() {
                *value = frame[row * columns + column];
            }
            self.along_rows.process(&mut line);
            for (row, value) in line.iter().enumerate() {
                frame[row * columns + column] = *value;
            }
        }
    }
}

/// The frequency of a place in a transform of a length, in cycles per sample: from `-1/2` to below `1/2`.
pub(crate) fn frequency_of(place: usize, length: usize) -> f64 {
    let cycles = if 2 * place >= length { place as f64 - length as f64 } else { place as f64 };
    cycles / length as f64
}

#[cfg(test)]
mod tests {
    use std::f64::consts::TAU;

    use super::*;

    #[test]
    fn transforms_equal_the_sums_that_define_them() {
        let [rows, columns] = [3, 4];
        let frame: Vec<Complex<f64>> =
            (0..12).map(|n| Complex::new((f64::from(n) * 1.3).sin(), f64::from(n % 5))).collect();
        let term = |place: usize, row: usize, column: usize| {
            let turns = (place / columns * row) as f64 / rows as f64
                + (place % columns * column) as f64 / columns as f64;
            Complex::cis(-TAU * turns) * frame[row * columns + column]
        };
        let mut found = frame.clone();
        PlaneTransform::new([rows, columns], FftDirection::Forward).process(&mut found);
        for (place, found) in found.iter().enumerate() {
            let sites = (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column)));
            let wanted: Complex<f64> = sites.map(|(row, column)| term(place, row, column)).sum();
            assert!((found - wanted).norm() < 1e-12, "{place}: {found} {wanted}");
        }
        PlaneTransform::new([rows, columns], FftDirection::Inverse).process(&mut found);
        for (found, wanted) in found.iter().zip(&frame) {
            assert!((found / 12.0 - wanted).norm() < 1e-14);
        }
    }

    #[test]
    fn frequencies_are_signed() {
        assert_eq!([0, 1, 2, 3].map(|place| frequency_of(place, 4)), [0.0, 0.25, -0.5, -0.25]);
        assert_eq!([1, 2].map(|place| frequency_of(place, 3) * 3.0), [1.0, -1.0]);
    }
}
