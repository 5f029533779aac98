//! What pictures show, as numbers: enough to draw them later, or elsewhere.

use crate::discs::Disc;
use crate::error::{Result, check_length};
use crate::render::{Appearance, PixelValue, Renderer};
use crate::systems::{MOST_BALLS, Picture};

/// What some pictures of one system show: the discs of each, or the strategies of two players.
///
/// A picture of 32 x 32 pixels takes 12 KiB, its scene some 100 bytes. Scenes can be drawn on the CPU ([`Scenes::draw`]) or
/// on a GPU ([`Scenes::draw_on`]), with the same bits.
///
/// ```
/// use nwm_data::{Appearance, Renderer, System, Variant};
/// # fn main() -> Result<(), nwm_data::Error> {
/// let renderer = Renderer::new(System::Pendulum, Variant::Plain);
/// let appearance =
///     Appearance { parameters: &[0.5, 3.0, 1.0], offset: [0.0; 2], colour_indices: &[0] };
/// let scenes = renderer.scenes(&[0.0, 0.0, 0.4, 0.1], &appearance)?; // two states
/// let pictures: Vec<u8> = scenes.draw();
/// assert_eq!((scenes.len(), pictures.len()), (2, 2 * 32 * 32 * 3));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Scenes {
    renderer: Renderer,
    /// Axes `[picture, number]`: discs front to back, or both strategies.
    numbers: Vec<f64>,
}

impl Scenes {
    /// Those of states, axes `[frame, dimension]`.
    pub(crate) fn of(
        renderer: &Renderer,
        states: &[f64],
        appearance: &Appearance<'_>,
    ) -> Result<Self> {
        let dimension = renderer.system.state_dimension();
        let frames = states.len() / dimension;
        check_length("states", "[frame, dimension]", frames * dimension, states.len())?;
        let mut numbers = Vec::with_capacity(frames * numbers_of(renderer.picture));
        for state in states.chunks_exact(dimension) {
            match renderer.picture {
                Picture::Balls { count, half_width, colours, .. } => {
                    let discs = renderer.discs(state, appearance, half_width, colours)?;
                    numbers.extend(discs[..count].iter().flat_map(|disc| disc.to_numbers()));
                }
                Picture::Strategies { .. } => {
                    // Checks the lengths.
                    renderer.system.balls(appearance.parameters, state)?;
                    numbers.extend(state);
                }
            }
        }
        Ok(Self { renderer: renderer.clone(), numbers })
    }

    /// Those with these numbers, axes `[picture, number]`.
    #[cfg(test)]
    pub(crate) fn of_numbers(renderer: Renderer, numbers: Vec<f64>) -> Self {
        Self { renderer, numbers }
    }

    /// Those of windows of equal length of one source, `[item][time]`, in the order `[time, item]`; none of no windows.
    pub(crate) fn time_first(windows: &[Self]) -> Option<Self> {
        let first = windows.first()?;
        let width = first.numbers_of_a_picture();
        let mut numbers = Vec::with_capacity(windows.len() * first.numbers.len());
        for time in 0..first.len() {
            for window in windows {
                numbers.extend_from_slice(&window.numbers[time * width..(time + 1) * width]);
            }
        }
        Some(Self { renderer: first.renderer.clone(), numbers })
    }

    /// Number of pictures.
    #[must_use]
    pub fn len(&self) -> usize {
        self.numbers.len() / self.numbers_of_a_picture()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Rows, columns and channels of a picture.
    #[must_use]
    pub const fn frame_shape(&self) -> [usize; 3] {
        self.renderer.frame_shape()
    }

    /// The pictures as bytes or in 0..1, axes `[picture, row, column, channel]`: those that [`Renderer::frames`] draws.
    #[must_use]
    pub fn draw<T: PixelValue>(&self) -> Vec<T> {
        let length = self.renderer.frame_len();
        let mut pictures = vec![T::of_byte(0); self.len() * length];
        let scenes = self.numbers.chunks_exact(self.numbers_of_a_picture());
        for (picture, scene) in pictures.chunks_exact_mut(length).zip(scenes) {
            match self.renderer.picture {
                Picture::Balls { count, .. } => {
                    let mut discs = [Disc::default(); MOST_BALLS];
                    let (each, _) = scene.as_chunks::<{ Disc::NUMBERS }>();
                    for (disc, &numbers) in discs.iter_mut().zip(each) {
                        *disc = Disc::from_numbers(numbers);
                    }
                    self.renderer.draw_discs(&discs[..count], picture);
                }
                Picture::Strategies { choices } => {
                    self.renderer.draw_strategies(choices, scene, picture);
                }
            }
        }
        pictures
    }

    /// What the pictures show.
    pub(crate) const fn picture(&self) -> Picture {
        self.renderer.picture
    }

    /// All numbers, axes `[picture, number]`.
    pub(crate) fn numbers(&self) -> &[f64] {
        &self.numbers
    }

    const fn numbers_of_a_picture(&self) -> usize {
        numbers_of(self.renderer.picture)
    }
}

/// Numbers that one picture depends on.
const fn numbers_of(picture: Picture) -> usize {
    match picture {
        Picture::Balls { count, .. } => count * Disc::NUMBERS,
        Picture::Strategies { choices } => 2 * choices,
    }
}
