// Products of matrices by tiles on tensor cores: what the kernels of the convolution share.
//
// A block of 128 threads sums a tile of ROWS x COLUMNS results over their common axis, 16 terms at a time. While it
// multiplies 16 terms that lie in one half of shared memory, the next 16 are on their way to registers, from which
// they go to the other half: one barrier per 16 terms. Words of a tile are padded so that no two lanes meet in a
// bank.
#pragma once

#include "nwm.cuh"

namespace tile_product {

using nwm::Four;

constexpr int THREADS = 128;
constexpr int WARPS = THREADS / nwm::WARP;
/// Terms of the sums that are in shared memory at a time.
constexpr int DEPTH = 16;

/// Results of a block: its warps lie WARPS_DOWN by WARPS / WARPS_DOWN, each with so many products of 16 x 8.
template <int WARPS_DOWN, int PRODUCTS_DOWN_, int PRODUCTS_ACROSS_> struct Tile {
    static constexpr int PRODUCTS_DOWN = PRODUCTS_DOWN_;
    static constexpr int PRODUCTS_ACROSS = PRODUCTS_ACROSS_;
    static constexpr int WARPS_ACROSS = WARPS / WARPS_DOWN;
    static constexpr int ROWS_OF_WARP = 16 * PRODUCTS_DOWN;
    static constexpr int COLUMNS_OF_WARP = 8 * PRODUCTS_ACROSS;
    static constexpr int ROWS = WARPS_DOWN * ROWS_OF_WARP;
    static constexpr int COLUMNS = WARPS_ACROSS * COLUMNS_OF_WARP;
};

/// 128 x 64, where a warp reads 1.5 words of shared memory per lane and product.
using Large = Tile<2, 4, 4>;
/// 128 x 16, for few columns.
using Narrow = Tile<4, 2, 2>;
/// 32 x 32, for pictures so small that larger tiles would leave most of a GPU idle.
using Small = Tile<2, 1, 2>;

/// Operands of a product, rounded to TF32: ten bits behind the binary point.
template <int COUNT> struct RoundedOperand {
    uint32_t bits[COUNT];

    __device__ void set(int index, float value) { bits[index] = nwm::bits_of(value); }
};

__device__ inline void add_product(float (&sum)[4], const RoundedOperand<4> &a, const RoundedOperand<2> &b) {
    nwm::mma_tile(sum, a.bits, b.bits);
}

/// Plain TF32: one product per tile, errors of about 1e-3 of the largest terms.
struct Rounded {
    template <int COUNT> using Operand = RoundedOperand<COUNT>;
    /// Blocks per multiprocessor, for which registers have to suffice.
    static constexpr int BLOCKS = 4;
    /// Products of eight terms whose instructions may mix: as many as registers suffice for.
    static constexpr int UNROLLED = 2;

    /// What shared memory holds of a number, so that it is rounded once and not by every warp that reads it.
    static __device__ float stored(float value) { return nwm::from_bits(nwm::to_tf32(value)); }
};

/// Operands of a product, each as the sum of two TF32 numbers: 21 bits behind the binary point.
template <int COUNT> struct SplitOperand {
    uint32_t high[COUNT], low[COUNT];

    __device__ void set(int index, float value) {
        nwm::SplitNumber parts = nwm::split(value);
        high[index] = parts.high;
        low[index] = parts.low;
    }
};

/// The product of the two small parts is below the rounding of the sum; small terms come first.
__device__ inline void add_product(float (&sum)[4], const SplitOperand<4> &a, const SplitOperand<2> &b) {
    nwm::mma_tile(sum, a.low, b.high);
    nwm::mma_tile(sum, a.high, b.low);
    nwm::mma_tile(sum, a.high, b.high);
}

/// 3xTF32: three products per tile, errors as of single precision.
struct Split {
    template <int COUNT> using Operand = SplitOperand<COUNT>;
    static constexpr int BLOCKS = 3;
    static constexpr int UNROLLED = 1;

