//! Charts of time against a factor, both logarithmic, side by side in one SVG.

use anyhow::{Result, anyhow, ensure};
use plotters::prelude::*;

/// Panels in a row.
const COLUMNS: usize = 2;
/// Width and height of a panel in pixels.
const PANEL: (u32, u32) = (460, 330);
/// Axes reach beyond the points by this factor.
const MARGIN: f64 = 1.5;
/// Length of dashes and of the gaps between them in pixels.
const DASH: (i32, i32) = (6, 4);

/// One chart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Panel {
    pub(super) title: String,
    /// Name of the horizontal axis.
    pub(super) label: &'static str,
    /// Factor and milliseconds, in ascending order of the factor.
    pub(super) points: Vec<(f64, f64)>,
}

/// Draws the panels. A dashed line of slope 1 goes through the last point of each.
pub(super) fn draw(panels: &[Panel]) -> Result<String> {
    let rows = panels.len().div_ceil(COLUMNS).max(1);
    let size = (PANEL.0 * COLUMNS as u32, PANEL.1 * rows as u32);
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        area.fill(&WHITE).map_err(failed)?;
        for (panel, area) in panels.iter().zip(area.split_evenly((rows, COLUMNS))) {
            panel.draw(&area)?;
        }
        area.present().map_err(failed)?;
    }
    Ok(text)
}

impl Panel {
    fn draw<B: DrawingBackend>(&self, area: &DrawingArea<B, plotters::coord::Shift>) -> Result<()>
    where
        B::ErrorType: 'static,
    {
        let (x, y) = self.ranges()?;
        let mut chart = ChartBuilder::on(area)
            .caption(&self.title, ("sans-serif", 16))
            .margin(10)
            .x_label_area_size(36)
            .y_label_area_size(56)
            .build_cartesian_2d((x.0..x.1).log_scale(), (y.0..y.1).log_scale())
            .map_err(failed)?;
        chart
            .configure_mesh()
            .x_desc(self.label)
            .y_desc("ms")
            .x_label_formatter(&tick)
            .y_label_formatter(&tick)
            .light_line_style(WHITE.mix(0.0))
            .draw()
            .map_err(failed)?;
        if let Some(&(last, time)) = self.points.last() {
            // Where the line of slope 1 enters the chart: at its left side or at its bottom.
            let start = x.0.max(last * y.0 / time);
            let line = [(start, time * start / last), (last, time)];
            let style = BLACK.mix(0.6).stroke_width(1);
            chart
                .draw_series(DashedLineSeries::new(line, DASH.0, DASH.1, style))
                .map_err(failed)?;
        }
        chart
            .draw_series(LineSeries::new(self.points.iter().copied(), BLUE.stroke_width(2)))
            .map_err(failed)?;
        let dots = self.points.iter().map(|&point| Circle::new(point, 3, BLUE.filled()));
        chart.draw_series(dots).map_err(failed)?;
        Ok(())
    }

    /// Ends of the two axes.
    fn ranges(&self) -> Result<((f64, f64), (f64, f64))> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        ensure!(
            !self.points.is_empty() && self.points.iter().all(|&(x, y)| positive(x) && positive(y)),
            "failed to draw `{}`: expected points above zero",
            self.title
        );
        let ends = |value: fn(&(f64, f64)) -> f64| {
            let values = || self.points.iter().map(value);
            (values().fold(f64::INFINITY, f64::min) / MARGIN, values().fold(0.0, f64::max) * MARGIN)
        };
        Ok((ends(|point| point.0), ends(|point| point.1)))
    }
}

/// What stands at a tick: 1, 2 or 5 times a power of ten, and nothing at those between, which would overlap.
fn tick(value: &f64) -> String {
    let mantissa = value / 10_f64.powf(value.log10().floor());
    let round = [1.0, 2.0, 5.0, 10.0].iter().any(|it| (mantissa - it).abs() < 1e-6);
    if round { format!("{value}") } else { String::new() }
}

/// The library's errors borrow from the drawing.
fn failed(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("failed to draw: {error}")
}

#[cfg(test)]
mod tests {
    use super::{Panel, draw, tick};

    fn panel(points: &[(f64, f64)]) -> Panel {
        Panel { title: "a & b".to_owned(), label: "steps", points: points.to_vec() }
    }

    #[test]
    fn a_panel_has_its_points_and_labels() {
        let svg = draw(&[panel(&[(1.0, 0.5), (10.0, 4.0), (100.0, 50.0)])]).unwrap();
        assert_eq!(svg.matches("<circle").count(), 3);
        assert!(svg.contains("a &amp; b") && svg.contains("steps"), "{svg}");
    }

    #[test]
    fn ticks_between_round_numbers_are_silent() {
        let labels = [0.05, 1.0, 2.0, 3.0, 9.0, 10.0, 2000.0].map(|value| tick(&value));
        assert_eq!(labels, ["0.05", "1", "2", "", "", "10", "2000"]);
    }

    #[test]
    fn points_without_a_logarithm_are_refused_by_name() {
        for points in [&[][..], &[(0.0, 1.0)], &[(1.0, f64::NAN)]] {
            let error = draw(&[panel(points)]).unwrap_err().to_string();
            assert!(error.contains("a & b"), "{error}");
        }
    }
}
