//! Stride-1 layers by Winograd's minimal filtering F(4 x 4, 3 x 3): a quarter of the multiplications.
//!
//! The picture is cut into tiles of 4 x 4 results. With the 6 x 6 pixels `d` under a tile and the 3 x 3 weights `g`
//! between a channel and a filter,
//!
//! ```text
//! y = Aᵀ [ (G g Gᵀ) ⊙ (Bᵀ d B) ] A
//! ```
//!
//! so that the sum over channels becomes 36 matrix products, `[tiles, channels] · [channels, filters]`. The gradient
//! of the weights is the adjoint of the same formula, `Gᵀ [ Σ over tiles (Bᵀ d B) ⊙ (A y' Aᵀ) ] G`, and that of the
//! input is another correlation, with taps reversed and channels and filters exchanged (Lavin & Gray, CVPR 2016,
//! with the interpolation points 0, ±1, ±2 and ∞).
//!
//! A repeated pixel (nearest-neighbour upsampling) enters through the transforms: six pixels in a row are then four
//! stored ones, and the gradients of two neighbours are added before they are written. A layer of stride 2 has an
//! input gradient in this form, in which the pixels between those of the result's gradient are zero.

mod transforms;
mod weights;

use nwm_simd::{Columns, Kernel, Rows, Simd, Vector, add_transposed_product, multiply, vectors};

use self::transforms::{transform_pixels, transform_products, transform_results};
use self::weights::{PointGradient, PointWeights};
use super::super::real::Real;
use super::geometry::{Correlation, Spread};
use super::method::{Activation, Method};

/// Results along one side of a tile.
const TILE: usize = 4;
/// Pixels along one side under a tile.
const WINDOW: usize = 6;
/// Products per channel and filter of a tile.
const POINTS: usize = WINDOW * WINDOW;
/// Tiles that are worked on together, so that their products stay in the second cache.
const BLOCK: usize = 32;
/// Filters worked on together, for the same reason.
const PANEL: usize = 64;
/// Channels or filters below which the transforms cost more than they save.
const FEWEST_CHANNELS: usize = 8;

/// Numbers from one point to the next in a block with `pitch` numbers per tile. The line of padding keeps the 36
/// numbers of a tile, which are written together, from falling on the same few lines of the cache.
const fn point_pitch(pitch: usize) -> usize {
    BLOCK * pitch + 16
}

/// A layer that is computed in this form.
pub(super) struct Tiles<T> {
    correlation: Correlation,
    /// What windows of the layer slide over.
    tiling: Tiling,
    /// What the pass itself reads: the same, or what windows of the adjoint slide over.
    reading: Tiling,
    simd: Simd,
    weights: PointWeights<T>,
    shape: PointGradient,
}

impl<T: Real> Tiles<T> {
    /// Whether this form is the faster one for all passes.
    pub(super) fn suit(correlation: &Correlation) -> bool {
        correlation.stride() == 1 && Self::suit_adjoint(correlation)
    }

    /// Whether it is for the gradient of the input.
    pub(super) fn suit_adjoint(correlation: &Correlation) -> bool {
        correlation.channels().min(correlation.filters()) >= FEWEST_CHANNELS
    }

    /// For the forward pass of a layer.
    pub(super) fn forward(correlation: &Correlation, weight: &[T]) -> Self {
        Self::new(correlation, correlation, weight, PointWeights::forward)
    }

    /// For the backward pass of a layer.
    pub(super) fn backward(correlation: &Correlation, weight: &[T]) -> Self {
        Self::new(correlation, &correlation.adjoint(), weight, PointWeights::adjoint)
    }

    fn new(
        correlation: &Correlation,
        read: &Correlation,
        weight: &[T],
        transform: impl FnOnce(&Correlation, &[T], Simd) -> PointWeights<T>,
    ) -> Self {
        let simd = Simd::detect();
        Self {
            correlation: correlation.clone(),
            tiling: Tiling::of(correlation),
            reading: Tiling::of(read),
            simd,
            weights: transform(correlation, weight, simd),
            shape: PointGradient::of::<T>(correlation, simd),
        }
    }
}

impl<T: Real> Method<T> for Tiles<T> {
    type Scratch = Scratch<T>;

    fn scratch(&self, _capacity: usize) -> Scratch<T> {
        Scratch::default()
    }

    fn forward(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        activation: Activation<'_, T>,
        result: &mut [T],
    ) {
        let (tiling, weights) = (&self.reading, &self.weights);
        let (finish, size) = (Finish::Activate(activation), self.reading.picture);
        self.simd.run(Correlate { tiling, weights, input, finish, size, scratch, result });
    }

