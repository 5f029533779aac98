// A single map in shared memory, for kernels of three columns: how it lies there, and who computes what of it.
//
// Columns lie one after the other, so that the rows of a strip, which one thread computes, and those that it reads are
// neighbours: they are read several at once, at distances that the compiler knows. A column has a border that repeats
// the row beyond the opposite edge; whoever writes an edge row writes its copy there, too. Columns have no border: a
// thread finds those beside its own once, before the first step. Below the last row a column goes on to whole strips,
// with zeros that are never used.
#pragma once

#include "oscillator.cuh"

namespace nwm {

/// Columns of a kernel.
constexpr int TAP_COLUMNS = 3;

/// Reads COUNT neighbouring words at once; the first must be a multiple of COUNT.
template <int COUNT> __device__ void load_together(SharedFloats words, float *values) {
#ifdef NWM_EMULATED
    emulation::check_alignment(words, 4 * COUNT);
    for (int index = 0; index < COUNT; ++index) values[index] = words[index];
#else
    if constexpr (COUNT == 4) {
        const float4 four = *reinterpret_cast<const float4 *>(words);
        values[0] = four.x, values[1] = four.y, values[2] = four.z, values[3] = four.w;
    } else if constexpr (COUNT == 2) {
        const float2 two = *reinterpret_cast<const float2 *>(words);
        values[0] = two.x, values[1] = two.y;
    } else {
        values[0] = words[0];
    }
#endif
}

/// Writes two neighbouring words at once; the first must be even.
__device__ inline void store_together(SharedFloats words, float first, float second) {
#ifdef NWM_EMULATED
    emulation::check_alignment(words, 8);
    words[0] = first;
    words[1] = second;
#else
    *reinterpret_cast<float2 *>(words) = make_float2(first, second);
#endif
}

/// An index that the compiler takes for a new one: it then scales and adds it to an address in one instruction, where
/// it would keep it as a number of 64 bits to share with other addresses, and add that in two.
__device__ inline int as_new(int index) {
#ifndef NWM_EMULATED
    asm volatile("" : "+r"(index));
#endif
    return index;
}

/// A strip of a column: what a thread computes at once.
template <int ROWS> struct Strip {
    /// Its number: of the thread if that has no other, so that it is known even without a strip.
    int index;
    /// Its first row, and how many rows there are: fewer than ROWS at the end of a column, none for a thread without a
    /// strip.
    int row, count;
    /// The numbers of its sites in a sample; that of the last row stands for those that are not there.
    int sites[ROWS];
    /// Where the rows that it reads begin in the column before its own, its own, and the one after.
    int places[TAP_COLUMNS];
};

/// A map of `rows` x `columns`. Threads compute ROWS rows of a column at once, and, if ONE_STRIP, nothing else.
template <int TAP_ROWS_, int ROWS, bool ONE_STRIP_> struct Sheet {
    static constexpr int TAP_ROWS = TAP_ROWS_;
    static constexpr int TAPS = TAP_ROWS * TAP_COLUMNS;
    static constexpr int STRIP = ROWS;
    static constexpr bool ONE_STRIP = ONE_STRIP_;
    static constexpr int BORDER = TAP_ROWS / 2;
    /// Rows of a column that a strip reads.
    static constexpr int WINDOW = STRIP + 2 * BORDER;
    /// Rows that are read at once.
    static constexpr int TOGETHER = STRIP % 2 == 0 ? 2 : 1;

    int rows, columns;

    __device__ int sites() const { return rows * columns; }
    __device__ int strips() const { return (rows + STRIP - 1) / STRIP * columns; }
    /// Words of a field that lies strip by strip, with room for threads without one.
    __device__ int strip_words() const { return (ONE_STRIP ? static_cast<int>(blockDim.x) : strips()) * STRIP; }
    /// Rows of a column in shared memory: an odd number of those that are read at once, so that neighbouring columns
    /// meet in no bank.
    __device__ int column_length() const {
        return (((rows + STRIP - 1) / STRIP * STRIP + 2 * BORDER) / TOGETHER | 1) * TOGETHER;
    }
    __device__ int places() const { return columns * column_length(); }

    __device__ Strip<STRIP> strip(int index) const {
        const int row = index / columns * STRIP, column = index % columns;
        const int before = column == 0 ? columns - 1 : column - 1, after = column + 1 == columns ? 0 : column + 1;
        const int length = column_length();
        Strip<STRIP> strip{index, row, min(STRIP, rows - row), {}, {before * length, column * length, after * length}};
#pragma unroll
        for (int b = 0; b < TAP_COLUMNS; ++b) strip.places[b] += row;
#pragma unroll
        for (int r = 0; r < STRIP; ++r) strip.sites[r] = min(row + r, rows - 1) * columns + column;
        return strip;
    }

    /// The first strip of this thread. A thread without one goes through the motions on the last strip, of which it has
    /// no row: that is cheaper than to ask at every turn.
    __device__ Strip<STRIP> first_strip() const {
        const int last = strips() - 1;
        Strip<STRIP> own = strip(min(static_cast<int>(threadIdx.x), last));
        own.index = threadIdx.x;
        if (own.index > last) {
            own.row = -1;
            own.count = 0;
        }
        return own;
    }

    /// Calls `work(strip)` for every strip of this thread, the first of which is known.
    template <class Work> __device__ void for_strips(const Strip<STRIP> &first, Work work) const {
        if constexpr (ONE_STRIP) {
            work(first);
        } else {
#pragma unroll 1
            for (int index = threadIdx.x; index < strips(); index += blockDim.x) work(strip(index));
        }
    }

    /// Calls `work(r)` for the rows of a strip that there are.
    template <class Work> __device__ void for_rows(const Strip<STRIP> &strip, Work work) const {
#pragma unroll
        for (int r = 0; r < STRIP; ++r) {
            if (r < strip.count) work(r);
        }
    }

    /// Reads the rows of a strip from a field that lies strip by strip.
    __device__ void read_strip(SharedFloats field, const Strip<STRIP> &strip, float (&values)[STRIP]) const {
        constexpr int AT_ONCE = STRIP % 4 == 0 ? 4 : 1;
#pragma unroll
        for (int r = 0; r < STRIP; r += AT_ONCE) load_together<AT_ONCE>(field + (strip.index * STRIP + r), values + r);
    }

    /// Calls `write(place, value)` for every place that shows a row of a strip.
    template <class T, class Write>
    __device__ void for_places(const Strip<STRIP> &strip, const T (&values)[STRIP], Write write) const {
        const int first = strip.places[1] + BORDER;
        T last = values[0];
#pragma unroll
        for (int r = 0; r < STRIP; ++r) {
            if (r < strip.count) {
                write(first + r, values[r]);
                last = values[r];
            }
        }
        if constexpr (BORDER > 0) {
            if (strip.row == 0) write(first + rows, values[0]);
#ifdef PLANT_WRONG_WRAP
            const int above = first - strip.row;
#else
            const int above = first - strip.row - 1;
#endif
            if (strip.row + strip.count == rows) write(above, last);
        }
    }

    /// Reads the rows that a strip reads of a column, FIELDS numbers each.
    template <int FIELDS>
    __device__ void read_column(SharedFloats maps, int place, float (&window)[WINDOW][FIELDS]) const {
        float *values = &window[0][0];
#pragma unroll
        for (int row = 0; row < WINDOW; row += TOGETHER) {
            load_together<TOGETHER * FIELDS>(maps + FIELDS * (place + row), values + FIELDS * row);
        }
    }
};

/// The gradients of a kernel, summed over the sites and steps of a thread.
template <class S> struct SheetGradients {
    float taps[S::TAP_ROWS][TAP_COLUMNS] = {};
};

/// A kernel in registers: `[row][column]`; zeros where there is none.
template <class S> struct SheetKernel {
    float taps[S::TAP_ROWS][TAP_COLUMNS];

    __device__ explicit SheetKernel(const float *weights) {
#pragma unroll
        for (int tap = 0; tap < S::TAPS; ++tap) {
            taps[tap / TAP_COLUMNS][tap % TAP_COLUMNS] = weights == nullptr ? 0.0f : weights[tap];
        }
    }
};

} // namespace nwm
