//! Pictures of orientation maps.

use std::f64::consts::{FRAC_PI_2, PI};

use plotters::prelude::*;

use super::{
    arrow,
    canvas::{self, Area, DARK, Drawn, INK, LIGHT, Side, width_of, write},
    colour_map::ColourMap,
    frames::RgbFrame,
    orientation_raster::OrientationRaster,
    site_plot::SitePlot,
};
use crate::selectivity::{OrientationMap, Pinwheel, equally_spaced_orientations};
use crate::{Error, Result};

/// Orientations that the key names.
const NAMED: usize = 8;
/// Pixels of a site in the picture under the lines, at least: crosses need them.
const SMALLEST_SITE: usize = 7;

/// The key to the right of the picture.
const GAP: i32 = 14;
const LINE: i32 = 22;
const TEXT_SIZE: i32 = 13;
const SWATCH: [i32; 2] = [26, 16];
const INDENT: i32 = SWATCH[0] + 8;
/// Half the length of the stripe in a swatch, and half the width of a mark in the key.
const STRIPE: f64 = 7.0;
const MARK: i32 = 5;

/// An orientation map: the preferred orientation of every site as a colour, row 0 at the top.
///
/// Orientations are those of the wave vectors of gratings: 0 varies from column to column, and its stripes are upright.
/// Colours go once around [`ColourMap::Cyclic`] in half a turn. Sites that are not selective are crossed out, sites
/// without a preference are grey. Pinwheels are discs if the orientation rises clockwise around them, and squares if it
/// falls.
///
/// ```
/// use nwm_analysis::{figures::OrientationPlot, selectivity::{OrientationMap, PinwheelOptions}, waves::Grid};
///
/// let map = OrientationMap::random([24, 32], 8.0, 0)?;
/// let pinwheels = map.pinwheels(Grid::Torus, PinwheelOptions::default())?.pinwheels;
/// let plot = OrientationPlot::new(&map).pinwheels(&pinwheels);
/// assert!(plot.svg()?.contains("pinwheel"));
/// assert_eq!(plot.frame(10)?.columns(), 320);
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct OrientationPlot {
    size: [usize; 2],
    preferred: Vec<f64>,
    unselective: Vec<bool>,
    pinwheels: Vec<Pinwheel>,
}

impl OrientationPlot {
    /// The plot of a map.
    pub fn new(map: &OrientationMap) -> Self {
        let preferred = map.preferred().to_vec();
        let unselective = vec![false; preferred.len()];
        Self { size: map.size(), preferred, unselective, pinwheels: Vec::new() }
    }

    /// Crosses out the sites `[row, column]` that are marked.
    ///
    /// # Errors
    ///
    /// [`Error::Mismatch`] when there are not as many marks as sites.
    pub fn unselective(mut self, sites: &[bool]) -> Result<Self> {
        if sites.len() != self.preferred.len() {
            return Err(Error::Mismatch {
                action: "draw an orientation map",
                what: "sites marked unselective or not",
                found: sites.len(),
                expected: self.preferred.len(),
                like: "the map",
            });
        }
        self.unselective = sites.to_vec();
        Ok(self)
    }

    /// Marks pinwheels.
    pub fn pinwheels(mut self, pinwheels: &[Pinwheel]) -> Self {
        self.pinwheels.extend_from_slice(pinwheels);
        self
    }

    /// The picture without axes and key, each site a square of `side` pixels.
    ///
    /// # Errors
    ///
    /// [`Error::Range`] when the side is below 5 pixels, in which no cross has room.
    pub fn frame(&self, side: usize) -> Result<RgbFrame> {
        if side < 5 {
            return Err(Error::Range {
                action: "draw an orientation map",
                name: "side of a site",
                found: side,
                expected: "at least 5 pixels",
            });
        }
        let mut raster = self.raster(side);
        for pinwheel in &self.pinwheels {
            raster.mark(pinwheel.place, pinwheel.charge > 0.0);
        }
        raster.frame()
    }

    /// The picture with axes and a key, as one `<svg>` element.
    ///
    /// # Errors
    ///
    /// [`Error::Encode`] when drawing fails.
    pub fn svg(&self) -> Result<String> {
        let plot = SitePlot::new(self.size);
        let key = Key::of(self);
        let [left, height] = plot.outer_size();
        let size = [left + GAP + key.width(), height.max(key.height() + 2 * plot.corner()[1])];
        let frame = self.raster((plot.scale() as usize).max(SMALLEST_SITE)).frame()?;
        canvas::svg(size, &[plot.picture(&frame)], |area| {
            plot.draw_axes(area)?;
            let radius = ((0.45 * plot.scale()).round() as i32).clamp(3, 7);
            for pinwheel in &self.pinwheels {
                let at = arrow::whole(plot.pixel(pinwheel.place));
                draw_pinwheel(area, pinwheel.charge > 0.0, at, radius)?;
            }
            key.draw(area, [left + GAP, plot.corner()[1]])
        })
    }

