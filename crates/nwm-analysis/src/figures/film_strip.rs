//! Frames of recordings beside each other, with their numbers.

use super::{
    canvas::{self, INK, Picture, QUIET, Side, width_of, write},
    frames::{RgbFrame, check_sizes},
};
use crate::{Error, Result};

/// Pixels of a figure before lines are broken, and of a frame at least and at most.
const WIDTH: i32 = 760;
const NARROWEST: i32 = 56;
const WIDEST: i32 = 120;
const GAP: i32 = 5;
/// Above the frames of a line for their numbers, and below them.
const NUMBERS: i32 = 24;
const BELOW: i32 = 12;
const TEXT_SIZE: i32 = 13;

/// Rows of frames, each row one recording, with the number of the frame above each column.
///
/// Many frames continue in further lines. [`contact_sheet`](super::contact_sheet) places frames without
/// words.
///
/// ```
/// use nwm_analysis::figures::{FilmStrip, phase_map};
///
/// let frames: Vec<_> = (0..5)
///     .map(|time| phase_map(&[0.1 * f64::from(time); 16], [4, 4]))
///     .collect::<Result<_, _>>()?;
/// let svg = FilmStrip::new((0..5).map(|frame| 18 * frame)).strip("phase", &frames).svg()?;
/// assert!(svg.contains("phase") && svg.contains("72"));
/// # Ok::<(), nwm_analysis::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct FilmStrip {
    numbers: Vec<usize>,
    strips: Vec<(String, Vec<RgbFrame>)>,
    counted: String,
    width: i32,
}

impl FilmStrip {
    /// An empty figure for frames with these numbers.
    pub fn new(numbers: impl IntoIterator<Item = usize>) -> Self {
        Self {
            numbers: numbers.into_iter().collect(),
            strips: Vec::new(),
            counted: "frame".to_owned(),
            width: WIDTH,
        }
    }

    /// Says what the numbers count, if not frames.
    pub fn counted(mut self, what: impl Into<String>) -> Self {
        self.counted = what.into();
        self
    }

    /// Breaks lines at so many pixels instead of 760.
    pub fn width(mut self, pixels: u32) -> Self {
        self.width = i32::try_from(pixels).unwrap_or(i32::MAX);
        self
    }

    /// Adds a row of frames, one for every number; a row that ends earlier has empty places.
    pub fn strip(mut self, name: impl Into<String>, frames: &[RgbFrame]) -> Self {
        self.strips.push((name.into(), frames.to_vec()));
        self
    }

    /// The figure as one `<svg>` element, about 760 pixels wide.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without frames, [`Error::Mismatch`] when a row has more frames than there are numbers, [`Error::FrameSize`] when frames of a row differ in size, [`Error::Encode`] when drawing
    /// fails.
    pub fn svg(&self) -> Result<String> {
        const ACTION: &str = "draw a film strip";
        let mut sizes = Vec::with_capacity(self.strips.len());
        for (_, frames) in &self.strips {
            if frames.len() > self.numbers.len() {
                return Err(Error::Mismatch {
                    action: ACTION,
                    what: "frames of a strip",
                    found: frames.len(),
                    expected: self.numbers.len(),
                    like: "their numbers",
                });
            }
            sizes.push(check_sizes(ACTION, &frames.iter().collect::<Vec<_>>())?);
        }
        if sizes.is_empty() {
            return Err(Error::Empty { action: ACTION, expected: "strip" });
        }
        let layout = Layout::new(self, &sizes);
        let mut pictures = Vec::with_capacity(self.strips.len() * self.numbers.len());
        for (strip, (_, frames)) in self.strips.iter().enumerate() {
            for (place, frame) in frames.iter().enumerate() {
                let size = [layout.width, layout.heights[strip]];
                pictures.push(Picture { frame, corner: layout.corner(strip, place), size });
            }
        }
        canvas::svg(layout.figure_size(self.numbers.len()), &pictures, |area| {
            for (place, number) in self.numbers.iter().enumerate() {
                let [left, top] = layout.corner(0, place);
                let above = [left + layout.width / 2, top - 4];
                write(area, &number.to_string(), above, Side::Above, TEXT_SIZE, INK)?;
            }
            for start in (0..self.numbers.len()).step_by(layout.columns) {
                let [left, top] = layout.corner(0, start);
                let beside = [left - 8, top - 9];
                write(area, &self.counted, beside, Side::Left, TEXT_SIZE, QUIET)?;
                for (strip, (name, _)) in self.strips.iter().enumerate() {
                    let [left, top] = layout.corner(strip, start);
                    let beside = [left - 8, top + layout.heights[strip] / 2];
                    write(area, name, beside, Side::Left, TEXT_SIZE, INK)?;
                }
            }
            Ok(())
        })
    }
}

/// Where frames are.
struct Layout {
    left: i32,
    /// Frames in a line.
    columns: usize,
    /// Pixels of a frame, and the height of each strip's.
    width: i32,
    heights: Vec<i32>,
}

