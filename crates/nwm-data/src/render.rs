//! Pictures of states: soft discs on a grey square.
//!
//! With centres and radii in units of the picture's width, `d` the distance of a pixel from the
//! centre of disc `i`, the disc covers the pixel by `m_i = 1/(1 + exp(80 (d - radius_i)))`, and
//! the pixel's value is the discs' colours composited front to back over the background. The
//! first and the last pixel centres lie on the border. Row 0 is the smallest `y`: pictures are
//! upside down. Bytes are `floor(255 value)`.

use crate::error::{Error, Result};
use crate::hamiltonian::System;
use crate::hamiltonian::ball_radius;
use crate::spec::Variant;

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

/// Balls of the largest system.
const MOST_BALLS: usize = 2;

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

/// What a trajectory's pictures depend on beside its states.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Appearance<'a> {
    /// Parameters of the system, in the order of [`System::parameter_names`].
    pub parameters: &'a [f64],
    /// Displacement of every ball, world units, `[x, y]`.
    pub offset: [f64; 2],
    /// Index of each ball's colour, axis `[ball]`.
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
    half_width: f64,
    colour_count: u32,
    resolution: usize,
}

impl Renderer {
    /// A renderer with the suite's resolution of 32 x 32 pixels.
    #[must_use]
    pub fn new(system: System, variant: Variant) -> Self {
        let (half_width, colour_count) = match variant {
            Variant::Plain => (system.plain_half_width(), system.ball_count() as u32),
        };
        Self { system, half_width, colour_count, resolution: DEFAULT_RESOLUTION }
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
    pub fn frame(&self, state: &[f64], appearance: &Appearance<'_>, out: &mut [u8]) -> Result<()> {
        self.draw(state, appearance, out, |byte| byte)
    }

    /// Draws one state into `out`, axes `[row, column, channel]`, as `byte / 255` in 0..1.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if a slice does not have the length that its axes ask for.
    pub fn frame_f32(
        &self,
        state: &[f64],
        appearance: &Appearance<'_>,
        out: &mut [f32],
    ) -> Result<()> {
        self.draw(state, appearance, out, |byte| UNIT_OF_BYTE[usize::from(byte)])
    }

    fn draw<T: Copy>(
        &self,
        state: &[f64],
        appearance: &Appearance<'_>,
        out: &mut [T],
        value: impl Fn(u8) -> T,
    ) -> Result<()> {
        if out.len() != self.frame_len() {
            return Err(Error::BufferLength {
                what: "picture",
                axes: "[row, column, channel]",
                expected: self.frame_len(),
                found: out.len(),
            });
        }
        let (discs, count) = self.discs(state, appearance)?;
        let discs = &discs[..count];
        let background = bytes(BACKGROUND).map(&value);
        let last = (self.resolution - 1) as f64;
        for (row, pixels) in out.chunks_exact_mut(self.resolution * CHANNELS).enumerate() {
            let y = row as f64 / last;
            for (column, pixel) in pixels.chunks_exact_mut(CHANNELS).enumerate() {
                let x = column as f64 / last;
                match composite(discs, x, y) {
                    Some(colour) => pixel.copy_from_slice(&bytes(colour).map(&value)),
                    None => pixel.copy_from_slice(&background),
                }
            }
        }
        Ok(())
    }

    /// The discs of a state, front to back, and how many there are.
    fn discs(
        &self,
        state: &[f64],
        appearance: &Appearance<'_>,
    ) -> Result<([Disc; MOST_BALLS], usize)> {
        let count = self.system.ball_count();
        if appearance.colour_indices.len() != count {
            return Err(Error::BufferLength {
                what: "colour indices of a trajectory",
                axes: "[ball]",
                expected: count,
                found: appearance.colour_indices.len(),
            });
        }
        let width = 2.0 * self.half_width;
        let mut discs = [Disc::default(); MOST_BALLS];
        for (ball, (disc, &index)) in discs.iter_mut().zip(appearance.colour_indices).enumerate() {
            let [x, y] = self.system.ball_position(appearance.parameters, state, ball)?;
            let radius = ball_radius(self.system.ball_mass(appearance.parameters, ball)?) / width;
            let reach = radius + NEGLIGIBLE / TEMPERATURE;
            *disc = Disc {
                column: (x + appearance.offset[0] + self.half_width) / width,
                row: (y + appearance.offset[1] + self.half_width) / width,
                radius,
                colour: pure_colour(index, self.colour_count),
                reach_squared: reach * reach,
            };
        }
        Ok((discs, count))
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
    fn skipping_far_pixels_changes_no_byte() {
        let renderer = Renderer::new(System::MassSpring, Variant::Plain);
        let appearance =
            Appearance { parameters: &[0.5, 2.0], offset: [0.0; 2], colour_indices: &[0] };
        let (discs, count) = renderer.discs(&[0.3, 0.0], &appearance).unwrap();
        let everywhere: Vec<Disc> = discs[..count]
            .iter()
            .map(|disc| Disc { reach_squared: f64::INFINITY, ..*disc })
            .collect();
        let mut skipped = 0;
        for row in 0..200 {
            for column in 0..200 {
                let (x, y) = (f64::from(column) / 199.0, f64::from(row) / 199.0);
                let exact = bytes(composite(&everywhere, x, y).unwrap());
                match composite(&discs[..count], x, y) {
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
