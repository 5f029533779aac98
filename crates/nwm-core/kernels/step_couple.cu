// The couplings of one step between maps that are too large for the shared memory of a block, and their adjoint.
//
// States are [sample][position, velocity][channel][row][column]; drive, pre-activations and their gradients
// [sample][channel][row][column]. Kernels are [out][in][tap row][tap column].
//
// Grid: x: tiles of 256 sites of a map, y: maps, z: samples; a thread has one site of one map, and reads its neighbours through
// the first cache. Weight gradients: x: pairs of maps, y: samples; a block of 256 threads goes over the sites of a sample once
// per tap. Shared memory: `BlockSum::WORDS` for the weight gradients. Registers: see resources.csv.
// Bytes moved: two or three fields in, one out, 16 bytes a site; weight gradients read four fields once per tap from the second cache.
// Floor: 8 samples of one map of 128 x 128, 2 MB a step, below the launch itself. A fallback: a step is four launches.
#include "nwm.cuh"

namespace nwm {

struct Maps {
    int channels, rows, columns, tap_rows, tap_columns;

    __device__ int sites() const { return rows * columns; }

    /// Calls `visit` with the tap and the site that it leads to, forwards or back.
    template <class Visit> __device__ void for_taps(int site, bool back, Visit visit) const {
        const int row = site / columns, column = site % columns;
#pragma unroll 1
        for (int a = 0; a < tap_rows; ++a) {
            int row_shift = a - tap_rows / 2;
            int other_row = row + (back ? -row_shift : row_shift);
            other_row += other_row < 0 ? rows : other_row >= rows ? -rows : 0;
#pragma unroll 1
            for (int b = 0; b < tap_columns; ++b) {
                int column_shift = b - tap_columns / 2;
                int other_column = column + (back ? -column_shift : column_shift);
                other_column += other_column < 0 ? columns : other_column >= columns ? -columns : 0;
                visit(a * tap_columns + b, other_row * columns + other_column);
            }
        }
    }
};

} // namespace nwm

/// pre = Kx(x) + Kv(v), and + Kd(d) if there is a kernel for it.
extern "C" __global__ void __launch_bounds__(256)
    couple_forward(int channels, int rows, int columns, int tap_rows, int tap_columns, const float *coupling,
                   const float *damping, const float *drive_kernel, const float *state, const float *drive, float *pre) {
    const nwm::Maps maps{channels, rows, columns, tap_rows, tap_columns};
    const int site = blockIdx.x * blockDim.x + threadIdx.x;
    if (site >= maps.sites()) return;
    const int out = blockIdx.y;
    const long long sample = blockIdx.z, sites = maps.sites(), units = channels * sites;
    const int taps = tap_rows * tap_columns;
    float sum = 0.0f;
#pragma unroll 1
    for (int in = 0; in < channels; ++in) {
        const float *x = state + 2 * sample * units + in * sites;
        const float *v = x + units;
        const float *d = drive_kernel == nullptr ? nullptr : drive + sample * units + in * sites;
        const int pair = (out * channels + in) * taps;
        maps.for_taps(site, false, [&](int tap, int other) {
            sum = fmaf(coupling[pair + tap], x[other], sum);
            sum = fmaf(damping[pair + tap], v[other], sum);
            if (drive_kernel != nullptr) sum = fmaf(drive_kernel[pair + tap], d[other], sum);
        });
    }
    pre[sample * units + out * sites + site] = sum;
}

/// grad_state += (Kx^T, Kv^T) grad_pre, and grad_drive = Kd^T grad_pre if it is wanted.
extern "C" __global__ void __launch_bounds__(256)
    couple_backward(int channels, int rows, int columns, int tap_rows, int tap_columns, const float *coupling,
                    const float *damping, const float *drive_kernel, const float *grad_pre, float *grad_state,
                    float *grad_drive) {
    const nwm::Maps maps{channels, rows, columns, tap_rows, tap_columns};
    const int site = blockIdx.x * blockDim.x + threadIdx.x;
    if (site >= maps.sites()) return;
    const int in = blockIdx.y;
    const long long sample = blockIdx.z, sites = maps.sites(), units = channels * sites;
    const int taps = tap_rows * tap_columns;
    float of_x = 0.0f, of_v = 0.0f, of_d = 0.0f;
#pragma unroll 1
    for (int out = 0; out < channels; ++out) {
        const float *gradient = grad_pre + sample * units + out * sites;
        const int pair = (out * channels + in) * taps;
        maps.for_taps(site, true, [&](int tap, int other) {
            const float g = gradient[other];
            of_x = fmaf(coupling[pair + tap], g, of_x);
            of_v = fmaf(damping[pair + tap], g, of_v);
            if (drive_kernel != nullptr) of_d = fmaf(drive_kernel[pair + tap], g, of_d);
        });
    }
    float *gx = grad_state + 2 * sample * units + in * sites + site;
    gx[0] += of_x;
    gx[units] += of_v;
    if (grad_drive != nullptr) grad_drive[sample * units + in * sites + site] = of_d;
}

/// Adds the gradients of the kernels to the rows of `partials`, one of `partial_length` per sample.
extern "C" __global__ void __launch_bounds__(256)
    couple_weights(int channels, int rows, int columns, int tap_rows, int tap_columns, const float *state,
                   const float *drive, const float *grad_pre, float *partials, long long partial_length, int at_coupling,
                   int at_damping, int at_drive_kernel) {
    const nwm::Maps maps{channels, rows, columns, tap_rows, tap_columns};
    const int out = blockIdx.x / channels, in = blockIdx.x % channels;
    const long long sample = blockIdx.y, sites = maps.sites(), units = channels * sites;
    const int taps = tap_rows * tap_columns;
    NWM_SHARED_MEMORY(shared);
    nwm::BlockSum sum_of_block(shared);
    const float *x = state + 2 * sample * units + in * sites;
    const float *v = x + units;
    const float *d = at_drive_kernel < 0 ? nullptr : drive + sample * units + in * sites;
    const float *gradient = grad_pre + sample * units + out * sites;
    float *sums = partials + sample * partial_length;
#pragma unroll 1
    for (int a = 0; a < tap_rows; ++a) {
#pragma unroll 1
        for (int b = 0; b < tap_columns; ++b) {
            float of_x = 0.0f, of_v = 0.0f, of_d = 0.0f;
#pragma unroll 1
            for (int site = threadIdx.x; site < maps.sites(); site += blockDim.x) {
                int row = site / columns + a - tap_rows / 2;
                int column = site % columns + b - tap_columns / 2;
                row += row < 0 ? rows : row >= rows ? -rows : 0;
                column += column < 0 ? columns : column >= columns ? -columns : 0;
                const int other = row * columns + column;
                const float g = gradient[site];
                of_x = fmaf(g, x[other], of_x);
                of_v = fmaf(g, v[other], of_v);
                if (d != nullptr) of_d = fmaf(g, d[other], of_d);
            }
            of_x = sum_of_block(of_x);
            of_v = sum_of_block(of_v);
            of_d = sum_of_block(of_d);
            if (threadIdx.x == 0) {
                const int place = (out * channels + in) * taps + a * tap_columns + b;
                sums[at_coupling + place] += of_x;
                sums[at_damping + place] += of_v;
                if (d != nullptr) sums[at_drive_kernel + place] += of_d;
            }
        }
    }
}
