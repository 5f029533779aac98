//! The launches of one layer.

use nwm_cuda::{Argument, Grid, Kernel, Queue, WARP};

use super::super::super::device::{DeviceError, Numbers};
use super::super::geometry::{Correlation, Pass};
use super::axis::{axes, largest_window, most_targets, phases};
use super::modules::{CORRELATE, WEIGHT_GRADIENT};
use super::tile::{Chunks, DEPTH, Precision, THREADS, Tile};

/// Threads of a block of the kernels that have one thread per number.
pub(super) const PLAIN_THREADS: usize = 256;

/// Warps that add the chunks of the same parameters, each a part of them.
const REDUCING_WARPS: usize = 8;

/// What kernels count with 31 bits, with a margin for the last tile.
const MOST_NUMBERS: usize = (1 << 31) - (1 << 16);

/// A layer for a batch, and how it is computed.
#[derive(Debug)]
pub(super) struct DeviceLayer<'a, Q> {
    pub(super) queue: &'a Q,
    pub(super) correlation: &'a Correlation,
    pub(super) batch: usize,
    pub(super) precision: Precision,
    /// Tile of every pass, instead of the one that suits its size.
    pub(super) tile: Option<Tile>,
}

/// What follows the sums of a pass.
#[derive(Debug)]
pub(super) struct Epilogue<'a, A> {
    /// `[outer]`, added to every target.
    pub(super) bias: Option<Numbers<'a, A>>,
    /// Like the target: what decides on the branch of the leaky ReLU instead of the target itself.
    pub(super) signs: Option<Numbers<'a, A>>,
    /// Slope of the leaky ReLU below zero, 1 for none.
    pub(super) slope: f32,
}

