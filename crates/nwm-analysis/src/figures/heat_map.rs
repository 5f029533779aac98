//! Pictures of values on a grid.

use plotters::prelude::*;

use super::{
    axis::Axis,
    canvas::{self, Area, Drawn, INK, Picture, QUIET, Side, width_of, write, write_upward},
    colour_map::ColourMap,
    frames::RgbFrame,
    site_plot::SitePlot,
};
use crate::{Error, Real, Result, check};

/// Pixels between the plot and its bar of colours, and the sides of the bar.
const GAP: i32 = 12;
const BAR_WIDTH: i32 = 16;
const SHORTEST_BAR: i32 = 120;
const NUMBER_SIZE: i32 = 13;
const NAME_SIZE: i32 = 14;

/// A picture of values `[row, column]`, row 0 at the top; what is not finite is grey.
///
/// ```
/// use nwm_analysis::figures::{ColourMap, HeatMap};
///
/// let map = HeatMap::new(&[-1.0, 0.0, 0.5, f64::NAN], [2, 2])?.colours(ColourMap::Diverging);
/// assert_eq!(map.frame()?.pixel(0, 1), Some([243, 243, 243]));
/// let svg = map.quantity("divergence (rad per site)").svg()?;
/// assert!(svg.starts_with("<svg") && svg.contains("divergence"));
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct HeatMap {
    shape: [usize; 2],
    values: Vec<f64>,
    colours: ColourMap,
    limits: Option<[f64; 2]>,
    quantity: String,
}

impl HeatMap {
    /// A picture in sequential colours from the smallest to the largest value.
    ///
    /// # Errors
    ///
    /// When the values do not have the shape, or there are none.
    pub fn new<T: Real>(values: &[T], shape: [usize; 2]) -> Result<Self> {
        check::shape("values [row, column]", values, &shape)?;
        if values.is_empty() {
            return Err(Error::Empty { action: "make a heat map", expected: "value" });
        }
        let values = values.iter().map(|value| value.widen()).collect();
        let quantity = String::new();
        Ok(Self { shape, values, colours: ColourMap::default(), limits: None, quantity })
    }

    /// Draws in other colours. Without [`range`](Self::range), [`ColourMap::Diverging`] has zero in its
    /// middle and [`ColourMap::Cyclic`] spans `0..2 pi`.
    pub fn colours(mut self, colours: ColourMap) -> Self {
        self.colours = colours;
        self
    }

    /// Lets the colours span these values, so that pictures can be compared; values beyond have the
    /// colours of the ends. Limits that are not finite or not ascending are ignored.
    pub fn range(mut self, low: f64, high: f64) -> Self {
        self.limits = (low < high && (high - low).is_finite()).then_some([low, high]);
        self
    }

    /// Says beside the colours what they mean (unit included).
    pub fn quantity(mut self, quantity: impl Into<String>) -> Self {
        self.quantity = quantity.into();
        self
    }

    /// The picture, one pixel for every value.
    ///
    /// # Errors
    ///
    /// None beyond those of [`RgbFrame::new`], which a shape that was accepted does not raise.
    pub fn frame(&self) -> Result<RgbFrame> {
        // Without a finite value everything is grey, whatever the range.
        let [low, high] = self.ends().unwrap_or([0.0, 1.0]);
        let [rows, columns] = self.shape;
        let colour = |value: &f64| self.colours.colour(share(*value, [low, high]));
        RgbFrame::new(rows, columns, self.values.iter().flat_map(colour).collect())
    }

