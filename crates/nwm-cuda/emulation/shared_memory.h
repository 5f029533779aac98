// Shared memory of one block, with every access looked at: bounds, first use, and races.
//
// Two accesses of a word race if they come from different threads, one of them writes, and no barrier lies between:
// __syncthreads for any two threads, __syncwarp for two of one warp. This holds for any order in which the threads run,
// so a race is found even where all orders that are tried give the right result.
#pragma once

#include <string>
#include <vector>

namespace emulation {

void fail(const std::string &what);

/// Who touched a word last, and when.
struct Access {
    long block_epoch = -1;
    long warp_epoch = 0;
    int thread = 0;
    bool many_threads = false;
    bool many_warps = false;
};

/// The moment of an access: which thread, and how many barriers it has passed.
struct Moment {
    int thread;
    long block_epoch;
    long warp_epoch;
    int barrier_line;
};

Moment now();

class SharedMemory {
  public:
    /// A block starts: `count` words without a value.
    void reset(int count) {
        values_.assign(count, 0.0f);
        written_.assign(count, false);
        writes_.assign(count, Access{});
        reads_.assign(count, Access{});
    }

    float read(long index) {
        check_bounds(index, "reads");
        if (!written_[index]) {
            fail("thread " + std::to_string(now().thread) + " reads word " + std::to_string(index) +
                 " of shared memory, which nobody has written");
        }
        check_order(writes_[index], index, "reads", "wrote");
        record(reads_[index]);
        return values_[index];
    }

    void write(long index, float value) {
        check_bounds(index, "writes");
        check_order(writes_[index], index, "writes", "wrote");
        check_order(reads_[index], index, "writes", "read");
        record(writes_[index]);
        written_[index] = true;
        values_[index] = value;
    }

  private:
    void check_bounds(long index, const char *does) const {
        if (index < 0 || index >= static_cast<long>(values_.size())) {
            fail("thread " + std::to_string(now().thread) + " " + does + " word " + std::to_string(index) +
                 " of shared memory, of which there are " + std::to_string(values_.size()));
        }
    }

    static void check_order(const Access &before, long index, const char *does, const char *did) {
        Moment at = now();
        if (before.block_epoch != at.block_epoch) return;
        if (before.thread == at.thread && !before.many_threads) return;
        bool same_warp = before.thread / 32 == at.thread / 32 && !before.many_warps;
        if (same_warp && before.warp_epoch < at.warp_epoch) return;
        std::string others = before.many_threads ? "other threads" : "thread " + std::to_string(before.thread);
        fail("race: thread " + std::to_string(at.thread) + " " + does + " word " + std::to_string(index) +
             " of shared memory, which " + others + " " + did + " since the last barrier (line " +
             std::to_string(at.barrier_line) + ")");
    }

    static void record(Access &access) {
        Moment at = now();
        if (access.block_epoch != at.block_epoch) {
            access = Access{at.block_epoch, at.warp_epoch, at.thread, false, false};
            return;
        }
        if (access.thread != at.thread) access.many_threads = true;
        if (access.thread / 32 != at.thread / 32) access.many_warps = true;
        access.thread = at.thread;
        if (access.warp_epoch < at.warp_epoch) access.warp_epoch = at.warp_epoch;
    }

    std::vector<float> values_;
    std::vector<bool> written_;
    std::vector<Access> writes_, reads_;
};

/// What kernels get in place of `float *` into shared memory.
class CheckedFloats {
  public:
    CheckedFloats() = default;
    CheckedFloats(SharedMemory *memory, long offset) : memory_(memory), offset_(offset) {}

    class Word {
      public:
        Word(SharedMemory *memory, long index) : memory_(memory), index_(index) {}
        operator float() const { return memory_->read(index_); }
        Word &operator=(float value) {
            memory_->write(index_, value);
            return *this;
        }
        Word &operator=(const Word &other) { return *this = static_cast<float>(other); }
        Word &operator+=(float value) { return *this = static_cast<float>(*this) + value; }

      private:
        SharedMemory *memory_;
        long index_;
    };

    Word operator[](long index) const { return Word(memory_, offset_ + index); }
    /// The word at which it points.
    long place() const { return offset_; }
    CheckedFloats operator+(long words) const { return CheckedFloats(memory_, offset_ + words); }

  private:
    SharedMemory *memory_ = nullptr;
    long offset_ = 0;
};

} // namespace emulation
