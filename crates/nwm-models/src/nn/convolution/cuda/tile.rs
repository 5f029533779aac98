//! Sizes of tiles and precision of products: which variant of a kernel runs.

/// Terms that a block has in shared memory at a time, as `kernels/tile_product.cuh` says.
pub(super) const DEPTH: usize = 16;
/// Threads of a block there.
pub(super) const THREADS: usize = 128;

/// Words by which the tiles' rows are longer than their numbers, one kind each.
const TERMS_INNER_PADDING: usize = 4;
const OUTER_PADDING: usize = 8;
/// Words that tell where a term of the gradient of weights lies, as `kernels/convolution_weight_gradient.cu` says.
const PLACE_WORDS: usize = 4;

/// Multiprocessors of the GPUs that sizes are chosen for. Another number changes times, and the rounding of gradients.
const PROCESSORS: usize = 132;
/// Terms that a chunk has at least, so that it is worth its place in memory.
const SHORTEST_CHUNK: usize = 4 * DEPTH;

/// Terms that a chunk has at most where errors matter. Tensor cores round every sum towards zero, so that the errors of a
/// chunk point the same way and grow with its length, to 8e-6 of a sum of numbers of one sign here and to 7e-5 of eight times
/// as many (emulated); those of the sum over chunks, which are rounded to the nearest, do not.
pub(super) const LONGEST_SPLIT_CHUNK: usize = 2048;
/// Chunks of each of four phases that a grid takes.
const MOST_CHUNKS: usize = 65_535 / 4;

/// How exact products are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Precision {
    /// Operands rounded to TF32: errors of about 1e-3.
    Rounded,
    /// Operands split into two TF32 numbers, three products each: errors as of single precision.
    Split,
}

/// Results of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tile {
    /// 128 targets by 64 channels.
    Large,
    /// 128 targets by 16 channels.
    Narrow,
    /// 32 targets by 32 channels; for passes alone.
    Small,
}

impl Tile {
    /// For a pass with so many targets in each phase.
    pub(super) fn of_pass(targets: usize, phases: usize, channels: usize) -> Self {
        let wide = if channels <= 16 { Self::Narrow } else { Self::Large };
        let tiles = targets.div_ceil(wide.rows()) * channels.div_ceil(wide.columns());
        if phases * tiles < PROCESSORS { Self::Small } else { wide }
    }

    /// For the gradient of weights.
    pub(super) fn of_gradient(filters: usize) -> Self {
        if filters <= 16 { Self::Narrow } else { Self::Large }
    }

    pub(super) fn rows(self) -> usize {
        if self == Self::Small { 32 } else { 128 }
    }

    pub(super) fn columns(self) -> usize {
        match self {
            Self::Large => 64,
            Self::Narrow => 16,
            Self::Small => 32,
        }
    }

    /// Words of shared memory of a block of a pass.
    pub(super) fn words_of_pass(self) -> usize {
        2 * (self.rows() * (DEPTH + TERMS_INNER_PADDING) + self.words_of_right())
    }

    /// Words of shared memory of a block of the gradient of weights.
    pub(super) fn words_of_gradient(self) -> usize {
        2 * (DEPTH * (self.rows() + OUTER_PADDING) + self.words_of_right() + DEPTH * PLACE_WORDS)
    }

    fn words_of_right(self) -> usize {
        DEPTH * (self.columns() + OUTER_PADDING)
    }

    /// Blocks of a multiprocessor that compute gradients of weights at once, as registers allow (`kernels/resources.csv`).
    fn gradient_blocks(self) -> usize {
        if self == Self::Narrow { 4 } else { 3 }
    }

    /// The kernel of a pass.
    pub(super) fn correlate(self, precision: Precision) -> &'static str {
        match (self, precision) {
            (Self::Large, Precision::Rounded) => "correlate_large_rounded",
            (Self::Narrow, Precision::Rounded) => "correlate_narrow_rounded",
            (Self::Small, Precision::Rounded) => "correlate_small_rounded",
            (Self::Large, Precision::Split) => "correlate_large_split",
            (Self::Narrow, Precision::Split) => "correlate_narrow_split",
            (Self::Small, Precision::Split) => "correlate_small_split",
        }
    }

    /// The kernel of the gradient of weights.
    pub(super) fn weight_gradient(self, precision: Precision) -> &'static str {
        match (self, precision) {
            (Self::Narrow, Precision::Rounded) => "weight_gradient_narrow_rounded",
            (Self::Narrow, Precision::Split) => "weight_gradient_narrow_split",
            (_, Precision::Rounded) => "weight_gradient_large_rounded",
            (_, Precision::Split) => "weight_gradient_large_split",
        }
    }
}

/// How many terms, and in how many chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunks {
    /// Terms of a chunk, a multiple of [`DEPTH`].
    pub(super) length: usize,
    pub(super) count: usize,
}

impl Chunks {
    /// As many as fill a GPU once, when a chunk has so many of these tiles; more if chunks would be too long for the
    /// precision.
    pub(super) fn of(terms: usize, tile: Tile, tiles: usize, precision: Precision) -> Self {
        let fewest = match precision {
            Precision::Rounded => 1,
            Precision::Split => terms.div_ceil(LONGEST_SPLIT_CHUNK).min(MOST_CHUNKS),
        };
        let most = (PROCESSORS * tile.gradient_blocks() / tiles.max(1)).max(1);
        let count = terms.div_ceil(SHORTEST_CHUNK).clamp(1, most).max(fewest);
        Self::in_parts(terms, count)
    }

    /// So many, or fewer if the last ones would be empty.
    pub(super) fn in_parts(terms: usize, count: usize) -> Self {
        let length = terms.div_ceil(count.max(1)).next_multiple_of(DEPTH).max(DEPTH);
        Self { length, count: terms.div_ceil(length).max(1) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_all_terms_once() {
        for (terms, tiles) in
            [(0, 1), (1, 1), (63, 5), (64, 5), (65_536, 5), (65_537, 500), (1 << 27, 1)]
        {
            for precision in [Precision::Rounded, Precision::Split] {
                let Chunks { length, count } = Chunks::of(terms, Tile::Narrow, tiles, precision);
                assert!(count * length >= terms && (count - 1) * length < terms.max(1));
                assert_eq!(length % DEPTH, 0);
                assert!(4 * count <= 65_535);
            }
        }
        assert_eq!(Chunks::of(65_536, Tile::Large, 5, Precision::Rounded).count, 79);
    }

    #[test]
    fn chunks_of_split_numbers_are_short() {
        for (terms, tiles) in [(65_536, 5), (1 << 20, 1), ((1 << 20) + 1, 60), (4097, 400)] {
            let chunks = Chunks::of(terms, Tile::Large, tiles, Precision::Split);
            assert!(chunks.length <= LONGEST_SPLIT_CHUNK, "{terms}: {chunks:?}");
        }
        assert!(
            Chunks::of(1 << 20, Tile::Large, 60, Precision::Rounded).length > LONGEST_SPLIT_CHUNK
        );
    }

    #[test]
    fn few_targets_get_small_tiles() {
        assert_eq!(Tile::of_pass(65_536, 1, 64), Tile::Large);
        assert_eq!(Tile::of_pass(65_536, 1, 3), Tile::Narrow);
        assert_eq!(Tile::of_pass(1_000, 1, 64), Tile::Small);
    }
}
