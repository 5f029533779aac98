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
//! stored ones, and the gradients of two neighbours are added before they are written.

mod transforms;
mod weights;

use nwm_simd::{Columns, Kernel, Rows, Simd, Vector, add_transposed_product, multiply, vectors};

use self::transforms::{transform_pixels, transform_products, transform_results};
use self::weights::{PointGradient, PointWeights};
use super::super::real::Real;
use super::geometry::Correlation;
use super::method::{Activation, Method, Scratch};
use super::padded::Frame;

/// Results along one side of a tile.
const TILE: usize = 4;
/// Pixels along one side under a tile.
const PATCH: usize = 6;
/// Products per channel and filter of a tile.
const POINTS: usize = PATCH * PATCH;
/// Tiles that are worked on together, so that their products stay in the second cache.
const BLOCK: usize = 32;
/// Filters worked on together, for the same reason.
const PANEL: usize = 64;
/// Channels or filters below which the transforms cost more than they save.
const FEWEST_CHANNELS: usize = 8;
/// The same where pixels are repeated, and sums over taps need fewer multiplications too.
const FEWEST_OF_REPEATED: usize = 32;

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
    simd: Simd,
    weights: PointWeights<T>,
    shape: PointGradient,
}

impl<T: Real> Tiles<T> {
    /// Whether this form exists and is the faster one.
    pub(super) fn suit(correlation: &Correlation) -> bool {
        let fewest = if correlation.repeats() { FEWEST_OF_REPEATED } else { FEWEST_CHANNELS };
        let channels = correlation.channels().min(correlation.filters());
        correlation.stride() == 1 && channels >= fewest
    }

    /// For the forward pass of a layer.
    pub(super) fn forward(correlation: &Correlation, weight: &[T], simd: Simd) -> Self {
        Self::new(correlation, PointWeights::forward(correlation, weight, simd), simd)
    }

    /// For the backward pass of a layer.
    pub(super) fn backward(correlation: &Correlation, weight: &[T], simd: Simd) -> Self {
        Self::new(correlation, PointWeights::adjoint(correlation, weight, simd), simd)
    }

    fn new(correlation: &Correlation, weights: PointWeights<T>, simd: Simd) -> Self {
        Self {
            correlation: correlation.clone(),
            tiling: Tiling::of(correlation),
            simd,
            weights,
            shape: PointGradient::of::<T>(correlation, simd),
        }
    }
}

impl<T: Real> Method<T> for Tiles<T> {
    fn forward(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        activation: Activation<'_, T>,
        result: &mut [T],
    ) {
        let Self { correlation, tiling, weights, simd, .. } = self;
        tiling.frame().fill(correlation.channels(), input, &mut scratch.pixels);
        simd.run(Correlate {
            tiling,
            weights,
            padded: &scratch.pixels,
            finish: Finish::Activate(activation),
            size: tiling.picture,
            sources: &mut scratch.sources,
            products: &mut scratch.products,
            result,
        });
    }

    fn gradient_len(&self) -> usize {
        self.shape.len()
    }

    fn backward(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        before: &[T],
        of_weight: Option<&mut [T]>,
        of_input: Option<&mut [T]>,
    ) {
        let Self { correlation, tiling, weights, simd, shape } = self;
        let (channels, filters) = (correlation.channels(), correlation.filters());
        let results = tiling.of_results();
        results.frame().fill(filters, before, &mut scratch.gradient);
        if let Some(gradient) = of_weight {
            tiling.frame().fill(channels, input, &mut scratch.pixels);
            let pictures = |values, tiling: &Tiling, channels| Pictures {
                values,
                padded: tiling.frame().padded,
                channels,
            };
            simd.run(AddWeightGradient {
                tiling,
                tiles: input.len() / correlation.source_size() * tiling.tiles_per_sample(),
                pixels: pictures(&scratch.pixels, tiling, channels),
                before: pictures(&scratch.gradient, &results, filters),
                shape: *shape,
                sources: &mut scratch.sources,
                products: &mut scratch.products,
                gradient,
            });
        }
        if let Some(result) = of_input {
            simd.run(Correlate {
                tiling: &results,
                weights,
                padded: &scratch.gradient,
                finish: if tiling.repeats { Finish::AddNeighbours } else { Finish::Plain },
                size: tiling.stored,
                sources: &mut scratch.sources,
                products: &mut scratch.products,
                result,
            });
        }
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
    /// Whether each of these is there twice along rows and columns.
    repeats: bool,
}

impl Tiling {
    /// Of a correlation of stride 1.
    fn of(correlation: &Correlation) -> Self {
        let [picture, stored] = [correlation.output(), correlation.source()];
        Self { picture, stored, repeats: correlation.repeats() }
    }

    /// What windows of the adjoint slide over.
    fn of_results(&self) -> Self {
        Self { picture: self.picture, stored: self.picture, repeats: false }
    }

