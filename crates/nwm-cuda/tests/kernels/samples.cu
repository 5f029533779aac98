// Small kernels that show what the emulation runs and what it finds. PLANT_... macros plant mistakes.
#include "nwm.cuh"

/// result[block] = sum of the block's part of `values`, of which there are `count`.
extern "C" __global__ void add_up(int count, const float *values, float *result) {
    NWM_SHARED_MEMORY(shared);
    nwm::BlockSum sum(shared);
    int index = blockIdx.x * blockDim.x + threadIdx.x;
    float total = sum(index < count ? values[index] : 0.0f);
    if (threadIdx.x == 0) result[blockIdx.x] = total;
}

/// Every block replaces its part of `values` by their right neighbours', around the block.
extern "C" __global__ void turn(float *values) {
    NWM_SHARED_MEMORY(shared);
    int thread = threadIdx.x;
    int first = blockIdx.x * blockDim.x;
    shared[thread] = values[first + thread];
#ifndef PLANT_MISSING_BARRIER
    __syncthreads();
#endif
#ifdef PLANT_DIVERGENT_BARRIER
    if (thread < 32) {
        __syncthreads();
    } else {
        __syncthreads();
    }
#endif
#ifdef PLANT_EARLY_END
    if (thread == 7) return;
    __syncthreads();
#endif
#ifdef PLANT_WRONG_WRAP
    int next = thread + 1;
#else
    int next = (thread + 1) % static_cast<int>(blockDim.x);
#endif
    values[first + thread] = shared[next];
#ifdef PLANT_WRITE_BEYOND
    if (thread == 0 && blockIdx.x + 1 == gridDim.x) values[first + blockDim.x] = 1.0f;
#endif
}

/// The same within each warp, whose lanes wait for each other alone.
extern "C" __global__ void turn_warps(float *values) {
    NWM_SHARED_MEMORY(shared);
    int thread = threadIdx.x;
    shared[thread] = values[thread];
#ifndef PLANT_MISSING_WARP_BARRIER
    __syncwarp();
#endif
    values[thread] = shared[thread / 32 * 32 + (thread + 1) % 32];
}

/// sum (16 x 8) = a (16 x 8) b (8 x 8), all row by row, by one warp.
extern "C" __global__ void multiply(const float *a, const float *b, float *sum) {
    int group = threadIdx.x / 4;
    int place = threadIdx.x % 4;
    uint32_t left[4], right[2];
    for (int part = 0; part < 4; ++part) {
        left[part] = nwm::to_tf32(a[(group + part % 2 * 8) * 8 + place + part / 2 * 4]);
    }
    for (int part = 0; part < 2; ++part) right[part] = nwm::to_tf32(b[(place + part * 4) * 8 + group]);
    float result[4] = {};
    nwm::mma_tile(result, left, right);
    for (int part = 0; part < 4; ++part) sum[(group + part / 2 * 8) * 8 + 2 * place + part % 2] = result[part];
}

/// For each of `count` numbers: rounded[index] is the number in TF32, high[index] and low[index] are its two parts.
extern "C" __global__ void parts(int count, const float *values, float *rounded, float *high, float *low) {
    for (int index = threadIdx.x; index < count; index += blockDim.x) {
        rounded[index] = nwm::from_bits(nwm::to_tf32(values[index]));
        nwm::SplitNumber number = nwm::split(values[index]);
        high[index] = nwm::from_bits(number.high);
        low[index] = nwm::from_bits(number.low);
    }
}

/// wrong[thread] = how many numbers are not divided as the language does: around multiples of divisors, which are every
/// number up to `first`, those behind powers of two, and some from the largest down.
extern "C" __global__ void quotients(int first, float *wrong) {
    constexpr long long END = 1ll << 31;
    int found = 0;
    for (int index = threadIdx.x; index < first + 2000; index += blockDim.x) {
        int beyond = index - first;
        long long number = index + 1;
        if (beyond >= 0) number = (1ll << beyond % 31) + 1;
        if (beyond >= 31) number = END - 1 - (beyond - 31) * 1000003ll;
        nwm::Divisor by(static_cast<int>(number));
        for (long long near : {0ll, number, 2 * number, 1000 * number, END / number * number, END}) {
            for (long long dividend = near - 1; dividend <= near + 1; ++dividend) {
                if (dividend < 0 || dividend >= END) continue;
                found += by.quotient(static_cast<int>(dividend)) != dividend / number;
            }
        }
    }
    wrong[threadIdx.x] = found;
}

/// result = tangent(values).
extern "C" __global__ void tangents(int count, const float *values, float *result) {
    for (int index = threadIdx.x; index < count; index += blockDim.x) result[index] = nwm::tangent(values[index]);
}

/// result = values, of which every thread moves four at once through shared memory, and two at once out of it.
extern "C" __global__ void move_fours(const float *values, float *result) {
    NWM_SHARED_MEMORY(shared);
    SharedFloats words = shared + 4 * threadIdx.x;
    nwm::store_four(words, nwm::load_four(values + 4 * threadIdx.x));
    for (int pair = 0; pair < 4; pair += 2) {
        nwm::store_two(result + 4 * threadIdx.x + pair, words[pair], words[pair + 1]);
    }
}

/// The same, to words of shared memory on which four does not divide.
extern "C" __global__ void move_fours_wrongly(const float *values) {
    NWM_SHARED_MEMORY(shared);
    nwm::store_four(shared + (4 * threadIdx.x + 2), nwm::load_four(values + 4 * threadIdx.x));
}
