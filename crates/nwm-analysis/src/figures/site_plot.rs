//! A picture of a grid of sites with its two axes: row 0 at the top.

use plotters::prelude::*;

use super::{
    axis::Axis,
    canvas::{Area, Drawn, INK, Picture, QUIET, Side, write, write_upward},
    frames::RgbFrame,
};

/// Pixels of the longer side of a plot, about.
const LONG_SIDE: usize = 360;
/// The largest side of a site in pixels, so that a grid of few sites does not fill a page.
const LARGEST_SITE: usize = 40;
/// Pixels beside and below the picture for ticks, numbers and the name of the axis.
const LEFT: i32 = 56;
const BELOW: i32 = 42;
/// Pixels above and to the right of it.
const MARGIN: i32 = 12;
const TICK: i32 = 4;
const NUMBER_SIZE: i32 = 13;
const NAME_SIZE: i32 = 14;
/// The name of the rows would be longer than an axis below this.
const SHORT: i32 = 30;

/// Where the sites of a grid are in a figure whose left part it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct SitePlot {
    shape: [usize; 2],
    /// Pixels of a site.
    scale: f64,
}

impl SitePlot {
    /// A plot of `[rows, columns]`.
    pub(super) fn new(shape: [usize; 2]) -> Self {
        let longest = shape[0].max(shape[1]).max(1);
        // Whole pixels for every site, unless there are more sites than pixels.
        let scale = match LONG_SIDE / longest {
            0 => LONG_SIDE as f64 / longest as f64,
            whole => whole.min(LARGEST_SITE) as f64,
        };
        Self { shape, scale }
    }

    /// Left and top of the picture.
    pub(super) fn corner(&self) -> [i32; 2] {
        [LEFT, MARGIN]
    }

    /// Width and height of the picture.
    pub(super) fn size(&self) -> [i32; 2] {
        let [rows, columns] = self.shape;
        [columns, rows].map(|sites| ((sites as f64 * self.scale).round() as i32).max(1))
    }

    /// Width and height with the axes.
    pub(super) fn outer_size(&self) -> [i32; 2] {
        let [width, height] = self.size();
        [LEFT + width + MARGIN, MARGIN + height + BELOW]
    }

    /// Pixels from one site to the next.
    pub(super) fn scale(&self) -> f64 {
        self.scale
    }

    /// The pixel `[x, y]` of a place `[row, column]`; whole numbers are the centres of sites.
    pub(super) fn pixel(&self, [row, column]: [f64; 2]) -> [f64; 2] {
        let [left, top] = self.corner().map(f64::from);
        [left + (column + 0.5) * self.scale, top + (row + 0.5) * self.scale]
    }

    /// The picture in its place.
    pub(super) fn picture<'a>(&self, frame: &'a RgbFrame) -> Picture<'a> {
        Picture { frame, corner: self.corner(), size: self.size() }
    }

    /// Draws the frame, the ticks and the names of the axes.
    pub(super) fn draw_axes(&self, area: &Area<'_>) -> Drawn {
        let ([left, top], [width, height]) = (self.corner(), self.size());
        let (right, bottom) = (left + width, top + height);
        area.draw(&Rectangle::new([(left, top), (right, bottom)], QUIET))?;
        let [rows, columns] = self.shape.map(Axis::sites);
        for (column, number) in columns.labelled_ticks() {
            let x = self.pixel([0.0, column])[0].round() as i32;
            area.draw(&PathElement::new([(x, bottom), (x, bottom + TICK)], QUIET))?;
            write(area, &number, [x, bottom + TICK + 2], Side::Below, NUMBER_SIZE, INK)?;
        }
        for (row, number) in rows.labelled_ticks() {
            let y = self.pixel([row, 0.0])[1].round() as i32;
            area.draw(&PathElement::new([(left - TICK, y), (left, y)], QUIET))?;
            write(area, &number, [left - TICK - 3, y], Side::Left, NUMBER_SIZE, INK)?;
        }
        let middle = [left + width / 2, top + height / 2];
        write(area, "column", [middle[0], bottom + 22], Side::Below, NAME_SIZE, INK)?;
        if height >= SHORT {
            write_upward(area, "row", [12, middle[1]], NAME_SIZE)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_whole_pixels_from_the_top_left() {
        let plot = SitePlot::new([12, 36]);
        assert_eq!((plot.scale(), plot.size()), (10.0, [360, 120]));
        assert_eq!(plot.pixel([0.0, 0.0]), [f64::from(LEFT) + 5.0, f64::from(MARGIN) + 5.0]);
        assert_eq!(plot.pixel([2.5, 1.0])[1] - plot.pixel([0.5, 1.0])[1], 20.0);
        assert_eq!(SitePlot::new([2, 2]).size(), [80, 80]);
        assert_eq!(SitePlot::new([10, 3600]).size(), [360, 1]);
    }
}
