//! Pictures of states: soft discs on a grey square, or the blocks of a game.
//!
//! With centres and radii in units of the picture's width, `d` the distance of a pixel from the
//! centre of disc `i`, the disc covers the pixel by `m_i = 1/(1 + exp(80 (d - radius_i)))`, and
//! the pixel's value is the discs' colours composited front to back over the background. The
//! first and the last pixel centres lie on the border. Row 0 is the smallest `y`: pictures are
//! upside down. Bytes are `floor(255 value)`.
//!
//! The picture of a game is the outer product of the two players' strategies, the first player's
//! choices from row to row, each entry a block of equal pixels.

use std::ops::Range;

use crate::error::{Error, Result};
use crate::spec::Variant;
use crate::systems::{MOST_BALLS, Picture, System, ball_radius};

/// Colour of a pixel that no ball covers: red, green, blue in 0..1.
pub const BACKGROUND: [f64; 3] = [0.321, 0.349, 0.368];

/// Rows and columns of the suite's pictures.
pub const DEFAULT_RESOLUTION: usize = 32;

/// Channels of a picture: red, green, blue.
pub const CHANNELS: usize = 3;

/// Steepness of a disc's edge, per width of the picture.
const TEMPERATURE: f64 = 80.0;

/// Beyond this many logits outside every disc a pixel shows the background's bytes exactly: two
/// discs change `255 value` by less than `2 * 255 exp(-14) = 4.3e-4`, and the background lies
/// 5.0e-3 or more below the next whole number in every channel (255 * 0.349 = 88.995).
const NEGLIGIBLE: f64 = 14.0;

/// `byte / 255` for every byte.
const UNIT_OF_BYTE: [f32; 256] = {
    let mut table = [0.0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte as f32 / 255.0;
        byte += 1;
    }
    table
};

/// A value of a pixel: a byte, or a single-precision number in 0..1 that is `byte / 255`.
pub trait PixelValue: Copy + Send + Sync + sealed::Sealed {
    /// The value that stands for a byte.
    fn of_byte(byte: u8) -> Self;
}

impl PixelValue for u8 {
    fn of_byte(byte: u8) -> Self {
        byte
    }
}

impl PixelValue for f32 {
    fn of_byte(byte: u8) -> Self {
        UNIT_OF_BYTE[usize::from(byte)]
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for u8 {}
    impl Sealed for f32 {}
}

/// What a trajectory's pictures depend on beside its states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Appearance<'a> {
    /// Parameters of the system, in the order of [`System::parameter_names`].
    pub parameters: &'a [f64],
    /// Displacement of every ball, world units, `[x, y]`.
    pub offset: [f64; 2],
    /// Index of each ball's colour, axis `[ball]`; empty for a game.
    pub colour_indices: &'a [u32],
}

/// A disc in units of the picture's width.
#[derive(Debug, Clone, Copy, Default)]
struct Disc {
    column: f64,
    row: f64,
    radius: f64,
    colour: [f64; 3],
    /// Square of the distance beyond which the disc is negligible.
    reach_squared: f64,
}

/// Draws the states of one system. A frame costs no allocation.
///
/// ```
/// use nwm_data::{Appearance, Renderer, System, Variant};
/// # fn main() -> Result<(), nwm_data::Error> {
/// let renderer = Renderer::new(System::Pendulum, Variant::Plain);
/// let appearance =
///     Appearance { parameters: &[0.5, 3.0, 1.0], offset: [0.0; 2], colour_indices: &[0] };
/// let mut picture = vec![0_u8; renderer.frame_len()];
/// renderer.frame(&[0.0, 0.0], &appearance, &mut picture)?;
/// let pixel = (4 * 32 + 15) * 3; // hanging down, so in an upper row
/// assert_eq!(picture[pixel..pixel + 3], [254, 0, 0]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Renderer {
    system: System,
    picture: Picture,
    resolution: usize,
}

impl Renderer {
    /// A renderer with the suite's resolution of 32 x 32 pixels.
    #[must_use]
    pub fn new(system: System, variant: Variant) -> Self {
        Self { system, picture: system.picture(variant), resolution: DEFAULT_RESOLUTION }
    }

    /// The same renderer with another number of rows and columns.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] if the resolution is below 2 or above 65 536.
    pub fn with_resolution(self, resolution: usize) -> Result<Self> {
        if (2..=1 << 16).contains(&resolution) {
            Ok(Self { resolution, ..self })
        } else {
            Err(Error::InvalidSetting {
                key: "data.resolution",
                found: resolution.to_string(),
                expected: "2 to 65536",
            })
        }
    }

    /// Rows, columns and channels of a picture.
    #[must_use]
    pub const fn frame_shape(&self) -> [usize; 3] {
        [self.resolution, self.resolution, CHANNELS]
    }

