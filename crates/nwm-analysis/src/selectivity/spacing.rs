//! The distance of columns of one orientation.

use num_complex::Complex;
use rustfft::FftDirection;

use super::preference::OrientationMap;
use crate::plane_transform::{PlaneTransform, frequency_of};
use crate::waves::{Axis, Grid};

/// A mean power per site below this is rounding.
const NEGLIGIBLE: f64 = 1e-20;

/// The modes about the peak, as a share of its radius.
const WINDOW: f64 = 0.2;

impl OrientationMap {
    /// The distance of columns that prefer one orientation, in grid units: one over the radius at which the power
    /// spectrum of `exp(2 i theta)` has its peak. None if all preferences are equal, or the grid has no
    /// frequency but zero.
    ///
    /// The mean is taken away, sites without a preference count as zero, and the transform takes the grid for a
    /// torus; on [`Grid::Rings`] each row is transformed by itself, and the power of rows is added. Radii in
    /// cycles per grid unit fall in bins about the multiples of `1 / n`, where `n` is the longer side, up to 1/2.
    /// The bin of the largest mean power is the peak, the first of equal ones. The radius is the mean over the
    /// modes about it, weighted by power, and so finer than a bin: those within a fifth of the radius, at least
    /// one and a half bins, and once more those about this mean. A parabola through the means of the bins is
    /// off by up to an eighth where only four or five columns are in view.
    pub fn column_spacing(&self, grid: Grid) -> Option<f64> {
        let modes = self.modes(grid);
        let [rows, columns] = self.size();
        let longest = if grid.couples(Axis::Row) { rows.max(columns) } else { columns };
        let mut radius = peak_bin(&modes, longest)? as f64 / longest as f64;
        for _ in 0..2 {
            let reach = f64::max(WINDOW * radius, 1.5 / longest as f64);
            let (mut weighted, mut weights) = (0.0, 0.0);
            for &(mode, power) in &modes {
                if mode > 0.0 && (mode - radius).abs() <= reach {
                    weighted += mode * power;
                    weights += power;
                }
            }
            radius = weighted / weights;
        }
        Some(1.0 / radius)
    }

    /// Radius in cycles per grid unit and power per site of every mode.
    fn modes(&self, grid: Grid) -> Vec<(f64, f64)> {
        let [rows, columns] = self.size();
        let mut field = self.directions();
        let known: Vec<Complex<f64>> = field.iter().copied().filter(|it| !it.is_nan()).collect();
        let count = known.len() as f64;
        let mean = known.iter().sum::<Complex<f64>>() / count;
        for direction in &mut field {
            *direction = if direction.is_nan() { Complex::default() } else { *direction - mean };
        }
        let transform = PlaneTransform::new([rows, columns], FftDirection::Forward);
        let coupled = grid.couples(Axis::Row);
        if coupled {
            transform.process(&mut field);
        } else {
            transform.along_columns(&mut field);
        }
        let scale = 1.0 / (count * count);
        let modes = field.iter().enumerate().map(|(place, amplitude)| {
            let along_columns = frequency_of(place % columns, columns);
            let along_rows = if coupled { frequency_of(place / columns, rows) } else { 0.0 };
            (along_rows.hypot(along_columns), amplitude.norm_sqr() * scale)
        });
        modes.collect()
    }
}

/// The bin of width `1 / longest` whose modes have the largest mean power; none if all of it is rounding.
fn peak_bin(modes: &[(f64, f64)], longest: usize) -> Option<usize> {
    let mut bins = vec![(0.0, 0_usize); longest / 2 + 1];
    for (radius, power) in modes {
        if let Some((sum, count)) = bins.get_mut((radius * longest as f64).round() as usize) {
            *sum += power;
            *count += 1;
        }
    }
    let mut peak = (None, NEGLIGIBLE);
    for (bin, (sum, count)) in bins.into_iter().enumerate().skip(1) {
        // NaN in a bin without a mode, which is not larger.
        let mean = sum / count as f64;
        if mean > peak.1 {
            peak = (Some(bin), mean);
        }
    }
    peak.0
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn gradual(size: [usize; 2], turns: [f64; 2]) -> OrientationMap {
        let [rows, columns] = size.map(|length| length as f64);
        let sites = (0..size[0] * size[1]).map(|site| {
            let (row, column) = ((site / size[1]) as f64, (site % size[1]) as f64);
            PI * (turns[0] * row / rows + turns[1] * column / columns)
        });
        OrientationMap::from_orientations(&sites.collect::<Vec<_>>(), size).unwrap()
    }

    #[test]
    fn plane_maps_have_the_spacing_of_their_wave() {
        for (size, turns) in
            [([12, 16], [0.0, 2.0]), ([16, 12], [3.0, 0.0]), ([20, 20], [3.0, 4.0])]
        {
            let found = gradual(size, turns).column_spacing(Grid::Torus).unwrap();
            let wanted = 1.0 / (turns[0] / size[0] as f64).hypot(turns[1] / size[1] as f64);
            assert!((found / wanted - 1.0).abs() < 1e-12, "{size:?}: {found} {wanted}");
        }
        // Rings do not see what differs between rows.
        let found = gradual([16, 24], [5.0, 3.0]).column_spacing(Grid::Rings).unwrap();
        assert!((found - 8.0).abs() < 1e-12, "{found}");
    }

    #[test]
    fn random_maps_have_the_spacing_that_they_were_made_with() {
        for size in [[64, 64], [48, 96], [71, 33]] {
            for spacing in [5.0, 6.5, 8.0, 10.0, 12.0, 14.0, 16.0] {
                for seed in 0..10 {
                    let map = OrientationMap::random(size, spacing, seed).unwrap();
                    let found = map.column_spacing(Grid::Torus).unwrap();
                    assert!((found / spacing - 1.0).abs() < 0.05, "{size:?} {spacing}: {found}");
                }
            }
        }
    }

    #[test]
    fn a_window_of_a_larger_map_shows_the_spacing_too() {
        for spacing in [6.0, 8.0, 10.0, 12.0] {
            for seed in 0..10 {
                let map = OrientationMap::random([120, 140], spacing, seed).unwrap();
                let mut window: Vec<f64> = map
                    .preferred()
                    .chunks(140)
                    .take(64)
                    .flat_map(|row| &row[..72])
                    .copied()
                    .collect();
                let holes = window.iter_mut().step_by(37);
                holes.for_each(|orientation| *orientation = f64::NAN);
                let window = OrientationMap::from_orientations(&window, [64, 72]).unwrap();
                let found = window.column_spacing(Grid::Open).unwrap();
                assert!((found / spacing - 1.0).abs() < 0.05, "{spacing} {seed}: {found}");
            }
        }
    }

    #[test]
    fn maps_without_columns_have_no_spacing() {
        let of = |values: &[f64], size| {
            OrientationMap::from_orientations(values, size).unwrap().column_spacing(Grid::Torus)
        };
        assert_eq!(of(&[0.3; 36], [6, 6]), None);
        assert_eq!(of(&[f64::NAN; 36], [6, 6]), None);
        assert_eq!(of(&[0.3], [1, 1]), None);
        assert_eq!(gradual([4, 1], [2.0, 0.0]).column_spacing(Grid::Rings), None);
    }
}
