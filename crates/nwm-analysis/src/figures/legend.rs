//! The lines above a plot that name its series.

use plotters::prelude::*;

use super::{canvas::width_of, series::Series};

/// Height of one line of names, and what is added to all of them, in pixels.
const LINE_HEIGHT: i32 = 19;
const MARGIN: i32 = 9;

const LEFT: i32 = 68;
const SWATCH: i32 = 22;
/// Between a swatch and its name, and between a name and the next swatch.
const SPACES: [i32; 2] = [6, 18];
const TEXT_SIZE: i32 = 13;

/// Where every series is named.
pub(super) struct Legend<'a> {
    entries: Vec<Entry<'a>>,
    lines: i32,
}

struct Entry<'a> {
    series: &'a Series,
    left: i32,
    line: i32,
}

impl<'a> Legend<'a> {
    /// Names in their order, in as many lines as a picture of this width needs.
    pub(super) fn new(series: &'a [Series], width: u32) -> Self {
        let width = i32::try_from(width).unwrap_or(i32::MAX);
        let (mut left, mut line) = (LEFT, 0);
        let mut entries = Vec::with_capacity(series.len());
        for series in series {
            let own = SWATCH + SPACES[0] + width_of(&series.name, TEXT_SIZE);
            if left > LEFT && left.saturating_add(own) > width {
                (left, line) = (LEFT, line + 1);
            }
            entries.push(Entry { series, left, line });
            left = left.saturating_add(own + SPACES[1]);
        }
        Self { entries, lines: line + 1 }
    }

    /// Pixels that it takes.
    pub(super) fn height(&self) -> i32 {
        self.lines * LINE_HEIGHT + MARGIN
    }

    /// Draws every name beside a piece of its line.
    pub(super) fn draw<Backend: DrawingBackend>(
        &self,
        area: &DrawingArea<Backend, plotters::coord::Shift>,
        ink: RGBColor,
    ) -> std::result::Result<(), Box<dyn std::error::Error>>
    where
        Backend::ErrorType: 'static,
    {
        for Entry { series, left, line } in &self.entries {
            let middle = MARGIN / 2 + line * LINE_HEIGHT + LINE_HEIGHT / 2;
            series.draw_swatch(area, [*left, left + SWATCH], middle)?;
            let style = ("sans-serif", TEXT_SIZE).into_font().color(&ink);
            let corner = (left + SWATCH + SPACES[0], middle - TEXT_SIZE / 2);
            area.draw(&Text::new(series.name.as_str(), corner, style))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{band::Band, series::Stroke},
        *,
    };

    #[test]
    fn names_that_do_not_fit_begin_another_line() {
        let named = |name: &str| Series {
            name: name.to_owned(),
            points: Vec::new(),
            stroke: Stroke::Solid(0),
            band: Band::default(),
        };
        let series: Vec<Series> = (0..9).map(|_| named("mean image")).collect();
        let wide = Legend::new(&series[..3], 760);
        assert_eq!((wide.lines, wide.height()), (1, 28));
        let narrow = Legend::new(&series, 560);
        let places: Vec<i32> = narrow.entries.iter().map(|entry| entry.line).collect();
        assert_eq!(places, [0, 0, 0, 0, 1, 1, 1, 1, 2]);
        assert!(narrow.entries[4].left == LEFT && narrow.height() > wide.height());
        // A name wider than the picture stays where it can begin.
        assert_eq!(Legend::new(&[named(&"x".repeat(500))], 300).lines, 1);
    }
}
