//! The interval that is shaded around a line of a chart.

use plotters::prelude::*;

use super::axis::Axis;

/// How much of a line's colour its band has.
const OPACITY: f64 = 0.22;
/// Half the height of a band beside its name.
const SWATCH: i32 = 6;
/// Places beyond which bands are widened to the extremes of stretches.
const MOST_PLACES: usize = 600;

/// An interval at each of several places.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Band {
    /// `[place, low, high]`.
    intervals: Vec<[f64; 3]>,
}

impl Band {
    /// Intervals `(place, low, high)`.
    pub(super) fn new(intervals: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        Self { intervals: intervals.into_iter().map(|(x, low, high)| [x, low, high]).collect() }
    }

    /// The ends of all intervals, as points.
    pub(super) fn ends(&self) -> impl Iterator<Item = [f64; 2]> + '_ {
        self.intervals.iter().flat_map(|[x, low, high]| [[*x, *low], [*x, *high]])
    }

    /// Shades the intervals inside a chart's plot, and between `low` and `high`.
    pub(super) fn draw<Backend: DrawingBackend>(
        &self,
        chart: &mut ChartContext<'_, Backend, Cartesian2d<Axis, Axis>>,
        colour: RGBColor,
        limits: [f64; 2],
    ) -> std::result::Result<(), Box<dyn std::error::Error>>
    where
        Backend::ErrorType: 'static,
    {
        for stretch in self.stretches(limits) {
            let lower = stretch.iter().map(|[x, low, _]| (*x, *low));
            let upper = stretch.iter().rev().map(|[x, _, high]| (*x, *high));
            let outline: Vec<(f64, f64)> = lower.chain(upper).collect();
            // A band of one place would be invisible.
            if stretch.len() == 1 {
                let style = colour.mix(OPACITY).stroke_width(4);
                chart.draw_series([PathElement::new(outline, style)])?;
            } else {
                chart.draw_series([Polygon::new(outline, colour.mix(OPACITY).filled())])?;
            }
        }
        Ok(())
    }

    /// Shades the place of a line beside its name; nothing without intervals.
    pub(super) fn draw_swatch<Backend: DrawingBackend>(
        &self,
        area: &DrawingArea<Backend, plotters::coord::Shift>,
        colour: RGBColor,
        [left, right]: [i32; 2],
        middle: i32,
    ) -> std::result::Result<(), Box<dyn std::error::Error>>
    where
        Backend::ErrorType: 'static,
    {
        if !self.intervals.is_empty() {
            let corners = [(left, middle - SWATCH), (right, middle + SWATCH)];
            area.draw(&Rectangle::new(corners, colour.mix(OPACITY).filled()))?;
        }
        Ok(())
    }

    /// Consecutive intervals that can be drawn, cut to the limits.
    fn stretches(&self, [bottom, top]: [f64; 2]) -> Vec<Vec<[f64; 3]>> {
        let mut stretches = vec![Vec::new()];
        for [x, low, high] in widened(&self.intervals) {
            // Those that are NaN or upside down do not pass.
            let is_shown = x.is_finite() && low <= high && low <= top && high >= bottom;
            match stretches.last_mut() {
                Some(stretch) if is_shown => stretch.push([x, low.max(bottom), high.min(top)]),
                _ => stretches.push(Vec::new()),
            }
        }
        stretches.retain(|stretch| !stretch.is_empty());
        stretches
    }
}

/// All intervals, or one for each of so many stretches: from the lowest to the highest end, or a gap where
/// there was one.
fn widened(intervals: &[[f64; 3]]) -> Vec<[f64; 3]> {
    if intervals.len() <= MOST_PLACES {
        return intervals.to_vec();
    }
    let stretch = intervals.len().div_ceil(MOST_PLACES);
    intervals
        .chunks(stretch)
        .map(|stretch| {
            let gap = stretch.iter().find(|interval| interval.iter().any(|value| value.is_nan()));
            gap.copied().unwrap_or_else(|| {
                let middle = stretch[stretch.len() / 2][0];
                let low = stretch.iter().fold(f64::INFINITY, |low, interval| low.min(interval[1]));
                let high =
                    stretch.iter().fold(f64::NEG_INFINITY, |high, interval| high.max(interval[2]));
                [middle, low, high]
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bands_are_cut_to_the_plot_and_interrupted() {
        let band = Band::new([
            (0.0, 1.0, 2.0),
            (1.0, -9.0, f64::INFINITY),
            (2.0, f64::NAN, 2.0),
            (3.0, 2.0, 1.0),
            (4.0, 5.0, 6.0),
            (5.0, 0.5, 0.7),
        ]);
        let expected = [vec![[0.0, 1.0, 2.0], [1.0, 0.0, 3.0]], vec![[5.0, 0.5, 0.7]]];
        assert_eq!(band.stretches([0.0, 3.0]), expected);
        assert_eq!(band.ends().nth(3), Some([1.0, f64::INFINITY]));
    }

    #[test]
    fn long_bands_hold_every_interval() {
        let mut intervals: Vec<(f64, f64, f64)> =
            (0..10_000).map(|i| (f64::from(i), -1.0, 1.0)).collect();
        intervals[4321].2 = 7.0;
        intervals[8000].1 = f64::NAN;
        let stretches = Band::new(intervals).stretches([-10.0, 10.0]);
        assert_eq!(stretches.len(), 2);
        let places: usize = stretches.iter().map(Vec::len).sum();
        assert!((550..=MOST_PLACES).contains(&places), "{places}");
        assert_eq!(stretches[0].iter().map(|interval| interval[2]).fold(0.0, f64::max), 7.0);
    }
}
