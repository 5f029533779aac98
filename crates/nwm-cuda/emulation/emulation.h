// CUDA kernels as C++: what a kernel of this project uses of CUDA, for one host thread.
//
// Blocks run one after the other. The threads of a block are fibers, which run until they wait for others; in which
// order, is a setting: forward, reverse, or shuffled anew at every turn. Shared memory starts as NaN, or, in a program
// compiled with NWM_CHECKED, as words without a value whose every access is checked (shared_memory.h).
//
// Found here: a thread that waits where others do not, or that ends while others wait; with NWM_CHECKED also accesses out
// of bounds, reads of what nobody wrote, and races. Not found: timing, occupancy, the order of global memory between
// blocks; nor the errors of approximate instructions, but for a constant one that can be set (NWM_QUOTIENT_ERROR).
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <unistd.h>
#include <vector>

#include "fibers.h"
#include "shared_memory.h"

#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__

#ifdef NWM_CHECKED
using SharedFloats = emulation::CheckedFloats;
#define NWM_SHARED_MEMORY(name) SharedFloats name(&emulation::block.checked_memory, 0)
#else
using SharedFloats = float *;
#define NWM_SHARED_MEMORY(name) SharedFloats name = emulation::block.memory.data()
#endif

struct Dimensions {
    int x, y, z;
};

inline Dimensions threadIdx, blockIdx, blockDim, gridDim;

