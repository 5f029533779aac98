//! Line charts as SVG text.

use plotters::prelude::*;

use super::{
    axis::Axis,
    band::Band,
    canvas::{self, Area, Drawn, GRID, INK, QUIET},
    legend::Legend,
    series::{Series, Stroke},
};
use crate::{Error, Result};

/// Pixels between the labels of markers: each stands lower than the one before.
const MARKER_LINE: i32 = 15;

/// A chart of named series of `(horizontal, vertical)` points, joined by straight lines.
///
/// Points that are not finite, or not above zero on a logarithmic axis, interrupt their line. Long
/// series are thinned to the smallest and the largest value of each stretch, so that the file
/// stays small and no spike is lost. References are grey and dashed, everything else has a colour.
#[derive(Debug, Clone)]
#[must_use]
pub struct LineChart {
    horizontal_label: String,
    vertical_label: String,
    size: [u32; 2],
    logarithmic: bool,
    limits: Option<[f64; 2]>,
    series: Vec<Series>,
    markers: Vec<(f64, String)>,
}

impl LineChart {
    /// An empty chart, 760 by 320 pixels, with the labels of its two axes (units included).
    pub fn new(horizontal_label: impl Into<String>, vertical_label: impl Into<String>) -> Self {
        Self {
            horizontal_label: horizontal_label.into(),
            vertical_label: vertical_label.into(),
            size: [760, 320],
            logarithmic: false,
            limits: None,
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

    /// Lets the vertical axis span these values, whatever the points are; those beyond interrupt
    /// their line. Limits that are not finite or not ascending are ignored.
    pub fn vertical_limits(mut self, low: f64, high: f64) -> Self {
        self.limits = (low < high && (high - low).is_finite()).then_some([low, high]);
        self
    }

    /// Adds a series in the next colour.
    pub fn series(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let is_solid = |series: &&Series| matches!(series.stroke, Stroke::Solid(_));
        let colour = self.series.iter().filter(is_solid).count();
        self.coloured_series(colour, name, points)
    }

    /// Adds a series in the colour of this number, so that charts of different series agree; the
    /// colours repeat after six.
    pub fn coloured_series(
        self,
        colour: usize,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.line(Stroke::Solid(colour), name.into(), points)
    }

    /// Adds a grey, dashed series, with which the others are compared.
    pub fn reference(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let is_dashed = |series: &&Series| matches!(series.stroke, Stroke::Dashed(_));
        let dashes = self.series.iter().filter(is_dashed).count();
        self.line(Stroke::Dashed(dashes), name.into(), points)
    }

    fn line(
        mut self,
        stroke: Stroke,
        name: String,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let points = points.into_iter().map(|(x, y)| [x, y]).collect();
        self.series.push(Series { name, points, stroke, band: Band::default() });
        self
    }

    /// Shades intervals `(horizontal, low, high)` around the line added last, in its colour: where a null
    /// hypothesis or repetitions lie. They may reach beyond the plot; one that is NaN or upside down
    /// interrupts the band. A chart without lines stays as it is.
    pub fn band(mut self, intervals: impl IntoIterator<Item = (f64, f64, f64)>) -> Self {
        if let Some(series) = self.series.last_mut() {
            series.band = Band::new(intervals);
        }
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
        let size = self.size.map(|side| i32::try_from(side).unwrap_or(i32::MAX));
        canvas::svg(size, &[], |area| self.draw(area, &horizontal, &vertical))
    }

    /// The two axes that hold every point that can be drawn; `None` when there is no such point.
    fn axes(&self) -> Option<(Axis, Axis)> {
        let visible =
            |[x, y]: &[f64; 2]| x.is_finite() && y.is_finite() && (!self.logarithmic || *y > 0.0);
        let of_series = |series: &Series| -> Vec<[f64; 2]> {
            series.points.iter().copied().chain(series.band.ends()).filter(&visible).collect()
        };
        let mut points = self.series.iter().flat_map(of_series);
        let first = points.next()?;
        let (low, high) = points.fold((first, first), |(low, high), [x, y]| {
            ([low[0].min(x), low[1].min(y)], [high[0].max(x), high[1].max(y)])
        });
        let vertical = match self.limits {
            Some([low, high]) if self.logarithmic => Axis::logarithmic(low, high),
            Some([low, high]) => Axis::linear(low, high),
            None if self.logarithmic => Axis::logarithmic(low[1], high[1]),
            None => {
                let margin = 0.05 * (high[1] - low[1]);
                Axis::linear(low[1] - margin, high[1] + margin)
            }
        };
        Some((Axis::linear(low[0], high[0]), vertical))
    }

    fn draw(&self, root: &Area<'_>, horizontal: &Axis, vertical: &Axis) -> Drawn {
        let names = Legend::new(&self.series, self.size[0]);
        let (legend, plot) = root.split_vertically(names.height());
        names.draw(&legend, INK)?;

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
            .axis_style(QUIET)
            .draw()?;

        let (bottom, top) = (vertical.start(), vertical.end());
        let markers = || self.markers.iter().filter(|(x, _)| horizontal.contains(*x));
        for (x, _) in markers() {
            chart.draw_series(std::iter::once(PathElement::new(
                [(*x, bottom), (*x, top)],
                QUIET.stroke_width(1),
            )))?;
        }
        let limits = self.limits.unwrap_or([bottom, top]);
        for series in &self.series {
            series.draw_band(&mut chart, limits)?;
        }
        let within = |y: f64| self.limits.is_none_or(|[low, high]| (low..=high).contains(&y));
        for series in &self.series {
            series.draw(&mut chart, |y| vertical.holds(y) && within(y))?;
        }
        // Words stand above lines.
        for (line, (x, label)) in (0..).zip(markers()) {
            let style = ("sans-serif", 12).into_font().color(&QUIET);
            let corner = (5, 4 + line * MARKER_LINE);
            let near = EmptyElement::at((*x, top)) + Text::new(label.clone(), corner, style);
            chart.draw_series(std::iter::once(near))?;
        }
        Ok(())
    }
}
