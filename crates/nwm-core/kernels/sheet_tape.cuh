// What the adjoint of a single map reads and keeps from step to step.
#pragma once

#include "sequence.cuh"
#include "sheet.cuh"

namespace nwm {

/// COUNT numbers of each row of a strip: in registers if the thread has no other strip, otherwise in shared memory.
template <class S, int COUNT> class Kept {
  public:
    float values[COUNT][S::STRIP] = {};

    __device__ Kept(const S &sheet, Words &words)
        : strips_(sheet.strips()), home_(words.take(S::ONE_STRIP ? 0 : COUNT * sheet.strip_words())) {}

    /// Gets the values of a strip.
    __device__ void fetch(const Strip<S::STRIP> &strip) {
        at_home(strip, [&](int place, float &value) { value = home_[place]; });
    }
    /// Puts them back.
    __device__ void put_back(const Strip<S::STRIP> &strip) {
        at_home(strip, [&](int place, float &value) { home_[place] = value; });
    }

  private:
    template <class Work> __device__ void at_home(const Strip<S::STRIP> &strip, Work work) {
        if constexpr (!S::ONE_STRIP) {
#pragma unroll
            for (int field = 0; field < COUNT; ++field) {
#pragma unroll
                for (int r = 0; r < S::STRIP; ++r) {
                    work((field * S::STRIP + r) * strips_ + strip.index, values[field][r]);
                }
            }
        }
    }

    int strips_;
    SharedFloats home_;
};

/// The tape of a sample, step by step from the last to the first: the state before a step and the gradient of what was
/// recorded after it. Copied two steps ahead to shared memory, strip by strip, each for its thread alone; or read where
/// it is, if there are no stages. A thread with one strip always has them.
template <class S> class SheetTape {
  public:
    __device__ SheetTape(const S &sheet, Words &words, const BackwardArguments &arguments, int sample)
        : sheet_(sheet), stages_(arguments.stages), ahead_time_(arguments.steps - 1),
          initial_(arguments.initial + sample * 1LL * sheet.sites()),
          all_samples_(static_cast<long long>(arguments.samples) * sheet.sites()) {
        const int last = arguments.steps - 1;
        const float *drive = arguments.kernels.drive == nullptr ? nullptr : arguments.drive;
        add(VELOCITY, arguments.velocities, last - 1, sample);
        add(GRAD_VELOCITY, arguments.grad_velocities, last, sample);
        add(POSITION, arguments.positions, last - 1, sample);
        add(DRIVE, {drive, all_samples_, sheet.sites()}, last, sample);
        add(GRAD_POSITION, arguments.grad_positions, last, sample);
        if (last == 0) read_initial();
        has_others_ = has(POSITION) || has(DRIVE) || has(GRAD_POSITION);
        stage_ = slots_ * sheet.strip_words();
        copies_ = words.take(stages_ * stage_);
        last_stage_ = (stages_ - 1) * stage_;
    }

    /// Starts the copies of the first steps. A barrier lies between this and the constructor.
    __device__ void start(const Strip<S::STRIP> &first) {
        for (int stage = 0; stage + 1 < stages_; ++stage) copy(first, stage * stage_);
        before_ = last_stage_;
    }

    /// From here on a step can be read.
    __device__ void begin_step(const Strip<S::STRIP> &first) {
        if (!staged()) return;
        copy(first, before_);
        wait_for_copies<2>();
    }

    __device__ void end_step() {
        if (staged()) {
            // The stage that was read last is the next to be written.
            before_ = now_;
            now_ = now_ == last_stage_ ? 0 : now_ + stage_;
        } else {
            for_fields([&](int field) { row_[field] -= step_[field]; });
            go_back();
        }
    }

    __device__ bool has(Field field) const { return slot_[field] >= 0; }

    /// The values of a strip, of a field that is there; the last row stands for those that are not there.
    __device__ void read(Field field, const Strip<S::STRIP> &strip, float (&values)[S::STRIP]) const {
        if (staged()) {
            sheet_.read_strip(copies_ + (now_ + slot_[field]), strip, values);
        } else {
#pragma unroll
            for (int r = 0; r < S::STRIP; ++r) values[r] = row_[field][strip.sites[r]];
        }
    }

    /// The same, with zeros in rows that are not there.
    __device__ void read_or_zero(Field field, const Strip<S::STRIP> &strip, float (&values)[S::STRIP]) const {
        read(field, strip, values);
#pragma unroll
        for (int r = 0; r < S::STRIP; ++r) values[r] = r < strip.count ? values[r] : 0.0f;
    }

    /// Adds those of a field, if it is there.
    __device__ void add_to(Field field, const Strip<S::STRIP> &strip, float (&values)[S::STRIP]) const {
        if (!has(field)) return;
        float summands[S::STRIP];
        read(field, strip, summands);
#pragma unroll
        for (int r = 0; r < S::STRIP; ++r) values[r] += summands[r];
    }

  private:
    __device__ void add(Field field, const Series<const float> &series, int time, int sample) {
        slot_[field] = field == VELOCITY || series ? slots_++ * sheet_.strip_words() : -1;
        row_[field] = series.at(time, sample);
        step_[field] = series.step;
    }

    __device__ void copy(const Strip<S::STRIP> &first, int to) {
        if (ahead_time_ >= 0) {
            for_fields([&](int field) {
                sheet_.for_strips(first, [&](const Strip<S::STRIP> &strip) {
                    SharedFloats target = copies_ + (to + slot_[field] + strip.index * S::STRIP);
#pragma unroll
                    for (int r = 0; r < S::STRIP; ++r) copy_async(target + r, row_[field] + as_new(strip.sites[r]));
                });
                row_[field] -= step_[field];
            });
            go_back();
        }
        commit_copies();
    }

    /// Calls `work(field)` for those that are there. One question for all of the rest: the compiler would otherwise go
    /// through the motions for each.
    template <class Work> __device__ void for_fields(Work work) {
        work(VELOCITY);
        if (has(GRAD_VELOCITY)) work(GRAD_VELOCITY);
        if (!has_others_) return;
#pragma unroll
        for (int field = POSITION; field < FIELDS; ++field) {
            if (slot_[field] >= 0) work(field);
        }
    }

    __device__ bool staged() const { return S::ONE_STRIP || stages_ > 0; }

    __device__ void go_back() {
        ahead_time_ -= 1;
        if (ahead_time_ == 0) read_initial();
    }

    /// The state before the first step.
    __device__ void read_initial() {
        row_[VELOCITY] = initial_ + all_samples_;
        row_[POSITION] = initial_;
    }

    const S &sheet_;
    int stages_, ahead_time_, slots_ = 0, stage_, last_stage_, now_ = 0, before_ = 0;
    int slot_[FIELDS];
    bool has_others_;
    const float *row_[FIELDS], *initial_;
    long long step_[FIELDS], all_samples_;
    SharedFloats copies_;
};

} // namespace nwm