namespace emulation {

enum class Order { Forward, Reverse, Shuffled };

constexpr int WARP = 32;

struct Thread {
    Fiber fiber;
    enum { Running, AtBarrier, AtWarp, Ended } state = Ended;
    int line = 0;
    /// Whether the wait orders memory, as __syncwarp does and a shuffle does not.
    bool orders_memory = false;
    /// Copies into shared memory that nobody has waited for, by groups; the last one is still open.
    std::deque<std::vector<std::pair<SharedFloats, const float *>>> copies;
};

/// The block that runs, and what its threads share.
struct Block {
    std::string kernel;
    Order order = Order::Forward;
    std::mt19937 generator{1};
    std::vector<std::unique_ptr<Thread>> threads;
    int thread_count = 0;
    int current = 0;
    long block_epoch = 0;
    int barrier_line = 0;
    std::vector<long> warp_epochs;
    std::vector<float> memory;
    SharedMemory checked_memory;
    /// What the lanes of each warp hand to each other.
    std::vector<float> values;
    std::vector<uint32_t> fragments_a, fragments_b;
};

inline Block block;

// Not declared to end here: the address sanitizer would look for the stack of the program, and warn of the fiber's.
__attribute__((no_sanitize("address"), noinline)) inline void fail(const std::string &what) {
    std::fprintf(stderr, "%s, block (%d, %d, %d): %s\n", block.kernel.c_str(), blockIdx.x, blockIdx.y, blockIdx.z,
                 what.c_str());
    std::fflush(stderr);
    _exit(3);
}

/// An access of several words at once needs an address that their size divides.
inline void check_alignment(std::uintptr_t address, int bytes) {
    if (address % bytes != 0) {
        fail("thread " + std::to_string(block.current) + " moves " + std::to_string(bytes) +
             " bytes from or to an address that they do not divide");
    }
}
inline void check_alignment(const float *words, int bytes) {
    check_alignment(reinterpret_cast<std::uintptr_t>(words), bytes);
}
inline void check_alignment(const CheckedFloats &words, int bytes) {
    check_alignment(static_cast<std::uintptr_t>(4 * words.place()), bytes);
}

inline Moment now() {
    int thread = block.current;
    return Moment{thread, block.block_epoch, block.warp_epochs[thread / WARP], block.barrier_line};
}

inline void wait(decltype(Thread::state) state, int line, bool orders_memory) {
    Thread &thread = *block.threads[block.current];
    thread.state = state;
    thread.line = line;
    thread.orders_memory = orders_memory;
    thread.fiber.give_way();
}

inline void barrier(int line) { wait(Thread::AtBarrier, line, true); }
inline void wait_for_warp(int line) { wait(Thread::AtWarp, line, false); }
inline void synchronise_warp(int line) { wait(Thread::AtWarp, line, true); }

/// Lets the warps go on of which all lanes wait; returns whether there was one.
inline bool release_warps() {
    bool released = false;
    for (int first = 0; first < block.thread_count; first += WARP) {
        int line = block.threads[first]->line;
        bool all = true;
        for (int lane = 0; lane < WARP; ++lane) {
            const Thread &thread = *block.threads[first + lane];
            all = all && thread.state == Thread::AtWarp;
            if (all && thread.line != line) {
                fail("lanes of a warp wait at different places (lines " + std::to_string(line) + ", " +
                     std::to_string(thread.line) + ")");
            }
        }
        if (!all) continue;
        released = true;
        if (block.threads[first]->orders_memory) block.warp_epochs[first / WARP] += 1;
        for (int lane = 0; lane < WARP; ++lane) block.threads[first + lane]->state = Thread::Running;
    }
    return released;
}

/// All threads that have not ended wait: lets them go on, or says why nobody ever could.
inline void release_block() {
    if (release_warps()) return;
    int line = -1;
    bool ended = false;
    for (int index = 0; index < block.thread_count; ++index) {
        const Thread &thread = *block.threads[index];
        if (thread.state == Thread::Ended) {
            ended = true;
            continue;
        }
        if (thread.state == Thread::AtWarp) {
            fail("thread " + std::to_string(index) + " waits for its warp (line " + std::to_string(thread.line) +
                 "), of which other lanes wait elsewhere or have ended");
        }
        if (line >= 0 && thread.line != line) {
            fail("threads wait at different barriers (lines " + std::to_string(line) + ", " +
                 std::to_string(thread.line) + ")");
        }
        line = thread.line;
    }
    if (ended) fail("some threads ended while others wait at a barrier (line " + std::to_string(line) + ")");
    block.block_epoch += 1;
    block.barrier_line = line;
    for (int index = 0; index < block.thread_count; ++index) block.threads[index]->state = Thread::Running;
}

inline void run_block(const std::function<void()> &kernel, int thread_count, int shared_words) {
    block.thread_count = thread_count;
    while (static_cast<int>(block.threads.size()) < thread_count) block.threads.push_back(std::make_unique<Thread>());
    block.block_epoch = 0;
    block.barrier_line = 0;
    block.warp_epochs.assign(thread_count / WARP, 0);
    block.values.assign(thread_count, 0.0f);
    block.fragments_a.assign(4 * thread_count, 0);
    block.fragments_b.assign(2 * thread_count, 0);
#ifdef NWM_CHECKED
    block.checked_memory.reset(shared_words);
#else
    block.memory.assign(shared_words, std::numeric_limits<float>::quiet_NaN());
#endif
    std::vector<int> turn(thread_count);
    for (int index = 0; index < thread_count; ++index) {
        turn[index] = block.order == Order::Reverse ? thread_count - 1 - index : index;
        block.threads[index]->state = Thread::Running;
        block.threads[index]->copies.assign(1, {});
        block.threads[index]->fiber.start(kernel);
    }
    for (;;) {
        if (block.order == Order::Shuffled) std::shuffle(turn.begin(), turn.end(), block.generator);
        bool waiting = false;
        for (int index : turn) {
            Thread &thread = *block.threads[index];
            if (thread.state != Thread::Running) {
                waiting = waiting || thread.state != Thread::Ended;
                continue;
            }
            block.current = index;
            threadIdx = Dimensions{index, 0, 0};
            thread.fiber.resume();
            if (thread.fiber.finished()) {
                thread.state = Thread::Ended;
            } else {
                waiting = true;
            }
        }
        if (!waiting) return;
        release_block();
    }
}

/// Runs a kernel on a grid of one-dimensional blocks.
inline void run_grid(const std::string &name, const std::function<void()> &kernel, Dimensions grid, int thread_count,
                     int shared_bytes) {
    block.kernel = name;
    gridDim = grid;
    blockDim = Dimensions{thread_count, 1, 1};
    if (thread_count % WARP != 0) fail("a block of " + std::to_string(thread_count) + " threads is no whole warps");
    for (blockIdx.z = 0; blockIdx.z < grid.z; ++blockIdx.z)
        for (blockIdx.y = 0; blockIdx.y < grid.y; ++blockIdx.y)
            for (blockIdx.x = 0; blockIdx.x < grid.x; ++blockIdx.x)
                run_block(kernel, thread_count, shared_bytes / 4);
}

/// What arrives is there after the wait and not before.
inline void start_copy(SharedFloats target, const float *source) {
    target[0] = std::numeric_limits<float>::quiet_NaN();
    block.threads[block.current]->copies.back().emplace_back(target, source);
}

inline void commit_copies() { block.threads[block.current]->copies.emplace_back(); }

inline void wait_for_copies(int pending) {
    auto &copies = block.threads[block.current]->copies;
    // The open group is not one that can be waited for.
    while (static_cast<int>(copies.size()) > pending + 1) {
        for (auto &copy : copies.front()) copy.first[0] = *copy.second;
        copies.pop_front();
    }
}

inline float shuffle_xor(float value, int lane_mask, int line) {
    block.values[block.current] = value;
    wait_for_warp(line);
    float other = block.values[block.current ^ lane_mask];
    wait_for_warp(line);
    return other;
}

inline float towards_zero(double value) {
    float nearest = static_cast<float>(value);
    bool is_beyond = std::fabs(static_cast<double>(nearest)) > std::fabs(value);
    return is_beyond ? std::nextafter(nearest, 0.0f) : nearest;
}

/// One 16 x 8 x 8 product by a warp, in the fragment layout of mma.sync.m16n8k8 for TF32: with g = lane / 4 and
/// t = lane % 4, a lane holds A[g][t], A[g + 8][t], A[g][t + 4], A[g + 8][t + 4]; B[t][g], B[t + 4][g]; and of the
/// result [g][2t], [g][2t + 1], [g + 8][2t], [g + 8][2t + 1]. Tensor cores round the sum towards zero, not to the nearest.
inline void multiply_tile(float (&sum)[4], const uint32_t (&a)[4], const uint32_t (&b)[2], int line) {
    int first = block.current / WARP * WARP;
    int lane = block.current % WARP;
    for (uint32_t bits : {a[0], a[1], a[2], a[3], b[0], b[1]}) {
        if (bits & 0x1fff) fail("an operand of a tile product is not rounded to TF32");
    }
    std::copy(a, a + 4, &block.fragments_a[4 * block.current]);
    std::copy(b, b + 2, &block.fragments_b[2 * block.current]);
    wait_for_warp(line);
    auto as_float = [](uint32_t bits) {
        float value;
        std::memcpy(&value, &bits, 4);
        return value;
    };
    for (int part = 0; part < 4; ++part) {
        int row = lane / 4 + 8 * (part / 2);
        int column = 2 * (lane % 4) + part % 2;
        double exact = sum[part];
        for (int k = 0; k < 8; ++k) {
            int lane_of_a = first + row % 8 * 4 + k % 4;
            int lane_of_b = first + column * 4 + k % 4;
            float left = as_float(block.fragments_a[4 * lane_of_a + row / 8 + 2 * (k / 4)]);
            float right = as_float(block.fragments_b[2 * lane_of_b + k / 4]);
            exact += static_cast<double>(left) * right;
        }
        sum[part] = towards_zero(exact);
    }
    wait_for_warp(line);
}

/// A number some units in the last place further from zero, or nearer to it.
inline float moved(float value, int units) {
    if (!std::isfinite(value) || value == 0.0f) return value;
    int32_t bits;
    std::memcpy(&bits, &value, 4);
    bits += units;
    std::memcpy(&value, &bits, 4);
    return value;
}

} // namespace emulation