    static __device__ float stored(float value) { return value; }
};

/// The left tile as [row][term]: for sources whose terms are neighbours in global memory.
template <class T> struct TermsInner {
    static constexpr int ROW_STEP = DEPTH + 4;
    static constexpr int TERM_STEP = 1;
    static constexpr int WORDS = T::ROWS * ROW_STEP;
};

/// The left tile as [term][row]: for sources whose rows are neighbours in global memory.
template <class T> struct RowsInner {
    static constexpr int ROW_STEP = 1;
    static constexpr int TERM_STEP = T::ROWS + 8;
    static constexpr int WORDS = DEPTH * TERM_STEP;
};

/// The right tile, [term][column].
template <class T> struct Right {
    static constexpr int TERM_STEP = T::COLUMNS + 8;
    static constexpr int WORDS = DEPTH * TERM_STEP;
};

/// The results that the lanes of a warp hold.
template <class T> struct Sums {
    float values[T::PRODUCTS_DOWN][T::PRODUCTS_ACROSS][4] = {};

    /// Every sum of a column begins with `of(column)`.
    template <class Of> __device__ void begin(Of of) {
#pragma unroll
        for (int across = 0; across < T::PRODUCTS_ACROSS; ++across) {
#pragma unroll
            for (int part = 0; part < 2; ++part) {
                float value = of(first_column() + 8 * across + 2 * (threadIdx.x % 4) + part);
#pragma unroll
                for (int down = 0; down < T::PRODUCTS_DOWN; ++down) {
                    values[down][across][part] = values[down][across][part + 2] = value;
                }
            }
        }
    }

    /// Adds the products of the terms in shared memory.
    template <class Precision, class Left> __device__ void add(SharedFloats left, SharedFloats right) {
        int lane = threadIdx.x % nwm::WARP;
        // The places of a lane in the operands of mma_tile.
        int group = lane / 4;
        int term = lane % 4;
        SharedFloats rows = left + ((first_row() + group) * Left::ROW_STEP + term * Left::TERM_STEP);
        SharedFloats columns = right + (term * Right<T>::TERM_STEP + first_column() + group);
#pragma unroll Precision::UNROLLED
        for (int first = 0; first < DEPTH; first += 8) {
            typename Precision::template Operand<2> b[T::PRODUCTS_ACROSS];
#pragma unroll
            for (int across = 0; across < T::PRODUCTS_ACROSS; ++across) {
#pragma unroll
                for (int part = 0; part < 2; ++part) {
                    b[across].set(part, columns[(first + 4 * part) * Right<T>::TERM_STEP + 8 * across]);
                }
            }
#pragma unroll
            for (int down = 0; down < T::PRODUCTS_DOWN; ++down) {
                typename Precision::template Operand<4> a;
#pragma unroll
                for (int part = 0; part < 4; ++part) {
                    int row = 16 * down + part % 2 * 8;
                    a.set(part, rows[row * Left::ROW_STEP + (first + part / 2 * 4) * Left::TERM_STEP]);
                }
#pragma unroll
                for (int across = 0; across < T::PRODUCTS_ACROSS; ++across) {
                    add_product(values[down][across], a, b[across]);
                }
            }
        }
    }

    /// Calls `visit(row)` for each row of the tile of which this lane has results, and what that returns for each two
    /// neighbouring results: `(column, first, second)`.
    template <class Visit> __device__ void visit(Visit visit) const {
        int lane = threadIdx.x % nwm::WARP;
#pragma unroll
        for (int down = 0; down < T::PRODUCTS_DOWN; ++down) {
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                auto write = visit(first_row() + 16 * down + 8 * half + lane / 4);
#pragma unroll
                for (int across = 0; across < T::PRODUCTS_ACROSS; ++across) {
                    const float(&four)[4] = values[down][across];
                    write(first_column() + 8 * across + 2 * (lane % 4), four[2 * half], four[2 * half + 1]);
                }
            }
        }
    }