    fn raster(&self, side: usize) -> OrientationRaster {
        let colours: Vec<[u8; 3]> = self.preferred.iter().map(|&it| colour(it)).collect();
        let mut raster = OrientationRaster::new(&colours, self.size, side);
        let crossed = self.unselective.iter().enumerate().filter(|(_, crossed)| **crossed);
        crossed.for_each(|(site, _)| raster.cross(site));
        raster
    }
}

fn colour(orientation: f64) -> [u8; 3] {
    ColourMap::Cyclic.colour(orientation / PI)
}

fn shade([red, green, blue]: [u8; 3]) -> ShapeStyle {
    RGBColor(red, green, blue).filled()
}

fn draw_pinwheel(area: &Area<'_>, rises: bool, at: (i32, i32), radius: i32) -> Drawn {
    if rises {
        area.draw(&Circle::new(at, radius, LIGHT.filled()))?;
        area.draw(&Circle::new(at, radius - 1, DARK.stroke_width(2)))?;
        return Ok(());
    }
    let corners = |size: i32| [(at.0 - size, at.1 - size), (at.0 + size, at.1 + size)];
    area.draw(&Rectangle::new(corners(radius), LIGHT.filled()))?;
    area.draw(&Rectangle::new(corners(radius - 1), DARK.stroke_width(2)))?;
    Ok(())
}

/// What stands beside the picture.
struct Key {
    orientations: Vec<f64>,
    /// Whether to name crosses, rising and falling pinwheels and missing preferences, and how.
    marks: Vec<(Mark, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Cross,
    Rising,
    Falling,
    Missing,
}

impl Key {
    fn of(plot: &OrientationPlot) -> Self {
        let pinwheels = |rises: bool| {
            plot.pinwheels.iter().filter(|pinwheel| (pinwheel.charge > 0.0) == rises).count()
        };
        let counts = [
            (Mark::Cross, "not selective", plot.unselective.iter().filter(|it| **it).count()),
            (Mark::Rising, "pinwheel +1/2", pinwheels(true)),
            (Mark::Falling, "pinwheel -1/2", pinwheels(false)),
            (Mark::Missing, "none", plot.preferred.iter().filter(|it| it.is_nan()).count()),
        ];
        let present = counts.into_iter().filter(|(_, _, count)| *count > 0);
        Self {
            orientations: equally_spaced_orientations(NAMED),
            marks: present.map(|(mark, name, count)| (mark, format!("{name} ({count})"))).collect(),
        }
    }

    fn width(&self) -> i32 {
        let widest = self.marks.iter().map(|(_, words)| width_of(words, TEXT_SIZE)).max();
        INDENT + widest.unwrap_or(0).max(width_of("157.5 degrees", TEXT_SIZE)) + 12
    }

    fn height(&self) -> i32 {
        (self.orientations.len() + self.marks.len()) as i32 * LINE
    }