    /// The picture with axes and a bar of colours, as one `<svg>` element.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] when no value is finite, [`Error::Encode`] when drawing fails.
    pub fn svg(&self) -> Result<String> {
        let ends = self
            .ends()
            .ok_or(Error::Empty { action: "draw a heat map", expected: "finite value" })?;
        let plot = SitePlot::new(self.shape);
        let bar = Bar::new(&plot, ends, &self.quantity);
        let has_gaps = self.values.iter().any(|value| !value.is_finite());
        let (frame, colours) = (self.frame()?, bar.frame(self.colours)?);
        let pictures =
            [plot.picture(&frame), Picture { frame: &colours, corner: bar.corner, size: bar.size }];
        canvas::svg(bar.figure_size(&plot), &pictures, |area| {
            plot.draw_axes(area)?;
            bar.draw(area, &self.quantity, has_gaps)
        })
    }

    /// The values at the ends of the colours; `None` when no value is finite.
    fn ends(&self) -> Option<[f64; 2]> {
        let mut finite = self.values.iter().copied().filter(|value| value.is_finite());
        let first = finite.next()?;
        if let Some(limits) = self.limits {
            return Some(limits);
        }
        let (low, high) =
            finite.fold((first, first), |(low, high), value| (low.min(value), high.max(value)));
        let ends = match self.colours {
            ColourMap::Sequential => [low, high],
            ColourMap::Diverging => {
                let size = high.abs().max(low.abs());
                [-size, size]
            }
            ColourMap::Cyclic => [0.0, std::f64::consts::TAU],
        };
        // An axis has a length even when all values are one.
        let axis = Axis::linear(ends[0], ends[1]);
        Some([axis.start(), axis.end()])
    }
}

/// How far a value is from the first end to the second.
fn share(value: f64, [low, high]: [f64; 2]) -> f64 {
    (value - low) / (high - low)
}

/// The bar that says which colour is which value.
struct Bar {
    axis: Axis,
    labels: Vec<(f64, String)>,
    corner: [i32; 2],
    size: [i32; 2],
    /// Where the quantity is written.
    name_at: i32,
}

impl Bar {
    fn new(plot: &SitePlot, [low, high]: [f64; 2], quantity: &str) -> Self {
        let axis = Axis::linear(low, high);
        let labels: Vec<(f64, String)> = axis.labelled_ticks().collect();
        let widest = labels.iter().map(|(_, label)| width_of(label, NUMBER_SIZE)).max();
        let left = plot.outer_size()[0] + GAP;
        // The bar is as high as what is written beside it.
        let height = plot.size()[1].max(SHORTEST_BAR).max(width_of(quantity, NAME_SIZE));
        let name_at = left + BAR_WIDTH + 8 + widest.unwrap_or(0) + 14;
        let corner = [left, plot.corner()[1]];
        Self { axis, labels, corner, size: [BAR_WIDTH, height], name_at }
    }

    fn figure_size(&self, plot: &SitePlot) -> [i32; 2] {
        let (below, margin) = (plot.outer_size()[1] - plot.size()[1], 14);
        [self.name_at + margin, self.size[1] + below]
    }

    /// The largest value at the top.
    fn frame(&self, colours: ColourMap) -> Result<RgbFrame> {
        let line = |step| colours.colour(f64::from(step) / 255.0).repeat(BAR_WIDTH as usize);
        RgbFrame::new(256, BAR_WIDTH as usize, (0..256).rev().flat_map(line).collect())
    }

