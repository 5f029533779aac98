// The gradient of a convolution's weights and bias: for each phase of the forward pass (convolution.cuh) the product of
// the transposed windows with the gradient of the results before the leaky ReLU, summed over all pixels.
//
// Rows are the pixels of a window with their channels (`Window`), and one more row of ones, whose products are the
// gradient of the bias; columns are filters; terms are results. They are cut into chunks whose number depends on
// shapes and precision alone; each block writes the sum over one chunk, and `reduce_gradient` adds the chunks in a
// fixed order. Chunks of 3xTF32 have 2048 terms at most, since tensor cores round each sum towards zero.
//
// Grid: x tiles of rows, y tiles of filters, z chunks of each phase; 128 threads. The larger tile has 28 KB of shared
// memory and 168 registers, 3 blocks per SM, the smaller one 20 KB and 102 registers, 4 blocks per SM.
// `reduce_gradient`: one block of 256 threads for 32 parameters, 1 KB of shared memory, 40 registers.
//
// For 64 channels, 64 pictures of 32 x 32. Bytes: sources and gradient once each, and 79 chunks of 148 KB written and
// read, 57 MB, 17 us at 3.35 TB/s (of which the chunks stay in L2). Arithmetic: 5.4 GFLOP with idle rows, 13 us at
// 400 TFLOP/s, 40 us as 3xTF32. As in `correlate_...` 384 clocks of the path to shared memory for 128 products of
// tiles bound plain TF32; 3xTF32 is bound by the 450 instructions of a warp for 96 products (as ptxas compiles it for
// 9.0), 40 us at 1.76 GHz. The places of the 16 terms of a step are found once for the block, one step ahead.
// Predicted 35 us with the sum over chunks; 3xTF32 45 us.
//
// PLANT_MISSING_CHUNK plants a mistake for the tests.
#include "convolution.cuh"
#include "tile_product.cuh"

