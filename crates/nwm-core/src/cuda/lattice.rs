//! Sizes of a cell's maps in the shared memory of a block: `kernels/lattice.cuh` and what is beside them there.

use nwm_cuda::WARP;

use super::path::Precision;
use super::sheet::Sheet;
use crate::config::{Bias, CellConfig};
use crate::topology::Topology;

/// Rows of a column that a thread computes at once; `STRIP` of `kernels/lattice.cuh`.
const STRIP: usize = 4;
/// Threads of a block at most, as the kernels are compiled.
const MOST_THREADS: usize = 512;
/// Words that sums over a block need; `BlockSum::WORDS` of `nwm.cuh`.
pub(super) const SUM_WORDS: usize = 2 * WARP;
/// Banks of shared memory.
const BANKS: usize = 32;
/// Rows of a tile of results; `kernels/tiles.cuh`.
const TILE_ROWS: usize = 16;
/// Columns of a tile of results, which are as many as terms.
const TILE_COLUMNS: usize = 8;
/// Parts of the weight gradients that a warp can hold.
const MOST_PARTS: usize = 6;
/// Channels from which on tensor cores are worth their rounding to whole tiles.
const FEWEST_TILED_CHANNELS: usize = 8;

/// Fields of a step that the backward kernel may copy ahead.
pub(super) const MOST_COPIED_FIELDS: usize = 5;

/// Which kernels run a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One map, kernels of 3 x 3 or of 3 along rings.
    Sheet(Sheet),
    /// Anything else.
    Maps,
    /// Many maps, on tensor cores.
    Tiles {
        /// Products of TF32 numbers for one of single precision: 1 or 3.
        products: usize,
    },
}

/// Sizes of the maps of a cell, and what there is beside them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lattice {
    pub(super) kind: Kind,
    pub(super) channels: usize,
    pub(super) rows: usize,
    pub(super) columns: usize,
    pub(super) tap_rows: usize,
    pub(super) tap_columns: usize,
    pub(super) features: usize,
    pub(super) coupled_drive: bool,
    bias: bool,
    state_norm: bool,
}

impl Lattice {
    /// The kinds of kernels that can run a cell, best first.
    pub(super) fn kinds(config: &CellConfig, precision: Precision) -> Vec<Kind> {
        let products = match precision {
            Precision::Single => None,
            Precision::Tf32x3 => Some(3),
            Precision::Tf32 => Some(1),
        };
        let tiles = products.filter(|_| config.channels >= FEWEST_TILED_CHANNELS);
        let tiles = tiles.map(|products| Kind::Tiles { products });
        let sheets = match (config.topology, config.channels, config.kernel_size) {
            (Topology::Torus { rows, columns }, 1, 3) => Sheet::all(rows, columns, 3),
            (Topology::Rings { rings, sites }, 1, 3) => Sheet::all(rings, sites, 1),
            _ => vec![],
        };
        let sheets = sheets.into_iter().map(Kind::Sheet);
        tiles.into_iter().chain(sheets).chain([Kind::Maps]).collect()
    }

    /// The maps of a cell with local couplings.
    pub(super) fn new(config: &CellConfig, kind: Kind) -> Option<Self> {
        let size = config.kernel_size;
        let (rows, columns, tap_rows) = match config.topology {
            Topology::Torus { rows, columns } => (rows, columns, size),
            // Rings are rows that do not mix.
            Topology::Rings { rings, sites } => (rings, sites, 1),
            Topology::Dense { .. } => return None,
        };
        Some(Self {
            kind,
            channels: config.channels,
            rows,
            columns,
            tap_rows,
            tap_columns: size,
            features: config.input_features.unwrap_or(0),
            coupled_drive: config.drive_coupling,
            bias: config.bias != Bias::None,
            state_norm: config.state_norm,
        })
    }

    fn is_tiled(&self) -> bool {
        matches!(self.kind, Kind::Tiles { .. })
    }

    fn sites(&self) -> usize {
        self.rows * self.columns
    }

    fn units(&self) -> usize {
        self.channels * self.sites()
    }

    /// Maps in shared memory, of which some may stay zero.
    fn maps(&self) -> usize {
        if self.is_tiled() { self.channels.next_multiple_of(TILE_COLUMNS) } else { self.channels }
    }

