// Pictures of a batch, from what they show: soft discs over a background, or the outer product of two strategies.
//
// Every value is a byte / 255, and every byte that of the cpu (src/discs.rs, src/render.rs), whose definition is
// computed here operation by operation in double precision. Far from all discs a pixel has the background's bytes
// exactly, and no disc is computed.
//
// Grid: a block of 256 threads per 256 pixels of a picture, one thread per pixel; picture by picture. 768 words of
// shared memory, through which colours are written in the order of memory. 56 (discs) and 32 registers.
//
// Bytes: 12 written per pixel, 56 read per disc of a picture. 32 windows of 60 frames of 32 x 32 with two discs: 23.6
// MB and 0.2 MB, 7 us at 3.35 TB/s. A disc in reach takes about 70 operations in double precision (root, exponential
// and quotients with their steps of refinement) and every pixel 40, of which an H100 does 8448 a clock at 1.75 GHz: 5
// us if nothing is reached, 24 us if both discs reach every pixel. A warp is a row of 32 pixels, and goes on only if a
// disc reaches one of them. Predicted are 10 to 20 us.
//
// PLANT_BACK_TO_FRONT and PLANT_TRANSPOSED plant mistakes for the tests.
#include "rounded.cuh"

namespace drawing {

using rounded::Number;

constexpr int THREADS = 256;
constexpr int CHANNELS = 3;

/// Steepness of a disc's edge, as src/discs.rs has it.
constexpr double TEMPERATURE = 80.0;

/// The numbers of a disc: middle, radius, colour, and the square of the distance beyond which it is negligible.
constexpr int DISC = 7;
enum Place { COLUMN, ROW, RADIUS, COLOUR, REACH_SQUARED = 6 };

/// Numbers of double precision in global memory, two words each.
class Numbers {
  public:
    __device__ Numbers(const float *words, long long first) : words_(words + 2 * first) {}
    __device__ Number operator[](int index) const { return nwm::load_double(words_ + 2 * index); }

  private:
    const float *words_;
};

/// Which pixels of which picture a block draws.
struct Pixels {
    /// Which picture, and its first pixel among those of all pictures.
    long long picture, origin;
    /// The first pixel of the block among those of the picture, and how many there are.
    uint32_t first;
    int count;

    __device__ Pixels(int resolution, int blocks_of_a_picture) {
        int block = blockIdx.x;
        long long size = static_cast<long long>(resolution) * resolution;
        picture = block / blocks_of_a_picture;
        origin = picture * size;
        first = static_cast<uint32_t>(block % blocks_of_a_picture) * THREADS;
        long long left = size - first;
        count = left < THREADS ? static_cast<int>(left) : THREADS;
    }

    __device__ bool has_mine() const { return static_cast<int>(threadIdx.x) < count; }
    __device__ uint32_t mine() const { return first + threadIdx.x; }

    /// Writes all colours once all threads have theirs.
    __device__ void write(SharedFloats colours, float *pictures) const {
        __syncthreads();
        float *target = pictures + CHANNELS * (origin + first);
        for (int value = threadIdx.x; value < CHANNELS * count; value += THREADS) target[value] = colours[value];
    }
};

/// The value of a channel in 0..1, cut to a byte, over 255.
__device__ inline float of_byte(Number channel) {
    double value = (255.0 * channel).value;
    int byte = value > 0.0 ? (value < 255.0 ? static_cast<int>(value) : 255) : 0;
    return __fdiv_rn(static_cast<float>(byte), 255.0f);
}

} // namespace drawing

/// `scenes` are `[picture, disc, number]` in double precision, discs front to back; `pictures` are
/// `[picture, row, column, channel]`.
extern "C" __global__ void __launch_bounds__(drawing::THREADS, 4)
    draw_discs(int resolution, int blocks_of_a_picture, int discs, const float *scenes, float *pictures) {
    using namespace drawing;
    NWM_SHARED_MEMORY(colours);
    Pixels pixels(resolution, blocks_of_a_picture);
    if (pixels.has_mine()) {
        Numbers scene(scenes, pixels.picture * discs * DISC);
        Number last = resolution - 1;
        Number x = static_cast<double>(pixels.mine() % resolution) / last;
        Number y = static_cast<double>(pixels.mine() / resolution) / last;
        auto squared_distance = [&](int disc) {
            Number across = scene[disc * DISC + COLUMN] - x, down = scene[disc * DISC + ROW] - y;
            return across * across + down * down;
        };
        bool is_reached = false;
        for (int disc = 0; disc < discs; ++disc) {
            is_reached = is_reached || !(squared_distance(disc) > scene[disc * DISC + REACH_SQUARED]);
        }
        Number value[CHANNELS] = {0.0, 0.0, 0.0};
        Number visible = 1.0;
        for (int place = 0; place < discs && is_reached; ++place) {
#ifdef PLANT_BACK_TO_FRONT
            int disc = discs - 1 - place;
#else
            int disc = place;
#endif
            Number beyond = rounded::square_root(squared_distance(disc)) - scene[disc * DISC + RADIUS];
            Number cover = 1.0 / (1.0 + rounded::exponential(TEMPERATURE * beyond));
            for (int channel = 0; channel < CHANNELS; ++channel) {
                value[channel] = value[channel] + visible * cover * scene[disc * DISC + COLOUR + channel];
            }
            visible = visible * (1.0 - cover);
        }
        const double background[CHANNELS] = {0.321, 0.349, 0.368};
        for (int channel = 0; channel < CHANNELS; ++channel) {
            colours[CHANNELS * threadIdx.x + channel] = of_byte(value[channel] + visible * background[channel]);
        }
    }
    pixels.write(colours, pictures);
}

/// `scenes` are `[picture, player, choice]` in double precision; every choice of the first player is `block` rows of
/// pixels, and of the second as many columns.
extern "C" __global__ void __launch_bounds__(drawing::THREADS)
    draw_strategies(int resolution, int blocks_of_a_picture, int choices, int block, const float *scenes,
                    float *pictures) {
    using namespace drawing;
    NWM_SHARED_MEMORY(colours);
    Pixels pixels(resolution, blocks_of_a_picture);
    if (pixels.has_mine()) {
        Numbers scene(scenes, pixels.picture * 2 * choices);
        int row = pixels.mine() / resolution / block, column = pixels.mine() % resolution / block;
#ifdef PLANT_TRANSPOSED
        float value = of_byte(scene[column] * scene[choices + row]);
#else
        float value = of_byte(scene[row] * scene[choices + column]);
#endif
        for (int channel = 0; channel < CHANNELS; ++channel) colours[CHANNELS * threadIdx.x + channel] = value;
    }
    pixels.write(colours, pictures);
}

#ifdef NWM_EMULATED
/// The exponential of many numbers, for the tests: `[number]` in double precision, and their results.
extern "C" __global__ void exponentials(int count, const float *numbers, float *results) {
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= count) return;
    double result = rounded::exponential(drawing::Numbers(numbers, 0)[index]).value;
    std::memcpy(results + 2 * index, &result, sizeof result);
}
#endif
