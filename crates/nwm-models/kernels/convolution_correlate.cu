// One pass of a 3 x 3 convolution over channels-last pictures: forward with bias and leaky ReLU, or the gradient of
// what the layer read, before the leaky ReLU of the layer below.
//
// An implicit product of matrices for each phase (convolution.cuh): rows are targets, columns their channels, and terms
// the pixels of a window with their channels. `pack_weights` lays the weights of all phases out as right factors.
//
// Grid: x tiles of the targets of a phase over the whole batch, y tiles of channels, z phases; 128 threads. The
// largest tile has 30 KB of shared memory and 126 registers, 4 blocks per SM; as 3xTF32 164 registers, 3 blocks per
// SM.
//
// For 64 channels, 64 pictures of 32 x 32. Bytes: sources and targets once each, 34 MB, 10 us at 3.35 TB/s.
// Arithmetic: 4.8 GFLOP, 12 us at 400 TFLOP/s, 36 us as 3xTF32. For each 16 terms a block loads 96 lines of 128 bytes
// from L1, stores as many to shared memory and reads 192 of them back for 128 products of tiles: 384 clocks of that
// path, which bounds plain TF32. Predicted 30 us; 3xTF32 45 us. The next step would be to load the pixels of a tile
// once for all nine taps.
//
// `pack_weights`: one thread per number, 256 threads, 25 registers; x numbers of a phase, y phases. 0.3 MB here, 2 us.
//
// PLANT_WRONG_PADDING plants a mistake for the tests.
#include "convolution.cuh"
#include "tile_product.cuh"

namespace convolution {

/// What a pass reads and writes.
struct Pass {
    /// [batch, source_rows, source_columns, inner]
    const float *source;
    /// [phases, depth, pitch], of `pack_weights`.
    const float *matrices;
    /// [outer], or null: added to every target.
    const float *bias;
    /// Like the target, or null: what decides on the branch of the leaky ReLU in place of the target itself.
    const float *signs;
    /// Of the leaky ReLU below zero; 1 if there is none.
    float slope;
    /// [batch, target_rows, target_columns, outer]
    float *target;
    int batch, source_rows, source_columns, inner, target_rows, target_columns, outer, depth, pitch;
};

/// The windows of a tile of targets times the matrix of their phase, for `tile_product::add_products`.
template <class T> class Windows {
  public:
    using Left = tile_product::TermsInner<T>;

    __device__ Windows(const Pass &pass, const Targets &targets, const Phase &down, const Phase &across, int phase)
        : source_(pass.source), inner_(pass.inner), window_(down, across, pass.inner), width_(across.width),
          line_(pass.source_columns * pass.inner), in_fours_(is_in_fours(pass.source, pass.inner)), pitch_(pass.pitch) {
        matrix_ = pass.matrices + phase * pass.depth * pass.pitch + blockIdx.y * T::COLUMNS;
#pragma unroll
        for (int index = 0; index < ROWS; ++index) {
            int target = blockIdx.x * T::ROWS + row_of(index);
            first_[index] = 0;
            inside_[index] = 0;
            if (target >= targets.count) continue;
            Place place = targets.place(target);
            int row = down.start + place.row * down.stride;
            int column = across.start + place.column * across.stride;
            first_[index] = ((place.sample * pass.source_rows + row) * pass.source_columns + column) * inner_;
            for (int side = 0; side < 4; ++side) {
#ifdef PLANT_WRONG_PADDING
                bool row_is_inside = row + side >= 0 && row + side <= pass.source_rows;
#else
                bool row_is_inside = row + side >= 0 && row + side < pass.source_rows;
#endif
                bool column_is_inside = column + side >= 0 && column + side < pass.source_columns;
                inside_[index] |= row_is_inside << side | column_is_inside << (4 + side);
            }
        }
    }

    __device__ int steps() const { return (4 * window_.fours + tile_product::DEPTH - 1) / tile_product::DEPTH; }

    __device__ void prepare(int) const {}

    template <int N> __device__ void read_left(int step, nwm::Four (&fours)[N]) const {
        int index = step * (tile_product::DEPTH / 4) + threadIdx.x % 4;
        Window::Piece piece = window_.piece(index);
        int row = width_ == 3 ? piece.pixel / 3 : piece.pixel >> (width_ / 2);
        int column = piece.pixel - row * width_;
        const float *first = source_ + (row * line_ + column * inner_ + piece.channel);
        // The row and the column in `inside_`; beyond the last four, more than any pixel has.
        int needs = index < window_.fours ? 1 << row | 1 << (4 + column) : -1;
        int count = min(inner_ - piece.channel, 4);
        read_fours(fours, in_fours_, [&](int index) {
            return Channels{first + first_[index], (inside_[index] & needs) == needs ? count : 0};
        });
    }

    __device__ int left_word(int index) const { return row_of(index) * Left::ROW_STEP + threadIdx.x % 4 * 4; }

    template <int N> __device__ void read_right(int step, nwm::Four (&fours)[N]) const {
        const float *first = matrix_ + step * tile_product::DEPTH * pitch_;
#pragma unroll
        for (int index = 0; index < N; ++index) {
            tile_product::RightPlace<T> at(index);
            fours[index] = nwm::load_four_if(at.is_inside, first + (at.term * pitch_ + at.column));
        }
    }

  private:
    static constexpr int ROWS = tile_product::FOURS_OF_THREAD<T::ROWS * tile_product::DEPTH>;

    /// Four threads read the 16 terms of a row. Rows r and r + 4 follow each other, whose words are in different banks.
    static __device__ int row_of(int index) {
        int lane = threadIdx.x % nwm::WARP;
        int warp = threadIdx.x / nwm::WARP;
        return (index * tile_product::WARPS + warp) * 8 + lane / 8 + lane / 4 % 2 * 4;
    }

    const float *source_, *matrix_;
    int inner_;
    Window window_;
    int width_, line_;
    bool in_fours_;
    int pitch_;
    /// Of each row: the first number of its window, and which of its four rows and of its four columns are in the
    /// picture.
    int first_[ROWS], inside_[ROWS];
};

template <class Precision, class T> __device__ void correlate(const Pass &pass, long long rows, long long columns) {
    int phase = blockIdx.z;
    Phase down(rows, phase / Phase::steps(columns));
    Phase across(columns, phase % Phase::steps(columns));
    Targets targets(pass.batch, down.count(pass.target_rows), across.count(pass.target_columns));
    if (static_cast<int>(blockIdx.x) * T::ROWS >= targets.count) return;

    NWM_SHARED_MEMORY(shared);
    tile_product::Sums<T> sums;
    int first_column = blockIdx.y * T::COLUMNS;
    if (pass.bias) {
        sums.begin([&](int column) {
            column += first_column;
            return column < pass.outer ? pass.bias[column] : 0.0f;
        });
    }
    {
        Windows<T> windows(pass, targets, down, across, phase);
        tile_product::add_products<Precision>(sums, shared, windows, windows.steps());
    }

    bool in_pairs = pass.outer % 2 == 0 && reinterpret_cast<uintptr_t>(pass.target) % 8 == 0;
    sums.visit([&](int row_of_tile) {
        int index = blockIdx.x * T::ROWS + row_of_tile;
        bool is_there = index < targets.count;
        Place place = targets.place(is_there ? index : 0);
        int row = place.sample * pass.target_rows + down.number + place.row * down.step;
        int first = (row * pass.target_columns + across.number + place.column * across.step) * pass.outer;
        return [=](int column_of_tile, float left, float right) {
            int column = first_column + column_of_tile;
            if (!is_there || column >= pass.outer) return;
            float *target = pass.target + (first + column);
            const float *signs = pass.signs ? pass.signs + (first + column) : nullptr;
            auto after = [&](float sum, int part) {
                return (signs ? signs[part] : sum) > 0.0f ? sum : pass.slope * sum;
            };
            left = after(left, 0);
            if (column + 1 == pass.outer) {
                target[0] = left;
            } else if (in_pairs) {
                nwm::store_two(target, left, after(right, 1));
            } else {
                target[0] = left;
                target[1] = after(right, 1);
            }
        };
    });
}

} // namespace convolution

