// Maps of sites in shared memory, of cells with several maps or with kernels of any size.
//
// A map has a border on all sides that repeats what lies on the opposite side, so that no read wraps. Whoever writes a
// site near an edge writes its copies in the border, too. Rows are computed in strips of four: what is loaded for one
// of them serves its neighbours. Below the last row the map goes on to whole strips, with zeros that are never used.
#pragma once

#include "oscillator.cuh"
#include "sequence.cuh"

namespace nwm {

/// Rows of a column that a thread computes at once.
constexpr int STRIP = 4;

/// The smallest number from `least` on that leaves `rest` when divided by the 32 banks of shared memory.
__host__ __device__ constexpr int in_bank(int least, int rest) { return least + ((rest - least) % 32 + 32) % 32; }

/// A site of a map, and the number of its unit.
struct Site {
    int map, row, column, unit;
};

/// The maps of a cell. TILED maps are read by tensor cores: their number is a multiple of eight, and their lengths
/// avoid conflicts of banks.
template <bool TILED> class Lattice {
  public:
    int rows, columns;

    __device__ explicit Lattice(const Sizes &sizes)
        : rows(sizes.rows), columns(sizes.columns), channels_(sizes.channels), tap_rows_(sizes.tap_rows),
          tap_columns_(sizes.tap_columns) {}

    __device__ int channels() const { return channels_; }
    __device__ int tap_rows() const { return tap_rows_; }
    __device__ int tap_columns() const { return tap_columns_; }
    __device__ int taps() const { return tap_rows() * tap_columns(); }
    __device__ int kernel_words() const { return channels() * channels() * taps(); }
    __device__ int sites() const { return rows * columns; }
    __device__ int units() const { return channels() * sites(); }
    __device__ int strips() const { return (rows + STRIP - 1) / STRIP; }
    /// Maps in shared memory, some of which stay zero.
    __device__ int maps() const { return TILED ? (channels() + 7) / 8 * 8 : channels(); }

    /// Words of a row, border included.
    __device__ int pitch() const { return columns + tap_columns() - 1; }
    /// Words of a map, border and whole strips included.
    __device__ int plane() const {
        int words = (strips() * STRIP + tap_rows() - 1) * pitch();
        return TILED ? in_bank(words + 4, 8) : words;
    }
    /// Where a map begins. Tensor cores read four maps at eight sites each, or eight maps at four sites each: the
    /// second half of eight maps lies four words on, so that neither meet in a bank.
    __device__ int start(int map) const { return map * plane() + (TILED ? map & 4 : 0); }
    /// Words of all maps.
    __device__ int planes() const { return maps() * plane(); }
    /// Words of a map without border.
    __device__ int bare_plane() const { return TILED ? in_bank(sites(), 4) : sites(); }
    /// Words of all maps without border.
    __device__ int bare_planes() const { return maps() * bare_plane(); }

    __device__ Site site(int map, int row, int column) const {
        return Site{map, row, column, (map * rows + row) * columns + column};
    }

    /// Where a site of a map lies among those without border.
    __device__ int bare(const Site &site) const { return site.map * bare_plane() + site.row * columns + site.column; }
    /// Where a site lies in a map with border.
    __device__ int inner(int row, int column) const {
        return (row + tap_rows() / 2) * pitch() + column + tap_columns() / 2;
    }
    /// Where a site lies in maps with border.
    __device__ int place(const Site &site) const { return start(site.map) + inner(site.row, site.column); }

    /// Calls `write` with every place in a map, border included, that shows a site.
    template <class Write> __device__ void at_all_places(int row, int column, Write write) const {
        int border_rows = tap_rows() / 2, border_columns = tap_columns() / 2;
        int row_copy = row < border_rows ? row + rows : row >= rows - border_rows ? row - rows : row;
        int column_copy = column < border_columns              ? column + columns
                          : column >= columns - border_columns ? column - columns
                                                               : column;
#ifdef PLANT_WRONG_WRAP
        if (row_copy < row) row_copy += 1;
#endif
        write(inner(row, column));
        if (row_copy != row) write(inner(row_copy, column));
        if (column_copy != column) write(inner(row, column_copy));
        if (row_copy != row && column_copy != column) write(inner(row_copy, column_copy));
    }

    /// Writes a site in maps with border, and its copies there.
    __device__ void store(SharedFloats maps, const Site &site, float value) const {
        SharedFloats map = maps + start(site.map);
        at_all_places(site.row, site.column, [&](int place) { map[place] = value; });
    }

  private:
    int channels_, tap_rows_, tap_columns_;
};

/// A strip of a column of a group of maps: what one thread computes at once.
struct Item {
    int group, row, column;
};

/// Calls `work` for every item of this thread, `groups` times all strips and columns in turn.
template <class L, class Work> __device__ void for_items(const L &lattice, int groups, Work work) {
    int count = groups * lattice.strips() * lattice.columns;
#pragma unroll 1
    for (int index = threadIdx.x; index < count; index += blockDim.x) {
        int strip = index / lattice.columns;
        int group = strip / lattice.strips();
        work(Item{group, (strip - group * lattice.strips()) * STRIP, index % lattice.columns});
    }
}

/// Calls `work` for every site of this thread: always the same ones.
template <class L, class Work> __device__ void for_sites(const L &lattice, Work work) {
    for_items(lattice, lattice.channels(), [&](const Item &item) {
#pragma unroll
        for (int r = 0; r < STRIP; ++r) {
            int row = item.row + r;
            if (row < lattice.rows) work(lattice.site(item.group, row, item.column));
        }
    });
}

/// What a backward pass reads of the fields at a step, without border.
struct Fields {
    SharedFloats position, velocity, drive;
};

} // namespace nwm
