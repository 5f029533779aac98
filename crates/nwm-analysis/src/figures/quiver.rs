//! Arrows of a field over a picture.

use std::collections::BTreeMap;

use super::{
    arrow,
    axis::short_number,
    canvas::{self, Area, Drawn, INK, Side, width_of, write},
    critical_mark,
    frames::RgbFrame,
    site_plot::SitePlot,
};
use crate::{
    Error, Real, Result, check,
    waves::{CriticalKind, CriticalPoint, VectorField},
};

/// The longest arrow, as a share of the distance between arrows.
const LONGEST: f64 = 0.92;
/// Pixels between arrows, at least, unless asked otherwise.
const CLOSEST: f64 = 24.0;

/// The key to the right of the picture.
const GAP: i32 = 10;
const LINE: i32 = 22;
const TEXT_SIZE: i32 = 13;
const SYMBOL: i32 = 26;

/// A frame of a field of vectors as arrows over a picture: row 0 at the top, an arrow toward larger columns to
/// the right.
///
/// Hand over the negative gradient of the phase and the arrows point where waves go. Arrows are centred on
/// their sites and as long as their vectors, the longest drawn as long as there is room. A vector of almost
/// no length is a dot, one that is not finite is missing.
///
/// ```
/// use nwm_analysis::{figures::{Quiver, phase_map}, waves::{Grid, critical_points, phase_gradient}};
///
/// let k = std::f64::consts::TAU / 12.0;
/// let phase: Vec<f64> = (0..144).map(|site| -k * f64::from(site % 12)).collect();
/// let travel = phase_gradient(&phase, [1, 12, 12], Grid::Torus)?.negated();
/// let quiver = Quiver::new(phase_map(&phase, [12, 12])?, &travel, 0)?
///     .unit("rad per site")
///     .critical_points(&critical_points(&travel, 0, Grid::Torus));
/// assert!(quiver.svg()?.contains("0.524 rad per site"));
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Quiver {
    picture: RgbFrame,
    /// `[down, right]` of every site.
    vectors: Vec<[f64; 2]>,
    spacing: Option<usize>,
    longest: Option<f64>,
    unit: String,
    points: Vec<CriticalPoint>,
}

impl Quiver {
    /// The vectors of frame `time` over a picture with one pixel for every site.
    ///
    /// # Errors
    ///
    /// [`Error::FrameSize`] when the picture has another size than the field, [`Error::Length`] when the field
    /// does not have its shape, [`Error::Range`] when it has no such frame.
    pub fn new<T: Real>(picture: RgbFrame, field: &VectorField<T>, time: usize) -> Result<Self> {
        const ACTION: &str = "draw arrows over a picture";
        let [frames, rows, columns] = field.shape;
        for component in [&field.row, &field.column] {
            check::shape("field [time, row, column]", component, &field.shape)?;
        }
        let found = [picture.rows(), picture.columns()];
        if found != [rows, columns] {
            return Err(Error::FrameSize { action: ACTION, found, expected: [rows, columns] });
        }
        if time >= frames {
            return Err(Error::Range {
                action: ACTION,
                name: "frame",
                found: time,
                expected: "less than the number of frames",
            });
        }
        let sites = time * rows * columns..(time + 1) * rows * columns;
        let components = field.row[sites.clone()].iter().zip(&field.column[sites]);
        let vectors = components.map(|(down, right)| [down.widen(), right.widen()]).collect();
        let (unit, points) = (String::new(), Vec::new());
        Ok(Self { picture, vectors, spacing: None, longest: None, unit, points })
    }

    /// Draws the arrow of every `sites`-th site along either axis. Without this, as many as can be told apart.
    pub fn spacing(mut self, sites: usize) -> Self {
        self.spacing = Some(sites);
        self
    }

    /// Draws vectors of this length and longer ones as the longest arrow, so that figures can be compared and
    /// a few long vectors do not hide the others. A length that is not finite or not above zero is ignored.
    pub fn longest(mut self, length: f64) -> Self {
        self.longest = (length > 0.0 && length.is_finite()).then_some(length);
        self
    }

