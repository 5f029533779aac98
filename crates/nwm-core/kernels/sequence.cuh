// What kernels are given that take a sample through a whole sequence, and how they hand out shared memory.
#pragma once

#include "nwm.cuh"

namespace nwm {

/// Hands out shared memory from the beginning on.
class Words {
  public:
    __device__ explicit Words(SharedFloats free) : free_(free) {}
    __device__ SharedFloats take(int words) {
        SharedFloats taken = free_;
        free_ = free_ + words;
        return taken;
    }

  private:
    SharedFloats free_;
};

/// Writes zeros, by all threads of a block.
__device__ inline void clear(SharedFloats words, int count) {
#pragma unroll 1
    for (int index = threadIdx.x; index < count; index += blockDim.x) words[index] = 0.0f;
}

/// Waits until this thread's copies of the drive for the next step have arrived, of two or three stages.
__device__ inline void wait_for_drive(int stages) {
    if (stages == 3) {
        wait_for_copies<1>();
    } else {
        wait_for_copies<0>();
    }
}

/// A field of every step and sample: element `unit` of step t and sample b lies at
/// `base[t * step + b * sample + unit]`. No base: the field is not wanted, or not there.
template <class T> struct Series {
    T *base;
    long long step, sample;

    __device__ explicit operator bool() const { return base != nullptr; }
    __device__ T *at(int time, int b) const { return base + time * step + b * sample; }
};

/// The sizes of a cell and its kernels.
struct Sizes {
    int channels, rows, columns, tap_rows, tap_columns;
};

/// The kernels on position, velocity and drive, `[out][in][row][column]`; null if the drive is not coupled.
struct Kernels {
    const float *coupling, *damping, *drive;
};

/// Where the kernel gradients of a sample go: places in a row of `partials`.
struct KernelPlaces {
    int coupling, damping, drive;
};

/// A forward pass. Null pointers: that part of the cell, or of the record, is not there.
struct ForwardArguments {
    /// Inputs of a projection that takes the place of a drive of one number per unit, or 0.
    int steps, samples, features;
    /// How many steps of the drive are in shared memory: 2 or 3.
    int stages;
    Kernels kernels;
    /// dt, gamma, alpha in a row are the scalars.
    const float *projection, *bias, *scalars, *gain, *offset;
    const float *drive, *initial;
    Series<float> positions, velocities;
    float *last_position, *last_velocity;
};

/// What a backward pass reads at every step, the most frequent first: the state before it, the drive if it is coupled,
/// and the gradient of what was recorded after it.
enum Field { VELOCITY, GRAD_VELOCITY, POSITION, DRIVE, GRAD_POSITION, FIELDS };

/// A backward pass. Null pointers and places of -1: that part of the cell, of the tape or of the record is not there.
struct BackwardArguments {
    int steps, samples, features;
    /// How many steps of the tape are copied to shared memory ahead: 3, or 0 where there is no room.
    int stages;
    Kernels kernels;
    const float *projection, *scalars, *gain;
    const float *drive, *initial;
    /// The tape. Without positions they are recovered from the last one.
    Series<const float> positions, velocities;
    const float *last_position;
    /// Gradients of what was recorded.
    Series<const float> grad_positions, grad_velocities;
    const float *grad_last_position, *grad_last_velocity;
    float *grad_drive, *grad_initial;
    /// Rows of `packed_length`, one per sample, and where in them each parameter lies.
    float *partials;
    long long packed_length;
    KernelPlaces at_kernels;
    int at_projection, at_bias, at_scalars, at_gain, at_offset;
};

} // namespace nwm

// Defines the kernel NAME. What follows THREADS names the function that runs the sample of a block.
#define NWM_FORWARD_KERNEL(NAME, THREADS, ...)                                                                         \
    extern "C" __global__ void __launch_bounds__(THREADS, 1)                                                           \
        NAME(int channels, int rows, int columns, int tap_rows, int tap_columns, int steps, int samples, int features, \
             int stages, const float *coupling, const float *damping, const float *drive_kernel,                       \
             const float *projection, const float *bias, const float *scalars, const float *gain, const float *offset, \
             const float *drive, const float *initial, float *positions, long long position_step,                      \
             long long position_sample, float *velocities, long long velocity_step, long long velocity_sample,         \
             float *last_position, float *last_velocity) {                                                             \
        __VA_ARGS__({channels, rows, columns, tap_rows, tap_columns}, {steps, samples, features, stages,               \
                    {coupling, damping, drive_kernel}, projection, bias, scalars, gain, offset, drive, initial,        \
                    {positions, position_step, position_sample}, {velocities, velocity_step, velocity_sample},         \
                    last_position, last_velocity});                                                                    \
    }

#define NWM_BACKWARD_KERNEL(NAME, THREADS, ...)                                                                        \
    extern "C" __global__ void __launch_bounds__(THREADS, 1)                                                           \
        NAME(int channels, int rows, int columns, int tap_rows, int tap_columns, int steps, int samples, int features, \
             int stages, const float *coupling, const float *damping, const float *drive_kernel,                       \
             const float *projection, const float *scalars, const float *gain, const float *drive,                     \
             const float *initial, const float *positions, long long position_step, long long position_sample,         \
             const float *velocities, long long velocity_step, long long velocity_sample, const float *last_position,  \
             const float *grad_positions, long long grad_position_step, long long grad_position_sample,                \
             const float *grad_velocities, long long grad_velocity_step, long long grad_velocity_sample,               \
             const float *grad_last_position, const float *grad_last_velocity, float *grad_drive, float *grad_initial, \
             float *partials, long long packed_length, int at_coupling, int at_damping, int at_drive_kernel,           \
             int at_projection, int at_bias, int at_scalars, int at_gain, int at_offset) {                             \
        __VA_ARGS__({channels, rows, columns, tap_rows, tap_columns}, {steps, samples, features, stages,               \
                    {coupling, damping, drive_kernel}, projection, scalars, gain, drive, initial,                      \
                    {positions, position_step, position_sample}, {velocities, velocity_step, velocity_sample},         \
                    last_position, {grad_positions, grad_position_step, grad_position_sample},                         \
                    {grad_velocities, grad_velocity_step, grad_velocity_sample}, grad_last_position,                   \
                    grad_last_velocity, grad_drive, grad_initial, partials, packed_length,                             \
                    {at_coupling, at_damping, at_drive_kernel}, at_projection, at_bias, at_scalars, at_gain,           \
                    at_offset});                                                                                       \
    }
