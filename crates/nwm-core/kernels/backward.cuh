// The adjoint of a sequence of a locally coupled cell in one block: everything but that of the couplings themselves.
#pragma once

#include "lattice.cuh"

namespace nwm {

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

/// Fields that are copied ahead.
enum Field { VELOCITY, POSITION, DRIVE, GRAD_POSITION, GRAD_VELOCITY, FIELDS };

/// Pulls the gradients of the sample of this block back. `Couplings` is the adjoint of the couplings (direct.cuh, tiles.cuh).
template <class Couplings, class L> __device__ void run_backward(const L &lattice, const BackwardArguments &arguments) {
    const int sample = blockIdx.x;
    const int units = lattice.units();
    const int planes = lattice.planes();
    const int bare_planes = lattice.bare_planes();
    const Scalars scalars(arguments.scalars);
    const float dt = scalars.dt;
    const float inverse_dt = 1.0f / dt;
    const bool coupled_drive = arguments.kernels.drive != nullptr;
    const bool drive_enters = !coupled_drive && arguments.features == 0;
    const bool normed = arguments.gain != nullptr;
    const bool recovers = !arguments.positions;
    const long long sample_row = static_cast<long long>(sample) * units;
    const long long all_samples = static_cast<long long>(arguments.samples) * units;
    float *partials = arguments.partials + sample * arguments.packed_length;

    NWM_SHARED_MEMORY(shared);
    Words words(shared);
    BlockSum sum_of_block(words.take(BlockSum::WORDS));
    // Two copies in turn make do with one barrier a step, if nothing else is read by others.
    constexpr int COPIES = Couplings::KEEPS_TO_ITSELF ? 2 : 1;
    SharedFloats grad_pres = words.take(COPIES * planes);
    SharedFloats grad_position = words.take(bare_planes);
    SharedFloats grad_velocity = words.take(bare_planes);
    SharedFloats position = words.take(bare_planes);
    SharedFloats velocity = words.take(bare_planes);
    SharedFloats driving = words.take(coupled_drive ? bare_planes : 0);
    // From here on unit by unit, each touched by its thread alone.
    SharedFloats bias_sums = words.take(arguments.at_bias < 0 ? 0 : units);
    SharedFloats projection_sums = words.take(arguments.features * units);
    SharedFloats gain_sums = words.take(normed ? units : 0);
    SharedFloats offset_sums = words.take(normed ? units : 0);
    // Copied ahead: slot by slot, those fields that are there.
    int slot_of[FIELDS];
    int slots = 0;
    auto add_field = [&](Field field, bool there) { slot_of[field] = there ? slots++ : -1; };
    add_field(VELOCITY, true);
    add_field(POSITION, !recovers);
    add_field(DRIVE, coupled_drive);
    add_field(GRAD_POSITION, static_cast<bool>(arguments.grad_positions));
    add_field(GRAD_VELOCITY, static_cast<bool>(arguments.grad_velocities));
    SharedFloats ahead = words.take(arguments.stages * slots * units);
    Couplings couplings(lattice, words, arguments.kernels);

    auto bare = [&](const Site &site) { return lattice.bare(site.map, site.row, site.column); };
    // The state before step `time`, and the gradient of what was recorded after it.
    auto row_of = [&](Field field, int time) -> const float * {
        const bool first = time == 0;
        switch (field) {
        case VELOCITY:
            return first ? arguments.initial + all_samples + sample_row : arguments.velocities.at(time - 1, sample);
        case POSITION:
            return first ? arguments.initial + sample_row : arguments.positions.at(time - 1, sample);
        case DRIVE:
            return arguments.drive + time * all_samples + sample_row;
        case GRAD_POSITION:
            return arguments.grad_positions.at(time, sample);
        default:
            return arguments.grad_velocities.at(time, sample);
        }
    };
    auto slot = [&](Field field, int time) {
        return ahead + (time % arguments.stages * slots + slot_of[field]) * units;
    };
    auto read = [&](Field field, int time, int unit) -> float {
        if (arguments.stages == 0) return row_of(field, time)[unit];
        return slot(field, time)[unit];
    };
    auto copy_step = [&](int time) {
        if (time >= 0) {
#pragma unroll
            for (int field = 0; field < FIELDS; ++field) {
                if (slot_of[field] < 0) continue;
                const float *row = row_of(static_cast<Field>(field), time);
                SharedFloats target = slot(static_cast<Field>(field), time);
                for_sites(lattice, [&](const Site &site) { copy_async(target + site.unit, row + site.unit); });
            }
        }
        commit_copies();
    };

    clear(grad_pres, COPIES * planes);
    // Tensor cores read maps that stay zero, and a few words behind each map.
    clear(position, bare_planes);
    clear(velocity, bare_planes);
    if (coupled_drive) clear(driving, bare_planes);
    __syncthreads();
    for (int behind = 1; behind < arguments.stages; ++behind) copy_step(arguments.steps - behind);
    for_sites(lattice, [&](const Site &site) {
        const int unit = site.unit, place = bare(site);
        auto or_zero = [&](const float *values) { return values == nullptr ? 0.0f : values[sample_row + unit]; };
        velocity[place] = arguments.velocities.at(arguments.steps - 1, sample)[unit];
        position[place] = recovers ? arguments.last_position[sample_row + unit] : 0.0f;
        grad_position[place] = or_zero(arguments.grad_last_position);
        grad_velocity[place] = or_zero(arguments.grad_last_velocity);
        if (arguments.at_bias >= 0) bias_sums[unit] = 0.0f;
#pragma unroll 1
        for (int feature = 0; feature < arguments.features; ++feature) projection_sums[feature * units + unit] = 0.0f;
        if (normed) {
            gain_sums[unit] = 0.0f;
            offset_sums[unit] = 0.0f;
        }
    });
    __syncthreads();

    float of_dt = 0.0f, of_gamma = 0.0f, of_alpha = 0.0f;
#pragma unroll 1
    for (int time = arguments.steps - 1; time >= 0; --time) {
        SharedFloats grad_pre = grad_pres + (COPIES == 2 ? time % 2 * planes : 0);
        if (arguments.stages == 3) {
            copy_step(time - 2);
            wait_for_copies<2>();
        }
        auto position_before = [&](const Site &site) -> float {
            if (!recovers) return read(POSITION, time, site.unit);
            // The first position is known exactly.
            if (time == 0) return arguments.initial[sample_row + site.unit];
            return fmaf(-dt, velocity[bare(site)], position[bare(site)]);
        };
        auto grad_of_position = [&](const Site &site) -> float {
            float gradient = grad_position[bare(site)];
            if (arguments.grad_positions) gradient += read(GRAD_POSITION, time, site.unit);
            return gradient;
        };

        if (normed) {
            // With y = (raw - mean) / scale and h = gain g: the gradient is (h - mean(h) - y mean(h y)) / scale.
            auto raw = [&](const Site &site) { return fmaf(dt, velocity[bare(site)], position_before(site)); };
            float sum = 0.0f;
            for_sites(lattice, [&](const Site &site) { sum += raw(site); });
            const float mean = sum_of_block(sum) / units;
            float squares = 0.0f;
            for_sites(lattice, [&](const Site &site) {
                float distance = raw(site) - mean;
                squares = fmaf(distance, distance, squares);
            });
            const float inverse_scale = 1.0f / sqrtf(sum_of_block(squares) / units + 1e-5f);
            float sum_h = 0.0f, sum_hy = 0.0f;
            for_sites(lattice, [&](const Site &site) {
                float y = (raw(site) - mean) * inverse_scale;
                float g = grad_of_position(site);
                float h = g * __ldg(arguments.gain + site.unit);
                gain_sums[site.unit] += g * y;
                offset_sums[site.unit] += g;
                sum_h += h;
                sum_hy = fmaf(h, y, sum_hy);
            });
            const float mean_h = sum_of_block(sum_h) / units;
            const float mean_hy = sum_of_block(sum_hy) / units;
            for_sites(lattice, [&](const Site &site) {
                float y = (raw(site) - mean) * inverse_scale;
                float h = grad_of_position(site) * __ldg(arguments.gain + site.unit);
                grad_position[bare(site)] = (h - mean_h - y * mean_hy) * inverse_scale;
            });
        }

        const long long input_row = (static_cast<long long>(time) * arguments.samples + sample) * arguments.features;
        const float *inputs = arguments.drive + input_row;
        for_sites(lattice, [&](const Site &site) {
            const int unit = site.unit, place = bare(site);
            const float v_next = velocity[place];
            const float v = read(VELOCITY, time, unit);
            const float x = position_before(site);
            const float gx = normed ? static_cast<float>(grad_position[place]) : grad_of_position(site);
            float gv = grad_velocity[place];
            if (arguments.grad_velocities) gv += read(GRAD_VELOCITY, time, unit);
            gv = fmaf(dt, gx, gv);
            const float acceleration = (v_next - v) * inverse_dt;
            const float activation = fmaf(scalars.alpha, v, fmaf(scalars.gamma, x, acceleration));
            of_dt = fmaf(gx, v_next, fmaf(gv, acceleration, of_dt));
            of_gamma = fmaf(gv, x, of_gamma);
            of_alpha = fmaf(gv, v, of_alpha);
            const float gpre = dt * (1.0f - activation * activation) * gv;
            lattice.store(grad_pre + site.map * lattice.plane(), site.row, site.column, gpre);
            grad_position[place] = fmaf(-dt * scalars.gamma, gv, gx);
            grad_velocity[place] = (1.0f - dt * scalars.alpha) * gv;
            position[place] = x;
            velocity[place] = v;
            if (coupled_drive) driving[place] = read(DRIVE, time, unit);
            if (arguments.at_bias >= 0) bias_sums[unit] += gpre;
#pragma unroll 1
            for (int feature = 0; feature < arguments.features; ++feature) {
                projection_sums[feature * units + unit] += __ldg(inputs + feature) * gpre;
            }
            if (drive_enters && arguments.grad_drive != nullptr) {
                arguments.grad_drive[time * all_samples + sample_row + unit] = gpre;
            }
        });
        if (arguments.grad_drive != nullptr) {
#pragma unroll 1
            for (int feature = 0; feature < arguments.features; ++feature) {
                float sum = 0.0f;
                for_sites(lattice, [&](const Site &site) {
                    const float gpre = grad_pre[site.map * lattice.plane() + lattice.inner(site.row, site.column)];
                    sum = fmaf(__ldg(arguments.projection + feature * units + site.unit), gpre, sum);
                });
                sum = sum_of_block(sum);
                if (threadIdx.x == 0) arguments.grad_drive[input_row + feature] = sum;
            }
        }
#ifndef PLANT_MISSING_BARRIER
        __syncthreads();
#endif
        couplings(Fields{position, velocity, driving}, grad_pre,
                  [&](const Site &site, float of_x, float of_v, float of_d) {
                      grad_position[bare(site)] += of_x;
                      grad_velocity[bare(site)] += of_v;
                      if (coupled_drive && arguments.grad_drive != nullptr) {
                          arguments.grad_drive[time * all_samples + sample_row + site.unit] = of_d;
                      }
                  });
        if constexpr (!Couplings::KEEPS_TO_ITSELF) __syncthreads();
    }

    for_sites(lattice, [&](const Site &site) {
        const int unit = site.unit;
        arguments.grad_initial[sample_row + unit] = grad_position[bare(site)];
        arguments.grad_initial[all_samples + sample_row + unit] = grad_velocity[bare(site)];
        if (arguments.at_bias >= 0) partials[arguments.at_bias + unit] = bias_sums[unit];
#pragma unroll 1
        for (int feature = 0; feature < arguments.features; ++feature) {
            const int index = feature * units + unit;
            partials[arguments.at_projection + index] = projection_sums[index];
        }
        if (normed) {
            partials[arguments.at_gain + unit] = gain_sums[unit];
            partials[arguments.at_offset + unit] = offset_sums[unit];
        }
    });
    of_dt = sum_of_block(of_dt);
    of_gamma = sum_of_block(of_gamma);
    of_alpha = sum_of_block(of_alpha);
    if (threadIdx.x == 0) {
        partials[arguments.at_scalars] = of_dt;
        partials[arguments.at_scalars + 1] = -dt * of_gamma;
        partials[arguments.at_scalars + 2] = -dt * of_alpha;
    }
    couplings.finish(partials, arguments.at_kernels, sum_of_block);
}

} // namespace nwm

// Defines the kernel NAME for a lattice and the adjoint of its couplings. Null pointers and places of -1: that part of the
// cell, of the tape or of the record is not there.
#define NWM_BACKWARD_KERNEL(NAME, THREADS, LATTICE, COUPLINGS)                                                         \
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
        const LATTICE lattice{channels, rows, columns, tap_rows, tap_columns};                                         \
        nwm::run_backward<COUPLINGS>(lattice, {steps, samples, features, stages, {coupling, damping, drive_kernel},    \
                                               projection, scalars, gain, drive, initial,                              \
                                               {positions, position_step, position_sample},                            \
                                               {velocities, velocity_step, velocity_sample}, last_position,            \
                                               {grad_positions, grad_position_step, grad_position_sample},             \
                                               {grad_velocities, grad_velocity_step, grad_velocity_sample},            \
                                               grad_last_position, grad_last_velocity, grad_drive, grad_initial,       \
                                               partials, packed_length, {at_coupling, at_damping, at_drive_kernel},    \
                                               at_projection, at_bias, at_scalars, at_gain, at_offset});               \
    }