#define CORRELATE(name, Precision, Tile)                                                                               \
    extern "C" __global__ void __launch_bounds__(tile_product::THREADS, tile_product::Precision::BLOCKS) name(          \
        const float *source, const float *matrices, const float *bias, const float *signs, float slope, float *target, \
        int batch, int source_rows, int source_columns, int inner, int target_rows, int target_columns, int outer,     \
        int depth, int pitch, long long rows, long long columns) {                                                     \
        convolution::Pass pass{source,         matrices, bias,        signs,          slope, target, batch,            \
                               source_rows,    source_columns, inner, target_rows, target_columns, outer, depth,       \
                               pitch};                                                                                 \
        convolution::correlate<tile_product::Precision, tile_product::Tile>(pass, rows, columns);                      \
    }

CORRELATE(correlate_large_rounded, Rounded, Large)
CORRELATE(correlate_narrow_rounded, Rounded, Narrow)
CORRELATE(correlate_small_rounded, Rounded, Small)
CORRELATE(correlate_large_split, Split, Large)
CORRELATE(correlate_narrow_split, Split, Narrow)
CORRELATE(correlate_small_split, Split, Small)

/// matrices[phase][term][column] = sum of the weights of the taps that meet the term's pixel, zero beyond the last
/// term and column. Terms are the pixels of the window with their channels, in the order of `Window`. Weights of a
/// term's channel are `inner_step` apart, those of a column `outer_step`.
extern "C" __global__ void pack_weights(const float *weights, float *matrices, int inner, int outer, int inner_step,
                                        int outer_step, int depth, int pitch, long long rows, long long columns) {
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= depth * pitch) return;
    int phase = blockIdx.y;
    convolution::Phase down(rows, phase / convolution::Phase::steps(columns));
    convolution::Phase across(columns, phase % convolution::Phase::steps(columns));
    int term = index / pitch;
    int column = index % pitch;
    convolution::Window window(down, across, inner);
    convolution::Window::Piece piece = window.piece(term / 4);
    int channel = piece.channel + term % 4;
    float sum = 0.0f;
    if (term / 4 < window.fours && channel < inner && column < outer) {
        const float *of_pair = weights + (channel * inner_step + column * outer_step);
        for (int tap = 0; tap < 9; ++tap) {
            bool meets = down.meets(piece.pixel / across.width, tap / 3) &&
                         across.meets(piece.pixel % across.width, tap % 3);
            if (meets) sum += of_pair[tap];
        }
    }
    matrices[phase * depth * pitch + index] = sum;
}
