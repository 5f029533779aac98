// A sequence of a locally coupled cell in one block: everything but the couplings themselves.
#pragma once

#include "lattice.cuh"

namespace nwm {

struct ForwardArguments {
    int steps, samples, features;
    /// How many steps of the drive are in shared memory: 2 or 3.
    int stages;
    Kernels kernels;
    const float *projection, *bias, *scalars, *gain, *offset;
    const float *drive, *initial;
    Series<float> positions, velocities;
    float *last_position, *last_velocity;
};

/// Runs the sample of this block. `Couplings` computes the couplings (direct.cuh, tiles.cuh).
template <class Couplings, class L> __device__ void run_forward(const L &lattice, const ForwardArguments &arguments) {
    const int sample = blockIdx.x;
    const int units = lattice.units();
    const int planes = lattice.planes();
    const bool staged = arguments.features == 0;
    const bool drive_enters = staged && arguments.kernels.drive == nullptr;
    const Scalars scalars(arguments.scalars);
    // The position's norm needs the sum over a sample before anything of it is written.
    const bool normed = arguments.gain != nullptr;

    NWM_SHARED_MEMORY(shared);
    Words words(shared);
    BlockSum sum_of_block(words.take(BlockSum::WORDS));
#ifdef PLANT_OFF_BY_ONE
    SharedFloats positions = words.take(2 * planes - 1);
#else
    SharedFloats positions = words.take(2 * planes);
#endif
    SharedFloats velocities = words.take(2 * planes);
    SharedFloats drives = words.take(staged ? arguments.stages * planes : 0);
    const Couplings couplings(lattice, words, arguments.kernels);

    auto copy_drive = [&](int time) {
        if (staged && time < arguments.steps) {
            const float *row = arguments.drive + (static_cast<long long>(time) * arguments.samples + sample) * units;
            SharedFloats maps = drives + time % arguments.stages * planes;
            for_sites(lattice, [&](const Site &site) {
                SharedFloats map = maps + site.map * lattice.plane();
                if (drive_enters) {
                    // Nobody reads the border.
                    copy_async(map + lattice.inner(site.row, site.column), row + site.unit);
                    return;
                }
                lattice.at_all_places(site.row, site.column,
                                      [&](int place) { copy_async(map + place, row + site.unit); });
            });
        }
        commit_copies();
    };
    // After this, this thread's copies for the next step have arrived.
    auto wait_for_drive = [&] {
        if (arguments.stages == 3) {
            wait_for_copies<1>();
        } else {
            wait_for_copies<0>();
        }
    };

    clear(positions, 2 * planes);
    clear(velocities, 2 * planes);
    if (staged) clear(drives, arguments.stages * planes);
    __syncthreads();
    for (int time = 0; time + 1 < arguments.stages; ++time) copy_drive(time);
    const float *start = arguments.initial + static_cast<long long>(sample) * units;
    const long long part = static_cast<long long>(arguments.samples) * units;
    for_sites(lattice, [&](const Site &site) {
        lattice.store(positions + site.map * lattice.plane(), site.row, site.column, start[site.unit]);
        lattice.store(velocities + site.map * lattice.plane(), site.row, site.column, start[part + site.unit]);
    });
    wait_for_drive();
    __syncthreads();

#pragma unroll 1
    for (int time = 0; time < arguments.steps; ++time) {
        const int now = time % 2 * planes;
        const int next = planes - now;
        SharedFloats drive = drives + time % arguments.stages * planes;
        const bool last = time + 1 == arguments.steps;
        copy_drive(time + arguments.stages - 1);
        const float *inputs =
            arguments.drive + (static_cast<long long>(time) * arguments.samples + sample) * arguments.features;
        auto place_of = [&](const Site &site) { return site.map * lattice.plane() + lattice.inner(site.row, site.column); };
        auto record_position = [&](int unit, float position) {
            if (arguments.positions) arguments.positions.at(time, sample)[unit] = position;
            if (last && arguments.last_position != nullptr) arguments.last_position[sample * 1LL * units + unit] = position;
        };

        float sum_of_positions = 0.0f;
        auto start_pre = [&](const Site &site) -> float {
            float value = arguments.bias == nullptr ? 0.0f : __ldg(arguments.bias + site.unit);
            if (drive_enters) value += drive[place_of(site)];
#pragma unroll 1
            for (int feature = 0; feature < arguments.features; ++feature) {
                value = fmaf(__ldg(inputs + feature), __ldg(arguments.projection + feature * units + site.unit), value);
            }
            return value;
        };
        couplings(positions + now, velocities + now, drive, start_pre, [&](const Site &site, float pre) {
            const int place = place_of(site);
            float x = positions[now + place];
            float v = velocities[now + place];
            float force = fmaf(-scalars.alpha, v, fmaf(-scalars.gamma, x, tangent(pre)));
            v = fmaf(scalars.dt, force, v);
            x = fmaf(scalars.dt, v, x);
            lattice.store(velocities + (next + site.map * lattice.plane()), site.row, site.column, v);
            if (arguments.velocities) arguments.velocities.at(time, sample)[site.unit] = v;
            if (last && arguments.last_velocity != nullptr) arguments.last_velocity[sample * 1LL * units + site.unit] = v;
            if (normed) {
                positions[next + place] = x;
                sum_of_positions += x;
            } else {
                lattice.store(positions + (next + site.map * lattice.plane()), site.row, site.column, x);
                record_position(site.unit, x);
            }
        });
        if (normed) {
            // The sum's barrier lies between the threads that wrote the positions and those that read them here.
            const float mean = sum_of_block(sum_of_positions) / units;
            float squares = 0.0f;
            for_sites(lattice, [&](const Site &site) {
                float distance = positions[next + place_of(site)] - mean;
                squares = fmaf(distance, distance, squares);
            });
            const float scale = 1.0f / sqrtf(sum_of_block(squares) / units + 1e-5f);
            for_sites(lattice, [&](const Site &site) {
                float normal = (positions[next + place_of(site)] - mean) * scale;
                float x = fmaf(__ldg(arguments.gain + site.unit), normal, __ldg(arguments.offset + site.unit));
                lattice.store(positions + (next + site.map * lattice.plane()), site.row, site.column, x);
                record_position(site.unit, x);
            });
        }
        wait_for_drive();
#ifndef PLANT_MISSING_BARRIER
        __syncthreads();
#endif
    }
}

} // namespace nwm

