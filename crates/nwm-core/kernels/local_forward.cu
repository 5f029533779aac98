// The recurrence of a locally coupled cell over a whole sequence, in one launch.
//
//   pre = Kx(x) + Kv(v) + Kd(d) + b     v' = v + dt (tanh(pre) - gamma x - alpha v)     x' = x + dt v'
//
// Grid: one block per sample, which keeps the sample from the first step to the last. Block: up to 512 threads; a thread
// computes strips of four rows of a column (of four maps at once, if there are several).
// Shared memory: two sets of maps of x and v, which are read and written in turn, so that a step needs one barrier; the
// drive of two or three steps, copied ahead; the kernels, unless one map's fit registers. Words: `forward_words` of the
// launching code. Registers: see resources.csv; up to 128 are possible with 512 threads.
// Bytes moved: the drive once, what is recorded once; bias and projection stay in the first cache.
// Floor, one map of 23 x 23, 32 samples, 60 steps: about 60 instructions per site and step, 250 clocks a step on the four
// schedulers of a multiprocessor, plus some 100 for the barrier and the first loads behind it: 12 us at 1.75 GHz. Memory:
// 4 MB in, 8 MB out, 4 us.
#include "lattice.cuh"

namespace nwm {

struct ForwardArguments {
    int steps, samples, features;
    /// How many steps of the drive are in shared memory: 2 or 3.
    int stages;
    const float *coupling, *damping, *drive_kernel, *projection, *bias, *scalars, *gain, *offset;
    const float *drive, *initial;
    Series<float> positions, velocities;
    float *last_position, *last_velocity;
};

template <int OUTPUTS, class L> __device__ void run_forward(const L &lattice, const ForwardArguments &arguments) {
    const int sample = blockIdx.x;
    const int units = lattice.units();
    const int planes = lattice.planes();
    const int groups = (lattice.channels() + OUTPUTS - 1) / OUTPUTS;
    const bool staged = arguments.features == 0;
    const bool coupled_drive = arguments.drive_kernel != nullptr;
    const Scalars scalars(arguments.scalars);
    // The position's norm needs the sum over a sample before anything of it is written.
    const bool normed = arguments.gain != nullptr;

    NWM_SHARED_MEMORY(shared);
    SharedFloats free = shared;
    auto take = [&](int words) {
        SharedFloats taken = free;
        free = free + words;
        return taken;
    };
    BlockSum sum_of_block(take(BlockSum::WORDS));
#ifdef PLANT_OFF_BY_ONE
    SharedFloats positions = take(2 * planes - 1);
#else
    SharedFloats positions = take(2 * planes);
#endif
    SharedFloats velocities = take(2 * planes);
    SharedFloats drives = take(staged ? arguments.stages * planes : 0);
    const int kernel_words = lattice.channels() * lattice.channels() * lattice.taps();
    auto load_kernel = [&](const float *weights) {
        if constexpr (L::ONE_MAP && L::TAPS > 1) {
            return RegisterWeights<L::TAPS>(lattice, weights);
        } else {
            SharedFloats values = take(weights == nullptr ? 0 : kernel_words);
            if (weights != nullptr) {
                for (int index = threadIdx.x; index < kernel_words; index += blockDim.x) values[index] = weights[index];
            }
            return SharedWeights{values, lattice.channels(), lattice.taps()};
        }
    };
    const auto coupling = load_kernel(arguments.coupling);
    const auto damping = load_kernel(arguments.damping);
    const auto drive_kernel = load_kernel(arguments.drive_kernel);

    /// The unit and the place in shared memory of every site of an item.
    auto for_sites = [&](const Item &item, auto work) {
#pragma unroll
        for (int o = 0; o < OUTPUTS; ++o) {
            int map = item.group * OUTPUTS + o;
#pragma unroll
            for (int r = 0; r < STRIP; ++r) {
                int row = item.row + r;
                if (map < lattice.channels() && row < lattice.rows) {
                    int unit = (map * lattice.rows + row) * lattice.columns + item.column;
                    work(o, r, map, row, unit);
                }
            }
        }
    };
    auto copy_drive = [&](int time) {
        if (staged && time < arguments.steps) {
            const float *row = arguments.drive + (static_cast<long long>(time) * arguments.samples + sample) * units;
            SharedFloats maps = drives + time % arguments.stages * planes;
            for_items(lattice, groups, [&](const Item &item) {
                for_sites(item, [&](int, int, int map, int row_index, int unit) {
                    lattice.at_all_places(row_index, item.column, [&](int place) {
                        copy_async(maps + (map * lattice.plane() + place), row + unit);
                    });
                });
            });
        }
        commit_copies();
    };
    // After this the copies for the next step have arrived, of this thread's part.
    auto wait_for_drive = [&] {
        if (arguments.stages == 3) {
            wait_for_copies<1>();
        } else {
            wait_for_copies<0>();
        }
    };

    for (int index = threadIdx.x; index < 2 * planes; index += blockDim.x) {
        positions[index] = 0.0f;
        velocities[index] = 0.0f;
    }
    for (int index = threadIdx.x; staged && index < arguments.stages * planes; index += blockDim.x) drives[index] = 0.0f;
    __syncthreads();
    for (int time = 0; time + 1 < arguments.stages; ++time) copy_drive(time);
    const float *start = arguments.initial + static_cast<long long>(sample) * units;
    const long long part = static_cast<long long>(arguments.samples) * units;
    for_items(lattice, groups, [&](const Item &item) {
        for_sites(item, [&](int, int, int map, int row, int unit) {
            lattice.store(positions + map * lattice.plane(), row, item.column, start[unit]);
            lattice.store(velocities + map * lattice.plane(), row, item.column, start[part + unit]);
        });
    });
    wait_for_drive();
    __syncthreads();

    for (int time = 0; time < arguments.steps; ++time) {
        const int now = time % 2 * planes;
        const int next = planes - now;
        SharedFloats drive = drives + time % arguments.stages * planes;
        const bool last = time + 1 == arguments.steps;
        copy_drive(time + arguments.stages - 1);
        auto record_position = [&](int unit, float position) {
            if (arguments.positions) arguments.positions.at(time, sample)[unit] = position;
            if (last && arguments.last_position != nullptr) arguments.last_position[sample * 1LL * units + unit] = position;
        };

        float sum_of_positions = 0.0f;
        for_items(lattice, groups, [&](const Item &item) {
            float pre[OUTPUTS][STRIP];
#pragma unroll
            for (int o = 0; o < OUTPUTS; ++o) {
#pragma unroll
                for (int r = 0; r < STRIP; ++r) pre[o][r] = 0.0f;
            }
            for_sites(item, [&](int o, int r, int map, int row, int unit) {
                float value = arguments.bias == nullptr ? 0.0f : __ldg(arguments.bias + unit);
                if (staged && !coupled_drive) value += drive[map * lattice.plane() + lattice.inner(row, item.column)];
                const float *input = arguments.drive + (static_cast<long long>(time) * arguments.samples + sample) *
                                                           arguments.features;
#pragma unroll 1
                for (int feature = 0; feature < arguments.features; ++feature) {
                    value = fmaf(__ldg(input + feature), __ldg(arguments.projection + feature * units + unit), value);
                }
                pre[o][r] = value;
            });
            const int out = item.group * OUTPUTS;
            correlate(lattice, positions + now, coupling, out, item, pre);
            correlate(lattice, velocities + now, damping, out, item, pre);
            if (coupled_drive) correlate(lattice, drive, drive_kernel, out, item, pre);
            for_sites(item, [&](int o, int r, int map, int row, int unit) {
                const int place = map * lattice.plane() + lattice.inner(row, item.column);
                float x = positions[now + place];
                float v = velocities[now + place];
                float force = fmaf(-scalars.alpha, v, fmaf(-scalars.gamma, x, tangent(pre[o][r])));
                v = fmaf(scalars.dt, force, v);
                x = fmaf(scalars.dt, v, x);
                lattice.store(velocities + (next + map * lattice.plane()), row, item.column, v);
                if (arguments.velocities) arguments.velocities.at(time, sample)[unit] = v;
                if (last && arguments.last_velocity != nullptr) arguments.last_velocity[sample * 1LL * units + unit] = v;
                if (normed) {
                    positions[next + place] = x;
                    sum_of_positions += x;
                } else {
                    lattice.store(positions + (next + map * lattice.plane()), row, item.column, x);
                    record_position(unit, x);
                }
            });
        });
        if (normed) {
            const float mean = sum_of_block(sum_of_positions) / units;
            float squares = 0.0f;
            auto for_own_sites = [&](auto work) {
                for_items(lattice, groups, [&](const Item &item) {
                    for_sites(item, [&](int, int, int map, int row, int unit) {
                        work(next + map * lattice.plane(), row, item.column, unit);
                    });
                });
            };
            for_own_sites([&](int map, int row, int column, int) {
                float distance = positions[map + lattice.inner(row, column)] - mean;
                squares = fmaf(distance, distance, squares);
            });
            const float scale = 1.0f / sqrtf(sum_of_block(squares) / units + 1e-5f);
            for_own_sites([&](int map, int row, int column, int unit) {
                float normal = (positions[map + lattice.inner(row, column)] - mean) * scale;
                float x = fmaf(__ldg(arguments.gain + unit), normal, __ldg(arguments.offset + unit));
                lattice.store(positions + map, row, column, x);
                record_position(unit, x);
            });
        }
        wait_for_drive();
#ifndef PLANT_MISSING_BARRIER
        __syncthreads();
#endif
    }
}

} // namespace nwm