    /// The unit of the vectors, which is said beside the length of the longest arrow.
    pub fn unit(mut self, unit: impl Into<String>) -> Self {
        self.unit = unit.into();
        self
    }

    /// Marks critical points, by a shape for each kind.
    pub fn critical_points(mut self, points: &[CriticalPoint]) -> Self {
        self.points.extend_from_slice(points);
        self
    }

    /// The figure with axes and a key, as one `<svg>` element.
    ///
    /// # Errors
    ///
    /// [`Error::Range`] when the spacing is 0, [`Error::Encode`] when drawing fails.
    pub fn svg(&self) -> Result<String> {
        let shape = [self.picture.rows(), self.picture.columns()];
        let plot = SitePlot::new(shape);
        let spacing = self.spacing.unwrap_or((CLOSEST / plot.scale()).ceil() as usize);
        if spacing == 0 {
            return Err(Error::Range {
                action: "draw arrows over a picture",
                name: "spacing",
                found: spacing,
                expected: "at least 1",
            });
        }
        let arrows: Vec<([usize; 2], [f64; 2])> = self.arrows(shape, spacing).collect();
        let lengths = arrows.iter().map(|(_, [down, right])| libm::hypot(*down, *right));
        let largest = lengths.fold(0.0, f64::max);
        let longest = self.longest.unwrap_or(largest);
        let key = Key::new(self, longest, largest > longest);
        let [left, height] = plot.outer_size();
        let size = [left + GAP + key.width(), height.max(key.height() + 2 * plot.corner()[1])];
        canvas::svg(size, &[plot.picture(&self.picture)], |area| {
            plot.draw_axes(area)?;
            let room = LONGEST * spacing as f64 * plot.scale();
            for (site, [down, right]) in &arrows {
                let [x, y] = plot.pixel(site.map(|place| place as f64));
                let length = libm::hypot(*down, *right);
                // A vector without a length has no direction either.
                let scale =
                    if length > 0.0 { room * (length / longest).min(1.0) / length } else { 0.0 };
                let half = [right * scale / 2.0, down * scale / 2.0];
                arrow::draw(area, [x - half[0], y - half[1]], [x + half[0], y + half[1]])?;
            }
            for point in &self.points {
                let at = arrow::whole(plot.pixel(within(point.place, shape)));
                critical_mark::draw(area, point.kind, at)?;
            }
            key.draw(area, [left + GAP, plot.corner()[1]])
        })
    }

    /// Every `spacing`-th site and its vector, away from the edges by half of that.
    fn arrows(
        &self,
        [rows, columns]: [usize; 2],
        spacing: usize,
    ) -> impl Iterator<Item = ([usize; 2], [f64; 2])> + '_ {
        let first = move |sites: usize| (spacing - 1) / 2 % sites.max(1);
        (first(rows)..rows)
            .step_by(spacing)
            .flat_map(move |row| {
                (first(columns)..columns).step_by(spacing).map(move |column| [row, column])
            })
            .map(move |[row, column]| ([row, column], self.vectors[row * columns + column]))
            .filter(|(_, vector)| vector.iter().all(|part| part.is_finite()))
    }
}

/// The place in the picture: beyond half a step after the last site it is before the first.
fn within(place: [f64; 2], shape: [usize; 2]) -> [f64; 2] {
    std::array::from_fn(|axis| {
        let sites = shape[axis] as f64;
        if place[axis] > sites - 0.5 { place[axis] - sites } else { place[axis] }
    })
}

/// What stands beside the picture.
struct Key {
    scale: Vec<String>,
    kinds: Vec<(CriticalKind, String)>,
}

