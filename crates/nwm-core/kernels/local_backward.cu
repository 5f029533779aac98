// The adjoint of the recurrence of a locally coupled cell over a whole sequence, in one launch.
//
// From the last step to the first, with s = tanh(pre) and the gradients gx', gv' of the new state:
//
//   gv' += dt gx'                        gpre = dt (1 - s^2) gv'
//   gx   = gx' - dt gamma gv' + Kx^T gpre     gv = (1 - dt alpha) gv' + Kv^T gpre     gd = Kd^T gpre
//
// No coupling is evaluated again: s = (v' - v) / dt + gamma x + alpha v, and x = x' - dt v' where the tape has velocities
// alone. A state norm is pulled back first; its tape has positions.
//
// Grid: one block per sample. Block: up to 512 threads; a thread owns strips of four rows of a column, and keeps their
// states and gradients to itself. Neighbours read the gradient of the pre-activation alone, which lies in shared memory
// with a border: one map in two copies used in turn (one barrier a step), several maps in one copy (two barriers).
// Weight gradients: of one map in registers over all steps, 3 x taps a thread, and summed over the block at the end; of
// several maps every thread owns some taps of some pairs of maps, and goes over all sites.
// Parameter gradients of a sample go to its row of `partials`; sum_partials adds the rows in a fixed order.
// Shared memory: `backward_words` of the launching code; the tape is copied up to two steps ahead.
// Bytes moved: tape, drive and recorded gradients once, gradient of the drive once.
// Floor, one map of 23 x 23, 32 samples, 60 steps: about 110 instructions per site and step, 450 clocks a step and 100 for
// the barrier: 19 us at 1.75 GHz. Memory: 20 MB in, 4 MB out, 7 us.
#include "lattice.cuh"

