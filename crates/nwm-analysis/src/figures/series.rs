//! One line of a chart: its points, how it is drawn, and how long lines are thinned.

use plotters::prelude::*;

use super::{axis::Axis, band::Band};

/// The first colours of Okabe and Ito's palette that read well as thin lines on white; they stay
/// apart in the common kinds of colour blindness. Series take them in turn.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
    RGBColor(230, 159, 0),
];
/// References are grey, so that they stand behind what is compared with them.
const REFERENCE: RGBColor = RGBColor(138, 143, 152);
/// Pixels of a dash and of the gap after it; references take them in turn.
const DASHES: [(i32, i32); 3] = [(9, 5), (3, 4), (14, 4)];

/// Points per series beyond which only the extremes of each stretch are drawn.
const MOST_POINTS: usize = 1200;

/// Colour and dashes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stroke {
    /// A solid line in the colour of this number.
    Solid(usize),
    /// A grey line with the dashes of this number.
    Dashed(usize),
}

/// A named line.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) name: String,
    pub(super) points: Vec<[f64; 2]>,
    pub(super) stroke: Stroke,
    pub(super) band: Band,
}

impl Stroke {
    fn colour(self) -> RGBColor {
        match self {
            Self::Solid(number) => COLOURS[number % COLOURS.len()],
            Self::Dashed(_) => REFERENCE,
        }
    }
}

impl Series {
    /// Shades the interval around the line, between `limits`.
    pub(super) fn draw_band<Backend: DrawingBackend>(
        &self,
        chart: &mut ChartContext<'_, Backend, Cartesian2d<Axis, Axis>>,
        limits: [f64; 2],
    ) -> std::result::Result<(), Box<dyn std::error::Error>>
    where
        Backend::ErrorType: 'static,
    {
        self.band.draw(chart, self.stroke.colour(), limits)
    }

    /// Draws the line into a chart's plot; values that are not shown interrupt it.
    pub(super) fn draw<Backend: DrawingBackend>(
        &self,
        chart: &mut ChartContext<'_, Backend, Cartesian2d<Axis, Axis>>,
        is_shown: impl Fn(f64) -> bool,
    ) -> std::result::Result<(), Box<dyn std::error::Error>>
    where
        Backend::ErrorType: 'static,
    {
        let colour = self.stroke.colour();
        for line in self.lines(is_shown) {
            match (self.stroke, &line[..]) {
                // A line of one point would be invisible.
                (_, [point]) => {
                    chart.draw_series([Circle::new(*point, 2, colour.filled())])?;
                }
                (Stroke::Solid(_), _) => {
                    chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
                }
                (Stroke::Dashed(number), _) => {
                    let (dash, gap) = DASHES[number % DASHES.len()];
                    let style = colour.stroke_width(2);
                    chart.draw_series(DashedLineSeries::new(line, dash, gap, style))?;
                }
            }
        }
        Ok(())
    }

    /// Draws a piece of the line, for a legend, from `left` to `right` in pixels.
    pub(super) fn draw_swatch<Backend: DrawingBackend>(
        &self,
        area: &DrawingArea<Backend, plotters::coord::Shift>,
        [left, right]: [i32; 2],
        middle: i32,
    ) -> std::result::Result<(), Box<dyn std::error::Error>>
    where
        Backend::ErrorType: 'static,
    {
        let (dash, gap) = match self.stroke {
            Stroke::Solid(_) => (right - left, 1),
            Stroke::Dashed(number) => DASHES[number % DASHES.len()],
        };
        self.band.draw_swatch(area, self.stroke.colour(), [left, right], middle)?;
        let style = self.stroke.colour().stroke_width(3);
        let mut start = left;
        while start < right {
            let end = (start + dash).min(right);
            area.draw(&PathElement::new([(start, middle), (end, middle)], style))?;
            start = end + gap;
        }
        Ok(())
    }

    /// Stretches of consecutive points that can be drawn.
    fn lines(&self, is_shown: impl Fn(f64) -> bool) -> Vec<Vec<(f64, f64)>> {
        let mut lines = vec![Vec::new()];
        for [x, y] in thinned(&self.points) {
            match lines.last_mut() {
                Some(line) if x.is_finite() && is_shown(y) => line.push((x, y)),
                _ => lines.push(Vec::new()),
            }
        }
        lines.retain(|line| !line.is_empty());
        lines
    }
}

/// All points, or the smallest and the largest value of each stretch in their original order.
fn thinned(points: &[[f64; 2]]) -> Vec<[f64; 2]> {
    if points.len() <= MOST_POINTS {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(MOST_POINTS / 2);
    points.chunks(stretch).flat_map(extremes).collect()
}

/// The smallest and the largest value, in their original order, and then a gap if there was one.
fn extremes(stretch: &[[f64; 2]]) -> Vec<[f64; 2]> {
    let is_finite = |[x, y]: &[f64; 2]| x.is_finite() && y.is_finite();
    let finite: Vec<[f64; 2]> = stretch.iter().copied().filter(is_finite).collect();
    let gap = stretch.iter().copied().find(|point| !is_finite(point));
    let by_value = |a: &(usize, &[f64; 2]), b: &(usize, &[f64; 2])| a.1[1].total_cmp(&b.1[1]);
    let smallest = finite.iter().enumerate().min_by(by_value);
    let largest = finite.iter().enumerate().max_by(by_value);
    let mut positions: Vec<usize> = smallest.into_iter().chain(largest).map(|(i, _)| i).collect();
    positions.sort_unstable();
    positions.dedup();
    positions.into_iter().map(|position| finite[position]).chain(gap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_spikes_and_order() {
        let mut points: Vec<[f64; 2]> = (0..100_000).map(|i| [f64::from(i), 1.0]).collect();
        points[54_321][1] = 99.0;
        points[54_322][1] = f64::NAN;
        let thin = thinned(&points);
        assert!(thin.len() <= MOST_POINTS + 1);
        assert_eq!(thin.iter().filter(|[_, y]| y.is_nan()).count(), 1);
        assert!(thin.contains(&[54_321.0, 99.0]));
        assert!(thin.iter().filter(|[_, y]| !y.is_nan()).is_sorted_by(|a, b| a[0] < b[0]));
    }

    #[test]
    fn gaps_interrupt_lines() {
        let points = vec![[0.0, 1.0], [1.0, 2.0], [2.0, f64::NAN], [3.0, 0.0], [4.0, 1.0]];
        let stroke = Stroke::Solid(0);
        let series = Series { name: String::new(), points, stroke, band: Band::default() };
        let linear = series.lines(|y| Axis::linear(0.0, 2.0).holds(y));
        assert_eq!(linear, [vec![(0.0, 1.0), (1.0, 2.0)], vec![(3.0, 0.0), (4.0, 1.0)]]);
        let logarithmic = series.lines(|y| Axis::logarithmic(1.0, 2.0).holds(y));
        assert_eq!(logarithmic[1], [(4.0, 1.0)]);
    }
}
