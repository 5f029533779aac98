// One step of the oscillators and its adjoint, the couplings left out: what a cell of any size and topology shares.
//
//   v' = v + dt (tanh(pre) - gamma x - alpha v)     x' = x + dt v'
//
// A state is [sample][position, velocity][unit]. The couplings come from a matrix product (dense cells) or from
// step_couple.cu (maps too large for the shared memory of a block).
//
// Grid: x: blocks of 256 threads over the units of a sample, y: samples. A norm, and the sums of the adjoint, go over all
// units of a sample: then there is one block of 512 threads for each.
// Shared memory: `BlockSum::WORDS` where there are sums. Registers: see resources.csv.
// Bytes moved: forward, state in and out, pre, drive and record: 28 bytes a unit; backward about 40 and, with a bias, 8 for its
// running sum. Floor, 32 samples of 529 units: 0.5 MB, far below the 2 us of a launch, of which a step has two.
#include "oscillator.cuh"

/// target = [samples][2][units] of two arrays [samples][units]; zero where there is none.
extern "C" __global__ void join_states(int samples, int units, const float *first, const float *second, float *target) {
    const long long sample = blockIdx.y;
    for (int unit = blockIdx.x * blockDim.x + threadIdx.x; unit < units; unit += gridDim.x * blockDim.x) {
        target[2 * sample * units + unit] = first == nullptr ? 0.0f : first[sample * units + unit];
        target[(2 * sample + 1) * units + unit] = second == nullptr ? 0.0f : second[sample * units + unit];
    }
}

/// The two arrays [samples][units] of [samples][2][units].
extern "C" __global__ void split_states(int samples, int units, const float *states, float *first, float *second) {
    const long long sample = blockIdx.y;
    for (int unit = blockIdx.x * blockDim.x + threadIdx.x; unit < units; unit += gridDim.x * blockDim.x) {
        first[sample * units + unit] = states[2 * sample * units + unit];
        second[sample * units + unit] = states[(2 * sample + 1) * units + unit];
    }
}

/// Replaces `state` by the next one, and records it. `pre` holds the couplings, to which drive, bias and projected inputs
/// are added where they are there. Rows of a record lie `..._sample` apart.
extern "C" __global__ void __launch_bounds__(512, 1)
    update_forward(int units, int features, const float *pre, const float *drive, const float *inputs,
                   const float *projection, const float *bias, const float *scalar_values, const float *gain,
                   const float *offset, float *state, float *positions, long long position_sample, float *velocities,
                   long long velocity_sample, float *last_position, float *last_velocity) {
    const long long sample = blockIdx.y;
    const nwm::Scalars scalars(scalar_values);
    float *const x_state = state + 2 * sample * units;
    float *const v_state = x_state + units;
    NWM_SHARED_MEMORY(shared);
    nwm::BlockSum sum_of_block(shared);
    auto for_units = [&](auto work) {
#pragma unroll 1
        for (int unit = blockIdx.x * blockDim.x + threadIdx.x; unit < units; unit += gridDim.x * blockDim.x) work(unit);
    };
    auto record_position = [&](int unit, float x) {
        x_state[unit] = x;
        if (positions != nullptr) positions[sample * position_sample + unit] = x;
        if (last_position != nullptr) last_position[sample * units + unit] = x;
    };

    float sum = 0.0f;
    for_units([&](int unit) {
        float value = pre[sample * units + unit];
        if (drive != nullptr) value += drive[sample * units + unit];
        if (bias != nullptr) value += bias[unit];
#pragma unroll 1
        for (int feature = 0; feature < features; ++feature) {
            value = fmaf(inputs[sample * features + feature], projection[static_cast<long long>(feature) * units + unit], value);
        }
        const nwm::State next = nwm::next_state(scalars, {x_state[unit], v_state[unit]}, value);
        v_state[unit] = next.v;
        if (velocities != nullptr) velocities[sample * velocity_sample + unit] = next.v;
        if (last_velocity != nullptr) last_velocity[sample * units + unit] = next.v;
        if (gain == nullptr) {
            record_position(unit, next.x);
        } else {
            x_state[unit] = next.x;
            sum += next.x;
        }
    });
    if (gain == nullptr) return;
    const nwm::Norm norm(sum_of_block, units, sum, [&](auto use) { for_units([&](int unit) { use(x_state[unit]); }); });
    for_units([&](int unit) { record_position(unit, fmaf(gain[unit], norm(x_state[unit]), offset[unit])); });
}