namespace nwm {

struct BackwardArguments {
    int steps, samples, features;
    /// How many steps of the tape are in shared memory: 1 or 3.
    int stages;
    const float *coupling, *damping, *drive_kernel, *projection, *scalars, *gain;
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
    int at_coupling, at_damping, at_drive_kernel, at_projection, at_bias, at_scalars, at_gain, at_offset;
};

/// Fields that are copied ahead.
enum Field { VELOCITY, POSITION, DRIVE, GRAD_POSITION, GRAD_VELOCITY, FIELDS };

template <class L> __device__ void run_backward(const L &lattice, const BackwardArguments &arguments) {
    const int sample = blockIdx.x;
    const int units = lattice.units();
    const int planes = lattice.planes();
    const int channels = lattice.channels();
    const int taps = lattice.taps();
    const Scalars scalars(arguments.scalars);
    const float dt = scalars.dt;
    const float inverse_dt = 1.0f / dt;
    const bool coupled_drive = arguments.drive_kernel != nullptr;
    const bool drive_enters = !coupled_drive && arguments.features == 0;
    const bool normed = arguments.gain != nullptr;
    const bool recovers = !arguments.positions;
    const long long sample_row = static_cast<long long>(sample) * units;
    const long long all_samples = static_cast<long long>(arguments.samples) * units;
    float *partials = arguments.partials + sample * arguments.packed_length;

    NWM_SHARED_MEMORY(shared);
    SharedFloats free = shared;
    auto take = [&](int words) {
        SharedFloats taken = free;
        free = free + words;
        return taken;
    };
    BlockSum sum_of_block(take(BlockSum::WORDS));
    constexpr int COPIES = L::ONE_MAP ? 2 : 1;
    SharedFloats grad_pres = take(COPIES * planes);
    // From here on unit by unit, each touched by its thread alone but where it says otherwise.
    SharedFloats grad_position = take(units);
    SharedFloats grad_velocity = take(units);
    SharedFloats position = take(units);
    SharedFloats velocity = take(units);
    SharedFloats driving = take(coupled_drive && !L::ONE_MAP ? units : 0);
    SharedFloats bias_sums = take(arguments.at_bias < 0 ? 0 : units);
    SharedFloats projection_sums = take(arguments.features * units);
    SharedFloats gain_sums = take(normed ? 2 * units : 0);
    SharedFloats offset_sums = gain_sums + units;
    const int kernel_words = channels * channels * taps;
    const int kernels = coupled_drive ? 3 : 2;
    SharedFloats weight_sums = take(L::ONE_MAP ? 0 : kernels * kernel_words);
    auto load_kernel = [&](const float *weights) {
        if constexpr (L::ONE_MAP && L::TAPS > 1) {
            return RegisterWeights<L::TAPS>(lattice, weights);
        } else {
            SharedFloats values = take(weights == nullptr ? 0 : kernel_words);
            if (weights != nullptr) {
                for (int index = threadIdx.x; index < kernel_words; index += blockDim.x) values[index] = weights[index];
            }
            return SharedWeights{values, channels, taps};
        }
    };
    const auto coupling = load_kernel(arguments.coupling);
    const auto damping = load_kernel(arguments.damping);
    const auto drive_kernel = load_kernel(arguments.drive_kernel);
    // Copied ahead: slot by slot, those fields that are there.
    int slot_of[FIELDS];
    int slots = 0;
    auto add_field = [&](Field field, bool there) { slot_of[field] = there ? slots++ : -1; };
    add_field(VELOCITY, true);
    add_field(POSITION, !recovers);
    add_field(DRIVE, coupled_drive);
    add_field(GRAD_POSITION, static_cast<bool>(arguments.grad_positions));
    add_field(GRAD_VELOCITY, static_cast<bool>(arguments.grad_velocities));
    SharedFloats ahead = take(arguments.stages * slots * units);

    auto for_sites = [&](const Item &item, auto work) {
#pragma unroll
        for (int r = 0; r < STRIP; ++r) {
            int row = item.row + r;
            if (row < lattice.rows) work(r, row, (item.group * lattice.rows + row) * lattice.columns + item.column);
        }
    };
    auto for_units = [&](auto work) {
        for_items(lattice, channels, [&](const Item &item) {
            for_sites(item, [&](int, int row, int unit) { work(item, row, unit); });
        });
    };
    auto staged = [&](Field field, int time) {
        return ahead + (time % arguments.stages * slots + slot_of[field]) * units;
    };
    // State before step `time`, and what was recorded after it.
    auto copy_step = [&](int time) {
        if (time >= 0) {
            const bool first = time == 0;
            const float *v = first ? arguments.initial + all_samples + sample_row
                                   : arguments.velocities.at(time - 1, sample);
            const float *x = recovers ? nullptr
                             : first  ? arguments.initial + sample_row
                                      : arguments.positions.at(time - 1, sample);
            const float *d = arguments.drive + time * all_samples + sample_row;
            for_units([&](const Item &, int, int unit) {
                copy_async(staged(VELOCITY, time) + unit, v + unit);
                if (!recovers) copy_async(staged(POSITION, time) + unit, x + unit);
                if (coupled_drive) copy_async(staged(DRIVE, time) + unit, d + unit);
                if (arguments.grad_positions) {
                    copy_async(staged(GRAD_POSITION, time) + unit, arguments.grad_positions.at(time, sample) + unit);
                }
                if (arguments.grad_velocities) {
                    copy_async(staged(GRAD_VELOCITY, time) + unit, arguments.grad_velocities.at(time, sample) + unit);
                }
            });
        }
        commit_copies();
    };

    for (int index = threadIdx.x; index < COPIES * planes; index += blockDim.x) grad_pres[index] = 0.0f;
    for (int index = threadIdx.x; !L::ONE_MAP && index < kernels * kernel_words; index += blockDim.x) {
        weight_sums[index] = 0.0f;
    }
    for (int behind = 1; behind < arguments.stages; ++behind) copy_step(arguments.steps - behind);
    for_units([&](const Item &, int, int unit) {
        velocity[unit] = arguments.velocities.at(arguments.steps - 1, sample)[unit];
        position[unit] = recovers ? arguments.last_position[sample_row + unit] : 0.0f;
        grad_position[unit] = arguments.grad_last_position == nullptr ? 0.0f
                                                                      : arguments.grad_last_position[sample_row + unit];
        grad_velocity[unit] = arguments.grad_last_velocity == nullptr ? 0.0f
                                                                      : arguments.grad_last_velocity[sample_row + unit];
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
    // Of one map: the weight gradients of this thread's strips.
    float of_coupling[L::TAPS] = {}, of_damping[L::TAPS] = {}, of_drive[L::TAPS] = {};

    for (int time = arguments.steps - 1; time >= 0; --time) {
        SharedFloats grad_pre = grad_pres + (L::ONE_MAP ? time % 2 * planes : 0);
        copy_step(time - (arguments.stages - 1));
        if (arguments.stages == 3) {
            wait_for_copies<2>();
        } else {
            wait_for_copies<0>();
        }
        auto velocity_before = staged(VELOCITY, time);
        auto position_before = [&](int unit) -> float {
            if (!recovers) return staged(POSITION, time)[unit];
            // The first position is known exactly.
            if (time == 0) return arguments.initial[sample_row + unit];
            return fmaf(-dt, velocity[unit], position[unit]);
        };
        auto grad_of_position = [&](int unit) -> float {
            float gradient = grad_position[unit];
            if (arguments.grad_positions) gradient += staged(GRAD_POSITION, time)[unit];
            return gradient;
        };

        if (normed) {
            // With y = (raw - mean) / scale and h = gain g: the gradient is (h - mean(h) - y mean(h y)) / scale.
            auto raw = [&](int unit) { return fmaf(dt, velocity[unit], position_before(unit)); };
            float sum = 0.0f;
            for_units([&](const Item &, int, int unit) { sum += raw(unit); });
            const float mean = sum_of_block(sum) / units;
            float squares = 0.0f;
            for_units([&](const Item &, int, int unit) {
                float distance = raw(unit) - mean;
                squares = fmaf(distance, distance, squares);
            });
            const float inverse_scale = 1.0f / sqrtf(sum_of_block(squares) / units + 1e-5f);
            float sum_h = 0.0f, sum_hy = 0.0f;
            for_units([&](const Item &, int, int unit) {
                float y = (raw(unit) - mean) * inverse_scale;
                float g = grad_of_position(unit);
                float h = g * __ldg(arguments.gain + unit);
                gain_sums[unit] += g * y;
                offset_sums[unit] += g;
                sum_h += h;
                sum_hy = fmaf(h, y, sum_hy);
            });
            const float mean_h = sum_of_block(sum_h) / units;
            const float mean_hy = sum_of_block(sum_hy) / units;
            for_units([&](const Item &, int, int unit) {
                float y = (raw(unit) - mean) * inverse_scale;
                float h = grad_of_position(unit) * __ldg(arguments.gain + unit);
                grad_position[unit] = (h - mean_h - y * mean_hy) * inverse_scale;
            });
        }

        const float *input = arguments.drive + (static_cast<long long>(time) * arguments.samples + sample) *
                                                   arguments.features;
        for_units([&](const Item &item, int row, int unit) {
            const float v_next = velocity[unit];
            const float v = velocity_before[unit];
            const float x = position_before(unit);
            const float gx = normed ? static_cast<float>(grad_position[unit]) : grad_of_position(unit);
            float gv = grad_velocity[unit];
            if (arguments.grad_velocities) gv += staged(GRAD_VELOCITY, time)[unit];
            gv = fmaf(dt, gx, gv);
            const float acceleration = (v_next - v) * inverse_dt;
            const float activation = fmaf(scalars.alpha, v, fmaf(scalars.gamma, x, acceleration));
            of_dt = fmaf(gx, v_next, fmaf(gv, acceleration, of_dt));
            of_gamma = fmaf(gv, x, of_gamma);
            of_alpha = fmaf(gv, v, of_alpha);
            const float gpre = dt * (1.0f - activation * activation) * gv;
            lattice.store(grad_pre + item.group * lattice.plane(), row, item.column, gpre);
            grad_position[unit] = fmaf(-dt * scalars.gamma, gv, gx);
            grad_velocity[unit] = (1.0f - dt * scalars.alpha) * gv;
            position[unit] = x;
            velocity[unit] = v;
            if (coupled_drive && !L::ONE_MAP) driving[unit] = staged(DRIVE, time)[unit];
            if (arguments.at_bias >= 0) bias_sums[unit] += gpre;
#pragma unroll 1
            for (int feature = 0; feature < arguments.features; ++feature) {
                projection_sums[feature * units + unit] += __ldg(input + feature) * gpre;
            }
            if (drive_enters && arguments.grad_drive != nullptr) {
                arguments.grad_drive[time * all_samples + sample_row + unit] = gpre;
            }
        });
        if (arguments.features != 0 && arguments.grad_drive != nullptr) {
#pragma unroll 1
            for (int feature = 0; feature < arguments.features; ++feature) {
                float sum = 0.0f;
                for_units([&](const Item &item, int row, int unit) {
                    const float gpre = grad_pre[item.group * lattice.plane() + lattice.inner(row, item.column)];
                    sum = fmaf(__ldg(arguments.projection + feature * units + unit), gpre, sum);
                });
                sum = sum_of_block(sum);
                if (threadIdx.x == 0) {
                    arguments.grad_drive[(static_cast<long long>(time) * arguments.samples + sample) *
                                             arguments.features + feature] = sum;
                }
            }
        }
#ifndef PLANT_MISSING_BARRIER
        __syncthreads();
#endif

        // Now neighbours read.
        for_items(lattice, channels, [&](const Item &item) {
            float of_x[STRIP] = {}, of_v[STRIP] = {}, of_d[STRIP] = {};
            float x[STRIP], v[STRIP], d[STRIP];
            if constexpr (L::ONE_MAP) {
#pragma unroll
                for (int r = 0; r < STRIP; ++r) x[r] = v[r] = d[r] = 0.0f;
                for_sites(item, [&](int r, int, int unit) {
                    x[r] = position[unit];
                    v[r] = velocity[unit];
                    if (coupled_drive) d[r] = staged(DRIVE, time)[unit];
                });
            }
#pragma unroll 1
            for (int out = 0; out < channels; ++out) {
                SharedFloats corner = grad_pre + (out * lattice.plane() + item.row * lattice.pitch() + item.column);
#pragma unroll(L::UNROLL_ROWS)
                for (int a = 0; a < lattice.tap_rows(); ++a) {
#pragma unroll(L::UNROLL_COLUMNS)
                    for (int b = 0; b < lattice.tap_columns(); ++b) {
                        const int tap = a * lattice.tap_columns() + b;
                        float window[STRIP];
                        read_back(lattice, corner, a, b, window);
                        const float of_coupled_x = coupling.at(out, item.group, tap);
                        const float of_coupled_v = damping.at(out, item.group, tap);
#pragma unroll
                        for (int r = 0; r < STRIP; ++r) {
                            of_x[r] = fmaf(of_coupled_x, window[r], of_x[r]);
                            of_v[r] = fmaf(of_coupled_v, window[r], of_v[r]);
                        }
                        if (coupled_drive) {
                            const float of_coupled_d = drive_kernel.at(out, item.group, tap);
#pragma unroll
                            for (int r = 0; r < STRIP; ++r) of_d[r] = fmaf(of_coupled_d, window[r], of_d[r]);
                        }
                        if constexpr (L::ONE_MAP) {
#pragma unroll
                            for (int r = 0; r < STRIP; ++r) {
                                of_coupling[tap] = fmaf(window[r], x[r], of_coupling[tap]);
                                of_damping[tap] = fmaf(window[r], v[r], of_damping[tap]);
                                of_drive[tap] = fmaf(window[r], d[r], of_drive[tap]);
                            }
                        }
                    }
                }
            }
            for_sites(item, [&](int r, int, int unit) {
                grad_position[unit] += of_x[r];
                grad_velocity[unit] += of_v[r];
                if (coupled_drive && arguments.grad_drive != nullptr) {
                    arguments.grad_drive[time * all_samples + sample_row + unit] = of_d[r];
                }
            });
        });
        if constexpr (!L::ONE_MAP) {
            // Positions, velocities and drives of other threads are read here, which the barrier above allows.
            for (int entry = threadIdx.x; entry < kernel_words; entry += blockDim.x) {
                const int tap = entry % taps;
                const int in = entry / taps % channels;
                const int out = entry / taps / channels;
                const int row_shift = lattice.tap_rows() - 1 - tap / lattice.tap_columns();
                const int column_shift = lattice.tap_columns() - 1 - tap % lattice.tap_columns();
                float sums[3] = {};
                for (int row = 0; row < lattice.rows; ++row) {
                    SharedFloats gradients =
                        grad_pre + (out * lattice.plane() + (row + row_shift) * lattice.pitch() + column_shift);
                    const int first = (in * lattice.rows + row) * lattice.columns;
                    for (int column = 0; column < lattice.columns; ++column) {
                        const float gradient = gradients[column];
                        sums[0] = fmaf(gradient, position[first + column], sums[0]);
                        sums[1] = fmaf(gradient, velocity[first + column], sums[1]);
                        if (coupled_drive) sums[2] = fmaf(gradient, driving[first + column], sums[2]);
                    }
                }
                for (int kernel = 0; kernel < kernels; ++kernel) {
                    weight_sums[kernel * kernel_words + entry] += sums[kernel];
                }
            }
            __syncthreads();
        }
    }

    for_units([&](const Item &, int, int unit) {
        arguments.grad_initial[sample_row + unit] = grad_position[unit];
        arguments.grad_initial[all_samples + sample_row + unit] = grad_velocity[unit];
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
    auto write_sum = [&](int place, float value) {
        float sum = sum_of_block(value);
#ifdef PLANT_UNREDUCED_PARTIAL
        sum = value;
#endif
        if (threadIdx.x == 0) partials[place] = sum;
    };
    write_sum(arguments.at_scalars, of_dt);
    write_sum(arguments.at_scalars + 1, -dt * of_gamma);
    write_sum(arguments.at_scalars + 2, -dt * of_alpha);
    if constexpr (L::ONE_MAP && L::TAPS > 1) {
#pragma unroll
        for (int tap = 0; tap < L::TAPS; ++tap) {
            write_sum(arguments.at_coupling + tap, of_coupling[tap]);
            write_sum(arguments.at_damping + tap, of_damping[tap]);
            if (coupled_drive) write_sum(arguments.at_drive_kernel + tap, of_drive[tap]);
        }
    } else {
        for (int entry = threadIdx.x; entry < kernel_words; entry += blockDim.x) {
            partials[arguments.at_coupling + entry] = weight_sums[entry];
            partials[arguments.at_damping + entry] = weight_sums[kernel_words + entry];
            if (coupled_drive) partials[arguments.at_drive_kernel + entry] = weight_sums[2 * kernel_words + entry];
        }
    }
}

} // namespace nwm

// Null pointers and places of -1: that part of the cell, of the tape or of the record is not there.
#define NWM_LOCAL_BACKWARD(name, CHANNELS, TAP_ROWS, TAP_COLUMNS)                                                      \
    extern "C" __global__ void __launch_bounds__(512, 1)                                                               \
        name(int channels, int rows, int columns, int tap_rows, int tap_columns, int steps, int samples, int features, \
             int stages, const float *coupling, const float *damping, const float *drive_kernel,                       \
             const float *projection, const float *scalars, const float *gain, const float *drive,                     \
             const float *initial, const float *positions, long long position_step, long long position_sample,         \
             const float *velocities, long long velocity_step, long long velocity_sample, const float *last_position,  \
             const float *grad_positions, long long grad_position_step, long long grad_position_sample,                \
             const float *grad_velocities, long long grad_velocity_step, long long grad_velocity_sample,               \
             const float *grad_last_position, const float *grad_last_velocity, float *grad_drive, float *grad_initial, \
             float *partials, long long packed_length, int at_coupling, int at_damping, int at_drive_kernel,           \
             int at_projection, int at_bias, int at_scalars, int at_gain, int at_offset) {                             \
        nwm::Lattice<CHANNELS, TAP_ROWS, TAP_COLUMNS> lattice{channels, rows, columns, tap_rows, tap_columns};         \
        nwm::run_backward(lattice, {steps, samples, features, stages, coupling, damping, drive_kernel, projection,     \
                                    scalars, gain, drive, initial,                                                     \
                                    {positions, position_step, position_sample},                                       \
                                    {velocities, velocity_step, velocity_sample}, last_position,                       \
                                    {grad_positions, grad_position_step, grad_position_sample},                        \
                                    {grad_velocities, grad_velocity_step, grad_velocity_sample},                       \
                                    grad_last_position, grad_last_velocity, grad_drive, grad_initial, partials,        \
                                    packed_length, at_coupling, at_damping, at_drive_kernel, at_projection, at_bias,   \
                                    at_scalars, at_gain, at_offset});                                                  \
    }

NWM_LOCAL_BACKWARD(torus_backward, 1, 3, 3)
NWM_LOCAL_BACKWARD(rings_backward, 1, 1, 3)
NWM_LOCAL_BACKWARD(maps_backward, 0, 0, 0)