    fn draw(&self, area: &Area<'_>, [left, top]: [i32; 2]) -> Drawn {
        let middle = |line: usize| top + LINE * line as i32 + LINE / 2;
        for (line, &orientation) in self.orientations.iter().enumerate() {
            let centre = [left + SWATCH[0] / 2, middle(line)];
            draw_swatch(area, centre, shade(colour(orientation)))?;
            // Stripes lie across the wave vector.
            let (sine, cosine) = libm::sincos(orientation + FRAC_PI_2);
            let end = |sign: f64| {
                let [x, y] = centre.map(f64::from);
                arrow::whole([x + sign * STRIPE * cosine, y + sign * STRIPE * sine])
            };
            area.draw(&PathElement::new([end(-1.0), end(1.0)], DARK.stroke_width(2)))?;
            let unit = if line == 0 { " degrees" } else { "" };
            let words = format!("{}{unit}", degrees_of(orientation));
            write(area, &words, [left + INDENT, centre[1]], Side::Right, TEXT_SIZE, INK)?;
        }
        for (line, (mark, words)) in (self.orientations.len()..).zip(&self.marks) {
            let centre = [left + SWATCH[0] / 2, middle(line)];
            let at = (centre[0], centre[1]);
            match mark {
                Mark::Rising => draw_pinwheel(area, true, at, MARK + 1)?,
                Mark::Falling => draw_pinwheel(area, false, at, MARK + 1)?,
                Mark::Missing => {
                    draw_swatch(area, centre, shade(ColourMap::NOT_FINITE))?;
                }
                Mark::Cross => {
                    draw_swatch(area, centre, LIGHT.filled())?;
                    for side in [-1, 1] {
                        let from = (at.0 - MARK, at.1 - side * MARK);
                        let to = (at.0 + MARK, at.1 + side * MARK);
                        area.draw(&PathElement::new([from, to], DARK.stroke_width(2)))?;
                    }
                }
            }
            write(area, words, [left + INDENT, centre[1]], Side::Right, TEXT_SIZE, INK)?;
        }
        Ok(())
    }
}

fn draw_swatch(area: &Area<'_>, [x, y]: [i32; 2], style: ShapeStyle) -> Drawn {
    let [half_width, half_height] = SWATCH.map(|side| side / 2);
    let corners = [(x - half_width, y - half_height), (x + half_width, y + half_height)];
    area.draw(&Rectangle::new(corners, style))?;
    Ok(())
}

/// An angle as a reader wants it: a fraction of a degree has one digit.
fn degrees_of(angle: f64) -> String {
    let degrees = angle.to_degrees();
    if (degrees - degrees.round()).abs() < 1e-9 {
        format!("{degrees:.0}")
    } else {
        format!("{degrees:.1}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selectivity::PinwheelOptions;
    use crate::waves::Grid;

    fn plot() -> OrientationPlot {
        let map = OrientationMap::random([16, 24], 8.0, 2).unwrap();
        let pinwheels = map.pinwheels(Grid::Torus, PinwheelOptions::default()).unwrap().pinwheels;
        let crossed: Vec<bool> = (0..16 * 24).map(|site| site % 5 == 0).collect();
        OrientationPlot::new(&map).pinwheels(&pinwheels).unselective(&crossed).unwrap()
    }

    #[test]
    fn sites_have_the_colour_of_their_orientation() {
        let map = OrientationMap::from_orientations(&[0.0, PI / 4.0, PI / 2.0, f64::NAN], [2, 2]);
        let frame = OrientationPlot::new(&map.unwrap()).frame(6).unwrap();
        assert_eq!((frame.rows(), frame.columns()), (12, 12));
        let colours = ColourMap::Cyclic.colours();
        for (pixel, wanted) in [
            ([0, 0], colours[0]),
            ([5, 6], colours[64]),
            ([11, 5], colours[128]),
            ([6, 11], ColourMap::NOT_FINITE),
        ] {
            assert_eq!(frame.pixel(pixel[0], pixel[1]), Some(wanted), "{pixel:?}");
        }
        // Half a turn is none.
        let same =
            OrientationMap::from_orientations(&[PI, PI / 4.0, 3.0 * PI / 2.0, f64::NAN], [2, 2]);
        assert_eq!(OrientationPlot::new(&same.unwrap()).frame(6).unwrap(), frame);
    }

    #[test]
    fn the_key_counts_what_is_marked() {
        let plot = plot();
        let svg = plot.svg().unwrap();
        let rising = plot.pinwheels.iter().filter(|it| it.charge > 0.0).count();
        let falling = plot.pinwheels.len() - rising;
        assert!(rising > 0 && falling > 0);
        for words in [
            "0 degrees",
            "22.5",
            "157.5",
            &format!("not selective ({})", (16 * 24_usize).div_ceil(5)),
            &format!("pinwheel +1/2 ({rising})"),
            &format!("pinwheel -1/2 ({falling})"),
        ] {
            assert!(svg.contains(&format!(">\n{words}\n<")), "{words} is missing");
        }
        assert!(!svg.contains(">\nnone"));
        // Discs in the picture and in the key: two circles each.
        assert_eq!(svg.matches("<circle").count(), 2 * (rising + 1));
        assert_eq!(svg, plot.svg().unwrap());
        let bare = OrientationMap::from_orientations(&[f64::NAN; 2], [1, 2]).unwrap();
        let svg = OrientationPlot::new(&bare).svg().unwrap();
        assert!(svg.contains("none (2)") && !svg.contains("pinwheel"));
    }

    #[test]
    fn stripes_in_the_key_lie_across_the_wave_vector() {
        let map = OrientationMap::from_orientations(&[0.0; 4], [2, 2]).unwrap();
        let svg = OrientationPlot::new(&map).svg().unwrap();
        let key = SitePlot::new([2, 2]).outer_size()[0] + GAP;
        let [x, y] = [key + SWATCH[0] / 2, SitePlot::new([2, 2]).corner()[1] + LINE / 2];
        // Upright at 0, level at a quarter of a turn, which is the fifth line.
        let upright = format!("points=\"{x},{} {x},{} \"", y - 7, y + 7);
        let y = y + 4 * LINE;
        let level = format!("points=\"{},{y} {},{y} \"", x + 7, x - 7);
        assert!(svg.contains(&upright) && svg.contains(&level), "{svg}");
    }

    #[test]
    fn wrong_input_is_refused() {
        assert!(matches!(plot().frame(4), Err(Error::Range { found: 4, .. })));
        assert!(matches!(plot().unselective(&[true; 3]), Err(Error::Mismatch { found: 3, .. })));
    }
}