    /// Values in a picture.
    #[must_use]
    pub const fn frame_len(&self) -> usize {
        self.resolution * self.resolution * CHANNELS
    }

    /// Draws one state, axis `[dimension]`, into `out`, axes `[row, column, channel]`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if a slice does not have the length that its axes ask for.
    pub fn frame<T: PixelValue>(
        &self,
        state: &[f64],
        appearance: &Appearance<'_>,
        out: &mut [T],
    ) -> Result<()> {
        if out.len() != self.frame_len() {
            return Err(Error::BufferLength {
                what: "picture",
                axes: "[row, column, channel]",
                expected: self.frame_len(),
                found: out.len(),
            });
        }
        match self.picture {
            Picture::Balls { count, half_width, colours, .. } => {
                let discs = self.discs(state, appearance, half_width, colours)?;
                self.draw_discs(&discs[..count], out);
            }
            Picture::Strategies { choices } => {
                // Checks the lengths.
                self.system.balls(appearance.parameters, state)?;
                self.draw_strategies(choices, state, out);
            }
        }
        Ok(())
    }

    /// Draws many states, axes `[frame, dimension]`, into `out`, axes `[frame, row, column, channel]`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if a slice does not have the length that its axes ask for.
    pub fn frames<T: PixelValue>(
        &self,
        states: &[f64],
        appearance: &Appearance<'_>,
        out: &mut [T],
    ) -> Result<()> {
        let dimension = self.system.state_dimension();
        let frames = states.len() / dimension;
        if !states.len().is_multiple_of(dimension) || out.len() != frames * self.frame_len() {
            return Err(Error::BufferLength {
                what: "pictures",
                axes: "[frame, row, column, channel]",
                expected: frames * self.frame_len(),
                found: out.len(),
            });
        }
        for (state, frame) in states.chunks(dimension).zip(out.chunks_mut(self.frame_len())) {
            self.frame(state, appearance, frame)?;
        }
        Ok(())
    }

    /// Draws discs over the background.
    fn draw_discs<T: PixelValue>(&self, discs: &[Disc], out: &mut [T]) {
        let background = bytes(BACKGROUND).map(T::of_byte);
        let last = (self.resolution - 1) as f64;
        for (row, pixels) in out.chunks_exact_mut(self.resolution * CHANNELS).enumerate() {
            let y = row as f64 / last;
            for pixel in pixels.chunks_exact_mut(CHANNELS) {
                pixel.copy_from_slice(&background);
            }
            for column in self.reached_columns(discs, y) {
                if let Some(colour) = composite(discs, column as f64 / last, y) {
                    let place = column * CHANNELS;
                    let pixel = bytes(colour).map(T::of_byte);
                    pixels[place..place + CHANNELS].copy_from_slice(&pixel);
                }
            }
        }
    }

    /// The columns, from first to last, where a disc may show in the row at `y`.
    fn reached_columns(&self, discs: &[Disc], y: f64) -> Range<usize> {
        let last = (self.resolution - 1) as f64;
        let (mut first, mut end) = (self.resolution, 0);
        for disc in discs {
            let squared = disc.reach_squared - (disc.row - y) * (disc.row - y);
            if squared < 0.0 {
                continue;
            }
            // One column more on either side, since these are rounded. Casts saturate.
            let half = squared.sqrt();
            first = first.min(((disc.column - half) * last - 1.0) as usize);
            end = end.max(((disc.column + half) * last + 2.0) as usize);
        }
        first..end.min(self.resolution)
    }

    /// Draws the outer product of two strategies.
    fn draw_strategies<T: PixelValue>(&self, choices: usize, state: &[f64], out: &mut [T]) {
        let (x, y) = state.split_at(choices);
        // The last block may be cut off.
        let block = self.resolution.div_ceil(choices);
        for (row, pixels) in out.chunks_exact_mut(self.resolution * CHANNELS).enumerate() {
            for (column, pixel) in pixels.chunks_exact_mut(CHANNELS).enumerate() {
                let value = x[row / block] * y[column / block];
                pixel.fill(T::of_byte((255.0 * value) as u8));
            }
        }
    }

