// One step of Adam for all parameters of a model, which lie in one array, with bias correction, epsilon outside the
// root and no weight decay.
//
// Grid: one thread per parameter, 256 threads. No shared memory, 18 registers.
//
// Bytes: parameter, both moments and the gradient read, the first three written: 28 per parameter. 2 million
// parameters: 56 MB, 17 us at 3.35 TB/s, which is also the prediction; nothing is read twice.
//
// Operations and their order are those of the optimiser on the CPU, each rounded on its own, so that both take the same
// steps to the last bit. PLANT_EPSILON_INSIDE plants a mistake for the tests.
#include "nwm.cuh"

extern "C" __global__ void adam_step(int count, float *parameters, const float *gradient, float *first, float *second,
                                     float rate, float root_correction, float beta1, float beta2, float rest1,
                                     float rest2, float epsilon) {
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    if (index >= count) return;
    float g = gradient[index];
    float m = __fadd_rn(__fmul_rn(beta1, first[index]), __fmul_rn(rest1, g));
    float v = __fadd_rn(__fmul_rn(beta2, second[index]), __fmul_rn(__fmul_rn(rest2, g), g));
    first[index] = m;
    second[index] = v;
#ifdef PLANT_EPSILON_INSIDE
    float below = __fmul_rn(sqrtf(v + epsilon), root_correction);
#else
    float below = __fadd_rn(__fmul_rn(sqrtf(v), root_correction), epsilon);
#endif
    parameters[index] = __fadd_rn(parameters[index], -(__fmul_rn(rate, m) / below));
}