namespace convolution {

/// What the gradient of a layer's weights is made of.
struct Layer {
    /// [batch, rows, columns, channels]
    const float *source;
    /// Of the result before the leaky ReLU, [batch, result_rows, result_columns, filters].
    const float *gradient;
    /// [phases, chunks, depth + 1, filters]
    float *partial;
    int batch, rows, columns, channels, result_rows, result_columns, filters;
    /// Terms of a chunk, a multiple of 16, and how many chunks there are for each phase.
    int chunk, chunks;
    /// Rows without that of the bias of the phase that has most.
    int depth;
};

/// Windows and gradients of a chunk of results, for `tile_product::add_products`.
template <class T> class Correlations {
  public:
    using Left = tile_product::RowsInner<T>;

    /// Words of shared memory that tell where a term lies. Those of two steps are behind the tiles.
    static constexpr int PLACE_WORDS = 4;

    __device__ Correlations(const Layer &layer, const Targets &targets, const Phase &down, const Phase &across,
                            int chunk, SharedFloats places)
        : layer_(layer), targets_(targets), down_(down), across_(across), places_(places),
          source_in_fours_(is_in_fours(layer.source, layer.channels)),
          gradient_in_fours_(is_in_fours(layer.gradient, layer.filters)), first_(chunk * layer.chunk),
          end_(min(targets.count, first_ + layer.chunk)) {
        Window window(down, across, layer.channels);
        int index = blockIdx.x * FOURS + threadIdx.x % FOURS;
        Window::Piece piece = window.piece(index);
        row_ = down.start + piece.pixel / across.width;
        column_ = across.start + piece.pixel % across.width;
        count_ = index < window.fours ? min(layer.channels - piece.channel, 4) : 0;
        source_ = layer.source + ((row_ * layer.columns + column_) * layer.channels + piece.channel);
        is_bias_ = index == window.fours;
    }

    __device__ int steps() const {
        return (max(end_ - first_, 0) + tile_product::DEPTH - 1) / tile_product::DEPTH;
    }

    /// Finds the places of the terms of a step, of which every thread reads some after the next barrier.
    __device__ void prepare(int step) const {
        int term = threadIdx.x;
        if (term >= tile_product::DEPTH) return;
        int target = first_ + step * tile_product::DEPTH + term;
        // Far above the picture if there is no such term.
        int row = -(1 << 30), column = 0, source = 0, result = -1;
        if (target < end_) {
            Place place = targets_.place(target);
            row = place.row * down_.stride;
            column = place.column * across_.stride;
            source = ((place.sample * layer_.rows + row) * layer_.columns + column) * layer_.channels;
            int row_of_result = place.sample * layer_.result_rows + down_.number + place.row * down_.step;
            int column_of_result = across_.number + place.column * across_.step;
            result = (row_of_result * layer_.result_columns + column_of_result) * layer_.filters;
        }
        nwm::store_four(places_ + place_word(step, term), nwm::Four{{nwm::from_bits(row), nwm::from_bits(column),
                                                                     nwm::from_bits(source), nwm::from_bits(result)}});
    }

    template <int N> __device__ void read_left(int step, nwm::Four (&fours)[N]) const {
        if (is_bias_) {
#pragma unroll
            for (int index = 0; index < N; ++index) {
                fours[index] = nwm::Four{{place_of(step, term_of(index)).result < 0 ? 0.0f : 1.0f, 0.0f, 0.0f, 0.0f}};
            }
            return;
        }
        read_fours(fours, source_in_fours_, [&](int index) {
            TermPlace place = place_of(step, term_of(index));
            // Negative ones become large ones.
            bool inside = static_cast<uint32_t>(row_ + place.row) < static_cast<uint32_t>(layer_.rows) &&
                          static_cast<uint32_t>(column_ + place.column) < static_cast<uint32_t>(layer_.columns);
            return Channels{source_ + place.source, inside ? count_ : 0};
        });
    }

    __device__ int left_word(int index) const { return term_of(index) * Left::TERM_STEP + threadIdx.x % FOURS * 4; }

    template <int N> __device__ void read_right(int step, nwm::Four (&fours)[N]) const {
        read_fours(fours, gradient_in_fours_, [&](int index) {
            tile_product::RightPlace<T> at(index);
            int column = blockIdx.y * T::COLUMNS + at.column;
            int result = at.is_inside ? place_of(step, at.term).result : -1;
            return Channels{layer_.gradient + (result + column), result < 0 ? 0 : min(layer_.filters - column, 4)};
        });
    }

  private:
    /// Neighbouring threads read neighbouring rows of one term.
    static constexpr int FOURS = T::ROWS / 4;
    static __device__ int term_of(int index) {
        return static_cast<int>(threadIdx.x) / FOURS + index * (tile_product::THREADS / FOURS);
    }

    /// A term: its row and column in the picture of sources if the window began there, the first number of that pixel,
    /// and the first number of its result or a negative one if there is no such term.
    struct TermPlace {
        int row, column, source, result;
    };

    static __device__ int place_word(int step, int term) {
        return (step % 2 * tile_product::DEPTH + term) * PLACE_WORDS;
    }

    __device__ TermPlace place_of(int step, int term) const {
        nwm::Four four = nwm::fetch_four(places_ + place_word(step, term));
        auto number = [&](int part) { return static_cast<int>(nwm::bits_of(four.values[part])); };
        return TermPlace{number(0), number(1), number(2), number(3)};
    }

    const Layer &layer_;
    const Targets &targets_;
    const Phase &down_, &across_;
    SharedFloats places_;
    bool source_in_fours_, gradient_in_fours_;
    /// The chunk.
    int first_, end_;
    /// Of the rows that this thread reads: their pixel if the window begins at the first one, the first of their
    /// channels there, and how many these are; or that they are the bias's.
    int row_, column_;
    const float *source_;
    int count_;
    bool is_bias_;
};

template <class Precision, class T>
__device__ void weight_gradient(const Layer &layer, long long rows, long long columns) {
    int phase = static_cast<int>(blockIdx.z) / layer.chunks;
    int chunk = static_cast<int>(blockIdx.z) % layer.chunks;
    Phase down(rows, phase / Phase::steps(columns));
    Phase across(columns, phase % Phase::steps(columns));
    Targets targets(layer.batch, down.count(layer.result_rows), across.count(layer.result_columns));

    NWM_SHARED_MEMORY(shared);
    tile_product::Sums<T> sums;
    constexpr int TILES = tile_product::WORDS<T, typename Correlations<T>::Left>;
    Correlations<T> correlations(layer, targets, down, across, chunk, shared + TILES);
    correlations.prepare(0);
    __syncthreads();
    tile_product::add_products<Precision>(sums, shared, correlations, correlations.steps());

    int bias = 4 * Window(down, across, layer.channels).fours;
    float *partial = layer.partial + static_cast<long long>(blockIdx.z) * (layer.depth + 1) * layer.filters;
    bool in_pairs = layer.filters % 2 == 0 && reinterpret_cast<uintptr_t>(layer.partial) % 8 == 0;
    sums.visit([&](int row_of_tile) {
        int row = blockIdx.x * T::ROWS + row_of_tile;
        return [=](int column_of_tile, float left, float right) {
            int column = blockIdx.y * T::COLUMNS + column_of_tile;
            float *target = partial + (row * layer.filters + column);
            if (row > bias || column >= layer.filters) return;
            if (in_pairs) {
                nwm::store_two(target, left, right);
                return;
            }
            target[0] = left;
            if (column + 1 < layer.filters) target[1] = right;
        };
    });
}

} // namespace convolution

