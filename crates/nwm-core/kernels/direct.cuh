// Couplings of several maps in plain arithmetic: a thread computes strips of a column.
#pragma once

#include "lattice.cuh"

namespace nwm {

/// A kernel between all maps, in shared memory: `[out][in][row][column]`.
struct SharedWeights {
    SharedFloats values;
    int channels, taps;

    template <class L>
    __device__ SharedWeights(const L &lattice, Words &words, const float *weights)
        : values(words.take(weights == nullptr ? 0 : lattice.kernel_words())), channels(lattice.channels()),
          taps(lattice.taps()) {
        if (weights == nullptr) return;
#pragma unroll 1
        for (int index = threadIdx.x; index < lattice.kernel_words(); index += blockDim.x) values[index] = weights[index];
    }

    __device__ float at(int out, int in, int tap) const { return values[(out * channels + in) * taps + tap]; }
};

/// The couplings of a cell: OUTPUTS maps of a strip at once.
template <class L, int OUTPUTS> class DirectForward {
  public:
    __device__ DirectForward(const L &lattice, Words &words, const Kernels &kernels)
        : lattice_(lattice), coupling_(lattice, words, kernels.coupling), damping_(lattice, words, kernels.damping),
          drive_kernel_(lattice, words, kernels.drive), coupled_drive_(kernels.drive != nullptr) {}

    /// Calls `done(site, pre)` with the couplings of maps with border, added to `start(site)`, for sites of this
    /// thread.
    template <class Start, class Done>
    __device__ void operator()(SharedFloats positions, SharedFloats velocities, SharedFloats drives, Start start,
                               Done done) const {
        const int groups = (lattice_.channels() + OUTPUTS - 1) / OUTPUTS;
        for_items(lattice_, groups, [&](const Item &item) {
            float sums[OUTPUTS][STRIP];
#pragma unroll
            for (int o = 0; o < OUTPUTS; ++o) {
#pragma unroll
                for (int r = 0; r < STRIP; ++r) sums[o][r] = 0.0f;
            }
            for_results(item, [&](int o, int r, const Site &site) { sums[o][r] = start(site); });
            correlate(positions, coupling_, item, sums);
            correlate(velocities, damping_, item, sums);
            if (coupled_drive_) correlate(drives, drive_kernel_, item, sums);
            for_results(item, [&](int o, int r, const Site &site) { done(site, sums[o][r]); });
        });
    }

  private:
    /// The sites of an item that there are.
    template <class Work> __device__ void for_results(const Item &item, Work work) const {
#pragma unroll
        for (int o = 0; o < OUTPUTS; ++o) {
            int map = item.group * OUTPUTS + o;
#pragma unroll
            for (int r = 0; r < STRIP; ++r) {
                int row = item.row + r;
                if (map < lattice_.channels() && row < lattice_.rows) work(o, r, lattice_.site(map, row, item.column));
            }
        }
    }

    /// `sums[o][r] += sum over in, a, b of weights[o, in, a, b] maps[in, row + r + a, column + b]`, places of maps
    /// counted from the corner of the border.
    __device__ void correlate(SharedFloats maps, const SharedWeights &weights, const Item &item,
                              float (&sums)[OUTPUTS][STRIP]) const {
        const int pitch = lattice_.pitch();
#pragma unroll 1
        for (int in = 0; in < lattice_.channels(); ++in) {
            SharedFloats corner = maps + (lattice_.start(in) + item.row * pitch + item.column);
#pragma unroll 1
            for (int a = 0; a < lattice_.tap_rows(); ++a) {
#pragma unroll 1
                for (int b = 0; b < lattice_.tap_columns(); ++b) {
                    float window[STRIP];
#pragma unroll
                    for (int r = 0; r < STRIP; ++r) window[r] = corner[(r + a) * pitch + b];
#pragma unroll
                    for (int o = 0; o < OUTPUTS; ++o) {
                        // What lies beyond the last map is computed and thrown away.
                        int map = min(item.group * OUTPUTS + o, lattice_.channels() - 1);
                        float weight = weights.at(map, in, a * lattice_.tap_columns() + b);
#pragma unroll
                        for (int r = 0; r < STRIP; ++r) sums[o][r] = fmaf(weight, window[r], sums[o][r]);
                    }
                }
            }
        }
    }

    const L &lattice_;
    SharedWeights coupling_, damping_, drive_kernel_;
    bool coupled_drive_;
};

/// The adjoint of the couplings. A thread owns some taps of some pairs of maps, and adds up their gradients over a
/// slice of the rows: as many slices as there are threads for.
template <class L> class DirectBackward {
  public:
    __device__ DirectBackward(const L &lattice, Words &words, const Kernels &kernels)
        : lattice_(lattice), kernels_(kernels.drive != nullptr ? 3 : 2), coupling_(lattice, words, kernels.coupling),
          damping_(lattice, words, kernels.damping), drive_kernel_(lattice, words, kernels.drive),
          slices_(max(1, min(lattice.rows, static_cast<int>(blockDim.x) / lattice.kernel_words()))),
          sums_(words.take(kernels_ * slices_ * lattice.kernel_words())) {
        clear(sums_, kernels_ * slices_ * lattice.kernel_words());
    }

    /// Calls `add(site, of_x, of_v, of_d)` with the gradient of the pre-activations (maps with border), pulled back to
    /// sites of this thread, and adds to the weight gradients.
    template <class Add>
    __device__ void operator()(const Fields &fields, SharedFloats grad_pre, Add add) {
        for_items(lattice_, lattice_.channels(), [&](const Item &item) {
            float of_x[STRIP] = {}, of_v[STRIP] = {}, of_d[STRIP] = {};
#pragma unroll 1
            for (int out = 0; out < lattice_.channels(); ++out) {
                SharedFloats corner = grad_pre + (lattice_.start(out) + item.row * lattice_.pitch() + item.column);
#pragma unroll 1
                for (int a = 0; a < lattice_.tap_rows(); ++a) {
#pragma unroll 1
                    for (int b = 0; b < lattice_.tap_columns(); ++b) {
                        const int tap = a * lattice_.tap_columns() + b;
                        float window[STRIP];
                        read_back(corner, a, b, window);
                        const float of_coupled_x = coupling_.at(out, item.group, tap);
                        const float of_coupled_v = damping_.at(out, item.group, tap);
#pragma unroll
                        for (int r = 0; r < STRIP; ++r) {
                            of_x[r] = fmaf(of_coupled_x, window[r], of_x[r]);
                            of_v[r] = fmaf(of_coupled_v, window[r], of_v[r]);
                        }
                        if (kernels_ == 3) {
                            const float of_coupled_d = drive_kernel_.at(out, item.group, tap);
#pragma unroll
                            for (int r = 0; r < STRIP; ++r) of_d[r] = fmaf(of_coupled_d, window[r], of_d[r]);
                        }
                    }
                }
            }
#pragma unroll
            for (int r = 0; r < STRIP; ++r) {
                const int row = item.row + r;
                if (row < lattice_.rows) add(lattice_.site(item.group, row, item.column), of_x[r], of_v[r], of_d[r]);
            }
        });
        add_to_weights(fields, grad_pre);
    }

    /// Writes the weight gradients of all steps to a row of partial sums.
    __device__ void finish(float *partials, const KernelPlaces &places, BlockSum &) {
        const int words = lattice_.kernel_words();
#pragma unroll 1
        for (int entry = threadIdx.x; entry < words; entry += blockDim.x) {
#pragma unroll 1
            for (int kernel = 0; kernel < kernels_; ++kernel) {
                SharedFloats sums = sums_ + kernel * slices_ * words;
                float sum = sums[entry];
#ifndef PLANT_UNREDUCED_PARTIAL
#pragma unroll 1
                for (int slice = 1; slice < slices_; ++slice) sum += sums[slice * words + entry];
#endif
                const int start = kernel == 0 ? places.coupling : kernel == 1 ? places.damping : places.drive;
                partials[start + entry] = sum;
            }
        }
    }

  private:
    /// The gradients of the sites that read a strip through tap (a, b).
    __device__ void read_back(SharedFloats corner, int a, int b, float (&window)[STRIP]) const {
        const int row = lattice_.tap_rows() - 1 - a, column = lattice_.tap_columns() - 1 - b;
#pragma unroll
        for (int r = 0; r < STRIP; ++r) window[r] = corner[(r + row) * lattice_.pitch() + column];
    }

    __device__ void add_to_weights(const Fields &fields, SharedFloats grad_pre) {
        const int words = lattice_.kernel_words(), taps = lattice_.taps(), channels = lattice_.channels();
#pragma unroll 1
        for (int share = threadIdx.x; share < slices_ * words; share += blockDim.x) {
            const int slice = share / words, entry = share % words;
            const int tap = entry % taps;
            const int in = entry / taps % channels;
            const int out = entry / taps / channels;
            const int row_shift = lattice_.tap_rows() - 1 - tap / lattice_.tap_columns();
            const int column_shift = lattice_.tap_columns() - 1 - tap % lattice_.tap_columns();
            float sums[3] = {};
#pragma unroll 1
            for (int row = slice; row < lattice_.rows; row += slices_) {
                SharedFloats gradients =
                    grad_pre + (lattice_.start(out) + (row + row_shift) * lattice_.pitch() + column_shift);
                const int first = lattice_.bare(lattice_.site(in, row, 0));
#pragma unroll 1
                for (int column = 0; column < lattice_.columns; ++column) {
                    const float gradient = gradients[column];
                    sums[0] = fmaf(gradient, fields.position[first + column], sums[0]);
                    sums[1] = fmaf(gradient, fields.velocity[first + column], sums[1]);
                    if (kernels_ == 3) sums[2] = fmaf(gradient, fields.drive[first + column], sums[2]);
                }
            }
            sums_[share] += sums[0];
            sums_[slices_ * words + share] += sums[1];
            if (kernels_ == 3) sums_[2 * slices_ * words + share] += sums[2];
        }
    }

    const L &lattice_;
    int kernels_;
    SharedWeights coupling_, damping_, drive_kernel_;
    int slices_;
    /// `[kernel][slice][out][in][tap]`, each touched by one thread.
    SharedFloats sums_;
};

} // namespace nwm