// Defines the kernel NAME for a lattice and its couplings. The scalars are dt, gamma, alpha in a row. Null pointers: that
// part of the cell, or of the record, is not there. A projection of `features` inputs takes the place of a drive of one
// number per unit; then features is not 0.
#define NWM_FORWARD_KERNEL(NAME, THREADS, LATTICE, COUPLINGS)                                                          \
    extern "C" __global__ void __launch_bounds__(THREADS, 1)                                                           \
        NAME(int channels, int rows, int columns, int tap_rows, int tap_columns, int steps, int samples, int features, \
             int stages, const float *coupling, const float *damping, const float *drive_kernel,                       \
             const float *projection, const float *bias, const float *scalars, const float *gain, const float *offset, \
             const float *drive, const float *initial, float *positions, long long position_step,                      \
             long long position_sample, float *velocities, long long velocity_step, long long velocity_sample,         \
             float *last_position, float *last_velocity) {                                                             \
        const LATTICE lattice{channels, rows, columns, tap_rows, tap_columns};                                         \
        nwm::run_forward<COUPLINGS>(lattice, {steps, samples, features, stages, {coupling, damping, drive_kernel},     \
                                              projection, bias, scalars, gain, offset, drive, initial,                 \
                                              {positions, position_step, position_sample},                             \
                                              {velocities, velocity_step, velocity_sample}, last_position,             \
                                              last_velocity});                                                         \
    }