    fn gradient_len(&self) -> usize {
        self.shape.len()
    }

    fn add_weight_gradient(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        before: &[T],
        gradient: &mut [T],
    ) {
        let Self { tiling, shape, correlation, .. } = self;
        let (channels, filters, shape) = (correlation.channels(), correlation.filters(), *shape);
        self.simd.run(AddWeightGradient {
            tiling,
            channels,
            filters,
            input,
            before,
            scratch,
            shape,
            gradient,
        });
    }

    fn input_gradient(&self, scratch: &mut Scratch<T>, before: &[T], result: &mut [T]) {
        let (tiling, weights, size) = (&self.reading, &self.weights, self.tiling.stored);
        let finish =
            if self.correlation.upsamples() { Finish::AddNeighbours } else { Finish::Plain };
        self.simd.run(Correlate { tiling, weights, input: before, finish, size, scratch, result });
    }

    fn unpack(&self, gradient: &[T]) -> Vec<T> {
        self.shape.to_weight(&self.correlation, gradient)
    }
}

/// A layer's pictures, as tiles.
#[derive(Clone, Debug)]
struct Tiling {
    /// Rows and columns of the picture over which windows slide, and so of the results.
    picture: [usize; 2],
    /// Rows and columns of stored pixels.
    stored: [usize; 2],
    /// How these become the picture.
    spread: Spread,
}

impl Tiling {
    /// Of a correlation of stride 1.
    fn of(correlation: &Correlation) -> Self {
        let [picture, stored] = [correlation.output(), correlation.source()];
        Self { picture, stored, spread: correlation.spread() }
    }

    fn tiles_per_sample(&self) -> usize {
        self.picture[0].div_ceil(TILE) * self.picture[1].div_ceil(TILE)
    }

    /// Sample, and first row and column, of a tile.
    fn locate(&self, tile: usize) -> (usize, [usize; 2]) {
        let per_row = self.picture[1].div_ceil(TILE);
        let (sample, tile) = (tile / self.tiles_per_sample(), tile % self.tiles_per_sample());
        (sample, [tile / per_row * TILE, tile % per_row * TILE])
    }
}

/// Pictures side by side in memory, `[sample, row, column, channel]`.
#[derive(Clone, Copy)]
struct Pictures<'a, T> {
    values: &'a [T],
    size: [usize; 2],
    channels: usize,
}

impl<T: Real> Pictures<'_, T> {
    /// One vector of channels of a pixel; zero outside the picture. `row` and `column` count from one pixel
    /// before the first.
    #[inline(always)]
    fn pixel<V: Vector<Element = T>>(
        &self,
        sample: usize,
        [row, column]: [usize; 2],
        channel: usize,
    ) -> V {
        let [rows, columns] = self.size;
        // Wraps to a large number for the pixel before the first.
        let (row, column) = (row.wrapping_sub(1), column.wrapping_sub(1));
        if row >= rows || column >= columns {
            return V::zero();
        }
        let start = ((sample * rows + row) * columns + column) * self.channels;
        V::load_some(&self.values[start + channel..start + self.channels])
    }

    /// As [`Pictures::pixel`], in the picture with zeros between the stored pixels.
    #[inline(always)]
    fn dilated_pixel<V: Vector<Element = T>>(
        &self,
        sample: usize,
        place: [usize; 2],
        first: [usize; 2],
        channel: usize,
    ) -> V {
        // `place` and the stored pixels both count from one pixel before the first.
        let [row, column] = [place[0] + 1 - first[0], place[1] + 1 - first[1]];
        if row % 2 == 1 || column % 2 == 1 {
            return V::zero();
        }
        self.pixel(sample, [row / 2, column / 2], channel)
    }

    /// Puts `Bᵀ d B` of a tile at `place` of `[point, place, channel]`.
    #[inline(always)]
    fn transform_tile<V: Vector<Element = T>>(
        &self,
        tiling: &Tiling,
        tile: usize,
        place: usize,
        pitch: usize,
        points: &mut [T],
    ) {
        let (sample, first) = tiling.locate(tile);
        for channel in (0..pitch).step_by(V::LANES) {
            let mut columns = [[V::zero(); WINDOW]; WINDOW];
            if tiling.spread == Spread::Repeated {
                let first = [first[0] / 2, first[1] / 2];
                for column in 0..4 {
                    let [a, b, c, d] = vectors!(row in 4 => {
                        self.pixel::<V>(sample, [first[0] + row, first[1] + column], channel)
                    });
                    columns[column] = transform_pixels([a, b, b, c, c, d]);
                }
                let [a, b, c, d, ..] = columns;
                columns = [a, b, b, c, c, d];
            } else if let Spread::Dilated(offset) = tiling.spread {
                for column in 0..WINDOW {
                    columns[column] = transform_pixels(vectors!(row in WINDOW => {
                        let place = [first[0] + row, first[1] + column];
                        self.dilated_pixel::<V>(sample, place, offset, channel)
                    }));
                }
            } else {
                for column in 0..WINDOW {
                    columns[column] = transform_pixels(vectors!(row in WINDOW => {
                        self.pixel::<V>(sample, [first[0] + row, first[1] + column], channel)
                    }));
                }
            }
            for row in 0..WINDOW {
                let values = transform_pixels(vectors!(column in WINDOW => columns[column][row]));
                for (column, value) in values.into_iter().enumerate() {
                    let point = row * WINDOW + column;
                    value
                        .store(&mut points[point * point_pitch(pitch) + place * pitch + channel..]);
                }
            }
        }
    }

    /// Puts `A y Aᵀ` of a tile at `place` of `[point, place, filter]`.
    #[inline(always)]
    fn transform_results_of_tile<V: Vector<Element = T>>(
        &self,
        tiling: &Tiling,
        tile: usize,
        place: usize,
        pitch: usize,
        points: &mut [T],
    ) {
        let (sample, first) = tiling.locate(tile);
        for filter in (0..pitch).step_by(V::LANES) {
            let mut columns = [[V::zero(); WINDOW]; TILE];
            for column in 0..TILE {
                columns[column] = transform_results(vectors!(row in TILE => {
                    self.pixel::<V>(sample, [first[0] + row + 1, first[1] + column + 1], filter)
                }));
            }
            for row in 0..WINDOW {
                let values = transform_results(vectors!(column in TILE => columns[column][row]));
                for (column, value) in values.into_iter().enumerate() {
                    let point = row * WINDOW + column;
                    value.store(&mut points[point * point_pitch(pitch) + place * pitch + filter..]);
                }
            }
        }
    }
}

