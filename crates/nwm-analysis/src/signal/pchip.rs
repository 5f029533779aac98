//! Interpolation that keeps the shape of its data.

use std::cmp::Ordering;

use crate::{Error, Result};

const ACTION: &str = "interpolate";

/// Cubics through given points that rise where the points rise and are level at their turning points
/// (Fritsch and Carlson 1980; slopes as in MATLAB's `pchip` and SciPy's `PchipInterpolator`).
///
/// Between points the slope is a weighted harmonic mean of the secants on both sides, or zero where they
/// differ in sign. Outside the first or last point the nearest cubic goes on.
///
/// ```
/// use nwm_analysis::signal::Pchip;
///
/// let curve = Pchip::new(&[0.0, 1.0, 2.0, 4.0], &[0.0, 1.0, 1.0, 0.0])?;
/// assert_eq!(curve.at(1.0), 1.0);
/// // A cubic spline would rise above 1 between the two equal values.
/// assert_eq!(curve.at(1.5), 1.0);
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Pchip {
    places: Vec<f64>,
    values: Vec<f64>,
    slopes: Vec<f64>,
}

impl Pchip {
    /// The curve through `values` at strictly increasing `places`: a constant if there is one, a straight
    /// line if there are two.
    ///
    /// # Errors
    ///
    /// When there is no point, the numbers of places and values differ, or the places do not increase.
    pub fn new(places: &[f64], values: &[f64]) -> Result<Self> {
        if places.is_empty() {
            return Err(Error::Empty { action: ACTION, expected: "point" });
        }
        if places.len() != values.len() {
            return Err(Error::Mismatch {
                action: ACTION,
                what: "values",
                found: values.len(),
                expected: places.len(),
                like: "the places",
            });
        }
        let is_no_rise = |pair: &&[f64]| pair[0].partial_cmp(&pair[1]) != Some(Ordering::Less);
        if let Some(pair) = places.windows(2).find(is_no_rise) {
            return Err(Error::RealRange {
                action: ACTION,
                name: "a place",
                found: pair[1],
                expected: "more than the place before it",
            });
        }
        let slopes = (0..places.len()).map(|point| slope(places, values, point)).collect();
        Ok(Self { places: places.to_vec(), values: values.to_vec(), slopes })
    }

    /// The value at a place.
    pub fn at(&self, place: f64) -> f64 {
        if self.places.len() == 1 {
            return self.values[0];
        }
        let piece =
            self.places.partition_point(|&it| it <= place).clamp(1, self.places.len() - 1) - 1;
        let ends = [piece, piece + 1];
        Cubic::new(
            ends.map(|end| self.places[end]),
            ends.map(|end| self.values[end]),
            ends.map(|end| self.slopes[end]),
        )
        .at(place)
    }
}

/// The cubic between two points.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cubic {
    place: f64,
    coefficients: [f64; 4],
}

impl Cubic {
    /// From values and slopes at two places.
    fn new([place, next]: [f64; 2], [start, end]: [f64; 2], [first, last]: [f64; 2]) -> Self {
        let width = next - place;
        let secant = (end - start) / width;
        let square = (3.0 * secant - 2.0 * first - last) / width;
        let cube = (first - 2.0 * secant + last) / (width * width);
        Self { place, coefficients: [start, first, square, cube] }
    }

    /// The piece that a [`Pchip`] through more points has between two of them, of those two and their
    /// neighbours; `piece` is the place of the first of the two.
    pub(super) fn of_neighbours(places: &[f64], values: &[f64], piece: usize) -> Self {
        let ends = [piece, piece + 1];
        Self::new(
            ends.map(|end| places[end]),
            ends.map(|end| values[end]),
            ends.map(|end| slope(places, values, end)),
        )
    }

    pub(super) fn at(&self, place: f64) -> f64 {
        let distance = place - self.place;
        let [start, first, square, cube] = self.coefficients;
        start + distance * (first + distance * (square + distance * cube))
    }
}

