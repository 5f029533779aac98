//! Line charts as SVG text.

use plotters::prelude::*;

use super::axis::Axis;
use crate::{Error, Result};

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
const INK: RGBColor = RGBColor(40, 44, 52);
const GRID: RGBColor = RGBColor(225, 228, 232);
const MARKER: RGBColor = RGBColor(120, 126, 135);

/// Height of the line above the plot that names the series, in pixels.
const LEGEND_HEIGHT: i32 = 28;
/// Points per series beyond which only the extremes of each stretch are drawn.
const MOST_POINTS: usize = 1200;

/// A chart of named series of `(horizontal, vertical)` points, joined by straight lines.
///
/// Points that are not finite, or not above zero on a logarithmic axis, interrupt their line. Long
/// series are thinned to the smallest and the largest value of each stretch, so that the file
/// stays small and no spike is lost.
#[derive(Debug, Clone)]
#[must_use]
pub struct LineChart {
    horizontal_label: String,
    vertical_label: String,
    size: [u32; 2],
    logarithmic: bool,
    series: Vec<Series>,
    markers: Vec<(f64, String)>,
}

#[derive(Debug, Clone)]
struct Series {
    name: String,
    points: Vec<[f64; 2]>,
}

impl LineChart {
    /// An empty chart, 760 by 320 pixels, with the labels of its two axes (units included).
    pub fn new(horizontal_label: impl Into<String>, vertical_label: impl Into<String>) -> Self {
        Self {
            horizontal_label: horizontal_label.into(),
            vertical_label: vertical_label.into(),
            size: [760, 320],
            logarithmic: false,
            series: Vec::new(),
            markers: Vec::new(),
        }
    }

    /// Makes the vertical axis logarithmic.
    pub fn logarithmic(mut self) -> Self {
        self.logarithmic = true;
        self
    }

    /// Sets width and height in pixels, each at least 200.
    pub fn size(mut self, width: u32, height: u32) -> Self {
        self.size = [width, height];
        self
    }

    /// Adds a series.
    pub fn series(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let points = points.into_iter().map(|(x, y)| [x, y]).collect();
        self.series.push(Series { name: name.into(), points });
        self
    }

    /// Adds a labelled vertical line; it is left out where it would lie beside all points.
    pub fn marker(mut self, horizontal: f64, label: impl Into<String>) -> Self {
        self.markers.push((horizontal, label.into()));
        self
    }

    /// The chart as one `<svg>` element.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] when no series has a point that can be drawn, [`Error::Range`] when a side
    /// is below 200 pixels, [`Error::Encode`] when drawing fails.
    pub fn svg(&self) -> Result<String> {
        const ACTION: &str = "draw a chart";
        if let Some(side) = self.size.iter().find(|side| **side < 200) {
            return Err(Error::Range {
                action: ACTION,
                name: "side",
                found: *side as usize,
                expected: "at least 200 pixels",
            });
        }
        let (horizontal, vertical) = self
            .axes()
            .ok_or(Error::Empty { action: ACTION, expected: "point that can be drawn" })?;
        let mut svg = String::new();
        self.draw(&mut svg, &horizontal, &vertical).map_err(|source| Error::Encode {
            format: "SVG",
            // The library's error borrows nothing useful beyond its text.
            source: source.to_string().into(),
        })?;
        Ok(svg)
    }

    /// The two axes that hold every point that can be drawn; `None` when there is no such point.
    fn axes(&self) -> Option<(Axis, Axis)> {
        let visible =
            |[x, y]: &&[f64; 2]| x.is_finite() && y.is_finite() && (!self.logarithmic || *y > 0.0);
        let mut points = self.series.iter().flat_map(|series| &series.points).filter(visible);
        let first = *points.next()?;
        let (low, high) = points.fold((first, first), |(low, high), [x, y]| {
            ([low[0].min(*x), low[1].min(*y)], [high[0].max(*x), high[1].max(*y)])
        });
        let vertical = if self.logarithmic {
            Axis::logarithmic(low[1], high[1])
        } else {
            let margin = 0.05 * (high[1] - low[1]);
            Axis::linear(low[1] - margin, high[1] + margin)
        };
        Some((Axis::linear(low[0], high[0]), vertical))
    }

