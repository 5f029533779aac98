// What every kernel of this project may use, on a GPU and in the emulation.
#pragma once

#ifdef NWM_EMULATED
#include "emulation.h"
#else
#include <cstdint>

using SharedFloats = float *;
#define NWM_SHARED_MEMORY(name)                                                                                        \
    extern __shared__ float4 name##_aligned[];                                                                         \
    SharedFloats name = reinterpret_cast<float *>(name##_aligned)
#endif

namespace nwm {

constexpr int WARP = 32;

/// Most arrays in a list.
constexpr int LIST = 64;

/// A number for each array of a list.
struct Counts {
    int at[LIST];
};

/// An address in each array of a list. A kernel takes lists as `const __grid_constant__` parameters, so that none of its
/// threads has a copy.
struct Pointers {
    float *at[LIST];
};

/// Sum of a value over the lanes of a warp, in every lane, always in the same order.
__device__ inline float sum_of_warp(float value) {
    for (int distance = WARP / 2; distance > 0; distance /= 2) {
        value += __shfl_xor_sync(0xffffffff, value, distance);
    }
    return value;
}

/// Sums over the threads of a block, in a fixed order. Needs `BlockSum::WORDS` of shared memory; one barrier a sum.
class BlockSum {
  public:
    static constexpr int WORDS = 2 * WARP;

    __device__ explicit BlockSum(SharedFloats scratch) : scratch_(scratch), turn_(0) {}

    /// The sum, in every thread. All threads of the block must take part.
    __device__ float operator()(float value) {
        // Two sums never use the same half one after the other, and a thread that is two sums ahead has passed the
        // barrier that the slowest one reaches after reading.
        SharedFloats sums = scratch_ + turn_ * WARP;
        turn_ ^= 1;
        int thread = threadIdx.x;
        value = sum_of_warp(value);
        if (thread % WARP == 0) sums[thread / WARP] = value;
        __syncthreads();
        float total = 0.0f;
        int warps = blockDim.x / WARP;
        for (int warp = 0; warp < warps; ++warp) total += sums[warp];
        return total;
    }

  private:
    SharedFloats scratch_;
    int turn_;
};

/// Copies one word into shared memory while the thread goes on.
__device__ inline void copy_async(SharedFloats target, const float *source) {
#ifdef NWM_EMULATED
    emulation::start_copy(target, source);
#else
    uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(target));
    asm volatile("cp.async.ca.shared.global [%0], [%1], 4;" ::"r"(address), "l"(source) : "memory");
#endif
}

/// What was copied since the last call forms a group.
__device__ inline void commit_copies() {
#ifdef NWM_EMULATED
    emulation::commit_copies();
#else
    asm volatile("cp.async.commit_group;" ::: "memory");
#endif
}

/// Waits until at most the last PENDING groups of this thread are under way. Other threads see them after a barrier.
template <int PENDING> __device__ inline void wait_for_copies() {
#ifdef NWM_EMULATED
    emulation::wait_for_copies(PENDING);
#else
    asm volatile("cp.async.wait_group %0;" ::"n"(PENDING) : "memory");
#endif
}

/// A number no further from zero than the bound. What is not a number stays so, which fminf and fmaxf would hide.
__device__ inline float within(float value, float bound) {
#ifdef NWM_EMULATED
    return value > bound ? bound : value < -bound ? -bound : value;
#else
    float result;
    asm("{\n\t.reg .f32 below;\n\tmin.NaN.f32 below, %1, %2;\n\tmax.NaN.f32 %0, below, %3;\n\t}"
        : "=f"(result)
        : "f"(value), "f"(bound), "f"(-bound));
    return result;
#endif
}

/// A quotient that may be two units in the last place off, for a denominator from 2^-126 to 2^126 (PTX ISA, `div.approx`).
/// What is smaller than 2^-126 counts as zero, so that no scaling is needed.
__device__ inline float nearly_quotient(float numerator, float denominator) {
#ifdef NWM_EMULATED
    return __fdividef(numerator, denominator);
#else
    float result;
    asm("div.approx.ftz.f32 %0, %1, %2;" : "=f"(result) : "f"(numerator), "f"(denominator));
    return result;
#endif
}

/// tanh as a quotient of two polynomials; exactly 1 from 10 on. Within 3.2e-7 of it with a rounded quotient, as in the
/// emulation; on a GPU within 4.4e-7, since its quotient may be two units in the last place off. Denominators are between
/// 1 and 713.
__device__ inline float tangent(float x) {
    x = within(x, 10.0f);
    float square = x * x;
    float above = fmaf(square, 1.3318944e-8f, 2.0583386e-5f);
    above = fmaf(above, square, 3.4940287e-3f);
    above = fmaf(above, square, 0.13379713f);
    above = fmaf(above, square, 1.0f);
    float below = fmaf(square, 7.761966e-7f, 3.2830833e-4f);
    below = fmaf(below, square, 2.5871051e-2f);
    below = fmaf(below, square, 0.46713028f);
    below = fmaf(below, square, 1.0f);
    return within(nearly_quotient(x * above, below), 1.0f);
}

/// The bits of a number.
__device__ inline uint32_t bits_of(float value) {
#ifdef NWM_EMULATED
    uint32_t bits;
    std::memcpy(&bits, &value, 4);
    return bits;
#else
    return __float_as_uint(value);
#endif
}

/// The number that bits stand for.
__device__ inline float from_bits(uint32_t bits) {
#ifdef NWM_EMULATED
    float value;
    std::memcpy(&value, &bits, 4);
    return value;
#else
    return __uint_as_float(bits);
#endif
}

/// Quotients of numbers from 0 to 2^31 - 1 by one number from 1 on, without a division (Granlund and Montgomery 1994).
class Divisor {
  public:
    __device__ explicit Divisor(int divisor) : shift_(divisor > 1 ? 32 - __clz(divisor - 1) : 0) {
        uint32_t number = divisor;
        factor_ = high_quotient((1u << shift_) - number, number) + 1;
    }

    __device__ int quotient(int dividend) const {
        uint32_t number = dividend;
        uint32_t high = static_cast<uint32_t>(static_cast<uint64_t>(number) * factor_ >> 32);
        return static_cast<int>((high + number) >> shift_);
    }

  private:
    /// 2^32 dividend / divisor, rounded down, for a dividend below the divisor. A quotient of single precision leaves
    /// less than 2^12 divisors, and a quotient of these leaves one more or less; a division of 64 bits would be a call.
    static __device__ uint32_t high_quotient(uint32_t dividend, uint32_t divisor) {
        uint64_t whole = static_cast<uint64_t>(dividend) << 32;
        float inverse = __fdividef(1.0f, static_cast<float>(divisor));
        // At most the largest number below 2^32.
        float first = fminf(4294967296.0f * static_cast<float>(dividend) * inverse, 4294967040.0f);
        uint32_t result = static_cast<uint32_t>(first);
        int64_t rest = static_cast<int64_t>(whole - static_cast<uint64_t>(result) * divisor);
        int32_t more = static_cast<int32_t>(static_cast<float>(rest) * inverse);
        result += more;
        rest -= static_cast<int64_t>(more) * divisor;
        for (int turn = 0; turn < 2; ++turn) {
            if (rest < 0) {
                rest += divisor;
                --result;
            }
        }
        return rest < divisor ? result : result + 1;
    }

    uint32_t factor_;
    int shift_;
};

/// A number rounded to TF32 (ten bits behind the binary point; ties away from zero), as its bits. ptxas makes three
/// instructions of it: compare with infinity, add, mask.
__device__ inline uint32_t to_tf32(float value) {
#ifdef NWM_EMULATED
    uint32_t bits = bits_of(value);
    bool finite = (bits & 0x7f800000) != 0x7f800000;
    return finite ? (bits + 0x1000) & ~0x1fffu : bits & ~0x1fffu;
#else
    uint32_t bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(value));
    return bits;
#endif
}