impl<Q: Queue> DeviceLayer<'_, Q> {
    /// Writes the results, `[batch, row, column, filter]`.
    pub(super) fn forward(
        &self,
        input: Numbers<'_, Q::Array>,
        weight: Numbers<'_, Q::Array>,
        epilogue: &Epilogue<'_, Q::Array>,
        result: &Q::Array,
    ) -> Result<(), DeviceError> {
        let (channels, filters) = (self.correlation.channels(), self.correlation.filters());
        let product = Product {
            pass: &self.correlation.reading(),
            inner: channels,
            outer: filters,
            weight_steps: [9, 9 * channels],
        };
        self.correlate(&product, input, weight, epilogue, result)
    }

    /// Writes the gradient of what the layer read, `[batch, row, column, channel]`.
    pub(super) fn input_gradient(
        &self,
        before: Numbers<'_, Q::Array>,
        weight: Numbers<'_, Q::Array>,
        epilogue: &Epilogue<'_, Q::Array>,
        of_input: &Q::Array,
    ) -> Result<(), DeviceError> {
        let (channels, filters) = (self.correlation.channels(), self.correlation.filters());
        let product = Product {
            pass: &self.correlation.adjoint(),
            inner: filters,
            outer: channels,
            weight_steps: [9 * channels, 9],
        };
        self.correlate(&product, before, weight, epilogue, of_input)
    }

    fn correlate(
        &self,
        product: &Product<'_>,
        source: Numbers<'_, Q::Array>,
        weight: Numbers<'_, Q::Array>,
        epilogue: &Epilogue<'_, Q::Array>,
        target: &Q::Array,
    ) -> Result<(), DeviceError> {
        let Product { pass, inner, outer, weight_steps } = *product;
        let targets = self.batch * most_targets(pass);
        let phases = phases(pass);
        let tile = self.tile.unwrap_or_else(|| Tile::of_pass(targets, phases, outer));
        let depth = (4 * largest_window(pass) * inner.div_ceil(4)).next_multiple_of(DEPTH);
        let pitch = outer.next_multiple_of(tile.columns());
        let [rows, columns] = axes(pass);
        let matrices = self.queue.array(phases * depth * pitch)?;
        let int = Argument::count;
        let pack = [
            weight.argument(),
            Argument::array(&matrices, 0),
            int("channels of a source", inner)?,
            int("channels of a target", outer)?,
            int("the distance of weights", weight_steps[0])?,
            int("the distance of weights", weight_steps[1])?,
            int("terms of a product", depth)?,
            int("columns of a product", pitch)?,
            Argument::Long(rows),
            Argument::Long(columns),
        ];
        let grid = Grid {
            blocks: [(depth * pitch).div_ceil(PLAIN_THREADS), phases, 1],
            threads: PLAIN_THREADS,
            shared_words: 0,
        };
        self.queue.launch(Kernel { module: &CORRELATE, name: "pack_weights" }, grid, &pack)?;

        let arguments = [
            source.argument(),
            Argument::array(&matrices, 0),
            epilogue.bias.map_or_else(Argument::none, Numbers::argument),
            epilogue.signs.map_or_else(Argument::none, Numbers::argument),
            Argument::Float(epilogue.slope),
            Argument::array(target, 0),
            int("samples", self.batch)?,
            int("rows of a source", pass.source[0])?,
            int("columns of a source", pass.source[1])?,
            int("channels of a source", inner)?,
            int("rows of a target", pass.target[0])?,
            int("columns of a target", pass.target[1])?,
            int("channels of a target", outer)?,
            int("terms of a product", depth)?,
            int("columns of a product", pitch)?,
            Argument::Long(rows),
            Argument::Long(columns),
        ];
        let grid = Grid {
            blocks: [targets.div_ceil(tile.rows()), outer.div_ceil(tile.columns()), phases],
            threads: THREADS,
            shared_words: tile.words_of_pass(),
        };
        let name = tile.correlate(self.precision);
        Ok(self.queue.launch(Kernel { module: &CORRELATE, name }, grid, &arguments)?)
    }

    /// Into how many chunks [`DeviceLayer::parameter_gradient`] had best cut its sums.
    pub(super) fn chunks(&self) -> Chunks {
        let pass = self.correlation.reading();
        let [down, across] = gradient_tiles(self.correlation);
        let terms = self.batch * most_targets(&pass);
        let tile = Tile::of_gradient(self.correlation.filters());
        Chunks::of(terms, tile, phases(&pass) * down * across, self.precision)
    }

    /// Writes the gradient of the weights and, behind it, that of the bias, into `of_parameters` from `offset` on. Sums over
    /// all results are cut into `chunks`, which are added from the first to the last in [`REDUCING_WARPS`] parts.
    pub(super) fn parameter_gradient(
        &self,
        (input, before): (Numbers<'_, Q::Array>, Numbers<'_, Q::Array>),
        chunks: Chunks,
        of_parameters: &Q::Array,
        offset: usize,
    ) -> Result<(), DeviceError> {
        let pass = self.correlation.reading();
        let (channels, filters) = (self.correlation.channels(), self.correlation.filters());
        let tile = Tile::of_gradient(filters);
        let depth = gradient_depth(self.correlation);
        let tiles = gradient_tiles(self.correlation);
        let phases = phases(&pass);
        let [rows, columns] = axes(&pass);
        let partial = self.queue.array(phases * chunks.count * (depth + 1) * filters)?;
        let int = Argument::count;
        let arguments = [
            input.argument(),
            before.argument(),
            Argument::array(&partial, 0),
            int("samples", self.batch)?,
            int("rows of a source", pass.source[0])?,
            int("columns of a source", pass.source[1])?,
            int("channels", channels)?,
            int("rows of a result", pass.target[0])?,
            int("columns of a result", pass.target[1])?,
            int("filters", filters)?,
            int("terms of a chunk", chunks.length)?,
            int("chunks", chunks.count)?,
            int("rows of a product", depth)?,
            Argument::Long(rows),
            Argument::Long(columns),
        ];
        let grid = Grid {
            blocks: [tiles[0], tiles[1], phases * chunks.count],
            threads: THREADS,
            shared_words: tile.words_of_gradient(),
        };
        let name = tile.weight_gradient(self.precision);
        self.queue.launch(Kernel { module: &WEIGHT_GRADIENT, name }, grid, &arguments)?;

        let arguments = [
            Argument::array(&partial, 0),
            Argument::array(of_parameters, offset),
            int("channels", channels)?,
            int("filters", filters)?,
            int("chunks", chunks.count)?,
            int("rows of a product", depth)?,
            Argument::Long(rows),
            Argument::Long(columns),
        ];
        let grid = Grid {
            blocks: [((9 * channels + 1) * filters).div_ceil(WARP), 1, 1],
            threads: REDUCING_WARPS * WARP,
            shared_words: REDUCING_WARPS * WARP,
        };
        let kernel = Kernel { module: &WEIGHT_GRADIENT, name: "reduce_gradient" };
        Ok(self.queue.launch(kernel, grid, &arguments)?)
    }

    /// Whether kernels can count the numbers of every array.
    pub(super) fn check(&self) -> Result<(), DeviceError> {
        let (channels, filters) = (self.correlation.channels(), self.correlation.filters());
        // Windows have up to 16 pixels, and tiles up to 64 columns.
        let weights = 16 * channels.next_multiple_of(64) * filters.next_multiple_of(64);
        for (what, found) in [
            ("the input of a layer", self.batch * self.correlation.source_size()),
            ("the result of a layer", self.batch * self.correlation.output_size()),
            ("the weight of a layer", weights),
        ] {
            if found > MOST_NUMBERS {
                return Err(DeviceError::Size { what, found, most: MOST_NUMBERS });
            }
        }
        Ok(())
    }
}

/// Rows of the gradient of the weights of a phase without that of the bias: the pixels of the largest window with their
/// channels in fours.
fn gradient_depth(correlation: &Correlation) -> usize {
    4 * largest_window(&correlation.reading()) * correlation.channels().div_ceil(4)
}

/// Tiles of the gradient of the weights of a phase, along rows and along columns.
fn gradient_tiles(correlation: &Correlation) -> [usize; 2] {
    let filters = correlation.filters();
    let tile = Tile::of_gradient(filters);
    [(gradient_depth(correlation) + 1).div_ceil(tile.rows()), filters.div_ceil(tile.columns())]
}

/// A pass as a product of matrices.
#[derive(Clone, Copy)]
struct Product<'a> {
    pass: &'a Pass,
    /// Channels of the sources, and of the targets.
    inner: usize,
    outer: usize,
    /// How far weights of neighbouring ones are apart.
    weight_steps: [usize; 2],
}