/// What is done with the sums before they are written.
#[derive(Clone, Copy)]
enum Finish<'a, T> {
    /// The layer's bias and activation.
    Activate(Activation<'a, T>),
    /// Nothing.
    Plain,
    /// The four of a 2 x 2 cell are added: the gradients of a pixel that was repeated.
    AddNeighbours,
}

/// Memory for a block of tiles.
pub(super) struct Scratch<T> {
    pixels: Vec<T>,
    products: Vec<T>,
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Self { pixels: Vec::new(), products: Vec::new() }
    }
}

/// A correlation of a group of pictures, forward or adjoint.
struct Correlate<'a, T> {
    tiling: &'a Tiling,
    weights: &'a PointWeights<T>,
    input: &'a [T],
    finish: Finish<'a, T>,
    /// Rows and columns of what is written.
    size: [usize; 2],
    scratch: &'a mut Scratch<T>,
    result: &'a mut [T],
}

impl<T: Real> Kernel<T> for Correlate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Self { tiling, weights, input, finish, size, scratch, result } = self;
        let &PointWeights { ref values, inner, outer, pitch } = weights;
        let inner_pitch = inner.next_multiple_of(V::LANES);
        scratch.pixels.resize(POINTS * point_pitch(inner_pitch), T::zero());
        scratch.products.resize(POINTS * point_pitch(PANEL.min(pitch)), T::zero());
        let [rows, columns] = tiling.stored;
        let samples = input.len() / (rows * columns * inner);
        let input = Pictures { values: input, size: tiling.stored, channels: inner };
        let tiles = samples * tiling.tiles_per_sample();
        for first in (0..tiles).step_by(BLOCK) {
            let count = BLOCK.min(tiles - first);
            for place in 0..count {
                input.transform_tile::<V>(
                    tiling,
                    first + place,
                    place,
                    inner_pitch,
                    &mut scratch.pixels,
                );
            }
            for panel in (0..pitch).step_by(PANEL) {
                let width = PANEL.min(pitch - panel);
                for point in 0..POINTS {
                    let pixels = &scratch.pixels[point * point_pitch(inner_pitch)..];
                    let matrix = &values[point * inner * pitch..][..inner * pitch];
                    multiply::<V>(
                        Rows { values: pixels, inner, pitch: inner_pitch },
                        Columns { values: matrix, pitch, first: panel, count: width },
                        &mut scratch.products[point * point_pitch(width)..][..count * width],
                    );
                }
                for place in 0..count {
                    let output = Output { tiling, finish, size, outer, panel, width };
                    output.write::<V>(first + place, place, &scratch.products, result);
                }
            }
        }
    }
}

