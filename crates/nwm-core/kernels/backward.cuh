// The adjoint of a sequence of a locally coupled cell of several maps in one block: everything but that of the
// couplings themselves.
#pragma once

#include "lattice.cuh"

namespace nwm {

/// Pulls the gradients of the sample of this block back. `Couplings` is the adjoint of the couplings (direct.cuh,
/// tiles.cuh).
template <class Couplings, class L>
__device__ void run_backward(const Sizes &sizes, const BackwardArguments &arguments) {
    const L lattice(sizes);
    const int sample = blockIdx.x;
    const int units = lattice.units();
    const int planes = lattice.planes();
    const int bare_planes = lattice.bare_planes();
    const Scalars scalars(arguments.scalars);
    const float dt = scalars.dt;
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
    SharedFloats grad_pre = words.take(planes);
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

    auto bare = [&](const Site &site) { return lattice.bare(site); };
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

    clear(grad_pre, planes);
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

    StepAdjoint adjoint(scalars);
#pragma unroll 1
    for (int time = arguments.steps - 1; time >= 0; --time) {
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
            auto raw = [&](const Site &site) { return fmaf(dt, velocity[bare(site)], position_before(site)); };
            float sum = 0.0f;
            for_sites(lattice, [&](const Site &site) { sum += raw(site); });
            const Norm norm(sum_of_block, units, sum, [&](auto use) {
                for_sites(lattice, [&](const Site &site) { use(raw(site)); });
            });
            NormAdjoint norm_adjoint(norm);
            for_sites(lattice, [&](const Site &site) {
                const float g = grad_of_position(site);
                const float y = norm_adjoint.add(raw(site), g * __ldg(arguments.gain + site.unit));
                gain_sums[site.unit] += g * y;
                offset_sums[site.unit] += g;
            });
            norm_adjoint.finish(sum_of_block, units);
            for_sites(lattice, [&](const Site &site) {
                const float h = grad_of_position(site) * __ldg(arguments.gain + site.unit);
                grad_position[bare(site)] = norm_adjoint.pull_back(raw(site), h);
            });
        }

        const long long input_row = (static_cast<long long>(time) * arguments.samples + sample) * arguments.features;
        const float *inputs = arguments.drive + input_row;
        for_sites(lattice, [&](const Site &site) {
            const int unit = site.unit, place = bare(site);
            const float v_next = velocity[place];
            const State before{position_before(site), read(VELOCITY, time, unit)};
            const float of_position = normed ? static_cast<float>(grad_position[place]) : grad_of_position(site);
            State gradient{of_position, grad_velocity[place]};
            if (arguments.grad_velocities) gradient.v += read(GRAD_VELOCITY, time, unit);
            const float gpre = adjoint(v_next, before, gradient);
            lattice.store(grad_pre, site, gpre);
            grad_position[place] = gradient.x;
            grad_velocity[place] = gradient.v;
            position[place] = before.x;
            velocity[place] = before.v;
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
                    const float gpre = grad_pre[lattice.place(site)];
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
        __syncthreads();
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
    float gradients[3];
    adjoint.scalar_gradients(gradients);
    for (int scalar = 0; scalar < 3; ++scalar) {
        const float sum = sum_of_block(gradients[scalar]);
        if (threadIdx.x == 0) partials[arguments.at_scalars + scalar] = sum;
    }
    couplings.finish(partials, arguments.at_kernels, sum_of_block);
}

} // namespace nwm
