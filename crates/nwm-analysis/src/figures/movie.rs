//! Animated GIF.

use gif::{Encoder, Frame, Repeat};

use super::{frames::RgbFrame, frames::check_sizes, palette::Palette};
use crate::{Error, Result};

/// How a movie is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct MovieOptions {
    /// Every pixel becomes a square of this side; default 4.
    pub magnification: usize,
    /// Time per frame in hundredths of a second; default 8, about 12 frames a second. Browsers
    /// slow anything below 2 down to 10.
    pub delay_hundredths: u16,
}

impl Default for MovieOptions {
    fn default() -> Self {
        Self { magnification: 4, delay_hundredths: 8 }
    }
}

impl MovieOptions {
    /// The same options with another magnification.
    #[must_use]
    pub fn with_magnification(self, magnification: usize) -> Self {
        Self { magnification, ..self }
    }

    /// The same options with another time per frame, in hundredths of a second.
    #[must_use]
    pub fn with_delay_hundredths(self, delay_hundredths: u16) -> Self {
        Self { delay_hundredths, ..self }
    }
}

/// The bytes of a GIF that shows `frames` in order, for ever.
///
/// Up to 256 different colours over all frames are kept exactly; more are reduced to one palette
/// that all frames share, so that nothing flickers.
///
/// # Errors
///
/// [`Error::Empty`] without frames, [`Error::FrameSize`] when their sizes differ,
/// [`Error::Range`] when the magnification is 0 or a side exceeds the 65535 pixels of the format.
pub fn animated_gif(frames: &[RgbFrame], options: MovieOptions) -> Result<Vec<u8>> {
    const ACTION: &str = "make a movie";
    let [rows, columns] = check_sizes(ACTION, &frames.iter().collect::<Vec<_>>())?;
    let side = |name, pixels: usize| {
        pixels
            .checked_mul(options.magnification)
            .and_then(|size| u16::try_from(size).ok())
            .filter(|size| *size > 0)
            .ok_or(Error::Range {
                action: ACTION,
                name,
                found: pixels.saturating_mul(options.magnification),
                expected: "1 to 65535 magnified pixels",
            })
    };
    let (height, width) = (side("height", rows)?, side("width", columns)?);

    let palette = Palette::of(frames.iter().flat_map(RgbFrame::pixels));
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, width, height, &palette.bytes()).map_err(encode)?;
    encoder.set_repeat(Repeat::Infinite).map_err(encode)?;
    for frame in frames {
        let indices: Vec<u8> = frame.pixels().map(|pixel| palette.index(pixel)).collect();
        encoder
            .write_frame(&Frame {
                width,
                height,
                delay: options.delay_hundredths,
                buffer: magnified(&indices, columns, options.magnification).into(),
                ..Frame::default()
            })
            .map_err(encode)?;
    }
    drop(encoder);
    Ok(bytes)
}

/// Every index repeated `factor` times along both axes.
fn magnified(indices: &[u8], columns: usize, factor: usize) -> Vec<u8> {
    let mut result = Vec::with_capacity(indices.len() * factor * factor);
    for row in indices.chunks_exact(columns) {
        let wide: Vec<u8> =
            row.iter().flat_map(|index| std::iter::repeat_n(*index, factor)).collect();
        result.extend(wide.repeat(factor));
    }
    result
}

fn encode(source: gif::EncodingError) -> Error {
    Error::Encode { format: "GIF", source: Box::new(source) }
}