impl Key {
    fn new(quiver: &Quiver, longest: f64, has_longer: bool) -> Self {
        let mut counts = BTreeMap::<CriticalKind, usize>::new();
        for point in &quiver.points {
            *counts.entry(point.kind).or_default() += 1;
        }
        let kinds = counts
            .into_iter()
            .map(|(kind, count)| (kind, format!("{} ({count})", critical_mark::name(kind))))
            .collect();
        let mut length = short_number(longest);
        for words in [quiver.unit.as_str(), if has_longer { "or more" } else { "" }] {
            if !words.is_empty() {
                length = format!("{length} {words}");
            }
        }
        Self { scale: vec!["longest arrow".to_owned(), length], kinds }
    }

    fn width(&self) -> i32 {
        let scale = self.scale.iter().map(|words| width_of(words, TEXT_SIZE));
        let kinds = self.kinds.iter().map(|(_, words)| SYMBOL + width_of(words, TEXT_SIZE));
        scale.chain(kinds).max().unwrap_or(0) + 12
    }

    fn height(&self) -> i32 {
        (self.scale.len() + self.kinds.len()) as i32 * LINE + LINE / 2
    }

    fn draw(&self, area: &Area<'_>, [left, top]: [i32; 2]) -> Drawn {
        let mut middle = top + LINE / 2;
        for words in &self.scale {
            write(area, words, [left, middle], Side::Right, TEXT_SIZE, INK)?;
            middle += LINE - 4;
        }
        middle += LINE / 2;
        for (kind, words) in &self.kinds {
            critical_mark::draw(area, *kind, (left + critical_mark::RADIUS, middle))?;
            write(area, words, [left + SYMBOL, middle], Side::Right, TEXT_SIZE, INK)?;
            middle += LINE;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        figures::phase_map,
        waves::{Grid, critical_points, phase_gradient},
    };

    /// A picture and the direction of travel of a plane wave with this wave vector `[down, right]`.
    fn plane([down, right]: [f64; 2]) -> (RgbFrame, VectorField<f64>) {
        let at = |row: i32, column: i32| -down * f64::from(row) - right * f64::from(column);
        let phase: Vec<f64> =
            (0..12).flat_map(|row| (0..16).map(move |column| at(row, column))).collect();
        let travel = phase_gradient(&phase, [1, 12, 16], Grid::Open).unwrap().negated();
        (phase_map(&phase, [12, 16]).unwrap(), travel)
    }

    /// The tail and the neck of every arrow's shaft.
    fn shafts(svg: &str) -> Vec<[(i32, i32); 2]> {
        svg.lines()
            .filter(|line| line.contains("#121418") && line.contains("<polyline"))
            .map(|line| {
                let points = line.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
                let ends: Vec<(i32, i32)> = points
                    .split_whitespace()
                    .map(|point| {
                        let (x, y) = point.split_once(',').unwrap();
                        (x.parse().unwrap(), y.parse().unwrap())
                    })
                    .collect();
                [ends[0], ends[1]]
            })
            .collect()
    }

    #[test]
    fn arrows_point_where_a_wave_goes_on_the_screen() {
        for (vector, towards) in [
            ([0.0, 0.4], (1, 0)),
            ([0.0, -0.4], (-1, 0)),
            ([0.4, 0.0], (0, 1)),
            ([-0.4, 0.0], (0, -1)),
        ] {
            let (picture, travel) = plane(vector);
            let svg = Quiver::new(picture, &travel, 0).unwrap().spacing(4).svg().unwrap();
            let shafts = shafts(&svg);
            assert_eq!(shafts.len(), 12, "three rows of four");
            for [(x, y), (to_x, to_y)] in shafts {
                assert_eq!(((to_x - x).signum(), (to_y - y).signum()), towards);
            }
        }
    }

    #[test]
    fn lengths_are_in_proportion_and_missing_vectors_are_left_out() {
        let row = vec![0.0, 0.0, 0.0, 0.0];
        let column = vec![1.0, 0.5, f64::NAN, 0.0];
        let field = VectorField { shape: [1, 1, 4], row, column };
        let picture = RgbFrame::filled(1, 4, [200; 3]).unwrap();
        let quiver = Quiver::new(picture, &field, 0).unwrap().spacing(1);
        let svg = quiver.svg().unwrap();
        let tips: Vec<i32> = svg
            .lines()
            .filter(|line| line.contains("<polygon"))
            .map(|line| {
                let first = line.split("points=\"").nth(1).unwrap().split(',').next().unwrap();
                first.parse().unwrap()
            })
            .collect();
        let lengths: Vec<i32> =
            shafts(&svg).iter().zip(&tips).map(|(shaft, tip)| tip - shaft[0].0).collect();
        assert_eq!(lengths.len(), 2, "the others are missing or a dot");
        assert!((f64::from(lengths[0]) - 0.92 * 40.0).abs() <= 1.0, "{lengths:?}");
        assert!((lengths[0] - 2 * lengths[1]).abs() <= 2, "{lengths:?}");
        assert!(svg.contains("longest arrow") && svg.contains("\n1\n"));

        let cut = quiver.clone().longest(0.5).unit("px").svg().unwrap();
        assert!(cut.contains("\n0.5 px or more\n"));
        let [first, second] = [0, 1].map(|arrow| shafts(&cut)[arrow]);
        assert_eq!(first[1].0 - first[0].0, second[1].0 - second[0].0);
        assert_eq!(quiver.clone().longest(0.0).longest(f64::NAN).svg().unwrap(), svg);
    }

    #[test]
    fn critical_points_are_marked_and_counted() {
        let at = |row: i32, column: i32| {
            let [down, right] = [(row, 12.0), (column, 16.0)].map(|(place, sites)| {
                (std::f64::consts::TAU * (f64::from(place) + 0.5) / sites).sin()
            });
            [down, right]
        };
        let sites: Vec<[f64; 2]> =
            (0..12).flat_map(|row| (0..16).map(move |column| at(row, column))).collect();
        let [row, column] = [0, 1].map(|part| sites.iter().map(|site| site[part]).collect());
        let field = VectorField { shape: [1, 12, 16], row, column };
        let points = critical_points(&field, 0, Grid::Torus);
        let picture = RgbFrame::filled(12, 16, [90; 3]).unwrap();
        let plain = Quiver::new(picture, &field, 0).unwrap();
        let svg = plain.clone().critical_points(&points).svg().unwrap();
        for words in ["source (1)", "sink (1)", "saddle (2)"] {
            assert!(svg.contains(words), "{words} is missing");
        }
        assert!(!plain.svg().unwrap().contains("source"));
        assert_eq!(svg, plain.critical_points(&points).svg().unwrap());
        // Half a step beyond the last site is the edge; farther it is at the other side.
        assert_eq!(within([11.5, 15.75], [12, 16]), [11.5, -0.25]);
    }

    #[test]
    fn still_fields_are_dots() {
        let field = VectorField { shape: [1, 2, 2], row: vec![0.0; 4], column: vec![0.0; 4] };
        let picture = RgbFrame::filled(2, 2, [90; 3]).unwrap();
        let svg = Quiver::new(picture, &field, 0).unwrap().svg().unwrap();
        assert!(shafts(&svg).is_empty() && svg.matches("<circle").count() == 8);
    }

    #[test]
    fn wrong_input_is_refused() {
        let (picture, travel) = plane([0.0, 0.4]);
        let small = RgbFrame::filled(12, 15, [0; 3]).unwrap();
        assert!(matches!(
            Quiver::new(small, &travel, 0),
            Err(Error::FrameSize { found: [12, 15], expected: [12, 16], .. })
        ));
        let later = Quiver::new(picture.clone(), &travel, 1);
        assert!(matches!(later, Err(Error::Range { found: 1, .. })));
        let none = Quiver::new(picture.clone(), &travel, 0).unwrap().spacing(0).svg();
        assert!(matches!(none, Err(Error::Range { name: "spacing", .. })));
        let mut torn = travel;
        torn.row.pop();
        assert!(matches!(Quiver::new(picture, &torn, 0), Err(Error::Length { .. })));
    }
}