/// The slope at a point, which depends on at most two others.
fn slope(places: &[f64], values: &[f64], point: usize) -> f64 {
    let last = places.len() - 1;
    let width = |k: usize| places[k + 1] - places[k];
    let secant = |k: usize| (values[k + 1] - values[k]) / width(k);
    match (point, last) {
        (_, 0) => 0.0,
        (_, 1) => secant(0),
        (0, _) => end_slope([width(0), width(1)], [secant(0), secant(1)]),
        (k, _) if k == last => {
            end_slope([width(k - 1), width(k - 2)], [secant(k - 1), secant(k - 2)])
        }
        (k, _) => inner_slope([width(k - 1), width(k)], [secant(k - 1), secant(k)]),
    }
}

/// A weighted harmonic mean of the secants before and after a point.
fn inner_slope([before, after]: [f64; 2], [first, second]: [f64; 2]) -> f64 {
    if first * second <= 0.0 {
        return 0.0;
    }
    let (weight, other) = (2.0 * after + before, after + 2.0 * before);
    (weight + other) / (weight / first + other / second)
}

/// The slope of the parabola through the three points nearest to an end, kept from overshooting.
fn end_slope([near, far]: [f64; 2], [first, second]: [f64; 2]) -> f64 {
    let slope = ((2.0 * near + far) * first - near * second) / (near + far);
    if slope * first <= 0.0 {
        0.0
    } else if first * second <= 0.0 && slope.abs() > 3.0 * first.abs() {
        3.0 * first
    } else {
        slope
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        // Worked by hand from the formulas: widths 1, 2, 1 and secants 1, 1/2, -3.
        let curve = Pchip::new(&[0.0, 1.0, 3.0, 4.0], &[0.0, 1.0, 2.0, -1.0]).unwrap();
        let inner: f64 = (5.0 + 4.0) / (5.0 / 1.0 + 4.0 / 0.5);
        assert_eq!(curve.slopes[1], inner);
        assert_eq!(curve.slopes[2], 0.0);
        assert!((curve.slopes[0] - (4.0 * 1.0 - 0.5) / 3.0).abs() < 1e-15);
        // (4 * -3 - 0.5) / 3 has the sign of its secant and is below three times it.
        assert!((curve.slopes[3] - (4.0 * -3.0 - 0.5) / 3.0).abs() < 1e-14);
        let half = 0.5 * (0.0 + 1.0) + (curve.slopes[0] - inner) / 8.0;
        assert!((curve.at(0.5) - half).abs() < 1e-15);
    }

    #[test]
    fn ends_do_not_overshoot() {
        // The parabola would fall first: level instead. It would rise too fast: three times the secant.
        assert_eq!(end_slope([1.0, 1.0], [1.0, 4.0]), 0.0);
        assert_eq!(end_slope([10.0, 1.0], [1.0, -30.0]), 3.0);
    }

    #[test]
    fn straight_lines_and_single_points_go_on() {
        let line = Pchip::new(&[1.0, 3.0], &[2.0, 6.0]).unwrap();
        assert_eq!((line.at(0.0), line.at(2.0), line.at(5.0)), (0.0, 4.0, 10.0));
        assert_eq!(Pchip::new(&[1.0], &[2.0]).unwrap().at(9.0), 2.0);
        let straight = Pchip::new(&[0.0, 1.0, 2.5, 3.0], &[0.0, 2.0, 5.0, 6.0]).unwrap();
        for place in [-1.0, 0.3, 1.7, 2.9, 4.0] {
            assert!((straight.at(place) - 2.0 * place).abs() < 1e-14);
        }
    }

    #[test]
    fn bad_points_are_refused() {
        assert!(Pchip::new(&[], &[]).is_err());
        assert!(Pchip::new(&[0.0, 1.0], &[0.0]).is_err());
        assert!(Pchip::new(&[0.0, 0.0], &[0.0, 1.0]).is_err());
        assert!(Pchip::new(&[0.0, f64::NAN], &[0.0, 1.0]).is_err());
    }
}
