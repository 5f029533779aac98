// Double precision whose every operation is rounded on its own, never two of them at once, and the exponential made of
// such operations: the same bits as on the cpu.
#pragma once

#include "nwm.cuh"

namespace rounded {

/// A number of double precision. Written with these operators, a formula means what it means in Rust.
struct Number {
    double value;

    __device__ Number(double number) : value(number) {}
};

__device__ inline Number operator+(Number left, Number right) { return __dadd_rn(left.value, right.value); }
__device__ inline Number operator-(Number left, Number right) { return __dsub_rn(left.value, right.value); }
__device__ inline Number operator*(Number left, Number right) { return __dmul_rn(left.value, right.value); }
__device__ inline Number operator/(Number left, Number right) { return __ddiv_rn(left.value, right.value); }
__device__ inline bool operator<(Number left, Number right) { return left.value < right.value; }
__device__ inline bool operator>(Number left, Number right) { return left.value > right.value; }

__device__ inline Number square_root(Number number) { return __dsqrt_rn(number.value); }

/// 2 to a power from -1022 to 1023.
__device__ inline Number power_of_two(int power) {
    return __longlong_as_double(static_cast<long long>(1023 + power) << 52);
}

/// `number * 2^power` for a number near 1 and a power from -1075 to 1024, rounded once.
__device__ inline Number scaled(Number number, int power) {
    if (power > 1023) return number * power_of_two(1023) * power_of_two(power - 1023);
    if (power < -1022) return number * power_of_two(-969) * power_of_two(power + 969);
    return number * power_of_two(power);
}

/// exp(x) by the method of FreeBSD's msun, which the crate libm follows: with x = k log(2) + r and |r| <= log(2) / 2 it
/// is 2^k exp(r), and exp(r) = 1 + r + r c / (2 - c), where c is r less a polynomial in r^2.
///
/// Where the method looks at the upper 32 bits of |x|, the numbers here are the first that have them. PLANT_FUSED
/// plants a mistake for the tests: one difference is rounded together with its product.
__device__ inline Number exponential(Number x) {
    constexpr double LOG2_UPPER = 6.93147180369123816490e-01, LOG2_LOWER = 1.90821492927058770002e-10;
    constexpr double INVERSE_LOG2 = 1.44269504088896338700e+00;
    constexpr double LARGEST = 709.782712893383973096, ZERO_BELOW = -745.13321910194110842;
    constexpr double HALF_LOG2 = 0x1.62e43p-2, ONE_AND_HALF_LOG2 = 0x1.0a2b2p+0, TINY = 0x1.00001p-28;
    constexpr double P1 = 1.66666666666666019037e-01, P2 = -2.77777777770155933842e-03;
    constexpr double P3 = 6.61375632143793436117e-05, P4 = -1.65339022054652515390e-06;
    constexpr double P5 = 4.13813679705723846039e-08;

    // Infinite, or not a number.
    if (!(x.value <= LARGEST)) return x * power_of_two(1023);
    if (x < ZERO_BELOW) return 0.0;
    double size = fabs(x.value);
    if (size < TINY) return 1.0 + x;

    int power = 0;
    Number upper = x, lower = 0.0;
    if (size >= HALF_LOG2) {
        bool is_negative = x < 0.0;
        if (size >= ONE_AND_HALF_LOG2) {
            power = static_cast<int>((INVERSE_LOG2 * x + (is_negative ? -0.5 : 0.5)).value);
        } else {
            power = is_negative ? -1 : 1;
        }
        upper = x - power * Number(LOG2_UPPER);
        lower = power * Number(LOG2_LOWER);
    }
    Number rest = upper - lower;
    Number square = rest * rest;
    Number sum = P1 + square * (P2 + square * (P3 + square * (P4 + square * P5)));
#ifdef PLANT_FUSED
    Number c = fma(-square.value, sum.value, rest.value);
#else
    Number c = rest - square * sum;
#endif
    Number result = 1.0 + (rest * c / (2.0 - c) - lower + upper);
    return power == 0 ? result : scaled(result, power);
}

} // namespace rounded
