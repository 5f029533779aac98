//! Histograms of directions.

use std::f64::consts::TAU;

use plotters::prelude::*;

use super::{
    arrow,
    axis::short_number,
    canvas::{self, Area, Drawn, GRID, INK, QUIET, Side, write},
};
use crate::{Error, Real, Result, angle::wrapped};

/// Pixels of the largest circle, around the middle of the figure.
const RADIUS: f64 = 120.0;
const CENTRE: [f64; 2] = [180.0, 152.0];
const SIZE: [i32; 2] = [360, 336];
const WEDGE: RGBColor = RGBColor(86, 180, 233);
/// A polygon has a corner every so many radians along a circle.
const ARC: f64 = TAU / 180.0;

/// A histogram of directions, as they are on the screen: 0 to the right, `pi / 2` down.
///
/// The area of a wedge is the share of its directions. The first wedge is centred on the right, so that the
/// four main directions are middles of wedges when their number is a multiple of four. The arrow is the mean
/// of the unit vectors: as long as the largest circle when all directions agree, nothing when none prevails.
///
/// ```
/// use nwm_analysis::figures::PolarHistogram;
///
/// let directions = PolarHistogram::new(&[0.1, -0.1, 1.6, f64::NAN]).bins(4);
/// assert_eq!(directions.shares(), [2.0 / 3.0, 1.0 / 3.0, 0.0, 0.0]);
/// assert!(directions.svg()?.contains("down"));
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct PolarHistogram {
    /// Each finite angle and its weight.
    angles: Vec<[f64; 2]>,
    bins: usize,
}

impl PolarHistogram {
    /// The histogram of angles in radians, of any number of turns, in 24 wedges. Those that are not finite are
    /// left out.
    pub fn new<T: Real>(angles: &[T]) -> Self {
        let finite = angles.iter().map(|angle| angle.widen()).filter(|angle| angle.is_finite());
        Self { angles: finite.map(|angle| [angle, 1.0]).collect(), bins: 24 }
    }

    /// The same with a weight for every angle, such as its amplitude.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when there is another number of weights, [`Error::RealRange`] when one is negative or
    /// not finite.
    pub fn weighted<T: Real>(angles: &[T], weights: &[T]) -> Result<Self> {
        const ACTION: &str = "weigh directions";
        if weights.len() != angles.len() {
            return Err(Error::Mismatch {
                action: ACTION,
                what: "weights",
                found: weights.len(),
                expected: angles.len(),
                like: "the angles",
            });
        }
        let weights: Vec<f64> = weights.iter().map(|weight| weight.widen()).collect();
        if let Some(found) = weights.iter().find(|weight| !(weight.is_finite() && **weight >= 0.0))
        {
            return Err(Error::RealRange {
                action: ACTION,
                name: "weight",
                found: *found,
                expected: "at least 0 and finite",
            });
        }
        let pairs = angles.iter().map(|angle| angle.widen()).zip(weights);
        let finite = pairs.filter(|(angle, _)| angle.is_finite());
        Ok(Self { angles: finite.map(|(angle, weight)| [angle, weight]).collect(), bins: 24 })
    }

    /// Sets the number of wedges, 3 to 360.
    pub fn bins(mut self, bins: usize) -> Self {
        self.bins = bins;
        self
    }

    /// The share of each wedge of all weights, from the right clockwise on the screen; zeros when there is no
    /// weight at all.
    pub fn shares(&self) -> Vec<f64> {
        let mut shares = vec![0.0; self.bins];
        let total = self.total();
        if self.bins == 0 || total <= 0.0 {
            return shares;
        }
        for [angle, weight] in &self.angles {
            let wedge = (wrapped(*angle) / TAU * self.bins as f64).round() as i64;
            shares[wedge.rem_euclid(self.bins as i64) as usize] += weight;
        }
        shares.iter_mut().for_each(|share| *share /= total);
        shares
    }

    /// The mean of the unit vectors, `[down, right]`; `None` when there is no weight at all.
    pub fn mean_resultant(&self) -> Option<[f64; 2]> {
        let total = self.total();
        let sum = self.angles.iter().fold([0.0, 0.0], |[down, right], [angle, weight]| {
            let (sine, cosine) = libm::sincos(*angle);
            [down + weight * sine, right + weight * cosine]
        });
        (total > 0.0).then(|| sum.map(|part| part / total))
    }

