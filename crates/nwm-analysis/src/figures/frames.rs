//! One RGB picture and the few operations that movies and sheets are composed of.

use super::ramp::NOT_FINITE;
use crate::{Error, Real, Result, check};

/// A picture of 8-bit RGB pixels, `[row, column, channel]` in row-major order; row 0 is the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RgbFrame {
    rows: usize,
    columns: usize,
    bytes: Vec<u8>,
}

impl RgbFrame {
    /// A frame of `rows` by `columns` pixels from its bytes `[row, column, channel]`.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without pixels, [`Error::Length`] when `bytes` has another length than
    /// `rows * columns * 3`.
    pub fn new(rows: usize, columns: usize, bytes: Vec<u8>) -> Result<Self> {
        if rows == 0 || columns == 0 {
            return Err(Error::Empty { action: "make a frame", expected: "pixel" });
        }
        let expected = rows.checked_mul(columns).and_then(|pixels| pixels.checked_mul(3));
        if expected != Some(bytes.len()) {
            return Err(Error::Length {
                what: "frame [row, column, channel]",
                shape: vec![rows, columns, 3],
                found: bytes.len(),
                expected: expected.unwrap_or(usize::MAX),
            });
        }
        Ok(Self { rows, columns, bytes })
    }

    /// A frame of one colour.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without pixels.
    pub fn filled(rows: usize, columns: usize, colour: [u8; 3]) -> Result<Self> {
        Self::new(rows, columns, colour.repeat(rows.saturating_mul(columns)))
    }

    /// A grey frame of brightnesses `[row, column]` from 0, black, to 1, white; those beyond are cut off there, and one that
    /// is not finite has the grey of [`ColourMap::NOT_FINITE`](super::ColourMap::NOT_FINITE).
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without pixels, [`Error::Length`] when the values do not have the shape.
    pub fn grey<T: Real>(values: &[T], shape: [usize; 2]) -> Result<Self> {
        check::shape("brightness [row, column]", values, &shape)?;
        let pixel = |value: &T| match value.widen() {
            value if value.is_finite() => [(value.clamp(0.0, 1.0) * 255.0).round() as u8; 3],
            _ => NOT_FINITE,
        };
        Self::new(shape[0], shape[1], values.iter().flat_map(pixel).collect())
    }

    /// Number of rows of pixels.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns of pixels.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The bytes, `[row, column, channel]`.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The colour of one pixel; `None` outside the frame.
    pub fn pixel(&self, row: usize, column: usize) -> Option<[u8; 3]> {
        if row >= self.rows || column >= self.columns {
            return None;
        }
        let start = (row * self.columns + column) * 3;
        self.bytes[start..].first_chunk().copied()
    }

