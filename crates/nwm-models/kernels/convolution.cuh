// Which pixels a layer reads: what the kernels of the convolution know of its geometry.
//
// A pass (the forward pass, or its adjoint) reads a picture of sources and writes one of targets. Along each axis,
// every `step`-th target meets the same taps of the window; these are a phase. The weights of taps that meet one
// source are added, so that a phase is a correlation of its own, with a window of 1 to 4 sources
// (nn/convolution/geometry.rs, which computes all of this).
#pragma once

#include "nwm.cuh"

namespace convolution {

/// One phase along one axis. An axis is told as 64 bits, from the lowest: for each of two phases the taps that meet
/// each of four sources, 3 bits each; for each of two phases its first source + 8, 4 bits; the step; the distance of
/// sources, 2 bits each.
struct Phase {
    /// Targets are number, number + step, ...
    int number, step;
    /// Target number `index` of the phase reads `width` sources from `start + index * stride` on.
    int start, stride, width;
    /// Bit 3 s + t: tap t meets source s of the window.
    int taps;

    __device__ Phase(long long axis, int number) : number(number) {
        taps = static_cast<int>(axis >> (12 * number)) & 0xfff;
        start = (static_cast<int>(axis >> (24 + 4 * number)) & 0xf) - 8;
        step = steps(axis);
        stride = static_cast<int>(axis >> 34) & 3;
        width = 0;
        while (width < 4 && taps >> (3 * width) != 0) ++width;
    }

    /// Phases of an axis.
    static __device__ int steps(long long axis) { return static_cast<int>(axis >> 32) & 3; }

    /// How many of `targets` are in this phase.
    __device__ int count(int targets) const { return (targets - number + step - 1) / step; }

    /// Whether a tap meets a source of the window.
    __device__ bool meets(int source, int tap) const { return taps >> (3 * source + tap) & 1; }

    /// The source of the window that a tap meets; there is exactly one for a result, whose window meets all taps.
    __device__ int source_of(int tap) const {
        int source = 0;
        while (!meets(source, tap)) ++source;
        return source;
    }
};

/// Where a target lies.
struct Place {
    int sample, row, column;
};

/// The targets of a phase, in order of batch, row and column.
class Targets {
  public:
    int count;

    __device__ Targets(int batch, int rows, int columns)
        : count(batch * rows * columns), picture_(rows * columns), columns_(columns), by_picture_(max(picture_, 1)),
          by_row_(max(columns, 1)) {}

    __device__ Place place(int index) const {
        int sample = by_picture_.quotient(index);
        int rest = index - sample * picture_;
        int row = by_row_.quotient(rest);
        return Place{sample, row, rest - row * columns_};
    }

  private:
    int picture_, columns_;
    nwm::Divisor by_picture_, by_row_;
};

/// Channels are read in fours; the last of them may be incomplete.
__device__ inline int fours_of(int channels) { return (channels + 3) / 4; }

/// The pixels of a window with their channels, in fours of channels: channels in slices of 16, and for each slice all
/// pixels, so that a slice of the picture stays in L1 while the window slides over it.
class Window {
  public:
    /// All fours.
    int fours;

    __device__ Window(const Phase &down, const Phase &across, int channels)
        : fours(down.width * across.width * fours_of(channels)), pixels_(down.width * across.width),
          whole_(fours_of(channels) / 4), rest_(fours_of(channels) % 4), by_slice_(4 * pixels_) {}

    struct Piece {
        int pixel, channel;
    };

    /// The pixel and the first channel of a four.
    __device__ Piece piece(int index) const {
        int slice = by_slice_.quotient(index);
        int inside = index - 4 * slice * pixels_;
        int width = width_of(slice);
        int pixel = width == 3 ? inside / 3 : inside >> (width / 2);
        return Piece{pixel, 4 * (4 * slice + inside - pixel * width)};
    }

    /// The place of one number among all fours.
    __device__ int place(int pixel, int channel) const {
        int slice = channel / 16;
        return 4 * (4 * slice * pixels_ + pixel * width_of(slice)) + channel % 16;
    }

  private:
    /// Fours of each pixel in a slice.
    __device__ int width_of(int slice) const { return slice < whole_ ? 4 : rest_; }

    int pixels_, whole_, rest_;
    nwm::Divisor by_slice_;
};

/// Whether fours of channels of every pixel can be read at once.
__device__ inline bool is_in_fours(const float *pixels, int channels) {
    return channels % 4 == 0 && reinterpret_cast<uintptr_t>(pixels) % 16 == 0;
}

/// Where four channels of a pixel begin, and how many there are, from 0 to 4; what is not there is zero.
struct Channels {
    const float *first;
    int count;
};

/// Reads `N` times four channels: `channels(index)` says which.
template <int N, class Which>
__device__ void read_fours(nwm::Four (&fours)[N], bool in_fours, Which channels) {
    if (in_fours) {
#pragma unroll
        for (int index = 0; index < N; ++index) {
            Channels which = channels(index);
            fours[index] = nwm::load_four_if(which.count > 0, which.first);
        }
    } else {
#pragma unroll
        for (int index = 0; index < N; ++index) {
            Channels which = channels(index);
#pragma unroll
            for (int part = 0; part < 4; ++part) {
                fours[index].values[part] = part < which.count ? which.first[part] : 0.0f;
            }
        }
    }
}

} // namespace convolution
