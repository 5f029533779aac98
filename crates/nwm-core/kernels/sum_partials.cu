// The parameter gradients of a batch, from those of its samples.
//
// Grid: one thread per parameter. `result[p] = sum over samples of partials[sample][p]`, by a tree whose shape depends on
// the number of samples alone: neighbours first, so that rounding errors grow with the logarithm of their number.
// Shared memory: none. Registers: eight partials at a time, which are loaded together; sums of 8, 16, 32, ... samples.
// Bytes moved: the partials once. Floor: 32 samples of 559 parameters, 72 kB: the launch itself and four times the latency of
// memory, some 4 us.
#include "nwm.cuh"

extern "C" __global__ void __launch_bounds__(256, 1)
    sum_partials(int samples, int parameters, const float *partials, float *result) {
    const int parameter = blockIdx.x * blockDim.x + threadIdx.x;
    if (parameter >= parameters) return;
    constexpr int TOGETHER = 8;
    // levels[k] holds the sum of 2^k groups, if bit k of the number of groups so far is set: a binary counter.
    float levels[28];
    int groups = 0;
    for (int first = 0; first < samples; first += TOGETHER, ++groups) {
        float partial[TOGETHER];
#pragma unroll
        for (int index = 0; index < TOGETHER; ++index) {
            const long long sample = first + index;
            partial[index] = sample < samples ? partials[sample * parameters + parameter] : 0.0f;
        }
#pragma unroll
        for (int distance = 1; distance < TOGETHER; distance *= 2) {
#pragma unroll
            for (int index = 0; index < TOGETHER; index += 2 * distance) partial[index] += partial[index + distance];
        }
        float sum = partial[0];
        int level = 0;
        for (; groups >> level & 1; ++level) sum = levels[level] + sum;
        levels[level] = sum;
    }
    float total = 0.0f;
    for (int level = 0; level < 28; ++level) {
        if (groups >> level & 1) total = levels[level] + total;
    }
    result[parameter] = total;
}
