// The gradient of a convolution's weights and bias: for each phase of the forward pass (convolution.cuh) the product of
// the transposed windows with the gradient of the results before the leaky ReLU, summed over all pixels.
//
// Rows are the pixels of a window with their channels (`Window`), and one more row of ones, whose products are the
// gradient of the bias; columns are filters; terms are results. They are cut into chunks whose number depends on
// shapes alone; each block writes the sum over one chunk, and `reduce_gradient` adds the chunks from the first to the
// last.
//
// Grid: x tiles of rows, y tiles of filters, z chunks of each phase; 128 threads. The larger tile has 27 KB of shared
// memory and 165 registers, 3 blocks per SM. `reduce_gradient`: one thread per parameter, 256 threads, 32 registers.
//
// For 64 channels, 64 pictures of 32 x 32. Bytes: sources and gradient once each, and 79 chunks of 148 KB written and
// read, 57 MB, 17 us at 3.35 TB/s (of which the chunks stay in L2). Arithmetic: 5.4 GFLOP with idle rows, 13 us at
// 400 TFLOP/s, 40 us as 3xTF32. As in `correlate_...` 384 clocks of the path to shared memory for 128 products of
// tiles bound plain TF32, and the places of pixels cost about as many instructions as the products. Predicted 40 us
// with the sum over chunks; 3xTF32 55 us.
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

    __device__ Correlations(const Layer &layer, const Targets &targets, const Phase &down, const Phase &across,
                            int chunk)
        : layer_(layer), targets_(targets), down_(down), across_(across),
          source_in_fours_(is_in_fours(layer.source, layer.channels)),
          gradient_in_fours_(is_in_fours(layer.gradient, layer.filters)), first_(chunk * layer.chunk),
          end_(min(targets.count, first_ + layer.chunk)) {
        Window window(down, across, layer.channels);
        int index = blockIdx.x * FOURS + threadIdx.x % FOURS;
        Window::Piece piece = window.piece(index);
        row_ = down.start + piece.pixel / across.width;
        column_ = across.start + piece.pixel % across.width;
        count_ = index < window.fours ? min(layer.channels - piece.channel, 4) : 0;
        channel_ = piece.channel;
        is_bias_ = index == window.fours;
    }

    __device__ int steps() const {
        return (max(end_ - first_, 0) + tile_product::DEPTH - 1) / tile_product::DEPTH;
    }

    template <int N> __device__ void read_left(int step, nwm::Four (&fours)[N]) const {
        int first = first_ + step * tile_product::DEPTH;
        if (is_bias_) {
#pragma unroll
            for (int index = 0; index < N; ++index) {
                fours[index] = nwm::Four{{first + term_of(index) < end_ ? 1.0f : 0.0f, 0.0f, 0.0f, 0.0f}};
            }
            return;
        }
        read_fours(fours, source_in_fours_, [&](int index) {
            int target = first + term_of(index);
            Place place = targets_.place(target);
            int row = row_ + place.row * down_.stride;
            int column = column_ + place.column * across_.stride;
            bool inside = row >= 0 && row < layer_.rows && column >= 0 && column < layer_.columns;
            int pixel = (place.sample * layer_.rows + row) * layer_.columns + column;
            return Channels{layer_.source + (pixel * layer_.channels + channel_), inside && target < end_ ? count_ : 0};
        });
    }

    __device__ int left_word(int index) const { return term_of(index) * Left::TERM_STEP + threadIdx.x % FOURS * 4; }

    template <int N> __device__ void read_right(int step, nwm::Four (&fours)[N]) const {
        int first = first_ + step * tile_product::DEPTH;
        read_fours(fours, gradient_in_fours_, [&](int index) {
            tile_product::RightPlace<T> at(index);
            int target = first + at.term;
            int column = blockIdx.y * T::COLUMNS + at.column;
            Place place = targets_.place(target);
            int row = place.sample * layer_.result_rows + down_.number + place.row * down_.step;
            int pixel = row * layer_.result_columns + across_.number + place.column * across_.step;
            int count = at.is_inside && target < end_ ? min(layer_.filters - column, 4) : 0;
            return Channels{layer_.gradient + (pixel * layer_.filters + column), count};
        });
    }

  private:
    /// Neighbouring threads read neighbouring rows of one term.
    static constexpr int FOURS = T::ROWS / 4;
    static __device__ int term_of(int index) {
        return static_cast<int>(threadIdx.x) / FOURS + index * (tile_product::THREADS / FOURS);
    }

    const Layer &layer_;
    const Targets &targets_;
    const Phase &down_, &across_;
    bool source_in_fours_, gradient_in_fours_;
    /// The chunk.
    int first_, end_;
    /// Of the rows that this thread reads: their pixel for the first target, the first of their channels and how many
    /// these are; or that they are the bias's.
    int row_, column_, channel_, count_;
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
    Correlations<T> correlations(layer, targets, down, across, chunk);
    tile_product::add_products<Precision>(sums, shared, correlations, correlations.steps());

    int bias = 4 * Window(down, across, layer.channels).fours;
    float *partial = layer.partial + static_cast<long long>(blockIdx.z) * (layer.depth + 1) * layer.filters;
    sums.visit([&](int row_of_tile) {
        int row = blockIdx.x * T::ROWS + row_of_tile;
        return [=](int column_of_tile, float left, float right) {
            int column = blockIdx.y * T::COLUMNS + column_of_tile;
            float *target = partial + (row * layer.filters + column);
            if (row > bias) return;
            if (column < layer.filters) target[0] = left;
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
/// of `partial` over phases and chunks, in this order. Neighbouring threads are neighbouring filters, as in
/// `partial`.
extern "C" __global__ void reduce_gradient(const float *partial, float *parameters, int channels, int filters,
                                           int chunks, int depth, long long rows, long long columns) {
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= (9 * channels + 1) * filters) return;
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
    float sum = 0.0f;
    for (int phase = 0; phase < phases; ++phase) {
        convolution::Phase down(rows, phase / phases_across);
        convolution::Phase across(columns, phase % phases_across);
        convolution::Window window(down, across, channels);
        int row = 4 * window.fours;
        if (!is_bias) row = window.place(down.source_of(tap / 3) * across.width + across.source_of(tap % 3), channel);
        long long size = static_cast<long long>(depth + 1) * filters;
        const float *of_phase = partial + (phase * chunks * size + row * filters + filter);
        for (int chunk = 0; chunk < whole; ++chunk) sum += of_phase[chunk * size];
    }
    int place = is_bias ? 9 * channels * filters + filter : (filter * channels + channel) * 9 + tap;
    parameters[place] = sum;
}
