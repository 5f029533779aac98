// Maps of sites in shared memory, and the correlations between them.
//
// A map has a border on all sides that repeats what lies on the opposite side, so that no read wraps. Whoever writes a
// site near an edge writes its copies in the border, too. Rows are computed in strips of four: what is loaded for one of
// them serves its neighbours. Below the last row the map goes on to whole strips, with zeros that are never used.
#pragma once

#include "nwm.cuh"

namespace nwm {

/// Rows of a column that a thread computes at once.
constexpr int STRIP = 4;

/// Sizes of a cell's maps and kernels. Numbers of the template are known to the compiler, or 0: known when it runs.
template <int CHANNELS, int TAP_ROWS, int TAP_COLUMNS> struct Lattice {
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
    __device__ int sites() const { return rows * columns; }
    __device__ int units() const { return channels() * sites(); }
    __device__ int strips() const { return (rows + STRIP - 1) / STRIP; }

    /// Words of a row, border included.
    __device__ int pitch() const { return columns + tap_columns() - 1; }
    /// Words of a map, border and whole strips included.
    __device__ int plane() const { return (strips() * STRIP + tap_rows() - 1) * pitch(); }
    /// Words of all maps.
    __device__ int planes() const { return channels() * plane(); }

    /// Where a site of a map without border lies in one with.
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

/// A strip of a column of one map (or of a group of maps): what one thread computes at once.
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

/// A kernel of one map, in registers: `[row][column]`.
template <int TAPS> struct RegisterWeights {
    float values[TAPS];

    template <class L> __device__ RegisterWeights(const L &lattice, const float *weights) {
#pragma unroll
        for (int tap = 0; tap < TAPS; ++tap) values[tap] = weights == nullptr ? 0.0f : weights[tap];
    }

    __device__ float at(int, int, int tap) const { return values[tap]; }
};

/// Kernels between all maps, in shared memory: `[out][in][row][column]`.
struct SharedWeights {
    SharedFloats values;
    int channels, taps;

    __device__ float at(int out, int in, int tap) const { return values[(out * channels + in) * taps + tap]; }
};

/// `sums[o][r] += sum over in, a, b of weights[out + o, in, a, b] maps[in, row + r + a, column + b]`, places of maps counted
/// from the corner of the border: a cross-correlation for OUTPUTS maps from `out` on.
template <int OUTPUTS, class L, class W>
__device__ void correlate(const L &lattice, SharedFloats maps, const W &weights, int out, const Item &item,
                          float (&sums)[OUTPUTS][STRIP]) {
    int pitch = lattice.pitch();
#pragma unroll 1
    for (int in = 0; in < lattice.channels(); ++in) {
        SharedFloats corner = maps + (in * lattice.plane() + item.row * pitch + item.column);
#pragma unroll(L::UNROLL_ROWS)
        for (int a = 0; a < lattice.tap_rows(); ++a) {
#pragma unroll(L::UNROLL_COLUMNS)
            for (int b = 0; b < lattice.tap_columns(); ++b) {
                float window[STRIP];
#pragma unroll
                for (int r = 0; r < STRIP; ++r) window[r] = corner[(r + a) * pitch + b];
#pragma unroll
                for (int o = 0; o < OUTPUTS; ++o) {
                    // What lies beyond the last map is computed and thrown away.
                    int map = min(out + o, lattice.channels() - 1);
                    float weight = weights.at(map, in, a * lattice.tap_columns() + b);
#pragma unroll
                    for (int r = 0; r < STRIP; ++r) sums[o][r] = fmaf(weight, window[r], sums[o][r]);
                }
            }
        }
    }
}

/// What the adjoint of `correlate` sees of the gradient of the pre-activations: for tap (a, b), the gradients of the sites
/// that read this strip through it.
template <class L>
__device__ void read_back(const L &lattice, SharedFloats corner, int a, int b, float (&window)[STRIP]) {
    int pitch = lattice.pitch();
    int row = lattice.tap_rows() - 1 - a, column = lattice.tap_columns() - 1 - b;
#pragma unroll
    for (int r = 0; r < STRIP; ++r) window[r] = corner[(r + row) * pitch + column];
}

/// A field of every step and sample: element `unit` of step t and sample b lies at
/// `base[t * step + b * sample + unit]`. No base: the field is not wanted, or not there.
template <class T> struct Series {
    T *base;
    long long step, sample;

    __device__ explicit operator bool() const { return base != nullptr; }
    __device__ T *at(int time, int b) const { return base + time * step + b * sample; }
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

} // namespace nwm
