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

use crate::discs::{BACKGROUND, Disc, LANES, bytes, pure_colour, row_bytes};
use crate::error::{Error, Result, check_length};
use crate::scenes::Scenes;
use crate::spec::Variant;
use crate::systems::{MOST_BALLS, Picture, System, ball_radius};

/// Rows and columns of the suite's pictures.
pub const DEFAULT_RESOLUTION: usize = 32;

/// Channels of a picture: red, green, blue.
pub const CHANNELS: usize = 3;

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
#[derive(Debug, Clone, PartialEq)]
pub struct Renderer {
    pub(crate) system: System,
    pub(crate) picture: Picture,
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

    /// Half of what a picture spans along both axes, in the units of positions; `None` for games, whose pictures show no
    /// places.
    #[must_use]
    pub const fn half_width(&self) -> Option<f64> {
        match self.picture {
            Picture::Balls { half_width, .. } => Some(half_width),
            _ => None,
        }
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
        check_length("picture", "[row, column, channel]", self.frame_len(), out.len())?;
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

    /// What the pictures of many states show, axes `[frame, dimension]`: enough to draw them later, or elsewhere.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if a slice does not have the length that its axes ask for.
    pub fn scenes(&self, states: &[f64], appearance: &Appearance<'_>) -> Result<Scenes> {
        Scenes::of(self, states, appearance)
    }

    /// Draws discs over the background.
    pub(crate) fn draw_discs<T: PixelValue>(&self, discs: &[Disc], out: &mut [T]) {
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
    pub(crate) fn draw_strategies<T: PixelValue>(
        &self,
        choices: usize,
        state: &[f64],
        out: &mut [T],
    ) {
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
    pub(crate) fn discs(
        &self,
        state: &[f64],
        appearance: &Appearance<'_>,
        half_width: f64,
        colours: u32,
    ) -> Result<[Disc; MOST_BALLS]> {
        let (count, found) = (self.picture.ball_count(), appearance.colour_indices.len());
        check_length("colour indices of a trajectory", "[ball]", count, found)?;
        let width = 2.0 * half_width;
        let mut discs = [Disc::default(); MOST_BALLS];
        let balls = self.system.balls(appearance.parameters, state)?;
        for ((disc, ball), &colour) in discs.iter_mut().zip(balls).zip(appearance.colour_indices) {
            let radius = ball_radius(ball.mass) / width;
            let middle = [0, 1]
                .map(|axis| (ball.position[axis] + appearance.offset[axis] + half_width) / width);
            *disc = Disc::new(middle, radius, pure_colour(colour, colours));
        }
        Ok(discs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::discs::composite;

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
}
