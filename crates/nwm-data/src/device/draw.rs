//! Scenes drawn by a kernel, one launch for all of them.

use nwm_cuda::{Argument, Grid, Kernel, Module, Queue, Result, ptx};

use crate::render::CHANNELS;
use crate::scenes::Scenes;
use crate::systems::Picture;

/// The kernels, one for each kind of picture.
pub(super) const DRAW_FRAMES: Module = Module {
    name: "draw_frames",
    kernels: &["draw_discs", "draw_strategies"],
    ptx: ptx!("draw_frames"),
};

/// Pixels of a block, and its threads.
const THREADS: usize = 256;

impl Scenes {
    /// Draws the pictures on a device, axes `[picture, row, column, channel]`, values in 0..1: the bits of
    /// [`Scenes::draw`].
    ///
    /// # Errors
    ///
    /// [`nwm_cuda::Error::Grid`] for more than 2³¹ blocks of 256 pixels, or what the device answers.
    pub fn draw_on<Q: Queue>(&self, queue: &Q) -> Result<Q::Array> {
        let [rows, columns, channels] = self.frame_shape();
        let blocks = (rows * columns).div_ceil(THREADS);
        let pictures = queue.array(self.len() * rows * columns * channels)?;
        if self.is_empty() {
            return Ok(pictures);
        }
        let scenes = queue.upload(&words(self.numbers()))?;
        let sizes = [
            Argument::count("the resolution", rows)?,
            Argument::count("the number of blocks of a picture", blocks)?,
        ];
        let (name, counts) = match self.picture() {
            Picture::Balls { count, .. } => {
                ("draw_discs", vec![Argument::count("the number of discs", count)?])
            }
            Picture::Strategies { choices } => {
                let block = rows.div_ceil(choices);
                let counts =
                    [("the number of choices", choices), ("the pixels of a choice", block)];
                let counts = counts.map(|(what, count)| Argument::count(what, count));
                ("draw_strategies", counts.into_iter().collect::<Result<_>>()?)
            }
        };
        let arrays = [Argument::array(&scenes, 0), Argument::array(&pictures, 0)];
        let arguments: Vec<_> = sizes.into_iter().chain(counts).chain(arrays).collect();
        let grid = Grid {
            blocks: [self.len() * blocks, 1, 1],
            threads: THREADS,
            shared_words: THREADS * CHANNELS,
        };
        queue.launch(Kernel { module: &DRAW_FRAMES, name }, grid, &arguments)?;
        Ok(pictures)
    }
}

/// The bits of numbers, two words each, as a little-endian device reads them: no array of a queue has wider numbers.
pub(super) fn words(numbers: &[f64]) -> Vec<f32> {
    let halves = |number: &f64| {
        let bits = number.to_bits();
        [f32::from_bits(bits as u32), f32::from_bits((bits >> 32) as u32)]
    };
    numbers.iter().flat_map(halves).collect()
}