    fn total(&self) -> f64 {
        self.angles.iter().map(|[_, weight]| weight).sum()
    }

    /// The figure as one `<svg>` element, 360 by 336 pixels.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] when there is no finite angle with a weight, [`Error::Range`] when the number of wedges
    /// is not 3 to 360, [`Error::Encode`] when drawing fails.
    pub fn svg(&self) -> Result<String> {
        const ACTION: &str = "draw a histogram of directions";
        if !(3..=360).contains(&self.bins) {
            return Err(Error::Range {
                action: ACTION,
                name: "number of wedges",
                found: self.bins,
                expected: "3 to 360",
            });
        }
        let mean = self
            .mean_resultant()
            .ok_or(Error::Empty { action: ACTION, expected: "finite angle with a weight" })?;
        let shares = self.shares();
        let largest = full_circle(shares.iter().copied().fold(0.0, f64::max));
        canvas::svg(SIZE, &[], |area| {
            draw_directions(area)?;
            for (wedge, share) in (0..self.bins).zip(&shares).filter(|(_, share)| **share > 0.0) {
                let radius = RADIUS * (share / largest).sqrt();
                let outline = self.wedge(wedge, radius);
                area.draw(&Polygon::new(outline.clone(), WEDGE.filled()))?;
                area.draw(&PathElement::new(outline, canvas::LIGHT.stroke_width(1)))?;
            }
            draw_circles(area, largest)?;
            let tip = [CENTRE[0] + RADIUS * mean[1], CENTRE[1] + RADIUS * mean[0]];
            arrow::draw(area, CENTRE, tip)?;
            let words = format!(
                "mean resultant {} of {} directions",
                short_number(libm::hypot(mean[0], mean[1])),
                self.angles.len()
            );
            write(area, &words, [SIZE[0] / 2, SIZE[1] - 14], Side::Above, 13, INK)
        })
    }

    /// The outline of a wedge, from the middle and back to it.
    fn wedge(&self, number: usize, radius: f64) -> Vec<(i32, i32)> {
        let width = TAU / self.bins as f64;
        let start = (number as f64 - 0.5) * width;
        // An even number, so that the middle is a corner and as far out as it should be.
        let pieces = 2 * (width / (2.0 * ARC)).ceil() as usize;
        let arc = (0..=pieces).map(|piece| {
            arrow::whole(on_circle(start + width * piece as f64 / pieces as f64, radius))
        });
        let middle = arrow::whole(CENTRE);
        std::iter::once(middle).chain(arc).chain([middle]).collect()
    }
}

/// The pixel at an angle of a circle around the middle.
fn on_circle(angle: f64, radius: f64) -> [f64; 2] {
    let (sine, cosine) = libm::sincos(angle);
    [CENTRE[0] + radius * cosine, CENTRE[1] + radius * sine]
}

/// The share that the largest circle stands for: the next of 1, 2, 4 and 8 percent and so on.
fn full_circle(largest: f64) -> f64 {
    let percents = [1, 2, 4, 8, 12, 16, 20, 24, 32, 40, 60, 80, 100].map(f64::from);
    let enough = percents.into_iter().map(|percent| percent / 100.0);
    enough.into_iter().find(|share| largest <= *share).unwrap_or(1.0)
}

fn draw_directions(area: &Area<'_>) -> Drawn {
    let [x, y] = CENTRE.map(|centre| centre.round() as i32);
    let reach = RADIUS.round() as i32;
    area.draw(&PathElement::new([(x - reach, y), (x + reach, y)], GRID))?;
    area.draw(&PathElement::new([(x, y - reach), (x, y + reach)], GRID))?;
    let beyond = reach + 7;
    for (words, at, side) in [
        ("right", [x + beyond, y], Side::Right),
        ("down", [x, y + beyond], Side::Below),
        ("left", [x - beyond, y], Side::Left),
        ("up", [x, y - beyond], Side::Above),
    ] {
        write(area, words, at, side, 14, INK)?;
    }
    Ok(())
}

