// What a site does in a step, and its adjoint: all of a step but the couplings. Shared by every kernel that steps.
#pragma once

#include "nwm.cuh"

namespace nwm {

/// The effective scalars of a cell.
struct Scalars {
    float dt, gamma, alpha;

    /// From dt, gamma, alpha in a row. Steps below the floor of the library (DT_FLOOR) turn everything into NaN, which
    /// a training run notices; reading the number on the host would stop the queue at every step.
    __device__ explicit Scalars(const float *values) : dt(values[0]), gamma(values[1]), alpha(values[2]) {
        if (!(dt >= 1e-3f)) dt = NAN;
    }
};

/// Position and velocity of a site, or their gradients.
struct State {
    float x, v;
};

/// v' = v + dt (tanh(pre) - gamma x - alpha v), x' = x + dt v'.
__device__ inline State next_state(const Scalars &scalars, const State &state, float pre) {
    const float force = fmaf(-scalars.alpha, state.v, fmaf(-scalars.gamma, state.x, tangent(pre)));
    const float v = fmaf(scalars.dt, force, state.v);
    return State{fmaf(scalars.dt, v, state.x), v};
}

/// The adjoint of `next_state` (formulas in local_backward.cu), and the gradients of the scalars, which it sums for the
/// sites of a thread.
class StepAdjoint {
  public:
    __device__ explicit StepAdjoint(const Scalars &scalars)
        : scalars_(scalars), inverse_dt_(1.0f / scalars.dt), gx_of_gv_(-scalars.dt * scalars.gamma),
          gv_of_gv_(1.0f - scalars.dt * scalars.alpha) {}

    /// Turns `gradient`, of the state after a step, into the part of that of the state before which goes through no
    /// coupling, and returns the gradient of the pre-activation.
    __device__ float operator()(float v_next, const State &before, State &gradient) {
        const float gv = fmaf(scalars_.dt, gradient.x, gradient.v);
        const float acceleration = (v_next - before.v) * inverse_dt_;
        const float activation = fmaf(scalars_.alpha, before.v, fmaf(scalars_.gamma, before.x, acceleration));
        of_dt_ = fmaf(gradient.x, v_next, fmaf(gv, acceleration, of_dt_));
        of_gamma_ = fmaf(gv, before.x, of_gamma_);
        of_alpha_ = fmaf(gv, before.v, of_alpha_);
        gradient = State{fmaf(gx_of_gv_, gv, gradient.x), gv_of_gv_ * gv};
        return scalars_.dt * (1.0f - activation * activation) * gv;
    }

    /// The gradients of dt, gamma and alpha from the sites of this thread.
    __device__ void scalar_gradients(float *gradients) const {
        gradients[0] = of_dt_;
        gradients[1] = -scalars_.dt * of_gamma_;
        gradients[2] = -scalars_.dt * of_alpha_;
    }

  private:
    Scalars scalars_;
    float inverse_dt_, gx_of_gv_, gv_of_gv_;
    float of_dt_ = 0.0f, of_gamma_ = 0.0f, of_alpha_ = 0.0f;
};

/// The norm of a sample's positions: x = gain y + offset with y = (raw - mean) / deviation over all sites.
class Norm {
  public:
    /// `sum`: of the raw positions of this thread's sites, for each of which `for_raw(use)` calls `use(raw)`. By all
    /// threads.
    template <class ForRaw>
    __device__ Norm(BlockSum &sum_of_block, int units, float sum, ForRaw for_raw)
        : mean_(sum_of_block(sum) / units) {
        float squares = 0.0f;
        for_raw([&](float raw) { squares = fmaf(raw - mean_, raw - mean_, squares); });
        inverse_deviation_ = 1.0f / sqrtf(sum_of_block(squares) / units + 1e-5f);
    }

    __device__ float operator()(float raw) const { return (raw - mean_) * inverse_deviation_; }
    __device__ float inverse_deviation() const { return inverse_deviation_; }

  private:
    float mean_, inverse_deviation_;
};

/// The adjoint of the norm: with h = gain g the gradient of a raw position is (h - mean(h) - y mean(h y)) / deviation.
class NormAdjoint {
  public:
    __device__ explicit NormAdjoint(const Norm &norm) : norm_(norm) {}

    /// Takes a site into the means; returns y.
    __device__ float add(float raw, float h) {
        const float y = norm_(raw);
        sum_h_ += h;
        sum_hy_ = fmaf(h, y, sum_hy_);
        return y;
    }

    /// From here on the means are known. By all threads.
    __device__ void finish(BlockSum &sum_of_block, int units) {
        sum_h_ = sum_of_block(sum_h_) / units;
        sum_hy_ = sum_of_block(sum_hy_) / units;
    }

    __device__ float pull_back(float raw, float h) const {
        return (h - sum_h_ - norm_(raw) * sum_hy_) * norm_.inverse_deviation();
    }

  private:
    Norm norm_;
    float sum_h_ = 0.0f, sum_hy_ = 0.0f;
};

} // namespace nwm
