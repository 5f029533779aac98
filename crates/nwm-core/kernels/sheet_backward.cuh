// The adjoint of a sequence of a locally coupled cell of one map in one block.
#pragma once

#include "sheet_tape.cuh"

namespace nwm {

/// What a thread keeps of each of its sites: the state after a step, its gradient, and that of the bias.
enum KeptField { X, V, GX, GV, OF_BIAS, KEPT_FIELDS };

/// Sums of COUNT numbers of every thread over a block, in a fixed order: `write(index, sum)`. One barrier for all of
/// them.
template <int COUNT, class Write>
__device__ void sum_over_block(SharedFloats scratch, const float (&values)[COUNT], Write write) {
#pragma unroll
    for (int index = 0; index < COUNT; ++index) {
        const float sum = sum_of_warp(values[index]);
        if (threadIdx.x % WARP == 0) scratch[threadIdx.x / WARP * COUNT + index] = sum;
    }
    __syncthreads();
#pragma unroll 1
    for (int index = threadIdx.x; index < COUNT; index += blockDim.x) {
        float total = 0.0f;
#ifdef PLANT_UNREDUCED_PARTIAL
        const int warps = 1;
#else
        const int warps = blockDim.x / WARP;
#endif
#pragma unroll 1
        for (int warp = 0; warp < warps; ++warp) total += scratch[warp * COUNT + index];
        write(index, total);
    }
}

/// Pulls the gradients of the sample of this block back. `S` is a `Sheet`.
template <class S> __device__ void run_sheet_backward(const Sizes &sizes, const BackwardArguments &arguments) {
    constexpr int STRIP = S::STRIP;
    constexpr int SUMS = 3 + 3 * S::TAPS;
    constexpr int MOST_WARPS = 16;
    const S sheet{sizes.rows, sizes.columns};
    const int sample = blockIdx.x;
    const int sites = sheet.sites();
    const long long sample_row = static_cast<long long>(sample) * sites;
    const long long all_samples = static_cast<long long>(arguments.samples) * sites;
    const bool coupled_drive = arguments.kernels.drive != nullptr;
    const bool drive_enters = !coupled_drive && arguments.features == 0;
    const bool normed = arguments.gain != nullptr;
    const bool with_drive = arguments.grad_drive != nullptr;
    const Scalars scalars(arguments.scalars);
    const SheetKernel<S> coupling(arguments.kernels.coupling), damping(arguments.kernels.damping),
        drive_kernel(arguments.kernels.drive);
    float *partials = arguments.partials + sample * arguments.packed_length;

    NWM_SHARED_MEMORY(shared);
    Words words(shared);
    BlockSum sum_of_block(words.take(BlockSum::WORDS));
    SharedFloats scratch = words.take(MOST_WARPS * SUMS);
    // The gradient of the pre-activations, which neighbours read: two maps in turn, so that a step needs one barrier.
    const int map = sheet.places();
    SharedFloats grad_pres = words.take(2 * map);
    SheetTape<S> tape(sheet, words, arguments, sample);
    Kept<S, KEPT_FIELDS> kept(sheet, words);
    // Site by site, each touched by its thread alone.
    SharedFloats projection_sums = words.take(arguments.features * sites);
    SharedFloats gain_sums = words.take(normed ? sites : 0);
    SharedFloats offset_sums = words.take(normed ? sites : 0);

    const Strip<STRIP> first_strip = sheet.first_strip();
    auto for_strips = [&](auto work) { sheet.for_strips(first_strip, work); };

    clear(grad_pres, 2 * map);
    clear(projection_sums, (arguments.features + (normed ? 2 : 0)) * sites);
    __syncthreads();
    tape.start(first_strip);
    for_strips([&](const Strip<STRIP> &strip) {
        auto load = [&](KeptField field, const float *values) {
#pragma unroll
            for (int r = 0; r < STRIP; ++r) {
                kept.values[field][r] = values == nullptr || r >= strip.count ? 0.0f : values[strip.sites[r]];
            }
        };
        auto of_sample = [&](const float *values) { return values == nullptr ? nullptr : values + sample_row; };
        load(X, tape.has(POSITION) ? nullptr : of_sample(arguments.last_position));
        load(V, arguments.velocities.at(arguments.steps - 1, sample));
        load(GX, of_sample(arguments.grad_last_position));
        load(GV, of_sample(arguments.grad_last_velocity));
        load(OF_BIAS, nullptr);
        kept.put_back(strip);
    });

    StepAdjoint adjoint(scalars);
    SheetGradients<S> of_coupling, of_damping, of_drive_kernel;
    int now = 0;
    float *grad_drive_row = arguments.grad_drive + (arguments.steps - 1) * all_samples + sample_row;
#pragma unroll 1
    for (int time = arguments.steps - 1; time >= 0; --time) {
        SharedFloats grad_pre = grad_pres + now;
        tape.begin_step(first_strip);
        auto position_before = [&](const Strip<STRIP> &strip, float(&x)[STRIP]) {
            if (tape.has(POSITION)) {
                tape.read_or_zero(POSITION, strip, x);
            } else if (time > 0) {
#pragma unroll
                for (int r = 0; r < STRIP; ++r) x[r] = fmaf(-scalars.dt, kept.values[V][r], kept.values[X][r]);
            } else {
                // The first position is known exactly.
                const float *initial = arguments.initial + sample_row;
#pragma unroll
                for (int r = 0; r < STRIP; ++r) x[r] = r < strip.count ? initial[strip.sites[r]] : 0.0f;
            }
        };

        if (normed) {
            // Calls `work(strip, r, raw)` for the sites of this thread, with the position that the norm saw.
            auto for_raw = [&](auto work) {
                for_strips([&](const Strip<STRIP> &strip) {
                    kept.fetch(strip);
                    float x[STRIP];
                    position_before(strip, x);
                    sheet.for_rows(strip, [&](int r) { work(strip, r, fmaf(scalars.dt, kept.values[V][r], x[r])); });
                    kept.put_back(strip);
                });
            };
            for_strips([&](const Strip<STRIP> &strip) {
                kept.fetch(strip);
                tape.add_to(GRAD_POSITION, strip, kept.values[GX]);
                kept.put_back(strip);
            });
            float sum = 0.0f;
            for_raw([&](const Strip<STRIP> &, int, float raw) { sum += raw; });
            const Norm norm(sum_of_block, sites, sum, [&](auto use) {
                for_raw([&](const Strip<STRIP> &, int, float raw) { use(raw); });
            });
            NormAdjoint norm_adjoint(norm);
            for_raw([&](const Strip<STRIP> &strip, int r, float raw) {
                const float g = kept.values[GX][r];
                const float y = norm_adjoint.add(raw, g * __ldg(arguments.gain + strip.sites[r]));
                gain_sums[strip.sites[r]] += g * y;
                offset_sums[strip.sites[r]] += g;
            });
            norm_adjoint.finish(sum_of_block, sites);
            for_raw([&](const Strip<STRIP> &strip, int r, float raw) {
                float &g = kept.values[GX][r];
                g = norm_adjoint.pull_back(raw, g * __ldg(arguments.gain + strip.sites[r]));
            });
        }

        auto input_row = [&] { return (time * 1LL * arguments.samples + sample) * arguments.features; };
        for_strips([&](const Strip<STRIP> &strip) {
            kept.fetch(strip);
            // States of rows that are not there are zero, so that they count in no sum; what their gradients are does
            // not matter.
            float x[STRIP], v[STRIP], gpre[STRIP];
            tape.read_or_zero(VELOCITY, strip, v);
            position_before(strip, x);
            if (!normed) tape.add_to(GRAD_POSITION, strip, kept.values[GX]);
            tape.add_to(GRAD_VELOCITY, strip, kept.values[GV]);
#pragma unroll
            for (int r = 0; r < STRIP; ++r) {
                State gradient{kept.values[GX][r], kept.values[GV][r]};
                gpre[r] = adjoint(kept.values[V][r], State{x[r], v[r]}, gradient);
                kept.values[X][r] = x[r];
                kept.values[V][r] = v[r];
                kept.values[GX][r] = gradient.x;
                kept.values[GV][r] = gradient.v;
                kept.values[OF_BIAS][r] += gpre[r];
            }
            sheet.for_places(strip, gpre, [&](int place, float value) { grad_pre[place] = value; });
#pragma unroll 1
            for (int feature = 0; feature < arguments.features; ++feature) {
                const float input = __ldg(arguments.drive + input_row() + feature);
                SharedFloats sums = projection_sums + feature * sites;
                sheet.for_rows(strip, [&](int r) { sums[strip.sites[r]] += input * gpre[r]; });
            }
            if (drive_enters && with_drive) {
                sheet.for_rows(strip, [&](int r) { grad_drive_row[as_new(strip.sites[r])] = gpre[r]; });
            }
            kept.put_back(strip);
        });
        if (with_drive) {
#pragma unroll 1
            for (int feature = 0; feature < arguments.features; ++feature) {
                float sum = 0.0f;
                for_strips([&](const Strip<STRIP> &strip) {
                    sheet.for_rows(strip, [&](int r) {
                        const float gpre = grad_pre[strip.places[1] + S::BORDER + r];
                        sum = fmaf(__ldg(arguments.projection + feature * sites + strip.sites[r]), gpre, sum);
                    });
                });
                sum = sum_of_block(sum);
                if (threadIdx.x == 0) arguments.grad_drive[input_row() + feature] = sum;
            }
        }
#ifndef PLANT_MISSING_BARRIER
        __syncthreads();
#endif
        for_strips([&](const Strip<STRIP> &strip) {
            kept.fetch(strip);
            float of_x[STRIP] = {}, of_v[STRIP] = {};
            // What a site gave to tap (a, b) went to the site on the other side.
            auto for_taps = [&](auto work) {
#pragma unroll
                for (int b = 0; b < TAP_COLUMNS; ++b) {
                    float window[S::WINDOW][1];
                    sheet.read_column(grad_pre, strip.places[TAP_COLUMNS - 1 - b], window);
#pragma unroll
                    for (int a = 0; a < S::TAP_ROWS; ++a) {
#pragma unroll
                        for (int r = 0; r < STRIP; ++r) work(a, b, r, window[r + S::TAP_ROWS - 1 - a][0]);
                    }
                }
            };
            for_taps([&](int a, int b, int r, float gradient) {
                of_x[r] = fmaf(coupling.taps[a][b], gradient, of_x[r]);
                of_v[r] = fmaf(damping.taps[a][b], gradient, of_v[r]);
                of_coupling.taps[a][b] = fmaf(gradient, kept.values[X][r], of_coupling.taps[a][b]);
                of_damping.taps[a][b] = fmaf(gradient, kept.values[V][r], of_damping.taps[a][b]);
            });
            if (coupled_drive) {
                float d[STRIP], of_d[STRIP] = {};
                tape.read_or_zero(DRIVE, strip, d);
                for_taps([&](int a, int b, int r, float gradient) {
                    of_d[r] = fmaf(drive_kernel.taps[a][b], gradient, of_d[r]);
                    of_drive_kernel.taps[a][b] = fmaf(gradient, d[r], of_drive_kernel.taps[a][b]);
                });
                if (with_drive) sheet.for_rows(strip, [&](int r) { grad_drive_row[strip.sites[r]] = of_d[r]; });
            }
#pragma unroll
            for (int r = 0; r < STRIP; ++r) {
                kept.values[GX][r] += of_x[r];
                kept.values[GV][r] += of_v[r];
            }
            kept.put_back(strip);
        });
        tape.end_step();
        now = map - now;
        grad_drive_row -= all_samples;
    }

    for_strips([&](const Strip<STRIP> &strip) {
        kept.fetch(strip);
        sheet.for_rows(strip, [&](int r) {
            const int site = strip.sites[r];
            arguments.grad_initial[sample_row + site] = kept.values[GX][r];
            arguments.grad_initial[all_samples + sample_row + site] = kept.values[GV][r];
            if (arguments.at_bias >= 0) partials[arguments.at_bias + site] = kept.values[OF_BIAS][r];
            if (normed) {
                partials[arguments.at_gain + site] = gain_sums[site];
                partials[arguments.at_offset + site] = offset_sums[site];
            }
#pragma unroll 1
            for (int feature = 0; feature < arguments.features; ++feature) {
                const int index = feature * sites + site;
                partials[arguments.at_projection + index] = projection_sums[index];
            }
        });
    });
    float sums[SUMS];
    adjoint.scalar_gradients(sums);
#pragma unroll
    for (int tap = 0; tap < S::TAPS; ++tap) {
        const int a = tap / TAP_COLUMNS, b = tap % TAP_COLUMNS;
        sums[3 + tap] = of_coupling.taps[a][b];
        sums[3 + S::TAPS + tap] = of_damping.taps[a][b];
        sums[3 + 2 * S::TAPS + tap] = of_drive_kernel.taps[a][b];
    }
    sum_over_block(scratch, sums, [&](int index, float sum) {
        const int tap = (index - 3) % S::TAPS, kernel = (index - 3) / S::TAPS;
        const KernelPlaces &places = arguments.at_kernels;
        const int start = kernel == 0 ? places.coupling : kernel == 1 ? places.damping : places.drive;
        if (index < 3) {
            partials[arguments.at_scalars + index] = sum;
        } else if (start >= 0) {
            partials[start + tap] = sum;
        }
    });
}

} // namespace nwm