    /// The stored pictures with the zeros that tiles at their edges read.
    fn frame(&self) -> Frame {
        let size = if self.repeats { TILE / 2 } else { TILE };
        let padded = self.picture.map(|side| side.div_ceil(TILE) * size + 2);
        Frame { picture: self.stored, origin: [1, 1], padded }
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

/// Padded pictures one after the other, `[sample, row, column, channel]`.
#[derive(Clone, Copy)]
struct Pictures<'a, T> {
    values: &'a [T],
    padded: [usize; 2],
    channels: usize,
}

impl<T: Real> Pictures<'_, T> {
    /// One vector of channels of a pixel, and beyond the last channel whatever follows it. `row` and `column` count
    /// from one pixel before the picture.
    #[inline(always)]
    fn pixel<V: Vector<Element = T>>(
        &self,
        sample: usize,
        [row, column]: [usize; 2],
        channel: usize,
    ) -> V {
        let [rows, columns] = self.padded;
        let start = ((sample * rows + row) * columns + column) * self.channels;
        V::load(&self.values[start + channel..])
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
            let mut columns = [[V::zero(); PATCH]; PATCH];
            if tiling.repeats {
                let first = [first[0] / 2, first[1] / 2];
                for column in 0..4 {
                    let [a, b, c, d] = vectors!(row in 4 => {
                        self.pixel::<V>(sample, [first[0] + row, first[1] + column], channel)
                    });
                    columns[column] = transform_pixels([a, b, b, c, c, d]);
                }
                let [a, b, c, d, ..] = columns;
                columns = [a, b, b, c, c, d];
            } else {
                for column in 0..PATCH {
                    columns[column] = transform_pixels(vectors!(row in PATCH => {
                        self.pixel::<V>(sample, [first[0] + row, first[1] + column], channel)
                    }));
                }
            }
            for row in 0..PATCH {
                let values = transform_pixels(vectors!(column in PATCH => columns[column][row]));
                for (column, value) in values.into_iter().enumerate() {
                    let point = row * PATCH + column;
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
            let mut columns = [[V::zero(); PATCH]; TILE];
            for column in 0..TILE {
                columns[column] = transform_results(vectors!(row in TILE => {
                    self.pixel::<V>(sample, [first[0] + row + 1, first[1] + column + 1], filter)
                }));
            }
            for row in 0..PATCH {
                let values = transform_results(vectors!(column in TILE => columns[column][row]));
                for (column, value) in values.into_iter().enumerate() {
                    let point = row * PATCH + column;
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

/// A correlation of a group of pictures, forward or adjoint.
struct Correlate<'a, T> {
    tiling: &'a Tiling,
    weights: &'a PointWeights<T>,
    padded: &'a [T],
    finish: Finish<'a, T>,
    /// Rows and columns of what is written.
    size: [usize; 2],
    sources: &'a mut Vec<T>,
    products: &'a mut Vec<T>,
    result: &'a mut [T],
}

impl<T: Real> Kernel<T> for Correlate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Self { tiling, weights, padded, finish, size, sources, products, result } = self;
        let &PointWeights { ref values, inner, outer, pitch } = weights;
        let inner_pitch = inner.next_multiple_of(V::LANES);
        sources.resize(POINTS * point_pitch(inner_pitch), T::zero());
        products.resize(POINTS * point_pitch(PANEL.min(pitch)), T::zero());
        let samples = result.len() / (size[0] * size[1] * outer);
        let input = Pictures { values: padded, padded: tiling.frame().padded, channels: inner };
        let tiles = samples * tiling.tiles_per_sample();
        for first in (0..tiles).step_by(BLOCK) {
            let count = BLOCK.min(tiles - first);
            for place in 0..count {
                input.transform_tile::<V>(tiling, first + place, place, inner_pitch, sources);
            }
            for panel in (0..pitch).step_by(PANEL) {
                let width = PANEL.min(pitch - panel);
                for point in 0..POINTS {
                    let pixels = &sources[point * point_pitch(inner_pitch)..];
                    let matrix = &values[point * inner * pitch..][..inner * pitch];
                    multiply::<V>(
                        Rows { values: pixels, inner, pitch: inner_pitch },
                        Columns { values: matrix, pitch, first: panel, count: width },
                        &mut products[point * point_pitch(width)..][..count * width],
                    );
                }
                for place in 0..count {
                    let output = Output { tiling, finish, size, outer, panel, width };
                    output.write::<V>(first + place, place, products, result);
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
            let mut columns = [[V::zero(); TILE]; PATCH];
            for column in 0..PATCH {
                columns[column] = transform_products(vectors!(row in PATCH => {
                    let point = row * PATCH + column;
                    V::load(&points[point * point_pitch(width) + place * width + filter..])
                }));
            }
            let mut rows = [[V::zero(); TILE]; TILE];
            for row in 0..TILE {
                rows[row] = transform_products(vectors!(column in PATCH => columns[column][row]));
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
    tiles: usize,
    pixels: Pictures<'a, T>,
    before: Pictures<'a, T>,
    shape: PointGradient,
    sources: &'a mut Vec<T>,
    products: &'a mut Vec<T>,
    gradient: &'a mut [T],
}

impl<T: Real> Kernel<T> for AddWeightGradient<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let Self { tiling, tiles, pixels, before, shape, sources, products, gradient } = self;
        let PointGradient { pitch, width } = shape;
        sources.resize(POINTS * point_pitch(pitch), T::zero());
        products.resize(POINTS * point_pitch(width), T::zero());
        for first in (0..tiles).step_by(BLOCK) {
            let count = BLOCK.min(tiles - first);
            for place in 0..count {
                let tile = first + place;
                pixels.transform_tile::<V>(tiling, tile, place, pitch, sources);
                before.transform_results_of_tile::<V>(tiling, tile, place, width, products);
            }
            for (point, sums) in gradient.chunks_exact_mut(pitch * width).enumerate() {
                add_transposed_product::<V>(
                    &sources[point * point_pitch(pitch)..][..count * pitch],
                    pitch,
                    &products[point * point_pitch(width)..][..count * width],
                    width,
                    sums,
                );
            }
        }
    }
}
