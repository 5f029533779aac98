// Maps of sites in shared memory.
//
// A map has a border on all sides that repeats what lies on the opposite side, so that no read wraps. Whoever writes a
// site near an edge writes its copies in the border, too. Rows are computed in strips of four: what is loaded for one of
// them serves its neighbours. Below the last row the map goes on to whole strips, with zeros that are never used.
#pragma once

#include "nwm.cuh"

namespace nwm {

/// Rows of a column that a thread computes at once.
constexpr int STRIP = 4;

/// The smallest number from `least` on that leaves `rest` when divided by the 32 banks of shared memory.
__host__ __device__ constexpr int in_bank(int least, int rest) { return least + ((rest - least) % 32 + 32) % 32; }

/// Sizes of a cell's maps and kernels. Numbers of the template are known to the compiler, or 0: known when it runs.
/// TILED maps are read by tensor cores: their number is a multiple of eight, and their lengths avoid conflicts of banks.
template <int CHANNELS, int TAP_ROWS, int TAP_COLUMNS, bool TILED = false> struct Lattice {
    static constexpr bool ONE_MAP = CHANNELS == 1;
    /// How often loops over taps are unrolled: wholly, where their number is known.
    static constexpr int UNROLL_ROWS = TAP_ROWS ? TAP_ROWS : 1;
    static constexpr int UNROLL_COLUMNS = TAP_COLUMNS ? TAP_COLUMNS : 1;
    /// Taps of one kernel that a thread keeps in registers.
    static constexpr int TAPS = CHANNELS == 1 ? TAP_ROWS * TAP_COLUMNS : 1;

    int channels_at_run_time, rows, columns, tap_rows_at_run_time, tap_columns_at_run_time;

    __device__ int channels() const { return CHANNELS ? CHANNELS : channels_at_run_time; }
    __device__ int tap_rows() const { return TAP_ROWS ? TAP_ROWS : tap_rows_at_run_time; }
    __device__ int tap_columns() const { return TAP_COLUMNS ? TAP_COLUMNS : tap_columns_at_run_time; }
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
        return TILED ? in_bank(words, 8) : words;
    }
    /// Words of all maps.
    __device__ int planes() const { return maps() * plane(); }
    /// Words of a map without border.
    __device__ int bare_plane() const { return TILED ? in_bank(sites(), 4) : sites(); }
    /// Words of all maps without border.
    __device__ int bare_planes() const { return maps() * bare_plane(); }

    /// Where a site of a map lies among those without border.
    __device__ int bare(int map, int row, int column) const { return map * bare_plane() + row * columns + column; }
    /// Where a site lies in a map with border.
    __device__ int inner(int row, int column) const {
        return (row + tap_rows() / 2) * pitch() + column + tap_columns() / 2;
    }

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

    /// Writes a site of a map, and its copies in the border.
    __device__ void store(SharedFloats plane, int row, int column, float value) const {
        at_all_places(row, column, [&](int place) { plane[place] = value; });
    }
};

/// A site of a map, and the number of its unit.
struct Site {
    int map, row, column, unit;
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
            if (row < lattice.rows) {
                work(Site{item.group, row, item.column, (item.group * lattice.rows + row) * lattice.columns + item.column});
            }
        }
    });
}

/// Hands out shared memory from the beginning on.
class Words {
  public:
    __device__ explicit Words(SharedFloats free) : free_(free) {}
    __device__ SharedFloats take(int words) {
        SharedFloats taken = free_;
        free_ = free_ + words;
        return taken;
    }

  private:
    SharedFloats free_;
};

/// Writes zeros, by all threads of a block.
__device__ inline void clear(SharedFloats words, int count) {
#pragma unroll 1
    for (int index = threadIdx.x; index < count; index += blockDim.x) words[index] = 0.0f;
}

/// A field of every step and sample: element `unit` of step t and sample b lies at
/// `base[t * step + b * sample + unit]`. No base: the field is not wanted, or not there.
template <class T> struct Series {
    T *base;
    long long step, sample;

    __device__ explicit operator bool() const { return base != nullptr; }
    __device__ T *at(int time, int b) const { return base + time * step + b * sample; }
};

/// The kernels on position, velocity and drive, `[out][in][row][column]`; null if the drive is not coupled.
struct Kernels {
    const float *coupling, *damping, *drive;
};

/// The effective scalars of a cell.
struct Scalars {
    float dt, gamma, alpha;

    /// From dt, gamma, alpha in a row. Steps below the floor of the library (DT_FLOOR) turn everything into NaN, which a
    /// training run notices; reading the number on the host would stop the queue at every step.
    __device__ explicit Scalars(const float *values) : dt(values[0]), gamma(values[1]), alpha(values[2]) {
        if (!(dt >= 1e-3f)) dt = NAN;
    }
};

/// What a backward pass reads of the fields at a step, without border, and where kernel gradients go.
struct Fields {
    SharedFloats position, velocity, drive;
};

/// Where the kernel gradients of a sample go: rows of `partials`, places in a row.
struct KernelPlaces {
    int coupling, damping, drive;
};

} // namespace nwm
