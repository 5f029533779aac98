// One launch for all arrays of a list, such as the parameters of a model.
#pragma once

#include "nwm.cuh"

namespace nwm {

/// Elements of an array that one block works on.
constexpr int PART = 2048;

/// Elements `first` to `end` of one array.
struct Part {
    int array, first, end;
};

/// What this block works on, if the blocks take the parts of the first array, then those of the second, and so on. The
/// lengths lie in constant memory, and all threads read the same one.
__device__ inline Part part_of_block(const Counts &lengths) {
    int part = blockIdx.x, array = 0;
    for (;; ++array) {
        int parts = (lengths.at[array] + PART - 1) / PART;
        if (part < parts) break;
        part -= parts;
    }
    int first = part * PART, end = lengths.at[array];
    return Part{array, first, end - first > PART ? first + PART : end};
}

} // namespace nwm