/// The adjoint of a step, the couplings left out (local_backward.cu has the formulas).
///
/// `x` is the position before the step where it is known; otherwise it is recovered from `x_next`. Writes the state before
/// the step, the gradient of the pre-activation `grad_pre` [samples][units], and replaces `grad_state` by the part of the
/// gradient of that state which does not go through a coupling. Sums of parameter gradients grow in `partials`, one row of
/// `partial_length` per sample, at places that are -1 where there is no such parameter.
extern "C" __global__ void __launch_bounds__(512, 1)
    update_backward(int units, int features, const float *x_next, long long x_next_sample, const float *x_known,
                    long long x_sample, const float *v_next, long long v_next_sample, const float *v_before,
                    long long v_sample, const float *grad_positions, long long grad_position_sample,
                    const float *grad_velocities, long long grad_velocity_sample, const float *inputs,
                    const float *projection, const float *scalar_values, const float *gain, float *state,
                    float *grad_state, float *grad_pre, float *grad_drive, float *grad_inputs, float *partials,
                    long long partial_length, int at_projection, int at_bias, int at_scalars, int at_gain, int at_offset) {
    const long long sample = blockIdx.y;
    const nwm::Scalars scalars(scalar_values);
    const float dt = scalars.dt;
    float *const x_state = state + 2 * sample * units;
    float *const v_state = x_state + units;
    float *const gx_state = grad_state + 2 * sample * units;
    float *const gv_state = gx_state + units;
    float *const sums = partials + sample * partial_length;
    NWM_SHARED_MEMORY(shared);
    nwm::BlockSum sum_of_block(shared);
    auto for_units = [&](auto work) {
#pragma unroll 1
        for (int unit = threadIdx.x; unit < units; unit += blockDim.x) work(unit);
    };
    auto next_velocity = [&](int unit) { return v_next[sample * v_next_sample + unit]; };

    for_units([&](int unit) {
        x_state[unit] = x_known != nullptr ? x_known[sample * x_sample + unit]
                                           : fmaf(-dt, next_velocity(unit), x_next[sample * x_next_sample + unit]);
        v_state[unit] = v_before[sample * v_sample + unit];
        if (grad_positions != nullptr) gx_state[unit] += grad_positions[sample * grad_position_sample + unit];
        if (grad_velocities != nullptr) gv_state[unit] += grad_velocities[sample * grad_velocity_sample + unit];
    });
    if (gain != nullptr) {
        auto raw = [&](int unit) { return fmaf(dt, next_velocity(unit), x_state[unit]); };
        float sum = 0.0f;
        for_units([&](int unit) { sum += raw(unit); });
        const nwm::Norm norm(sum_of_block, units, sum, [&](auto use) { for_units([&](int unit) { use(raw(unit)); }); });
        nwm::NormAdjoint norm_adjoint(norm);
        for_units([&](int unit) {
            const float g = gx_state[unit];
            const float y = norm_adjoint.add(raw(unit), g * gain[unit]);
            sums[at_gain + unit] += g * y;
            sums[at_offset + unit] += g;
        });
        norm_adjoint.finish(sum_of_block, units);
        for_units([&](int unit) { gx_state[unit] = norm_adjoint.pull_back(raw(unit), gx_state[unit] * gain[unit]); });
    }

    nwm::StepAdjoint adjoint(scalars);
    for_units([&](int unit) {
        nwm::State gradient{gx_state[unit], gv_state[unit]};
        const float gpre = adjoint(next_velocity(unit), {x_state[unit], v_state[unit]}, gradient);
        grad_pre[sample * units + unit] = gpre;
        gx_state[unit] = gradient.x;
        gv_state[unit] = gradient.v;
        if (at_bias >= 0) sums[at_bias + unit] += gpre;
#pragma unroll 1
        for (int feature = 0; feature < features; ++feature) {
            sums[at_projection + static_cast<long long>(feature) * units + unit] += inputs[sample * features + feature] * gpre;
        }
        if (grad_drive != nullptr) grad_drive[sample * units + unit] = gpre;
    });
#pragma unroll 1
    for (int feature = 0; grad_inputs != nullptr && feature < features; ++feature) {
        float sum = 0.0f;
        for_units([&](int unit) {
            sum = fmaf(projection[static_cast<long long>(feature) * units + unit], grad_pre[sample * units + unit], sum);
        });
        sum = sum_of_block(sum);
        if (threadIdx.x == 0) grad_inputs[sample * features + feature] = sum;
    }
    float gradients[3];
    adjoint.scalar_gradients(gradients);
    for (int scalar = 0; scalar < 3; ++scalar) {
        const float sum = sum_of_block(gradients[scalar]);
        if (threadIdx.x == 0) sums[at_scalars + scalar] += sum;
    }
}