    fn draw(&self, area: &Area<'_>, quantity: &str, has_gaps: bool) -> Drawn {
        let ([left, top], [width, height]) = (self.corner, self.size);
        let (right, bottom) = (left + width, top + height);
        area.draw(&Rectangle::new([(left, top), (right, bottom)], QUIET))?;
        for (value, label) in &self.labels {
            let along = share(*value, [self.axis.start(), self.axis.end()]);
            let y = bottom - (along * f64::from(height)).round() as i32;
            area.draw(&PathElement::new([(right, y), (right + 4, y)], QUIET))?;
            write(area, label, [right + 8, y], Side::Right, NUMBER_SIZE, INK)?;
        }
        write_upward(area, quantity, [self.name_at, top + height / 2], NAME_SIZE)?;
        if has_gaps {
            let [red, green, blue] = ColourMap::NOT_FINITE;
            let grey = RGBColor(red, green, blue).filled();
            area.draw(&Rectangle::new([(left, bottom + 14), (right, bottom + 24)], grey))?;
            write(area, "none", [right + 8, bottom + 19], Side::Right, NUMBER_SIZE, INK)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_have_the_colours_of_their_share() {
        let map = HeatMap::new(&[2.0, 3.0, 4.0, f64::NAN, 2.0, f64::INFINITY], [2, 3]).unwrap();
        let colours = ColourMap::Sequential.colours();
        let frame = map.frame().unwrap();
        assert_eq!((frame.rows(), frame.columns()), (2, 3));
        assert_eq!(frame.pixel(0, 0), Some(colours[0]));
        assert_eq!(frame.pixel(0, 1), Some(colours[128]));
        assert_eq!(frame.pixel(0, 2), Some(colours[255]));
        assert_eq!(frame.pixel(1, 0), Some(ColourMap::NOT_FINITE));
        assert_eq!(frame.pixel(1, 2), Some(ColourMap::NOT_FINITE));
        let wide = map.range(0.0, 4.0).frame().unwrap();
        assert_eq!(wide.pixel(0, 0), Some(colours[128]));
        assert_eq!(wide.pixel(0, 2), Some(colours[255]));
    }

    #[test]
    fn zero_is_the_middle_of_diverging_colours() {
        let map = HeatMap::new(&[-1.0_f32, 0.0, 4.0], [1, 3]).unwrap();
        let frame = map.colours(ColourMap::Diverging).frame().unwrap();
        let colours = ColourMap::Diverging.colours();
        assert_eq!(frame.pixel(0, 1), Some(colours[128]));
        assert_eq!(frame.pixel(0, 0), Some(colours[128 - 32]));
        assert_eq!(frame.pixel(0, 2), Some(colours[255]));
    }

    #[test]
    fn one_value_is_in_the_middle() {
        for value in [0.0, -3.0, 0.25] {
            let map = HeatMap::new(&[value; 4], [2, 2]).unwrap();
            let middle = ColourMap::Sequential.colours()[128];
            assert_eq!(map.frame().unwrap().pixel(1, 1), Some(middle));
            assert!(map.svg().unwrap().ends_with("</svg>\n"));
        }
    }

    #[test]
    fn the_figure_says_what_it_shows() {
        let values: Vec<f64> = (0..96).map(|site| f64::from(site) / 95.0).collect();
        let map = HeatMap::new(&values, [8, 12]).unwrap().quantity("speed <px>");
        let svg = map.svg().unwrap();
        for words in ["row", "column", "speed &lt;px&gt;", ">\n0.2\n<", ">\n10\n<"] {
            assert!(svg.contains(words), "{words} is missing");
        }
        assert_eq!(svg.matches("<image").count(), 2);
        assert!(!svg.contains("none\n</text>"));
        assert_eq!(svg, map.svg().unwrap());
        let gaps = HeatMap::new(&[f64::NAN, 1.0], [1, 2]).unwrap().svg().unwrap();
        assert!(gaps.contains("none\n</text>"));
    }

    #[test]
    fn wrong_input_is_refused() {
        assert!(matches!(HeatMap::new(&[0.0; 5], [2, 3]), Err(Error::Length { found: 5, .. })));
        assert!(matches!(HeatMap::new::<f64>(&[], [2, 0]), Err(Error::Empty { .. })));
        let missing = HeatMap::new(&[f64::NAN; 4], [2, 2]).unwrap();
        assert!(matches!(missing.svg(), Err(Error::Empty { .. })));
        assert_eq!(missing.frame().unwrap().pixel(0, 0), Some(ColourMap::NOT_FINITE));
        let values = HeatMap::new(&[1.0, 2.0], [1, 2]).unwrap();
        let ignored = values.clone().range(2.0, f64::NAN).range(3.0, 3.0);
        assert_eq!(ignored.svg().unwrap(), values.svg().unwrap());
    }
}
