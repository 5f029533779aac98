// before = the gradient before a leaky ReLU, of which the result's sign tells the branch.
//
// Grid: one thread per number, 256 threads. No shared memory, 14 registers.
//
// Bytes: two numbers read and one written each; 12 bytes at 3.35 TB/s. A stack of convolutions needs it for its last
// layer alone, and only if that has a leaky ReLU: below, it is part of `correlate_...`.
#include "nwm.cuh"

extern "C" __global__ void leaky_relu_gradient(int count, float slope, const float *result, const float *gradient,
                                               float *before) {
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index < count) before[index] = result[index] > 0.0f ? gradient[index] : slope * gradient[index];
}