#define WEIGHT_GRADIENT(name, Precision, Tile)                                                                         \
    extern "C" __global__ void __launch_bounds__(tile_product::THREADS, 3) name(                                       \
        const float *source, const float *gradient, float *partial, int batch, int rows, int columns, int channels,    \
        int result_rows, int result_columns, int filters, int chunk, int chunks, int depth, long long rows_axis,       \
        long long columns_axis) {                                                                                      \
        convolution::Layer layer{source,      gradient,       partial, batch, rows,   columns, channels,               \
                                 result_rows, result_columns, filters, chunk, chunks, depth};                          \
        convolution::weight_gradient<tile_product::Precision, tile_product::Tile>(layer, rows_axis, columns_axis);     \
    }

WEIGHT_GRADIENT(weight_gradient_large_rounded, Rounded, Large)
WEIGHT_GRADIENT(weight_gradient_narrow_rounded, Rounded, Narrow)
WEIGHT_GRADIENT(weight_gradient_large_split, Split, Large)
WEIGHT_GRADIENT(weight_gradient_narrow_split, Split, Narrow)

/// parameters = the gradient of the weights [filters, channels, 3, 3] and, behind it, of the bias [filters]: the sums
/// of `partial` over phases and chunks. A block has 32 parameters; of the chunks of each phase every warp adds as many,
/// from the first to the last, and the sums of warps are added in their order. Neighbouring lanes are neighbouring
/// filters, as in `partial`.
extern "C" __global__ void reduce_gradient(const float *partial, float *parameters, int channels, int filters,
                                           int chunks, int depth, long long rows, long long columns) {
    NWM_SHARED_MEMORY(shared);
    int lane = threadIdx.x % nwm::WARP;
    int warp = threadIdx.x / nwm::WARP;
    int warps = blockDim.x / nwm::WARP;
    int index = blockIdx.x * nwm::WARP + lane;
    bool is_there = index < (9 * channels + 1) * filters;
    if (!is_there) index = 0;
    int filter = index % filters;
    int of_filter = index / filters;
    int tap = of_filter / channels;
    int channel = of_filter % channels;
    bool is_bias = tap == 9;
    int phases_across = convolution::Phase::steps(columns);
    int phases = convolution::Phase::steps(rows) * phases_across;
#ifdef PLANT_MISSING_CHUNK
    int whole = chunks - 1;
#else
    int whole = chunks;
#endif
    int of_warp = (chunks + warps - 1) / warps;
    int first = warp * of_warp;
    int end = min(first + of_warp, whole);
    float sum = 0.0f;
    for (int phase = 0; phase < phases; ++phase) {
        convolution::Phase down(rows, phase / phases_across);
        convolution::Phase across(columns, phase % phases_across);
        convolution::Window window(down, across, channels);
        int row = 4 * window.fours;
        if (!is_bias) row = window.place(down.source_of(tap / 3) * across.width + across.source_of(tap % 3), channel);
        long long size = static_cast<long long>(depth + 1) * filters;
        const float *of_phase = partial + (phase * chunks * size + row * filters + filter);
        // Loads of several chunks are under way at once.
#pragma unroll 8
        for (int chunk = first; chunk < end; ++chunk) sum += of_phase[chunk * size];
    }
    shared[threadIdx.x] = sum;
    __syncthreads();
    if (warp > 0 || !is_there) return;
    float total = 0.0f;
    for (int other = 0; other < warps; ++other) total += shared[other * nwm::WARP + lane];
    int place = is_bias ? 9 * channels * filters + filter : (filter * channels + channel) * 9 + tap;
    parameters[place] = total;
}