    /// All pixels in row-major order.
    pub(super) fn pixels(&self) -> impl Iterator<Item = [u8; 3]> + '_ {
        self.bytes.as_chunks::<3>().0.iter().copied()
    }

    /// The frame upside down, for data whose row 0 is the smallest y.
    #[must_use]
    pub fn flipped_rows(&self) -> Self {
        let bytes = self.bytes.chunks_exact(self.columns * 3).rev().flatten().copied().collect();
        Self { bytes, ..*self }
    }

    /// Every pixel repeated `factor` times along both axes (nearest neighbour).
    ///
    /// # Errors
    ///
    /// [`Error::Range`] when `factor` is 0.
    pub fn magnified(&self, factor: usize) -> Result<Self> {
        if factor == 0 {
            return Err(Error::Range {
                action: "magnify a frame",
                name: "factor",
                found: factor,
                expected: "at least 1",
            });
        }
        let mut bytes = Vec::with_capacity(self.bytes.len() * factor * factor);
        for row in self.bytes.chunks_exact(self.columns * 3) {
            let wide: Vec<u8> =
                row.chunks_exact(3).flat_map(|pixel| pixel.repeat(factor)).collect();
            bytes.extend(wide.repeat(factor));
        }
        Ok(Self { rows: self.rows * factor, columns: self.columns * factor, bytes })
    }

    /// The same frame with its outermost `width` pixels in a colour.
    #[must_use]
    pub fn outlined(&self, width: usize, colour: [u8; 3]) -> Self {
        let mut bytes = self.bytes.clone();
        for (index, pixel) in bytes.as_chunks_mut::<3>().0.iter_mut().enumerate() {
            let (row, column) = (index / self.columns, index % self.columns);
            let inside = [(row, self.rows), (column, self.columns)]
                .into_iter()
                .all(|(place, length)| place >= width && length - place > width);
            if !inside {
                *pixel = colour;
            }
        }
        Self { bytes, ..*self }
    }

    /// The absolute difference of every byte: black where the two frames agree.
    ///
    /// # Errors
    ///
    /// [`Error::FrameSize`] when the sizes differ.
    pub fn difference(&self, other: &Self) -> Result<Self> {
        check_sizes("compare two frames", &[self, other])?;
        let bytes = self.bytes.iter().zip(&other.bytes).map(|(a, b)| a.abs_diff(*b)).collect();
        Ok(Self { bytes, ..*self })
    }

    /// The frame with a border of so many pixels around it.
    ///
    /// # Errors
    ///
    /// None beyond those of [`RgbFrame::new`], which the frame's own pixels do not raise.
    pub fn bordered(&self, width: usize, colour: [u8; 3]) -> Result<Self> {
        let (rows, columns) = (self.rows + 2 * width, self.columns + 2 * width);
        let [line, side] = [columns * width, width].map(|pixels| colour.repeat(pixels));
        let mut bytes = Vec::with_capacity(rows * columns * 3);
        bytes.extend_from_slice(&line);
        for row in self.bytes.chunks_exact(self.columns * 3) {
            for part in [&side, row, &side] {
                bytes.extend_from_slice(part);
            }
        }
        bytes.extend_from_slice(&line);
        Self::new(rows, columns, bytes)
    }

    /// Frames of one size from left to right, `gap` columns of `gap_colour` between them.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without frames, [`Error::FrameSize`] when the sizes differ.
    pub fn side_by_side(frames: &[&Self], gap: usize, gap_colour: [u8; 3]) -> Result<Self> {
        let [rows, columns] = check_sizes("place frames side by side", frames)?;
        let between = gap_colour.repeat(gap);
        let width = frames.len() * columns + (frames.len() - 1) * gap;
        let mut bytes = Vec::with_capacity(rows * width * 3);
        for row in 0..rows {
            for (position, frame) in frames.iter().enumerate() {
                if position > 0 {
                    bytes.extend_from_slice(&between);
                }
                bytes.extend_from_slice(&frame.bytes[row * columns * 3..][..columns * 3]);
            }
        }
        Ok(Self { rows, columns: width, bytes })
    }

    /// Frames of equal width from top to bottom, `gap` rows of `gap_colour` between them.
    ///
    /// # Errors
    ///
    /// [`Error::Empty`] without frames, [`Error::FrameSize`] when the widths differ.
    pub fn stacked(frames: &[&Self], gap: usize, gap_colour: [u8; 3]) -> Result<Self> {
        const ACTION: &str = "stack frames";
        let first = frames.first().ok_or(Error::Empty { action: ACTION, expected: "frame" })?;
        let between = gap_colour.repeat(gap * first.columns);
        let mut bytes = Vec::new();
        for (position, frame) in frames.iter().enumerate() {
            if frame.columns != first.columns {
                return Err(Error::FrameSize {
                    action: ACTION,
                    found: [frame.rows, frame.columns],
                    expected: [frame.rows, first.columns],
                });
            }
            if position > 0 {
                bytes.extend_from_slice(&between);
            }
            bytes.extend_from_slice(&frame.bytes);
        }
        let rows = bytes.len() / (first.columns * 3);
        Ok(Self { rows, columns: first.columns, bytes })
    }
}