/// A number as the sum of two TF32 numbers, as their bits.
struct SplitNumber {
    uint32_t high, low;
};

/// Splits a number, in four instructions where rounding twice takes seven.
///
/// The high part is rounded to the nearest, so that the low one, the exact rest, has either sign and at most half a
/// unit of the high one: 12 bits, of which the mask drops the last. The sum is thus off by a unit in the last place of
/// the number or not at all, as if the rest were rounded, too. A truncated high part would save one more addition, and
/// leave rests of 13 bits that all have the number's sign: the product of two, which nobody adds, would always be
/// missing on the same side.
///
/// Adding may carry the bits of what is not a number beyond its exponent: then the high part is zero. The rest is not
/// a number, then, and neither is a product; the mask cannot make an infinity of it, since the processor's own NaN
/// has its first bit set. An infinity has a rest that is not a number, as it has if both parts are rounded.
__device__ inline SplitNumber split(float value) {
    uint32_t high = (bits_of(value) + 0x1000) & ~0x1fffu;
    return SplitNumber{high, bits_of(value - from_bits(high)) & ~0x1fffu};
}

/// Four neighbouring numbers, which travel as one.
struct Four {
    float values[4];
};

/// Four numbers of global memory that the kernel does not write, from an address that 16 bytes divide.
__device__ inline Four load_four(const float *address) {
#ifdef NWM_EMULATED
    emulation::check_alignment(address, 16);
    return Four{{address[0], address[1], address[2], address[3]}};
#else
    float4 four = __ldg(reinterpret_cast<const float4 *>(address));
    return Four{{four.x, four.y, four.z, four.w}};
#endif
}