/// Where the results of a panel of filters go.
struct Output<'a, T> {
    tiling: &'a Tiling,
    finish: Finish<'a, T>,
    size: [usize; 2],
    outer: usize,
    panel: usize,
    width: usize,
}

impl<T: Real> Output<'_, T> {
    /// Writes `Aᵀ m A` of the tile at `place` of `[point, place, filter]`.
    #[inline(always)]
    fn write<V: Vector<Element = T>>(
        &self,
        tile: usize,
        place: usize,
        points: &[T],
        result: &mut [T],
    ) {
        let &Self { tiling, finish, size, outer, panel, width } = self;
        let (sample, first) = tiling.locate(tile);
        for filter in (0..width).step_by(V::LANES) {
            let mut columns = [[V::zero(); TILE]; WINDOW];
            for column in 0..WINDOW {
                columns[column] = transform_products(vectors!(row in WINDOW => {
                    let point = row * WINDOW + column;
                    V::load(&points[point * point_pitch(width) + place * width + filter..])
                }));
            }
            let mut rows = [[V::zero(); TILE]; TILE];
            for row in 0..TILE {
                rows[row] = transform_products(vectors!(column in WINDOW => columns[column][row]));
            }
            let filter = panel + filter;
            let mut write = |[row, column]: [usize; 2], value: V| {
                let [rows, columns] = size;
                if row < rows && column < columns {
                    let start = ((sample * rows + row) * columns + column) * outer;
                    value.store_some(&mut result[start + filter..start + outer]);
                }
            };
            match finish {
                Finish::Activate(Activation { bias, slope }) => {
                    let bias = V::load_some(&bias[filter..]);
                    for (row, values) in rows.into_iter().enumerate() {
                        for (column, value) in values.into_iter().enumerate() {
                            let sum = value + bias;
                            let sum = match slope {
                                Some(slope) => sum.where_positive(sum, V::splat(slope) * sum),
                                None => sum,
                            };
                            write([first[0] + row, first[1] + column], sum);
                        }
                    }
                }
                Finish::AddNeighbours => {
                    for row in 0..TILE / 2 {
                        for column in 0..TILE / 2 {
                            let [upper, lower] = [rows[2 * row], rows[2 * row + 1]];
                            let sum = (upper[2 * column] + upper[2 * column + 1])
                                + (lower[2 * column] + lower[2 * column + 1]);
                            write([first[0] / 2 + row, first[1] / 2 + column], sum);
                        }
                    }
                }
                Finish::Plain => {
                    for (row, values) in rows.into_iter().enumerate() {
                        for (column, value) in values.into_iter().enumerate() {
                            write([first[0] + row, first[1] + column], value);
                        }
                    }
                }
            }
        }
    }
}

/// Adds a group's share to the gradient of the weights. `before` is the gradient before the activation.
struct AddWeightGradient<'a, T> {
    tiling: &'a Tiling,
    channels: usize,
    filters: usize,
    input: &'a [T],
    before: &'a [T],
    scratch: &'a mut Scratch<T>,
    shape: PointGradient,
    gradient: &'a mut [T],
}

impl<T: Real> Kernel<T> for AddWeightGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Self { tiling, channels, filters, input, before, scratch, shape, gradient } = self;
        let PointGradient { pitch, width } = shape;
        scratch.pixels.resize(POINTS * point_pitch(pitch), T::zero());
        scratch.products.resize(POINTS * point_pitch(width), T::zero());
        let [rows, columns] = tiling.picture;
        let input = Pictures { values: input, size: tiling.stored, channels };
        let before = Pictures { values: before, size: tiling.picture, channels: filters };
        let tiles = before.values.len() / (rows * columns * filters) * tiling.tiles_per_sample();
        for first in (0..tiles).step_by(BLOCK) {
            let count = BLOCK.min(tiles - first);
            for place in 0..count {
                let tile = first + place;
                input.transform_tile::<V>(tiling, tile, place, pitch, &mut scratch.pixels);
                before.transform_results_of_tile::<V>(
                    tiling,
                    tile,
                    place,
                    width,
                    &mut scratch.products,
                );
            }
            for (point, sums) in gradient.chunks_exact_mut(pitch * width).enumerate() {
                add_transposed_product::<V>(
                    &scratch.pixels[point * point_pitch(pitch)..][..count * pitch],
                    pitch,
                    &scratch.products[point * point_pitch(width)..][..count * width],
                    width,
                    sums,
                );
            }
        }
    }
}
