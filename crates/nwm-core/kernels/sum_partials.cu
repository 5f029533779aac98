// The parameter gradients of a batch, from those of its samples.
//
// Grid: one thread per parameter. `result[p] = sum over samples of partials[sample][p]`, by a tree whose shape depends on
// the number of samples alone: neighbours first, so that rounding errors grow with the logarithm of their number.
// Shared memory: none. Registers: one partial sum per level of the tree, at most 32.
// Bytes moved: the partials once. Floor: 32 samples of 559 parameters, 72 kB: the launch itself, some 2 us.
#include "nwm.cuh"

extern "C" __global__ void __launch_bounds__(256, 1)
    sum_partials(int samples, int parameters, const float *partials, float *result) {
    const int parameter = blockIdx.x * blockDim.x + threadIdx.x;
    if (parameter >= parameters) return;
    // levels[k] holds the sum of 2^k samples, if bit k of the number of samples so far is set: a binary counter.
    float levels[32];
    for (int sample = 0; sample < samples; ++sample) {
        float sum = partials[static_cast<long long>(sample) * parameters + parameter];
        int level = 0;
        for (; sample >> level & 1; ++level) sum = levels[level] + sum;
        levels[level] = sum;
    }
    float total = 0.0f;
    for (int level = 0; level < 31; ++level) {
        if (samples >> level & 1) total = levels[level] + total;
    }
    result[parameter] = total;
}