    /// The discs of a state, front to back; those that the system does not have are empty.
    fn discs(
        &self,
        state: &[f64],
        appearance: &Appearance<'_>,
        half_width: f64,
        colours: u32,
    ) -> Result<[Disc; MOST_BALLS]> {
        let count = self.picture.ball_count();
        if appearance.colour_indices.len() != count {
            return Err(Error::BufferLength {
                what: "colour indices of a trajectory",
                axes: "[ball]",
                expected: count,
                found: appearance.colour_indices.len(),
            });
        }
        let width = 2.0 * half_width;
        let mut discs = [Disc::default(); MOST_BALLS];
        let balls = self.system.balls(appearance.parameters, state)?;
        for ((disc, ball), &colour) in discs.iter_mut().zip(balls).zip(appearance.colour_indices) {
            let radius = ball_radius(ball.mass) / width;
            let reach = radius + NEGLIGIBLE / TEMPERATURE;
            *disc = Disc {
                column: (ball.position[0] + appearance.offset[0] + half_width) / width,
                row: (ball.position[1] + appearance.offset[1] + half_width) / width,
                radius,
                colour: pure_colour(colour, colours),
                reach_squared: reach * reach,
            };
        }
        Ok(discs)
    }
}

/// The value of the pixel at `(x, y)` in 0..1 per channel, or `None` if no disc is near.
fn composite(discs: &[Disc], x: f64, y: f64) -> Option<[f64; 3]> {
    let squared =
        |disc: &Disc| (disc.column - x) * (disc.column - x) + (disc.row - y) * (disc.row - y);
    if discs.iter().all(|disc| squared(disc) > disc.reach_squared) {
        return None;
    }
    let mut value = [0.0; 3];
    let mut visible = 1.0;
    for disc in discs {
        let logit = TEMPERATURE * (squared(disc).sqrt() - disc.radius);
        let cover = 1.0 / (1.0 + libm::exp(logit));
        for (channel, colour) in value.iter_mut().zip(disc.colour) {
            *channel += visible * cover * colour;
        }
        visible *= 1.0 - cover;
    }
    for (channel, background) in value.iter_mut().zip(BACKGROUND) {
        *channel += visible * background;
    }
    Some(value)
}

/// Bytes of a colour: truncated, as the suite does it.
fn bytes(colour: [f64; 3]) -> [u8; 3] {
    colour.map(|channel| (255.0 * channel) as u8)
}

/// Fully saturated colour number `index` of `count` around the colour circle, from red.
fn pure_colour(index: u32, count: u32) -> [f64; 3] {
    let sextant = 6.0 * f64::from(index % count.max(1)) / f64::from(count.max(1));
    // Distance around the circle from each channel's own hue; full within one sextant, then a ramp.
    [0.0, 2.0, 4.0].map(|hue: f64| {
        let distance = (sextant - hue).abs();
        let around = distance.min(6.0 - distance);
        (2.0 - around).clamp(0.0, 1.0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go_around_the_circle() {
        let six: Vec<[f64; 3]> = (0..6).map(|index| pure_colour(index, 6)).collect();
        let expected = [
            [1.0, 0.0, 0.0],
            [1.0, 1.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 1.0, 1.0],
            [0.0, 0.0, 1.0],
            [1.0, 0.0, 1.0],
        ];
        assert_eq!(six, expected);
        assert_eq!(pure_colour(0, 1), [1.0, 0.0, 0.0]);
        assert_eq!(pure_colour(1, 2), [0.0, 1.0, 1.0]);
    }

    #[test]
    fn colours_mix_at_an_edge() {
        let renderer = Renderer::new(System::MassSpring, Variant::Plain);
        let appearance =
            Appearance { parameters: &[0.5, 2.0], offset: [0.0; 2], colour_indices: &[0] };
        let half_width = 1.0 + (0.5 / std::f64::consts::PI).sqrt();
        let discs = renderer.discs(&[0.0, 0.0], &appearance, half_width, 1).unwrap();
        let found = composite(&discs[..1], 11.0 / 31.0, 15.0 / 31.0).unwrap();
        for (found, expected) in found.into_iter().zip([0.613_711, 0.198_549, 0.209_358]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn skipping_far_pixels_changes_no_byte() {
        let renderer = Renderer::new(System::MassSpring, Variant::Plain);
        let appearance =
            Appearance { parameters: &[0.5, 2.0], offset: [0.0; 2], colour_indices: &[0] };
        let discs = &renderer.discs(&[0.3, 0.0], &appearance, 1.4, 1).unwrap()[..1];
        let everywhere: Vec<Disc> =
            discs.iter().map(|disc| Disc { reach_squared: f64::INFINITY, ..*disc }).collect();
        let mut skipped = 0;
        for row in 0..200 {
            for column in 0..200 {
                let (x, y) = (f64::from(column) / 199.0, f64::from(row) / 199.0);
                let exact = bytes(composite(&everywhere, x, y).unwrap());
                match composite(discs, x, y) {
                    Some(colour) => assert_eq!(bytes(colour), exact),
                    None => {
                        skipped += 1;
                        assert_eq!(bytes(BACKGROUND), exact);
                    }
                }
            }
        }
        assert!(skipped > 20_000, "the short cut is taken: {skipped}");
    }
}
