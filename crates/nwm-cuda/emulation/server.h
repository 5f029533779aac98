// Serves kernels over a pipe: arrays live here, commands come from standard input, answers go to standard output.
//
// All numbers are little-endian. Every command begins with one u32:
//
//   1 allocate  u64 length                          -> u32 array
//   2 write     u32 array, u64 length, f32...       -> nothing
//   3 read      u32 array                           -> u64 length, f32...
//   4 launch    text kernel, u32 grid[3], threads, shared bytes, arguments, each: u32 kind, value -> u32 0
//   5 free      u32 array                           -> nothing
//
// Kinds of arguments: 0 no array, 1 array (u32 array, i64 offset), 2 i32, 3 f32, 4 i64, 5 a list of i32, 6 a list of arrays
// (as kind 1 each; array 0 is none). An array starts as NaN, between guards of NaN that every launch must leave alone.
#pragma once

#include <map>
#include <tuple>
#include <unordered_map>

#include "nwm.cuh"

namespace emulation {

inline void receive(void *target, std::size_t bytes) {
    if (bytes != 0 && std::fread(target, bytes, 1, stdin) != 1) _exit(0);
}

template <class T> T receive() {
    T value;
    receive(&value, sizeof value);
    return value;
}

inline std::string receive_text() {
    std::string text(receive<uint32_t>(), ' ');
    receive(text.data(), text.size());
    return text;
}

template <class T> void send(const T &value) { std::fwrite(&value, sizeof value, 1, stdout); }

/// An array between guards.
class Array {
  public:
    explicit Array(std::size_t length) : values_(length + 2 * GUARD, untouched()) {
        std::fill(begin(), begin() + length, std::numeric_limits<float>::quiet_NaN());
    }
    float *begin() { return values_.data() + GUARD; }
    std::size_t length() const { return values_.size() - 2 * GUARD; }

    void check_guards() const {
        for (std::size_t index = 0; index < GUARD; ++index) {
            check(index, static_cast<long>(index) - static_cast<long>(GUARD));
            check(GUARD + length() + index, static_cast<long>(length() + index));
        }
    }

  private:
    static constexpr std::size_t GUARD = 1024;

    /// A NaN that no arithmetic produces.
    static float untouched() {
        uint32_t bits = 0x7fedbeef;
        float value;
        std::memcpy(&value, &bits, sizeof value);
        return value;
    }

    void check(std::size_t index, long place) const {
        float expected = untouched();
        if (std::memcmp(&values_[index], &expected, sizeof expected) != 0) {
            fail("something was written to place " + std::to_string(place) + " of an array of " +
                 std::to_string(length()));
        }
    }

    std::vector<float> values_;
};

inline std::unordered_map<uint32_t, std::unique_ptr<Array>> arrays;

inline Array &find(uint32_t array) {
    auto place = arrays.find(array);
    if (place == arrays.end()) fail("there is no array " + std::to_string(array));
    return *place->second;
}

inline void expect_kind(uint32_t expected) {
    uint32_t kind = receive<uint32_t>();
    if (kind != expected) {
        fail("an argument is of kind " + std::to_string(kind) + ", expected " + std::to_string(expected));
    }
}

template <class T> struct Receive;
template <> struct Receive<int> {
    static int argument() { return expect_kind(2), receive<int32_t>(); }
};
template <> struct Receive<float> {
    static float argument() { return expect_kind(3), receive<float>(); }
};
template <> struct Receive<long long> {
    static long long argument() { return expect_kind(4), receive<int64_t>(); }
};
template <> struct Receive<float *> {
    static float *argument() {
        uint32_t kind = receive<uint32_t>();
        if (kind == 0) return nullptr;
        if (kind != 1) fail("an argument is of kind " + std::to_string(kind) + ", expected an array");
        uint32_t array = receive<uint32_t>();
        int64_t offset = receive<int64_t>();
        return find(array).begin() + offset;
    }
};
template <> struct Receive<nwm::Counts> {
    static nwm::Counts argument() {
        expect_kind(5);
        nwm::Counts counts;
        for (int &count : counts.at) count = receive<int32_t>();
        return counts;
    }
};
template <> struct Receive<nwm::Pointers> {
    static nwm::Pointers argument() {
        expect_kind(6);
        nwm::Pointers pointers;
        for (float *&pointer : pointers.at) {
            uint32_t array = receive<uint32_t>();
            int64_t offset = receive<int64_t>();
            pointer = array == 0 ? nullptr : find(array).begin() + offset;
        }
        return pointers;
    }
};
template <> struct Receive<const float *> {
    static const float *argument() { return Receive<float *>::argument(); }
};

using Invocation = std::function<void()>;

/// A kernel with the arguments that follow in the input.
template <class... P> Invocation bind(void (*kernel)(P...), uint32_t count) {
    if (count != sizeof...(P)) {
        fail(std::to_string(count) + " arguments for a kernel that takes " + std::to_string(sizeof...(P)));
    }
    // Braces evaluate from left to right.
    std::tuple<P...> arguments{Receive<P>::argument()...};
    return [kernel, arguments] { std::apply(kernel, arguments); };
}

using Kernels = std::map<std::string, std::function<Invocation(uint32_t)>>;

inline void launch(const Kernels &kernels) {
    std::string name = receive_text();
    block.kernel = name;
    Dimensions grid{};
    grid.x = receive<uint32_t>();
    grid.y = receive<uint32_t>();
    grid.z = receive<uint32_t>();
    int thread_count = receive<uint32_t>();
    int shared_bytes = receive<uint32_t>();
    auto kernel = kernels.find(name);
    if (kernel == kernels.end()) fail("there is no such kernel");
    Invocation invocation = kernel->second(receive<uint32_t>());
    run_grid(name, invocation, grid, thread_count, shared_bytes);
    for (const auto &array : arrays) array.second->check_guards();
    send(uint32_t{0});
}

/// Serves until the input ends. The first argument is the order of the threads.
inline int serve(const Kernels &kernels, int count, char **arguments) {
    std::string order = count > 1 ? arguments[1] : "forward";
    if (order == "reverse") block.order = Order::Reverse;
    if (order == "shuffled") block.order = Order::Shuffled;
    uint32_t next = 1;
    for (;;) {
        switch (receive<uint32_t>()) {
        case 1: {
            arrays.emplace(next, std::make_unique<Array>(receive<uint64_t>()));
            send(next++);
            break;
        }
        case 2: {
            Array &array = find(receive<uint32_t>());
            auto length = receive<uint64_t>();
            if (length != array.length()) fail("a write of another length than the array's");
            receive(array.begin(), 4 * length);
            break;
        }
        case 3: {
            Array &array = find(receive<uint32_t>());
            send<uint64_t>(array.length());
            std::fwrite(array.begin(), 4, array.length(), stdout);
            break;
        }
        case 4:
            launch(kernels);
            break;
        case 5:
            arrays.erase(receive<uint32_t>());
            continue;
        default:
            fail("an unknown command");
        }
        std::fflush(stdout);
    }
}

} // namespace emulation

#define NWM_KERNEL(name)                                                                                               \
    {                                                                                                                  \
        #name, [](uint32_t count) { return emulation::bind(&name, count); }                                            \
    }