    fn draw(
        &self,
        svg: &mut String,
        horizontal: &Axis,
        vertical: &Axis,
    ) -> std::result::Result<(), Box<dyn std::error::Error>> {
        let root = SVGBackend::with_string(svg, (self.size[0], self.size[1])).into_drawing_area();
        root.fill(&WHITE)?;
        let (legend, plot) = root.split_vertically(LEGEND_HEIGHT);
        self.draw_legend(&legend)?;

        let mut chart = ChartBuilder::on(&plot)
            .margin_left(4)
            .margin_right(18)
            .x_label_area_size(42)
            .y_label_area_size(66)
            .build_cartesian_2d(horizontal.clone(), vertical.clone())?;
        chart
            .configure_mesh()
            .x_desc(&self.horizontal_label)
            .y_desc(&self.vertical_label)
            .label_style(("sans-serif", 13).into_font().color(&INK))
            .axis_desc_style(("sans-serif", 14).into_font().color(&INK))
            .bold_line_style(GRID)
            .light_line_style(TRANSPARENT)
            .axis_style(MARKER)
            .draw()?;

        let (bottom, top) = (vertical.start(), vertical.end());
        for (x, label) in self.markers.iter().filter(|(x, _)| horizontal.contains(*x)) {
            chart.draw_series(std::iter::once(PathElement::new(
                [(*x, bottom), (*x, top)],
                MARKER.stroke_width(1),
            )))?;
            let style = ("sans-serif", 12).into_font().color(&MARKER);
            let near = EmptyElement::at((*x, top)) + Text::new(label.clone(), (5, 4), style);
            chart.draw_series(std::iter::once(near))?;
        }
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            for line in series.lines(vertical) {
                // A line of one point would be invisible.
                if let [point] = line[..] {
                    chart.draw_series([Circle::new(point, 2, colour.filled())])?;
                } else {
                    chart.draw_series(LineSeries::new(line, colour.stroke_width(2)))?;
                }
            }
        }
        drop(chart);
        root.present()?;
        Ok(())
    }

    /// Names the series in a row, each beside a piece of its line.
    fn draw_legend<Backend: DrawingBackend>(
        &self,
        area: &DrawingArea<Backend, plotters::coord::Shift>,
    ) -> std::result::Result<(), Box<dyn std::error::Error>>
    where
        Backend::ErrorType: 'static,
    {
        const TEXT_SIZE: i32 = 13;
        let mut left = 68;
        for (series, colour) in self.series.iter().zip(COLOURS.iter().cycle()) {
            let middle = LEGEND_HEIGHT / 2;
            let swatch =
                PathElement::new([(left, middle), (left + 20, middle)], colour.stroke_width(3));
            area.draw(&swatch)?;
            let style = ("sans-serif", TEXT_SIZE).into_font().color(&INK);
            area.draw(&Text::new(
                series.name.as_str(),
                (left + 26, middle - TEXT_SIZE / 2),
                style,
            ))?;
            // The mean advance of a sans-serif letter is a little over half its size.
            let width = series.name.chars().count() as i32 * (TEXT_SIZE * 6 / 10);
            left += 26 + width + 20;
        }
        Ok(())
    }
}

impl Series {
    /// Stretches of consecutive points that can be drawn.
    fn lines(&self, vertical: &Axis) -> Vec<Vec<(f64, f64)>> {
        let mut lines = vec![Vec::new()];
        for [x, y] in thinned(&self.points) {
            match lines.last_mut() {
                Some(line) if x.is_finite() && vertical.holds(y) => line.push((x, y)),
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
        let series = Series { name: String::new(), points };
        let linear = series.lines(&Axis::linear(0.0, 2.0));
        assert_eq!(linear, [vec![(0.0, 1.0), (1.0, 2.0)], vec![(3.0, 0.0), (4.0, 1.0)]]);
        let logarithmic = series.lines(&Axis::logarithmic(1.0, 2.0));
        assert_eq!(logarithmic[1], [(4.0, 1.0)]);
    }
}