/// Circles of the full share and of a quarter of it, which has half the radius.
fn draw_circles(area: &Area<'_>, largest: f64) -> Drawn {
    // Between two main directions, where wedges are often short.
    let towards = -TAU / 8.0;
    for (part, share) in [(0.5, largest / 4.0), (1.0, largest)] {
        let radius = part * RADIUS;
        area.draw(&Circle::new(arrow::whole(CENTRE), radius.round() as i32, QUIET))?;
        let (x, y) = arrow::whole(on_circle(towards, radius));
        let percent = format!("{} %", short_number(100.0 * share));
        write(area, &percent, [x + 3, y - 6], Side::Right, 12, INK)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{FRAC_PI_2, PI};

    use super::*;

    #[test]
    fn wedges_are_centred_on_the_main_directions() {
        let angles = [0.0, 0.1, -0.1, FRAC_PI_2, PI, -PI, 3.0 * PI, -FRAC_PI_2];
        let shares = PolarHistogram::new(&angles).bins(4).shares();
        assert_eq!(shares, [3.0 / 8.0, 1.0 / 8.0, 3.0 / 8.0, 1.0 / 8.0]);
        assert_eq!(PolarHistogram::new(&[-0.01_f32]).shares()[0], 1.0);
    }

    #[test]
    fn weights_count() {
        let histogram =
            PolarHistogram::weighted(&[0.0, FRAC_PI_2, f64::NAN], &[3.0, 1.0, 9.0]).unwrap();
        assert_eq!(histogram.clone().bins(4).shares(), [0.75, 0.25, 0.0, 0.0]);
        let [down, right] = histogram.mean_resultant().unwrap();
        assert!((down - 0.25).abs() < 1e-15 && (right - 0.75).abs() < 1e-15);
    }

    #[test]
    fn the_arrow_points_down_for_waves_that_go_down() {
        let svg = PolarHistogram::new(&[FRAC_PI_2; 9]).svg().unwrap();
        // From the middle almost to the lowest point of the largest circle.
        assert!(svg.contains("points=\"180,152 180,263 \""), "{svg}");
        assert!(svg.contains("mean resultant 1 of 9 directions"));
        for words in ["right", "down", "left", "up", "100 %", "25 %"] {
            assert!(svg.contains(&format!(">\n{words}\n<")), "{words} is missing");
        }
        assert_eq!(svg, PolarHistogram::new(&[FRAC_PI_2; 9]).svg().unwrap());
    }

    #[test]
    fn opposite_directions_have_no_mean() {
        let histogram = PolarHistogram::new(&[0.0, PI, 0.0, PI]).bins(8);
        let [down, right] = histogram.mean_resultant().unwrap();
        assert!(down.abs() < 1e-15 && right == 0.0);
        assert!(histogram.svg().unwrap().contains("<circle cx=\"180\" cy=\"152\" r=\"1\""));
    }

    #[test]
    fn areas_are_in_proportion_to_shares() {
        let mut angles = vec![0.0; 4];
        angles.push(PI);
        let svg = PolarHistogram::new(&angles).bins(4).svg().unwrap();
        // Shares of 0.8 and 0.2: radii of 120 and 60 pixels.
        assert!(svg.contains(" 300,152 ") && svg.contains(" 120,152 "), "{svg}");
    }

    #[test]
    fn wrong_input_is_refused() {
        assert!(matches!(
            PolarHistogram::weighted(&[1.0, 2.0], &[1.0]),
            Err(Error::Mismatch { found: 1, expected: 2, .. })
        ));
        for weight in [-1.0, f64::NAN, f64::INFINITY] {
            let histogram = PolarHistogram::weighted(&[1.0], &[weight]);
            assert!(matches!(histogram, Err(Error::RealRange { .. })));
        }
        for empty in
            [PolarHistogram::new(&[f64::NAN]), PolarHistogram::weighted(&[1.0], &[0.0]).unwrap()]
        {
            assert!(matches!(empty.svg(), Err(Error::Empty { .. })));
            assert!(empty.shares().iter().all(|share| *share == 0.0));
        }
        for bins in [0, 2, 361] {
            let histogram = PolarHistogram::new(&[1.0]).bins(bins);
            assert!(matches!(histogram.svg(), Err(Error::Range { .. })));
            assert_eq!(histogram.shares().len(), bins);
        }
    }
}
