//! Vectors at some of the sites, as bytes.

use super::super::angle_levels::angle_level;
use crate::Real;
use crate::waves::VectorField;

/// The share of lengths that the scale covers. Beside a phase singularity vectors are much longer than
/// anywhere else, and would leave nothing to be seen of the others.
const COVERED: f64 = 0.95;

/// The vectors of every so manieth site, `[time, row, column]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Arrows {
    /// Sites from one arrow to the next.
    pub(super) spacing: usize,
    /// The first row and column with arrows.
    pub(super) first: [usize; 2],
    /// Levels of angles, 0 to the right and a quarter turn downward; 0 where there is no direction.
    pub(super) directions: Vec<u8>,
    /// Lengths, of which 255 is the scale or more.
    pub(super) lengths: Vec<u8>,
}

impl Arrows {
    /// Of every `spacing`-th site of a field, at least 1.
    pub(super) fn of<T: Real>(field: &VectorField<T>, spacing: usize) -> Self {
        let [_, rows, columns] = field.shape;
        let first = [rows, columns].map(|sites| (spacing / 2).min((sites - 1) / 2));
        let mut vectors = Vec::new();
        let frames = field.row.chunks_exact(rows * columns);
        for (down, right) in frames.zip(field.column.chunks_exact(rows * columns)) {
            for row in (first[0]..rows).step_by(spacing) {
                for column in (first[1]..columns).step_by(spacing) {
                    let site = row * columns + column;
                    vectors.push([down[site].widen(), right[site].widen()]);
                }
            }
        }
        let lengths: Vec<f64> =
            vectors.iter().map(|[down, right]| (down * down + right * right).sqrt()).collect();
        let scale = covering(&lengths);
        let directions = vectors.iter().zip(&lengths).map(|([down, right], &length)| {
            if length > 0.0 { angle_level(libm::atan2(*down, *right)) } else { 0 }
        });
        Self {
            spacing,
            first,
            directions: directions.collect(),
            // A NaN becomes 0.
            lengths: lengths.iter().map(|it| (255.0 * it / scale).round() as u8).collect(),
        }
    }
}

/// The length that [`COVERED`] of the finite ones do not exceed.
fn covering(lengths: &[f64]) -> f64 {
    let mut finite: Vec<f64> =
        lengths.iter().copied().filter(|length| length.is_finite() && *length > 0.0).collect();
    finite.sort_unstable_by(f64::total_cmp);
    let place = (COVERED * finite.len().saturating_sub(1) as f64).round() as usize;
    finite.get(place).copied().unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_2;

    use super::*;

    #[test]
    fn arrows_stand_in_the_middle_of_their_squares() {
        // Down by the row, right by 1, and one hole.
        let mut row: Vec<f64> = (0..7 * 9).map(|site| f64::from(site / 9)).collect();
        row[2 * 9 + 6] = f64::NAN;
        let field = VectorField { shape: [1, 7, 9], row, column: vec![1.0; 7 * 9] };
        let arrows = Arrows::of(&field, 4);
        // Rows 2 and 6, columns 2 and 6.
        assert_eq!((arrows.spacing, arrows.first), (4, [2, 2]));
        let [gentle, steep] = [2.0_f64, 6.0].map(|down| angle_level(down.atan2(1.0)));
        assert_eq!(arrows.directions, [gentle, 0, steep, steep]);
        let share = (255.0 * (5.0_f64 / 37.0).sqrt()).round() as u8;
        assert_eq!(arrows.lengths, [share, 0, 255, 255]);
    }

    #[test]
    fn small_and_still_fields_have_arrows() {
        let down = VectorField { shape: [2, 1, 1], row: vec![3.0_f32, 0.0], column: vec![0.0; 2] };
        let arrows = Arrows::of(&down, 8);
        assert_eq!(arrows.first, [0, 0]);
        assert_eq!(arrows.directions, [angle_level(FRAC_PI_2), 0]);
        assert_eq!(arrows.lengths, [255, 0]);
    }

    #[test]
    fn a_few_long_vectors_do_not_shrink_the_others() {
        let mut lengths = vec![1.0; 99];
        lengths.push(50.0);
        assert_eq!(covering(&lengths), 1.0);
        assert_eq!(covering(&[f64::NAN, 0.0]), 1.0);
    }
}