/// The same, or zeros where they are not there: without a branch, so that what follows need not wait for them.
__device__ inline Four load_four_if(bool is_there, const float *address) {
#ifdef NWM_EMULATED
    return is_there ? load_four(address) : Four{};
#else
    Four four;
    asm volatile("{\n\t.reg .pred there;\n\tsetp.ne.s32 there, %4, 0;\n\t"
                 "mov.f32 %0, 0f00000000;\n\tmov.f32 %1, 0f00000000;\n\t"
                 "mov.f32 %2, 0f00000000;\n\tmov.f32 %3, 0f00000000;\n\t"
                 "@there ld.global.nc.v4.f32 {%0, %1, %2, %3}, [%5];\n\t}"
                 : "=&f"(four.values[0]), "=&f"(four.values[1]), "=&f"(four.values[2]), "=&f"(four.values[3])
                 : "r"(static_cast<int>(is_there)), "l"(__cvta_generic_to_global(address)));
    return four;
#endif
}

/// Reads four words of shared memory, the first of which is a multiple of four.
__device__ inline Four fetch_four(SharedFloats words) {
#ifdef NWM_EMULATED
    emulation::check_alignment(words, 16);
    return Four{{words[0], words[1], words[2], words[3]}};
#else
    float4 four = *reinterpret_cast<const float4 *>(words);
    return Four{{four.x, four.y, four.z, four.w}};
#endif
}

/// Writes four words of shared memory, the first of which is a multiple of four.
__device__ inline void store_four(SharedFloats words, const Four &four) {
#ifdef NWM_EMULATED
    emulation::check_alignment(words, 16);
    for (int part = 0; part < 4; ++part) words[part] = four.values[part];
#else
    // Written out since the compiler takes some stores of a float4 apart.
    uint32_t address = static_cast<uint32_t>(__cvta_generic_to_shared(words));
    asm volatile("st.shared.v4.f32 [%0], {%1, %2, %3, %4};" ::"r"(address), "f"(four.values[0]), "f"(four.values[1]),
                 "f"(four.values[2]), "f"(four.values[3])
                 : "memory");
#endif
}

/// A number of double precision in two words of global memory that the kernel does not write, from an address that 8 bytes
/// divide.
__device__ inline double load_double(const float *address) {
#ifdef NWM_EMULATED
    emulation::check_alignment(address, 8);
    double number;
    std::memcpy(&number, address, sizeof number);
    return number;
#else
    return __ldg(reinterpret_cast<const double *>(address));
#endif
}

/// Writes two numbers of global memory, to an address that 8 bytes divide.
__device__ inline void store_two(float *address, float first, float second) {
#ifdef NWM_EMULATED
    emulation::check_alignment(address, 8);
    address[0] = first;
    address[1] = second;
#else
    *reinterpret_cast<float2 *>(address) = make_float2(first, second);
#endif
}

/// `sum += a b` for a tile of 16 x 8 results and 8 products each, by all lanes of a warp.
///
/// With g = lane / 4 and t = lane % 4 a lane holds A[g][t], A[g + 8][t], A[g][t + 4], A[g + 8][t + 4]; B[t][g], B[t + 4][g];
/// and of the result [g][2t], [g][2t + 1], [g + 8][2t], [g + 8][2t + 1] (PTX ISA, mma.m16n8k8 with .tf32).
__device__ inline void mma_tile(float (&sum)[4], const uint32_t (&a)[4], const uint32_t (&b)[2]) {
#ifdef NWM_EMULATED
    emulation::multiply_tile(sum, a, b, __LINE__);
#else
    asm volatile("mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
                 "{%0, %1, %2, %3};"
                 : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3])
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
#endif
}

} // namespace nwm