/// Units in the last place by which quotients of `__fdividef` are wrong; on a GPU anything from -2 to 2.
#ifndef NWM_QUOTIENT_ERROR
#define NWM_QUOTIENT_ERROR 0
#endif

#define __syncthreads() emulation::barrier(__LINE__)
#define __syncwarp() emulation::synchronise_warp(__LINE__)
#define __shfl_xor_sync(mask, value, lane_mask) emulation::shuffle_xor(value, lane_mask, __LINE__)

using std::max;
using std::min;

inline float __ldg(const float *address) { return *address; }
inline int __clz(int bits) { return bits == 0 ? 32 : __builtin_clz(bits); }
inline float __fadd_rn(float left, float right) { return left + right; }
inline float __fmul_rn(float left, float right) { return left * right; }
inline float __fdividef(float numerator, float denominator) {
    return emulation::moved(numerator / denominator, NWM_QUOTIENT_ERROR);
}
inline float __fdiv_rn(float left, float right) { return left / right; }
inline double __dadd_rn(double left, double right) { return left + right; }
inline double __dsub_rn(double left, double right) { return left - right; }
inline double __dmul_rn(double left, double right) { return left * right; }
inline double __ddiv_rn(double left, double right) { return left / right; }
inline double __dsqrt_rn(double number) { return std::sqrt(number); }
inline double __longlong_as_double(long long bits) {
    double number;
    std::memcpy(&number, &bits, sizeof number);
    return number;
}