    /// Words of all maps, with border and whole strips.
    fn planes(&self) -> usize {
        let rows = self.rows.next_multiple_of(STRIP) + self.tap_rows - 1;
        let plane = rows * (self.columns + self.tap_columns - 1);
        self.maps() * if self.is_tiled() { in_bank(plane + 4, 8) } else { plane }
    }

    /// Words of all maps without border.
    fn bare_planes(&self) -> usize {
        self.maps() * if self.is_tiled() { in_bank(self.sites(), 4) } else { self.sites() }
    }

    fn kernels(&self) -> usize {
        if self.coupled_drive { 3 } else { 2 }
    }

    /// Words of the kernels that a block keeps in shared memory.
    fn kernel_words(&self) -> usize {
        let taps = self.kernels() * self.tap_rows * self.tap_columns;
        match self.kind {
            Kind::Sheet(_) => 0,
            Kind::Maps => taps * self.channels * self.channels,
            Kind::Tiles { products } => {
                let parts = if products == 1 { 1 } else { 2 };
                parts * taps * self.maps() * self.maps()
            }
        }
    }

    /// Steps of the tape that a backward block may copy ahead, best first.
    pub(super) fn backward_stages(&self) -> &'static [usize] {
        match self.kind {
            Kind::Sheet(sheet) if sheet.one_strip() => &[3],
            _ => &[3, 0],
        }
    }

    /// Words of shared memory of a forward block.
    pub(super) fn forward_words(&self, stages: usize) -> usize {
        let stages = if self.features == 0 { stages } else { 0 };
        SUM_WORDS
            + match self.kind {
                Kind::Sheet(sheet) => sheet.forward_words(stages, self.coupled_drive),
                _ => (4 + stages) * self.planes() + self.kernel_words(),
            }
    }

    /// Words of shared memory of a backward block.
    pub(super) fn backward_words(&self, stages: usize, copied_fields: usize) -> usize {
        let sums = self.features + if self.state_norm { 2 } else { 0 };
        if let Kind::Sheet(sheet) = self.kind {
            return SUM_WORDS + sheet.backward_words(stages * copied_fields) + sums * self.units();
        }
        let states = 4 + usize::from(self.coupled_drive);
        let sums = sums + usize::from(self.bias);
        SUM_WORDS
            + self.planes()
            + states * self.bare_planes()
            + (sums + stages * copied_fields) * self.units()
            + (1 + self.weight_slices()) * self.kernel_words()
    }

    /// Slices of the rows over which the plain kernels add up the gradients of a weight.
    fn weight_slices(&self) -> usize {
        if self.is_tiled() {
            return 0;
        }
        let entries = self.kernel_words() / self.kernels();
        (self.backward_threads() / entries).min(self.rows).max(1)
    }

    /// Threads of a forward block: for everything at once, or an equal share of several turns.
    pub(super) fn forward_threads(&self) -> usize {
        match self.kind {
            Kind::Sheet(sheet) => sheet.threads(),
            Kind::Tiles { .. } => {
                let items =
                    self.sites().div_ceil(2 * TILE_ROWS) * self.maps().div_ceil(2 * TILE_COLUMNS);
                WARP * shared_out(items, MOST_THREADS / WARP)
            }
            Kind::Maps => {
                let items = self.channels.div_ceil(4) * self.rows.div_ceil(STRIP) * self.columns;
                shared_out(items, MOST_THREADS).next_multiple_of(WARP)
            }
        }
    }

    /// Threads of a backward block.
    pub(super) fn backward_threads(&self) -> usize {
        match self.kind {
            Kind::Sheet(sheet) => sheet.threads(),
            Kind::Tiles { .. } => WARP * self.backward_warps(),
            Kind::Maps => {
                let items = self.channels * self.rows.div_ceil(STRIP) * self.columns;
                shared_out(items, MOST_THREADS).next_multiple_of(WARP)
            }
        }
    }

    /// Warps of a backward block on tensor cores.
    fn backward_warps(&self) -> usize {
        let items = self.sites().div_ceil(TILE_ROWS) * self.maps().div_ceil(2 * TILE_COLUMNS);
        items.max(self.weight_parts()).min(MOST_THREADS / WARP)
    }

    /// Parts into which the weight gradients fall on tensor cores.
    fn weight_parts(&self) -> usize {
        let columns = self.kernels() * self.maps() / TILE_COLUMNS;
        self.tap_rows * self.tap_columns * self.maps().div_ceil(TILE_ROWS) * columns.div_ceil(2)
    }

    /// How many of them each warp holds, if it can; 0 without tensor cores.
    pub(super) fn backward_parts(&self) -> Option<usize> {
        if !self.is_tiled() {
            return Some(0);
        }
        let parts = self.weight_parts().div_ceil(self.backward_warps());
        (parts <= MOST_PARTS).then_some(parts)
    }
}