/// The common `[rows, columns]` of `frames`, or why there is none.
pub(super) fn check_sizes(action: &'static str, frames: &[&RgbFrame]) -> Result<[usize; 2]> {
    let first = frames.first().ok_or(Error::Empty { action, expected: "frame" })?;
    let expected = [first.rows, first.columns];
    match frames.iter().map(|frame| [frame.rows, frame.columns]).find(|size| *size != expected) {
        Some(found) => Err(Error::FrameSize { action, found, expected }),
        None => Ok(expected),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows of three pixels; every byte differs.
    fn numbered() -> RgbFrame {
        RgbFrame::new(2, 3, (0..18).collect()).unwrap()
    }

    #[test]
    fn pixels_are_addressed_by_row_and_column() {
        assert_eq!(numbered().pixel(1, 2), Some([15, 16, 17]));
        assert_eq!(numbered().pixel(2, 0), None);
        assert_eq!(numbered().pixel(0, 3), None);
    }

    #[test]
    fn flipping_swaps_rows_and_keeps_columns() {
        let flipped = numbered().flipped_rows();
        assert_eq!(flipped.pixel(0, 0), Some([9, 10, 11]));
        assert_eq!(flipped.pixel(1, 2), Some([6, 7, 8]));
        assert_eq!(flipped.flipped_rows(), numbered());
    }

    #[test]
    fn magnifying_repeats_pixels() {
        let large = numbered().magnified(3).unwrap();
        assert_eq!((large.rows(), large.columns()), (6, 9));
        for row in 0..6 {
            for column in 0..9 {
                assert_eq!(large.pixel(row, column), numbered().pixel(row / 3, column / 3));
            }
        }
        assert!(matches!(numbered().magnified(0), Err(Error::Range { .. })));
    }

    #[test]
    fn outlines_leave_the_inside() {
        let frame = RgbFrame::new(4, 5, (0..60).collect()).unwrap();
        let outlined = frame.outlined(1, [200, 0, 7]);
        for (row, column) in (0..20).map(|pixel| (pixel / 5, pixel % 5)) {
            let is_inside = (1..3).contains(&row) && (1..4).contains(&column);
            let wanted = if is_inside { frame.pixel(row, column) } else { Some([200, 0, 7]) };
            assert_eq!(outlined.pixel(row, column), wanted);
        }
        assert_eq!(frame.outlined(0, [9; 3]), frame);
        assert_eq!(frame.outlined(2, [9; 3]), RgbFrame::filled(4, 5, [9; 3]).unwrap());
    }

    #[test]
    fn brightnesses_are_greys() {
        let frame = RgbFrame::grey(&[0.0, 0.5, 1.0, -3.0, 7.0, f64::NAN], [2, 3]).unwrap();
        let greys = [[0; 3], [128; 3], [255; 3], [0; 3], [255; 3], NOT_FINITE];
        assert!(frame.pixels().eq(greys));
        assert!(matches!(RgbFrame::grey(&[0.0_f32; 5], [2, 3]), Err(Error::Length { .. })));
        assert!(matches!(RgbFrame::grey::<f32>(&[], [0, 3]), Err(Error::Empty { .. })));
    }

    #[test]
    fn a_border_lies_around_the_frame() {
        let framed = numbered().bordered(2, [99; 3]).unwrap();
        assert_eq!((framed.rows(), framed.columns()), (6, 7));
        for (row, column) in (0..6).flat_map(|row| (0..7).map(move |column| (row, column))) {
            let inside = (2..4).contains(&row) && (2..5).contains(&column);
            let wanted = if inside { numbered().pixel(row - 2, column - 2) } else { Some([99; 3]) };
            assert_eq!(framed.pixel(row, column), wanted, "{row} {column}");
        }
        assert_eq!(numbered().bordered(0, [99; 3]).unwrap(), numbered());
    }

    #[test]
    fn the_difference_has_no_sign() {
        let bright = RgbFrame::filled(2, 3, [10, 10, 10]).unwrap();
        let difference = numbered().difference(&bright).unwrap();
        assert_eq!(difference.pixel(0, 0), Some([10, 9, 8]));
        assert_eq!(difference.pixel(1, 2), Some([5, 6, 7]));
        assert_eq!(difference, bright.difference(&numbered()).unwrap());
    }

    #[test]
    fn frames_are_placed_with_gaps() {
        let frame = numbered();
        let row = RgbFrame::side_by_side(&[&frame, &frame], 1, [99; 3]).unwrap();
        assert_eq!((row.rows(), row.columns()), (2, 7));
        assert_eq!(row.pixel(1, 3), Some([99; 3]));
        assert_eq!(row.pixel(1, 6), frame.pixel(1, 2));
        let column = RgbFrame::stacked(&[&frame, &frame], 2, [98; 3]).unwrap();
        assert_eq!((column.rows(), column.columns()), (6, 3));
        assert_eq!(column.pixel(3, 1), Some([98; 3]));
        assert_eq!(column.pixel(5, 2), frame.pixel(1, 2));
    }

    #[test]
    fn sizes_are_checked() {
        let (small, large) = (numbered(), numbered().magnified(2).unwrap());
        assert!(matches!(small.difference(&large), Err(Error::FrameSize { found: [4, 6], .. })));
        assert!(RgbFrame::side_by_side(&[&small, &large], 0, [0; 3]).is_err());
        assert!(RgbFrame::stacked(&[&small, &large], 0, [0; 3]).is_err());
        assert!(RgbFrame::stacked(&[], 0, [0; 3]).is_err());
        assert!(matches!(
            RgbFrame::new(2, 3, vec![0; 17]),
            Err(Error::Length { found: 17, expected: 18, .. })
        ));
        assert!(matches!(RgbFrame::filled(0, 3, [0; 3]), Err(Error::Empty { .. })));
    }
}