  private:
    static __device__ int first_row() {
        return static_cast<int>(threadIdx.x) / nwm::WARP / T::WARPS_ACROSS * T::ROWS_OF_WARP;
    }
    static __device__ int first_column() {
        return static_cast<int>(threadIdx.x) / nwm::WARP % T::WARPS_ACROSS * T::COLUMNS_OF_WARP;
    }
};

#ifdef PLANT_SHARED_OFF_BY_ONE
constexpr int FIRST_TERM = 1;
#else
constexpr int FIRST_TERM = 0;
#endif

/// Where the fours of the right tile lie that a thread moves. Those beyond the tile are not stored.
template <class T> struct RightPlace {
    int term, column;
    bool is_inside;

    __device__ explicit RightPlace(int index) {
        constexpr int ALL = T::COLUMNS * DEPTH / 4;
        int four = static_cast<int>(threadIdx.x) + THREADS * index;
        term = 4 * four / T::COLUMNS;
        column = 4 * four % T::COLUMNS;
        is_inside = ALL % THREADS == 0 || four < ALL;
    }
};

/// Fours that each thread moves of a tile of so many words.
template <int WORDS> constexpr int FOURS_OF_THREAD = (WORDS / 4 + THREADS - 1) / THREADS;

/// Words of shared memory for two steps of both tiles.
template <class T, class Left> constexpr int WORDS = 2 * (Left::WORDS + Right<T>::WORDS);

/// Sums `steps` times 16 terms that `operands` reads from global memory, in fours:
///
/// - `prepare(step)` does what all threads need for a step, one barrier before it is read; the caller has done it for
///   the first one;
/// - `read_left(step, fours)` reads this thread's share of the left tile, of which number `index` belongs at word
///   `left_word(index)`;
/// - `read_right(step, fours)` reads this thread's share of the right tile, number `index` at `RightPlace<T>(index)`.
template <class Precision, class T, class Operands>
__device__ void add_products(Sums<T> &sums, SharedFloats shared, const Operands &operands, int steps) {
    using Left = typename Operands::Left;
    constexpr int LEFT = FOURS_OF_THREAD<T::ROWS * DEPTH>;
    constexpr int RIGHT = FOURS_OF_THREAD<T::COLUMNS * DEPTH>;
    constexpr int HALF = Left::WORDS + Right<T>::WORDS;
    Four left[LEFT], right[RIGHT];

    auto store = [](SharedFloats words, Four four) {
#pragma unroll
        for (int part = 0; part < 4; ++part) four.values[part] = Precision::stored(four.values[part]);
        nwm::store_four(words, four);
    };
    auto place = [&](SharedFloats half) {
#pragma unroll
        for (int index = 0; index < LEFT; ++index) store(half + operands.left_word(index), left[index]);
#pragma unroll
        for (int index = 0; index < RIGHT; ++index) {
            RightPlace<T> at(index);
            int word = Left::WORDS + (FIRST_TERM + at.term) * Right<T>::TERM_STEP + at.column;
            if (at.is_inside) store(half + word, right[index]);
        }
    };

    // Each turn fetches the terms of one step and multiplies those of the step before.
    for (int step = 0; step <= steps; ++step) {
        SharedFloats half = shared + step % 2 * HALF;
        SharedFloats before = shared + (step + 1) % 2 * HALF;
        if (step < steps) {
            operands.read_left(step, left);
            operands.read_right(step, right);
        }
        if (step + 1 < steps) operands.prepare(step + 1);
        if (step > 0) sums.template add<Precision, Left>(before, before + Left::WORDS);
        // What is in this half was multiplied before the last barrier.
        if (step < steps) place(half);
#ifndef PLANT_MISSING_BARRIER
        __syncthreads();
#endif
    }
}

} // namespace tile_product
