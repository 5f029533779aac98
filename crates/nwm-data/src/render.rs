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
/// discs change `255 value` by less than `2 * 255 exp(-12) = 3.2e-3`, and the background lies
/// 5.0e-3 or more below the next whole number in every channel (255 * 0.349 = 88.995).
const NEGLIGIBLE: f64 = 12.0;

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
        let (background, below) = out.split_at_mut(self.resolution * CHANNELS);
        for pixel in background.chunks_exact_mut(CHANNELS) {
            pixel.copy_from_slice(&bytes(BACKGROUND).map(T::of_byte));
        }
        for row in below.chunks_exact_mut(self.resolution * CHANNELS) {
            row.copy_from_slice(background);
        }
        let last = (self.resolution - 1) as f64;
        for (row, pixels) in out.chunks_exact_mut(self.resolution * CHANNELS).enumerate() {
            let y = row as f64 / last;
            let reached = self.reached_columns(discs, y);
            for first in reached.clone().step_by(LANES) {
                let colours = row_bytes(discs, first, last, y);
                let end = (first + LANES).min(reached.end);
                let pixels = pixels[first * CHANNELS..end * CHANNELS].chunks_exact_mut(CHANNELS);
                for (pixel, colour) in pixels.zip(colours) {
                    pixel.copy_from_slice(&colour.map(T::of_byte));
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

/// The colour of the pixel at `(x, y)` in 0..1 per channel: the definition.
fn composite(discs: &[Disc], x: f64, y: f64) -> [f64; 3] {
    let mut value = [0.0; 3];
    let mut visible = 1.0;
    for disc in discs {
        let squared = (disc.column - x) * (disc.column - x) + (disc.row - y) * (disc.row - y);
        let logit = TEMPERATURE * (squared.sqrt() - disc.radius);
        let cover = 1.0 / (1.0 + libm::exp(logit));
        for (channel, colour) in value.iter_mut().zip(disc.colour) {
            *channel += visible * cover * colour;
        }
        visible *= 1.0 - cover;
    }
    for (channel, background) in value.iter_mut().zip(BACKGROUND) {
        *channel += visible * background;
    }
    value
}

/// Bytes of a colour: truncated, as the suite does it.
fn bytes(colour: [f64; 3]) -> [u8; 3] {
    colour.map(|channel| (255.0 * channel) as u8)
}

/// Pixels that are computed together.
const LANES: usize = 8;

/// How far [`row_bytes`] may be from [`composite`], in units of a byte; many times its error.
const UNCERTAIN: f64 = 1e-6;

/// The bytes of the pixels in the columns `first..first + LANES` of the row at `y`, where `last` is the last column: those of
/// [`composite`]. They are computed with an exponential that vectorises; the few values so close to a whole number that
/// its error could matter are computed by the definition.
fn row_bytes(discs: &[Disc], first: usize, last: f64, y: f64) -> [[u8; 3]; LANES] {
    let x: [f64; LANES] = std::array::from_fn(|lane| (first + lane) as f64 / last);
    let mut values = [[0.0; LANES]; 3];
    let mut visible = [255.0; LANES];
    for disc in discs {
        let rise = (disc.row - y) * (disc.row - y);
        let mut cover = [0.0; LANES];
        for (cover, x) in cover.iter_mut().zip(x) {
            let squared = (disc.column - x) * (disc.column - x) + rise;
            *cover = 1.0 / (1.0 + exponential(TEMPERATURE * (squared.sqrt() - disc.radius)));
        }
        for lane in 0..LANES {
            let shown = visible[lane] * cover[lane];
            for (value, colour) in values.iter_mut().zip(disc.colour) {
                value[lane] += shown * colour;
            }
            visible[lane] -= shown;
        }
    }
    let mut uncertain = false;
    let mut colours = [[0; 3]; LANES];
    for (channel, (value, background)) in values.iter().zip(BACKGROUND).enumerate() {
        for lane in 0..LANES {
            let value = value[lane] + visible[lane] * background;
            let whole = value as i32;
            let rest = value - f64::from(whole);
            uncertain |= (rest - 0.5).abs() > 0.5 - UNCERTAIN;
            colours[lane][channel] = whole as u8;
        }
    }
    if uncertain {
        for (colour, x) in colours.iter_mut().zip(x) {
            *colour = bytes(composite(discs, x, y));
        }
    }
    colours
}

/// `exp(x)` within a relative error of 1e-9, for `x` cut to -100 to 100. Without branches, so that it vectorises.
fn exponential(x: f64) -> f64 {
    /// Added to a number, it leaves the nearest whole one in the lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    /// Coefficients of the Taylor series, from the highest power, 8, to the lowest.
    const SERIES: [f64; 9] = [
        1.0 / 40320.0,
        1.0 / 5040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ];
    let x = x.clamp(-100.0, 100.0);
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let rest = x - (shifted - ROUND) * std::f64::consts::LN_2;
    let series = SERIES.iter().fold(0.0, |sum, coefficient| sum * rest + coefficient);
    series * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
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
        let found = composite(&discs[..1], 11.0 / 31.0, 15.0 / 31.0);
        for (found, expected) in found.into_iter().zip([0.613_711, 0.198_549, 0.209_358]) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn far_pixels_show_the_background() {
        let renderer = Renderer::new(System::MassSpring, Variant::Plain);
        let appearance =
            Appearance { parameters: &[0.5, 2.0], offset: [0.0; 2], colour_indices: &[0] };
        let discs = &renderer.discs(&[0.3, 0.0], &appearance, 1.4, 1).unwrap()[..1];
        let mut far = 0;
        for row in 0..200 {
            for column in 0..200 {
                let (x, y) = (f64::from(column) / 199.0, f64::from(row) / 199.0);
                let (across, down) = (discs[0].column - x, discs[0].row - y);
                if across * across + down * down > discs[0].reach_squared {
                    far += 1;
                    assert_eq!(bytes(composite(discs, x, y)), bytes(BACKGROUND));
                }
            }
        }
        assert!(far > 20_000, "{far} of 40 000");
    }

    #[test]
    fn rows_have_the_bytes_of_the_definition() {
        let mut stream = crate::stream::Stream::new("render test", &[]);
        for trial in 0..300 {
            let discs: Vec<Disc> = (0..1 + trial % 2)
                .map(|index| {
                    let radius = stream.uniform(0.01, 0.3);
                    Disc {
                        column: stream.uniform(-0.2, 1.2),
                        row: stream.uniform(-0.2, 1.2),
                        radius,
                        colour: pure_colour(stream.below(6) as u32 + index, 6),
                        reach_squared: f64::INFINITY,
                    }
                })
                .collect();
            let y = stream.unit();
            for first in (0..64).step_by(LANES) {
                let found = row_bytes(&discs, first, 63.0, y);
                for (lane, found) in found.into_iter().enumerate() {
                    let x = (first + lane) as f64 / 63.0;
                    assert_eq!(found, bytes(composite(&discs, x, y)), "{discs:?} {x} {y}");
                }
            }
        }
    }

    /// A pixel in the middle of a disc so large that it covers it but for rounding, and one on a whole number.
    #[test]
    fn uncertain_pixels_are_those_of_the_definition() {
        let disc = |radius| Disc {
            column: 0.5,
            row: 0.5,
            radius,
            colour: [1.0, 0.0, 1.0],
            reach_squared: f64::INFINITY,
        };
        for radius in [0.2, 0.3, 0.45, 0.46, 0.47, 0.5, 1.0, 2.0] {
            let found = row_bytes(&[disc(radius)], 10, 21.0, 0.5);
            for (lane, found) in found.into_iter().enumerate() {
                let x = (10 + lane) as f64 / 21.0;
                assert_eq!(found, bytes(composite(&[disc(radius)], x, 0.5)), "{radius} {lane}");
            }
        }
    }

    #[test]
    fn the_exponential_is_close_enough() {
        for step in -20_000..=20_000 {
            let x = f64::from(step) * 0.005;
            let (found, exact) = (exponential(x), libm::exp(x));
            assert!((found / exact - 1.0).abs() < 1e-9, "{x}: {found} {exact}");
        }
        assert_eq!(exponential(1e9), exponential(100.0));
        assert_eq!(exponential(-1e9), exponential(-100.0));
    }
}
