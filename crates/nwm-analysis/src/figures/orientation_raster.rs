//! The pixels of an orientation map.

use plotters::style::RGBColor;

use super::canvas::{DARK, LIGHT};
use super::frames::RgbFrame;
use crate::Result;

/// Sites as squares of pixels, with crosses on them and marks between them.
pub(super) struct OrientationRaster {
    /// Rows and columns of sites.
    size: [usize; 2],
    /// Pixels of a site along both axes.
    side: usize,
    /// `[row, column]` of pixels.
    pixels: Vec<[u8; 3]>,
}

impl OrientationRaster {
    /// Squares of the `colours` `[row, column]`.
    pub(super) fn new(colours: &[[u8; 3]], size: [usize; 2], side: usize) -> Self {
        let [rows, columns] = size.map(|sites| sites * side);
        let pixels = (0..rows * columns).map(|pixel| {
            let [row, column] = [pixel / columns / side, pixel % columns / side];
            colours[row * size[1] + column]
        });
        Self { size, side, pixels: pixels.collect() }
    }

    /// Crosses a site out.
    pub(super) fn cross(&mut self, site: usize) {
        let [row, column] = [site / self.size[1], site % self.size[1]].map(|at| at * self.side);
        let (margin, stroke) = ((self.side / 5).max(1), (self.side / 10).max(1));
        for place in margin..self.side - margin {
            for shift in 0..stroke {
                let shifted = (place + shift).min(self.side - 1 - margin);
                self.set(row + place, column + shifted, DARK);
                self.set(row + place, column + self.side - 1 - shifted, DARK);
            }
        }
    }

    /// Draws a light disc with a dark rim around a place between sites, or a square.
    pub(super) fn mark(&mut self, place: [f64; 2], is_disc: bool) {
        let radius = (self.side / 3).max(2) as isize;
        // The first pixel after the corner where four sites meet.
        let centre = place.map(|at| ((at + 0.5) * self.side as f64).round() as isize);
        let within = |[down, right]: [isize; 2], radius: isize| match is_disc {
            true => down * down + right * right <= radius * radius,
            false => down.abs().max(right.abs()) <= radius,
        };
        for down in -radius..=radius {
            for right in -radius..=radius {
                if !within([down, right], radius) {
                    continue;
                }
                let colour = if within([down, right], radius - 1) { LIGHT } else { DARK };
                let [row, column] = [centre[0] + down, centre[1] + right].map(usize::try_from);
                // What lies beyond an edge is cut off.
                if let (Ok(row), Ok(column)) = (row, column) {
                    self.set(row, column, colour);
                }
            }
        }
    }

    pub(super) fn frame(self) -> Result<RgbFrame> {
        let [rows, columns] = self.size.map(|sites| sites * self.side);
        RgbFrame::new(rows, columns, self.pixels.into_flattened())
    }

    fn set(&mut self, row: usize, column: usize, RGBColor(red, green, blue): RGBColor) {
        let [rows, columns] = self.size.map(|sites| sites * self.side);
        if row < rows && column < columns {
            self.pixels[row * columns + column] = [red, green, blue];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUND: [u8; 3] = [100; 3];

    /// Pixels as characters: dark, light and ground.
    fn picture(raster: OrientationRaster) -> Vec<String> {
        let frame = raster.frame().unwrap();
        let character = |pixel: Option<[u8; 3]>| match pixel {
            Some([18, 20, 24]) => '#',
            Some([251, 251, 251]) => 'o',
            _ => '.',
        };
        let lines = (0..frame.rows()).map(|row| {
            (0..frame.columns()).map(|column| character(frame.pixel(row, column))).collect()
        });
        lines.collect()
    }

    #[test]
    fn a_cross_is_within_its_site() {
        let mut raster = OrientationRaster::new(&[GROUND; 2], [1, 2], 5);
        raster.cross(1);
        let wanted = ["..........", "......#.#.", ".......#..", "......#.#.", ".........."];
        assert_eq!(picture(raster), wanted);
        for side in 5..60 {
            let mut raster = OrientationRaster::new(&[GROUND; 4], [2, 2], side);
            raster.cross(3);
            let lines = picture(raster);
            let dark = |line: &String| line.contains('#');
            assert!(!lines[..=side].iter().any(dark) && !dark(&lines[2 * side - 1]), "{side}");
            let middle = &lines[side + side / 2];
            assert!(middle[side + 1..2 * side - 1].contains('#'), "{side}");
            assert!(lines.iter().all(|line| !line[..=side].contains('#')), "{side}");
        }
    }

    #[test]
    fn marks_lie_where_sites_meet_and_end_at_edges() {
        let mut raster = OrientationRaster::new(&[GROUND; 4], [2, 2], 5);
        raster.mark([0.5, 0.5], true);
        raster.mark([1.5, 1.5], false);
        let wanted = [
            "..........",
            "..........",
            "..........",
            ".....#....",
            "....#o#...",
            "...#ooo#..",
            "....#o#...",
            ".....#....",
            "........##",
            "........#o",
        ];
        assert_eq!(picture(raster), wanted);
    }
}