/// The smallest number from `least` on that leaves `rest` when divided by the number of banks.
fn in_bank(least: usize, rest: usize) -> usize {
    least + (rest + BANKS - least % BANKS) % BANKS
}

/// How many of `items` are done at a time if at most `most` can be, in equal shares.
pub(super) fn shared_out(items: usize, most: usize) -> usize {
    items.div_ceil(items.div_ceil(most))
}

#[cfg(test)]
mod tests {
    use nwm_cuda::Limits;

    use super::{Kind, Lattice, in_bank, shared_out};
    use crate::config::{CellConfig, Scalar};
    use crate::cuda::Precision;
    use crate::topology::Topology;

    #[test]
    fn lengths_lie_in_their_bank() {
        assert_eq!(in_bank(324, 8), 328);
        assert_eq!(in_bank(328, 8), 328);
        assert_eq!(in_bank(329, 8), 360);
        assert_eq!(in_bank(256, 4), 260);
    }

    #[test]
    fn items_are_shared_out_equally() {
        assert_eq!(shared_out(138, 512), 138);
        assert_eq!(shared_out(1296, 512), 432);
        assert_eq!(shared_out(1, 512), 1);
    }

    fn digits() -> CellConfig {
        CellConfig {
            channels: 16,
            drive_coupling: false,
            input_features: Some(1),
            dt: Scalar::Learned { raw: -3.1 },
            ..CellConfig::new(Topology::Torus { rows: 16, columns: 16 })
        }
    }

    #[test]
    fn the_published_cells_fit_a_block() {
        let sheet = |side| CellConfig::new(Topology::Torus { rows: side, columns: side });
        let rings = CellConfig {
            state_norm: true,
            ..CellConfig::new(Topology::Rings { rings: 24, sites: 54 })
        };
        for (config, limits) in [
            (sheet(23), Limits::AMPERE),
            (sheet(36), Limits::AMPERE),
            (sheet(72), Limits::HOPPER),
            (rings, Limits::AMPERE),
            (digits(), Limits::AMPERE),
        ] {
            let kind = Lattice::kinds(&config, Precision::Tf32x3)[0];
            let lattice = Lattice::new(&config, kind).unwrap();
            let stages = *lattice.backward_stages().last().unwrap();
            let words = [lattice.forward_words(2), lattice.backward_words(stages, 5)];
            let fits = words.iter().all(|&words| words <= limits.shared_words);
            assert!(fits, "{config:?}: {words:?}");
        }
    }

    #[test]
    fn tensor_cores_take_over_from_eight_maps_on() {
        let tiles = Kind::Tiles { products: 3 };
        assert_eq!(Lattice::kinds(&digits(), Precision::Tf32x3), [tiles, Kind::Maps]);
        assert_eq!(Lattice::kinds(&digits(), Precision::Single), [Kind::Maps]);
        let few = CellConfig { channels: 7, ..digits() };
        assert_eq!(Lattice::kinds(&few, Precision::Tf32), [Kind::Maps]);
        let lattice = Lattice::new(&digits(), tiles).unwrap();
        assert_eq!((lattice.forward_threads(), lattice.backward_threads()), (256, 512));
        assert_eq!(lattice.backward_parts(), Some(2));
        let many = Lattice::new(&CellConfig { channels: 64, ..digits() }, tiles).unwrap();
        assert_eq!(many.backward_parts(), None);
    }
}
