//! Still pictures: one frame or a sheet of many, as PNG.

use image::{
    ExtendedColorType, ImageEncoder,
    codecs::png::{CompressionType, FilterType, PngEncoder},
};

use super::frames::{RgbFrame, check_sizes};
use crate::{Error, Result};

/// How a contact sheet is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SheetOptions {
    /// Frames in each row of the sheet; default 10.
    pub columns: usize,
    /// Pixels between frames, after magnification; default 2.
    pub gap: usize,
    /// Pixels around all of them, after magnification; default 0.
    pub border: usize,
    /// Every pixel of a frame becomes a square of this side; default 2.
    pub magnification: usize,
    /// Colour of gaps, border and empty places; default white.
    pub background: [u8; 3],
}

impl Default for SheetOptions {
    fn default() -> Self {
        Self { columns: 10, gap: 2, border: 0, magnification: 2, background: [255; 3] }
    }
}

impl SheetOptions {
    /// The same options with another number of frames in each row.
    #[must_use]
    pub fn with_columns(self, columns: usize) -> Self {
        Self { columns, ..self }
    }

    /// The same options with another gap.
    #[must_use]
    pub fn with_gap(self, gap: usize) -> Self {
        Self { gap, ..self }
    }

    /// The same options with another border.
    #[must_use]
    pub fn with_border(self, border: usize) -> Self {
        Self { border, ..self }
    }

    /// The same options with another magnification.
    #[must_use]
    pub fn with_magnification(self, magnification: usize) -> Self {
        Self { magnification, ..self }
    }

    /// The same options with another background.
    #[must_use]
    pub fn with_background(self, background: [u8; 3]) -> Self {
        Self { background, ..self }
    }
}

/// The bytes of a PNG with all `frames`, filled row by row.
///
/// # Errors
///
/// [`Error::Empty`] without frames, [`Error::FrameSize`] when their sizes differ,
/// [`Error::Range`] when the magnification or the number of columns is 0.
pub fn contact_sheet(frames: &[RgbFrame], options: SheetOptions) -> Result<Vec<u8>> {
    const ACTION: &str = "make a contact sheet";
    let [rows, columns] = check_sizes(ACTION, &frames.iter().collect::<Vec<_>>())?;
    if options.columns == 0 {
        return Err(Error::Range {
            action: ACTION,
            name: "columns",
            found: 0,
            expected: "at least 1",
        });
    }
    let mut cells = frames
        .iter()
        .map(|frame| frame.magnified(options.magnification))
        .collect::<Result<Vec<_>>>()?;
    let width = options.columns.min(cells.len());
    let [rows, columns] = [rows, columns].map(|size| size * options.magnification);
    while !cells.len().is_multiple_of(width) {
        cells.push(RgbFrame::filled(rows, columns, options.background)?);
    }
    let strips = cells
        .chunks(width)
        .map(|row| {
            RgbFrame::side_by_side(&row.iter().collect::<Vec<_>>(), options.gap, options.background)
        })
        .collect::<Result<Vec<_>>>()?;
    let strips: Vec<_> = strips.iter().collect();
    let sheet = RgbFrame::stacked(&strips, options.gap, options.background)?;
    png(&sheet.bordered(options.border, options.background)?)
}

/// The bytes of a PNG of one frame.
///
/// # Errors
///
/// [`Error::Range`] when a side does not fit the format, [`Error::Encode`] when the encoder fails.
pub fn png(frame: &RgbFrame) -> Result<Vec<u8>> {
    let side = |name, size: usize| {
        u32::try_from(size).map_err(|_| Error::Range {
            action: "make a PNG",
            name,
            found: size,
            expected: "at most 4294967295",
        })
    };
    let (width, height) = (side("width", frame.columns())?, side("height", frame.rows())?);
    let mut bytes = Vec::new();
    // Pictures are small and are made once: the bytes matter, not the time.
    PngEncoder::new_with_quality(&mut bytes, CompressionType::Best, FilterType::Adaptive)
        .write_image(frame.bytes(), width, height, ExtendedColorType::Rgb8)
        .map_err(|source| Error::Encode { format: "PNG", source: Box::new(source) })?;
    Ok(bytes)
}