// The scalars are dt, gamma, alpha in a row. Null pointers: that part of the cell, or of the record, is not there.
// A projection of `features` inputs takes the place of a drive of one number per unit; then features is not 0.
#define NWM_LOCAL_FORWARD(name, CHANNELS, TAP_ROWS, TAP_COLUMNS, OUTPUTS)                                              \
    extern "C" __global__ void __launch_bounds__(512, 1)                                                                 \
        name(int channels, int rows, int columns, int tap_rows, int tap_columns, int steps, int samples, int features, \
             int stages, const float *coupling, const float *damping, const float *drive_kernel,                       \
             const float *projection, const float *bias, const float *scalars, const float *gain, const float *offset, \
             const float *drive, const float *initial, float *positions, long long position_step,                      \
             long long position_sample, float *velocities, long long velocity_step, long long velocity_sample,         \
             float *last_position, float *last_velocity) {                                                             \
        nwm::Lattice<CHANNELS, TAP_ROWS, TAP_COLUMNS> lattice{channels, rows, columns, tap_rows, tap_columns};         \
        nwm::run_forward<OUTPUTS>(lattice, {steps, samples, features, stages, coupling, damping, drive_kernel,         \
                                            projection, bias, scalars, gain, offset, drive, initial,                   \
                                            {positions, position_step, position_sample},                               \
                                            {velocities, velocity_step, velocity_sample}, last_position,               \
                                            last_velocity});                                                           \
    }

NWM_LOCAL_FORWARD(torus_forward, 1, 3, 3, 1)
NWM_LOCAL_FORWARD(rings_forward, 1, 1, 3, 1)
NWM_LOCAL_FORWARD(maps_forward, 0, 0, 0, 4)
