// A sequence of a locally coupled cell of one map in one block.
#pragma once

#include "sequence.cuh"
#include "sheet.cuh"

namespace nwm {

/// Runs the sample of this block. `S` is a `Sheet`.
template <class S> __device__ void run_sheet_forward(const Sizes &sizes, const ForwardArguments &arguments) {
    const S sheet{sizes.rows, sizes.columns};
    constexpr int STRIP = S::STRIP;
    const int sample = blockIdx.x;
    const int sites = sheet.sites();
    const long long all_samples = static_cast<long long>(arguments.samples) * sites;
    const long long sample_row = static_cast<long long>(sample) * sites;
    const bool coupled_drive = arguments.kernels.drive != nullptr;
    const bool staged = arguments.features == 0;
    const bool normed = arguments.gain != nullptr;
    const Scalars scalars(arguments.scalars);
    const SheetKernel<S> coupling(arguments.kernels.coupling), damping(arguments.kernels.damping),
        drive_kernel(arguments.kernels.drive);

    NWM_SHARED_MEMORY(shared);
    Words words(shared);
    BlockSum sum_of_block(words.take(BlockSum::WORDS));
    // Position and velocity of a place are neighbours. Two sets, read and written in turn.
    const int set = 2 * sheet.places();
#ifdef PLANT_OFF_BY_ONE
    SharedFloats states = words.take(2 * set - 2);
#else
    SharedFloats states = words.take(2 * set);
#endif
    // Steps of the drive: as a map if neighbours read it, otherwise strip by strip, each for its thread alone.
    const int stage = coupled_drive ? sheet.places() : sheet.strip_words();
    SharedFloats drives = words.take(staged ? arguments.stages * stage : 0);

    const Strip<STRIP> first_strip = sheet.first_strip();
    auto for_strips = [&](auto work) { sheet.for_strips(first_strip, work); };
    auto own_place = [&](const Strip<STRIP> &strip, int r) { return 2 * (strip.places[1] + S::BORDER + r); };
    auto store_states = [&](int to, const Strip<STRIP> &strip, const State(&values)[STRIP]) {
        sheet.for_places(strip, values, [&](int place, const State &state) {
            store_together(states + (to + 2 * place), state.x, state.v);
        });
    };

    const float *drive_ahead = arguments.drive + sample_row;
    int copied = 0;
    // Copies the next step of the drive.
    auto copy_drive = [&](int to) {
        if (staged && copied < arguments.steps) {
            SharedFloats target = drives + to;
            for_strips([&](const Strip<STRIP> &strip) {
                if (coupled_drive) {
                    sheet.for_places(strip, strip.sites, [&](int place, int site) {
                        copy_async(target + place, drive_ahead + as_new(site));
                    });
                } else {
#pragma unroll
                    for (int r = 0; r < STRIP; ++r) {
                        copy_async(target + (strip.index * STRIP + r), drive_ahead + as_new(strip.sites[r]));
                    }
                }
            });
            copied += 1;
            drive_ahead += all_samples;
        }
        commit_copies();
    };

    clear(states, 2 * set);
    if (staged) clear(drives, arguments.stages * stage);
    __syncthreads();
    for (int step = 0; step + 1 < arguments.stages; ++step) copy_drive(step * stage);
    for_strips([&](const Strip<STRIP> &strip) {
        const float *initial = arguments.initial + sample_row;
        State start[STRIP];
#pragma unroll
        for (int r = 0; r < STRIP; ++r) {
            start[r] = State{initial[strip.sites[r]], initial[all_samples + strip.sites[r]]};
        }
        store_states(0, strip, start);
    });
    wait_for_drive(arguments.stages);
    __syncthreads();

    auto load_bias = [&](const Strip<STRIP> &strip, float (&bias)[STRIP]) {
#pragma unroll
        for (int r = 0; r < STRIP; ++r) {
            bias[r] = arguments.bias == nullptr ? 0.0f : __ldg(arguments.bias + strip.sites[r]);
        }
    };
    float first_bias[STRIP] = {};
    if (S::ONE_STRIP) load_bias(first_strip, first_bias);
    const bool records_positions{arguments.positions}, records_velocities{arguments.velocities};
    float *position_row = arguments.positions.at(0, sample), *velocity_row = arguments.velocities.at(0, sample);
    // The stage that was read last is the next to be written.
    int now = 0, stage_now = 0, stage_before = (arguments.stages - 1) * stage;
    const int last_stage = stage_before;
#pragma unroll 1
    for (int time = 0; time < arguments.steps; ++time) {
        const int next = set - now;
        SharedFloats drive = drives + stage_now;
        copy_drive(stage_before);

        float sum_of_positions = 0.0f;
        for_strips([&](const Strip<STRIP> &strip) {
            float pre[STRIP];
            if constexpr (S::ONE_STRIP) {
#pragma unroll
                for (int r = 0; r < STRIP; ++r) pre[r] = first_bias[r];
            } else {
                load_bias(strip, pre);
            }
            if (staged && !coupled_drive) {
                float values[STRIP];
                sheet.read_strip(drive, strip, values);
#pragma unroll
                for (int r = 0; r < STRIP; ++r) pre[r] += values[r];
            }
            if (!staged) {
                const float *inputs = arguments.drive + (time * arguments.samples + sample) * 1LL * arguments.features;
#pragma unroll 1
                for (int feature = 0; feature < arguments.features; ++feature) {
                    const float input = __ldg(inputs + feature);
                    const float *projection = arguments.projection + feature * sites;
#pragma unroll
                    for (int r = 0; r < STRIP; ++r) pre[r] = fmaf(input, __ldg(projection + strip.sites[r]), pre[r]);
                }
            }
            State state[STRIP];
#pragma unroll
            for (int b = 0; b < TAP_COLUMNS; ++b) {
                float window[S::WINDOW][2];
                sheet.read_column(states + now, strip.places[b], window);
#pragma unroll
                for (int a = 0; a < S::TAP_ROWS; ++a) {
#pragma unroll
                    for (int r = 0; r < STRIP; ++r) {
                        pre[r] = fmaf(coupling.taps[a][b], window[r + a][0], pre[r]);
                        pre[r] = fmaf(damping.taps[a][b], window[r + a][1], pre[r]);
                    }
                }
                if (b == 1) {
#pragma unroll
                    for (int r = 0; r < STRIP; ++r) {
                        state[r] = State{window[r + S::BORDER][0], window[r + S::BORDER][1]};
                    }
                }
            }
            if (coupled_drive) {
#pragma unroll
                for (int b = 0; b < TAP_COLUMNS; ++b) {
                    float window[S::WINDOW][1];
                    sheet.read_column(drive, strip.places[b], window);
#pragma unroll
                    for (int a = 0; a < S::TAP_ROWS; ++a) {
#pragma unroll
                        for (int r = 0; r < STRIP; ++r) {
                            pre[r] = fmaf(drive_kernel.taps[a][b], window[r + a][0], pre[r]);
                        }
                    }
                }
            }
#pragma unroll
            for (int r = 0; r < STRIP; ++r) state[r] = next_state(scalars, state[r], pre[r]);
            store_states(next, strip, state);
            if (records_velocities) {
                sheet.for_rows(strip, [&](int r) { velocity_row[as_new(strip.sites[r])] = state[r].v; });
            }
            if (normed) {
                sheet.for_rows(strip, [&](int r) { sum_of_positions += state[r].x; });
            } else if (records_positions) {
                sheet.for_rows(strip, [&](int r) { position_row[as_new(strip.sites[r])] = state[r].x; });
            }
        });
        if (normed) {
            // Threads go back to their own sites alone.
            const Norm norm(sum_of_block, sites, sum_of_positions, [&](auto use) {
                for_strips([&](const Strip<STRIP> &strip) {
                    sheet.for_rows(strip, [&](int r) { use(states[next + own_place(strip, r)]); });
                });
            });
            for_strips([&](const Strip<STRIP> &strip) {
                State state[STRIP];
                sheet.for_rows(strip, [&](int r) {
                    const int site = strip.sites[r];
                    SharedFloats own = states + (next + own_place(strip, r));
                    const float x = fmaf(__ldg(arguments.gain + site), norm(own[0]), __ldg(arguments.offset + site));
                    state[r] = State{x, own[1]};
                    if (records_positions) position_row[site] = x;
                });
                store_states(next, strip, state);
            });
        }
        wait_for_drive(arguments.stages);
#ifndef PLANT_MISSING_BARRIER
        __syncthreads();
#endif
        now = next;
        stage_before = stage_now;
        stage_now = stage_now == last_stage ? 0 : stage_now + stage;
        position_row += arguments.positions.step;
        velocity_row += arguments.velocities.step;
    }

    for_strips([&](const Strip<STRIP> &strip) {
        sheet.for_rows(strip, [&](int r) {
            SharedFloats own = states + (now + own_place(strip, r));
            const long long unit = sample_row + strip.sites[r];
            if (arguments.last_position != nullptr) arguments.last_position[unit] = own[0];
            if (arguments.last_velocity != nullptr) arguments.last_velocity[unit] = own[1];
        });
    });
}

} // namespace nwm