impl Layout {
    /// A layout for strips with frames of these `[rows, columns]`.
    fn new(film: &FilmStrip, sizes: &[[usize; 2]]) -> Self {
        let names =
            film.strips.iter().map(|(name, _)| name.as_str()).chain([film.counted.as_str()]);
        let left = names.map(|name| width_of(name, TEXT_SIZE)).max().unwrap_or(0) + 16;
        let room = (film.width - left).max(NARROWEST + GAP);
        let most = (room / (NARROWEST + GAP)) as usize;
        // Lines of about equally many frames.
        let lines = film.numbers.len().div_ceil(most).max(1);
        let columns = film.numbers.len().div_ceil(lines).max(1);
        let width = (room / columns as i32 - GAP).clamp(NARROWEST, WIDEST);
        let height = |[rows, columns]: &[usize; 2]| {
            let height = (*rows as f64 / *columns as f64 * f64::from(width)).round();
            (height as i32).clamp(1, 4 * WIDEST)
        };
        Self { left, columns, width, heights: sizes.iter().map(height).collect() }
    }

    /// Pixels from one line of frames to the next.
    fn line_height(&self) -> i32 {
        let strips: i32 = self.heights.iter().map(|height| height + GAP).sum();
        NUMBERS + strips + BELOW
    }

    /// Left and top of a frame.
    fn corner(&self, strip: usize, place: usize) -> [i32; 2] {
        let (line, column) = ((place / self.columns) as i32, (place % self.columns) as i32);
        let above: i32 = self.heights[..strip].iter().map(|height| height + GAP).sum();
        let left = self.left + column * (self.width + GAP);
        [left, line * self.line_height() + NUMBERS + above]
    }

    fn figure_size(&self, frames: usize) -> [i32; 2] {
        let lines = frames.div_ceil(self.columns) as i32;
        [self.left + self.columns as i32 * (self.width + GAP), lines * self.line_height()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(count: u8, rows: usize, columns: usize) -> Vec<RgbFrame> {
        (0..count).map(|value| RgbFrame::filled(rows, columns, [value; 3]).unwrap()).collect()
    }

    #[test]
    fn every_frame_has_its_number() {
        let film = FilmStrip::new((0..6).map(|frame| 100 + frame));
        let film = film.strip("state", &frames(6, 4, 4)).strip("phase & more", &frames(6, 2, 4));
        let svg = film.svg().unwrap();
        assert_eq!(svg.matches("<image").count(), 12);
        for words in ["100", "105", "frame", "state", "phase &amp; more"] {
            assert!(svg.contains(&format!(">\n{words}\n<")), "{words} is missing");
        }
        assert_eq!(svg, film.svg().unwrap());
    }

    #[test]
    fn long_films_are_broken_into_lines() {
        let film = FilmStrip::new(0..30).strip("state", &frames(30, 36, 36));
        let layout = Layout::new(&film, &[[36, 36]]);
        assert_eq!(layout.columns, 10);
        let [width, height] = layout.figure_size(30);
        assert!(width <= WIDTH && height == 3 * layout.line_height());
        assert_eq!(layout.corner(0, 0)[0], layout.corner(0, 20)[0]);
        assert!(layout.corner(0, 10)[1] >= layout.corner(0, 0)[1] + layout.heights[0] + NUMBERS);
        // Frames keep their shape.
        assert_eq!(layout.heights, [layout.width]);
    }

    #[test]
    fn rows_may_end_early_in_lines_of_any_width() {
        let film = FilmStrip::new(0..19).counted("step").width(1300);
        let film = film.strip("input", &frames(18, 28, 28)).strip("induced", &frames(19, 28, 28));
        let svg = film.svg().unwrap();
        assert_eq!(svg.matches("<image").count(), 37);
        assert!(svg.contains(">\nstep\n<") && !svg.contains(">\nframe\n<"));
        let layout = Layout::new(&film, &[[28, 28], [28, 28]]);
        assert_eq!(layout.columns, 19);
        assert!(layout.figure_size(19)[0] <= 1300);
    }

    #[test]
    fn wrong_input_is_refused() {
        assert!(matches!(FilmStrip::new(0..3).svg(), Err(Error::Empty { .. })));
        assert!(matches!(FilmStrip::new([]).strip("none", &[]).svg(), Err(Error::Empty { .. })));
        let long = FilmStrip::new(0..3).strip("state", &frames(4, 4, 4)).svg();
        assert!(matches!(long, Err(Error::Mismatch { found: 4, expected: 3, .. })));
        let mut mixed = frames(3, 4, 4);
        mixed[1] = RgbFrame::filled(4, 5, [0; 3]).unwrap();
        let mixed = FilmStrip::new(0..3).strip("state", &mixed).svg();
        assert!(matches!(mixed, Err(Error::FrameSize { found: [4, 5], .. })));
    }
}
