// A sequence of a locally coupled cell of several maps in one block: everything but the couplings themselves.
#pragma once

#include "lattice.cuh"

namespace nwm {

/// Runs the sample of this block. `Couplings` computes the couplings (direct.cuh, tiles.cuh).
template <class Couplings, class L> __device__ void run_forward(const Sizes &sizes, const ForwardArguments &arguments) {
    const L lattice(sizes);
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
                SharedFloats map = maps + lattice.start(site.map);
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

    clear(positions, 2 * planes);
    clear(velocities, 2 * planes);
    if (staged) clear(drives, arguments.stages * planes);
    __syncthreads();
    for (int time = 0; time + 1 < arguments.stages; ++time) copy_drive(time);
    const float *start = arguments.initial + static_cast<long long>(sample) * units;
    const long long part = static_cast<long long>(arguments.samples) * units;
    for_sites(lattice, [&](const Site &site) {
        lattice.store(positions, site, start[site.unit]);
        lattice.store(velocities, site, start[part + site.unit]);
    });
    wait_for_drive(arguments.stages);
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
        auto record_position = [&](int unit, float position) {
            if (arguments.positions) arguments.positions.at(time, sample)[unit] = position;
            if (last && arguments.last_position != nullptr) arguments.last_position[sample * 1LL * units + unit] = position;
        };

        float sum_of_positions = 0.0f;
        auto start_pre = [&](const Site &site) -> float {
            float value = arguments.bias == nullptr ? 0.0f : __ldg(arguments.bias + site.unit);
            if (drive_enters) value += drive[lattice.place(site)];
#pragma unroll 1
            for (int feature = 0; feature < arguments.features; ++feature) {
                value = fmaf(__ldg(inputs + feature), __ldg(arguments.projection + feature * units + site.unit), value);
            }
            return value;
        };
        couplings(positions + now, velocities + now, drive, start_pre, [&](const Site &site, float pre) {
            const int place = lattice.place(site);
            const State state = next_state(scalars, State{positions[now + place], velocities[now + place]}, pre);
            lattice.store(velocities + next, site, state.v);
            if (arguments.velocities) arguments.velocities.at(time, sample)[site.unit] = state.v;
            if (last && arguments.last_velocity != nullptr) {
                arguments.last_velocity[sample * 1LL * units + site.unit] = state.v;
            }
            if (normed) {
                positions[next + place] = state.x;
                sum_of_positions += state.x;
            } else {
                lattice.store(positions + next, site, state.x);
                record_position(site.unit, state.x);
            }
        });
        if (normed) {
            // The sum's barrier lies between the threads that wrote the positions and those that read them here.
            const Norm norm(sum_of_block, units, sum_of_positions, [&](auto use) {
                for_sites(lattice, [&](const Site &site) { use(positions[next + lattice.place(site)]); });
            });
            for_sites(lattice, [&](const Site &site) {
                const float normal = norm(positions[next + lattice.place(site)]);
                const float x = fmaf(__ldg(arguments.gain + site.unit), normal, __ldg(arguments.offset + site.unit));
                lattice.store(positions + next, site, x);
                record_position(site.unit, x);
            });
        }
        wait_for_drive(arguments.stages);
#ifndef PLANT_MISSING_BARRIER
        __syncthreads();
#endif
    }
}

} // namespace nwm
