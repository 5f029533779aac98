//! Phase against the way from a place, and against the angle around it.

use super::circular::{AngularCorrelation, circular_correlation, circular_linear_correlation};
use super::grid::{Axis, Grid};
use crate::{Real, Result, check};

/// The correlation of the phases `[row, column]` of one frame with their distance from a source
/// `[row, column]`, 0 to 1; the shortest way around where an axis wraps. NaN phases are left out.
///
/// A target wave scores high while about one wavelength of it is in view, and low if there is more, since
/// the correlation is with the distance itself. It does not tell expanding from contracting waves, and a
/// plane wave scores high from a source at the grid's edge. The p-value is for independent sites, which
/// those of a map are not.
///
/// # Errors
///
/// When the phases do not have the size, or fewer than three are numbers.
pub fn phase_distance_correlation<T: Real>(
    phase: &[T],
    size: [usize; 2],
    grid: Grid,
    source: [f64; 2],
) -> Result<AngularCorrelation> {
    check::shape("phase [row, column]", phase, &size)?;
    let distance = |[down, right]: [f64; 2]| T::nearest(down.hypot(right));
    let distances: Vec<T> = ways(size, grid, source).map(distance).collect();
    circular_linear_correlation(phase, &distances)
}

/// The correlation of the phases `[row, column]` of one frame with the angle around a centre
/// `[row, column]`, -1 to 1: positive if the wave turns from larger columns to larger rows, clockwise on a
/// screen. NaN phases are left out.
///
/// # Errors
///
/// When the phases do not have the size, or fewer than three are numbers.
pub fn phase_rotation_correlation<T: Real>(
    phase: &[T],
    size: [usize; 2],
    grid: Grid,
    centre: [f64; 2],
) -> Result<AngularCorrelation> {
    check::shape("phase [row, column]", phase, &size)?;
    let angle = |[down, right]: [f64; 2]| T::nearest(down.atan2(right));
    let angles: Vec<T> = ways(size, grid, centre).map(angle).collect();
    let found = circular_correlation(phase, &angles)?;
    // The phase falls in the direction in which a wave goes.
    Ok(AngularCorrelation { coefficient: -found.coefficient, ..found })
}

/// The way `[down, right]` from a place to every site.
fn ways(
    [rows, columns]: [usize; 2],
    grid: Grid,
    [row, column]: [f64; 2],
) -> impl Iterator<Item = [f64; 2]> {
    (0..rows * columns).map(move |site| {
        let (to_row, to_column) = ((site / columns) as f64, (site % columns) as f64);
        [
            grid.offset(Axis::Row, rows, row, to_row),
            grid.offset(Axis::Column, columns, column, to_column),
        ]
    })
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{PI, TAU};

    use super::*;

    /// The phase of a target wave of the MATLAB toolbox at its 50th sample: 16 x 16, 5 Hz, 10 ms.
    fn target(wavelength: f64) -> Vec<f64> {
        let phase = |down: f64, right: f64| TAU * (2.5 - down.hypot(right) / wavelength);
        let sites = (0..256).map(|site| (f64::from(site / 16) - 7.0, f64::from(site % 16) - 7.0));
        sites.map(|(down, right)| crate::wrapped(phase(down, right))).collect()
    }

    #[test]
    fn target_waves_have_known_correlations() {
        // wave-matlab under GNU Octave 7.3; its pixel (8, 8) is ours [7, 7].
        let known = [
            (8.0, 0.5659208975, 0.2129149510),
            (12.0, 0.9144255795, 0.3224364092),
            (16.0, 0.9753798405, 0.3488838746),
            (24.0, 0.9955576245, 0.3612298083),
            (40.0, 0.9994532693, 0.3655766377),
            (80.0, 0.9999665948, 0.3670460424),
        ];
        for (wavelength, centre, corner) in known {
            let correlation = |source| {
                let phase = target(wavelength);
                phase_distance_correlation(&phase, [16, 16], Grid::Open, source)
                    .unwrap()
                    .coefficient
            };
            assert!((correlation([7.0, 7.0]) - centre).abs() < 6e-11, "{wavelength}");
            assert!((correlation([0.0, 0.0]) - corner).abs() < 6e-11, "{wavelength}");
        }
    }

    #[test]
    fn plane_waves_score_high_from_the_edge() {
        let plane: Vec<f64> =
            (0..256).map(|site| crate::wrapped(-TAU * f64::from(site % 16 - 7) / 24.0)).collect();
        let correlation = |source| {
            phase_distance_correlation(&plane, [16, 16], Grid::Open, source).unwrap().coefficient
        };
        assert!((correlation([7.0, 7.0]) - 0.6944732491).abs() < 6e-11);
        assert!((correlation([7.0, 0.0]) - 0.9231895924).abs() < 6e-11);
    }

    #[test]
    fn rotating_waves_have_a_direction() {
        // 8 x 8 about the toolbox's pixel (4, 4), whose own angle is that of atan2(0, 0).
        for direction in [1.0, -1.0] {
            let angle = |site: i32| f64::from(site / 8 - 3).atan2(f64::from(site % 8 - 3));
            let phase: Vec<f64> =
                (0..64).map(|site| crate::wrapped(1.3 - direction * angle(site))).collect();
            let found = phase_rotation_correlation(&phase, [8, 8], Grid::Open, [3.0, 3.0]).unwrap();
            assert!((found.coefficient - direction).abs() < 1e-12);
            assert!((found.p_value / 1.581e-10 - 1.0).abs() < 5e-4, "{}", found.p_value);
        }
    }

    #[test]
    fn distances_take_the_short_way_around() {
        let mut phase: Vec<f64> = Vec::new();
        for row in 0..9 {
            for column in 0..9 {
                let near = |place: i32| f64::from(place.min(9 - place));
                phase.push(-0.5 * near(row).hypot(near(column)));
            }
        }
        let on = |grid| {
            phase_distance_correlation(&phase, [9, 9], grid, [0.0, 0.0]).unwrap().coefficient
        };
        assert!(on(Grid::Torus) > 0.99 && on(Grid::Open) < 0.9);
        assert!(phase_distance_correlation(&phase, [9, 8], Grid::Open, [0.0, 0.0]).is_err());
        // Half a turn more or less changes nothing.
        let shifted: Vec<f64> = phase.iter().map(|value| value + PI).collect();
        let other = phase_distance_correlation(&shifted, [9, 9], Grid::Torus, [0.0, 0.0]).unwrap();
        assert!((other.coefficient - on(Grid::Torus)).abs() < 1e-12);
    }
}
