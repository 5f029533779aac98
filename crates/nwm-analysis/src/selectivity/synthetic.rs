//! Orientation maps whose column spacing is known, to test an analysis with.

use num_complex::Complex;
use rustfft::FftDirection;

use super::preference::OrientationMap;
use crate::plane_transform::{PlaneTransform, frequency_of};
use crate::random::Stream;
use crate::{Error, Result};

const PURPOSE: &[u8; 24] = b"random orientation maps ";

/// Width of the ring of wave numbers, as a share of its radius.
const RELATIVE_WIDTH: f64 = 0.1;

impl OrientationMap {
    /// An isotropic Gaussian random map on a torus `[row, column]`, of columns `spacing` grid units apart.
    ///
    /// It is `arg(z) / 2` of a sum `z` of plane waves in all directions with independent normal amplitudes, whose
    /// standard deviation is a Gaussian of the wave number about `1 / spacing`, of a tenth of that. The
    /// selectivity is `|z|` over its largest value. Such maps have `pi` pinwheels in the square of the spacing, and
    /// 1.5 % more for the width of the ring.
    ///
    /// # Errors
    ///
    /// When there are no sites, or the spacing is not between 4 and the shorter side.
    pub fn random(size: [usize; 2], spacing: f64, seed: u64) -> Result<Self> {
        const ACTION: &str = "draw an orientation map";
        let [rows, columns] = size;
        if rows * columns == 0 {
            return Err(Error::Empty { action: ACTION, expected: "site" });
        }
        if !(4.0..=rows.min(columns) as f64).contains(&spacing) {
            return Err(Error::RealRange {
                action: ACTION,
                name: "the column spacing",
                found: spacing,
                expected: "from 4 to the shorter side of the map",
            });
        }
        let mut stream = Stream::new(PURPOSE, seed);
        let mut field = Vec::with_capacity(rows * columns);
        for place in 0..rows * columns {
            let along_rows = frequency_of(place / columns, rows);
            let wave_number = along_rows.hypot(frequency_of(place % columns, columns));
            let distance = (wave_number * spacing - 1.0) / RELATIVE_WIDTH;
            let amplitude = (-distance * distance / 2.0).exp();
            let (real, imaginary) = (stream.normal(), stream.normal());
            field.push(Complex::new(real, imaginary) * amplitude);
        }
        PlaneTransform::new(size, FftDirection::Inverse).process(&mut field);
        let largest = field.iter().map(|z| z.norm()).fold(0.0, f64::max);
        let orientations: Vec<f64> = field.iter().map(|z| z.arg() / 2.0).collect();
        let map = Self::from_orientations(&orientations, size)?;
        let selectivity = field.iter().map(|z| z.norm() / largest).collect();
        Self::new(map.preferred().to_vec(), selectivity, size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_a_function_of_the_seed() {
        let map = |seed| OrientationMap::random([24, 32], 8.0, seed).unwrap();
        assert_eq!(map(3), map(3));
        assert_ne!(map(3), map(4));
        assert_eq!(map(3).size(), [24, 32]);
        assert_eq!(map(3).selectivity().iter().copied().fold(0.0, f64::max), 1.0);
    }

    #[test]
    fn spacings_that_no_map_can_have_are_errors() {
        for spacing in [3.9, 24.1, f64::NAN] {
            let found = OrientationMap::random([24, 32], spacing, 0);
            assert!(matches!(found, Err(Error::RealRange { .. })), "{spacing}");
        }
        assert!(matches!(OrientationMap::random([0, 32], 8.0, 0), Err(Error::Empty { .. })));
    }
}
