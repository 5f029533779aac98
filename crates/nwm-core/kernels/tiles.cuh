// Couplings of many maps on tensor cores: products of tiles, 16 x 8 results of 8 terms each, by a warp.
//
// With PRODUCTS = 1 factors are rounded to TF32 (relative errors of 5e-4 each). With PRODUCTS = 3 each factor is the sum of
// two such numbers, and of the four products the three that matter are added, which is as exact as single precision.
// Sums are not quite: tensor cores round them towards zero, so that errors of the hundred sums of a step point the same way.
// Nothing is therefore summed there for longer than a step.
// Lanes hold a tile as `mma_tile` says: g = lane / 4, t = lane % 4.
#pragma once

#include "lattice.cuh"

namespace nwm {

constexpr int TILE_ROWS = 16;
constexpr int TILE_COLUMNS = 8;
constexpr int TILE_TERMS = 8;

/// Numbers of a lane's part of a factor, as one or two TF32 numbers each.
template <int COUNT, int PRODUCTS> struct Fragment {
    static constexpr int PARTS = PRODUCTS == 3 ? 2 : 1;
    uint32_t part[PARTS][COUNT];

    __device__ void set(int index, float value) {
        if constexpr (PARTS == 2) {
            const SplitNumber number = split(value);
            part[0][index] = number.high;
            part[1][index] = number.low;
        } else {
            part[0][index] = to_tf32(value);
        }
    }
};

/// `sum += left right`, the small products first.
template <int PRODUCTS>
__device__ void multiply(float (&sum)[4], const Fragment<4, PRODUCTS> &left, const Fragment<2, PRODUCTS> &right) {
    if constexpr (PRODUCTS == 3) {
        mma_tile(sum, left.part[1], right.part[0]);
        mma_tile(sum, left.part[0], right.part[1]);
    }
    mma_tile(sum, left.part[0], right.part[0]);
}

/// The kernels of a cell in shared memory, tile by tile as the lanes of a warp hold them.
template <class L, int PRODUCTS> class TileWeights {
    static constexpr int PARTS = Fragment<2, PRODUCTS>::PARTS;
    static constexpr int TILE_WORDS = PARTS * 2 * WARP;

  public:
    /// `back`: terms are outputs of the coupling and columns its inputs, otherwise the reverse.
    __device__ TileWeights(const L &lattice, Words &words, const Kernels &kernels, bool back)
        : tiles_(lattice.maps() / TILE_TERMS), taps_(lattice.taps()) {
        const int fields = kernels.drive == nullptr ? 2 : 3;
        const int tiles_of_field = taps_ * tiles_ * tiles_;
        values_ = words.take(fields * tiles_of_field * TILE_WORDS);
        const int channels = lattice.channels();
#pragma unroll 1
        for (int index = threadIdx.x; index < fields * tiles_of_field * 2 * WARP; index += blockDim.x) {
            const int lane = index % WARP, half = index / WARP % 2, tile = index / WARP / 2;
            const int column_tile = tile % tiles_, term_tile = tile / tiles_ % tiles_;
            const int tap = tile / tiles_ / tiles_ % taps_, field = tile / tiles_of_field;
            const int term = term_tile * TILE_TERMS + lane % 4 + 4 * half;
            const int column = column_tile * TILE_COLUMNS + lane / 4;
            const int out = back ? term : column, in = back ? column : term;
            const float *source = field == 0 ? kernels.coupling : field == 1 ? kernels.damping : kernels.drive;
            float weight = 0.0f;
            if (out < channels && in < channels) weight = source[(out * channels + in) * taps_ + tap];
            SharedFloats target = values_ + (tile * TILE_WORDS + half * WARP + lane);
            Fragment<1, PRODUCTS> number;
            number.set(0, weight);
#pragma unroll
            for (int part = 0; part < PARTS; ++part) target[2 * part * WARP] = from_bits(number.part[part][0]);
        }
    }

    __device__ Fragment<2, PRODUCTS> at(int field, int tap, int term_tile, int column_tile) const {
        const int tile = ((field * taps_ + tap) * tiles_ + term_tile) * tiles_ + column_tile;
        SharedFloats source = values_ + (tile * TILE_WORDS + static_cast<int>(threadIdx.x) % WARP);
        Fragment<2, PRODUCTS> fragment;
#pragma unroll
        for (int part = 0; part < PARTS; ++part) {
#pragma unroll
            for (int half = 0; half < 2; ++half) fragment.part[part][half] = bits_of(source[(2 * part + half) * WARP]);
        }
        return fragment;
    }

    __device__ int tiles() const { return tiles_; }

  private:
    SharedFloats values_;
    int tiles_, taps_;
};

/// The sites of a tile that a lane reads (g and g + 8), as corners of maps with border.
template <class L> struct TileSites {
    int corner[2];

    __device__ TileSites(const L &lattice, int first, int lane) {
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            // What lies beyond the last site is computed and thrown away.
            int site = min(first + lane / 4 + 8 * half, lattice.sites() - 1);
            int row = site / lattice.columns;
            corner[half] = row * lattice.pitch() + site - row * lattice.columns;
        }
    }

    /// Sites times eight maps from `map` on, `shift` places on.
    template <int PRODUCTS>
    __device__ Fragment<4, PRODUCTS> read(const L &lattice, SharedFloats maps, int map, int shift, int lane) const {
        Fragment<4, PRODUCTS> fragment;
#pragma unroll
        for (int part = 0; part < 4; ++part) {
            SharedFloats plane = maps + lattice.start(map + lane % 4 + part / 2 * 4);
            fragment.set(part, plane[corner[part % 2] + shift]);
        }
        return fragment;
    }
};

/// Calls `work(part, site)` for the results of a tile that a lane holds and that there are.
template <class L, class Work> __device__ void for_tile(const L &lattice, int first_site, int first_map, int lane, Work work) {
#pragma unroll
    for (int part = 0; part < 4; ++part) {
        const int site = first_site + lane / 4 + part / 2 * 8;
        const int map = first_map + lane % 4 * 2 + part % 2;
        if (site < lattice.sites() && map < lattice.channels()) {
            const int row = site / lattice.columns;
            work(part, lattice.site(map, row, site - row * lattice.columns));
        }
    }
}

/// The couplings of a cell: a warp computes 32 sites of 16 maps at once.
template <class L, int PRODUCTS> class TileForward {
    static constexpr int ROW_TILES = 2, COLUMN_TILES = 2;

  public:
    __device__ TileForward(const L &lattice, Words &words, const Kernels &kernels)
        : lattice_(lattice), weights_(lattice, words, kernels, false), fields_(kernels.drive == nullptr ? 2 : 3) {}

    /// Calls `done(site, pre)` with the couplings of maps with border, added to `start(site)`, for sites of this thread.
    template <class Start, class Done>
    __device__ void operator()(SharedFloats positions, SharedFloats velocities, SharedFloats drives, Start start,
                               Done done) const {
        const int warp = threadIdx.x / WARP, warps = blockDim.x / WARP, lane = threadIdx.x % WARP;
        const int row_groups = (lattice_.sites() + ROW_TILES * TILE_ROWS - 1) / (ROW_TILES * TILE_ROWS);
        const int column_groups = (weights_.tiles() + COLUMN_TILES - 1) / COLUMN_TILES;
#pragma unroll 1
        for (int item = warp; item < row_groups * column_groups; item += warps) {
            const int first_site = item / column_groups * ROW_TILES * TILE_ROWS;
            const int first_tile = item % column_groups * COLUMN_TILES;
            auto for_results = [&](auto work) {
#pragma unroll
                for (int m = 0; m < ROW_TILES; ++m) {
#pragma unroll
                    for (int n = 0; n < COLUMN_TILES; ++n) {
                        for_tile(lattice_, first_site + m * TILE_ROWS, (first_tile + n) * TILE_COLUMNS, lane,
                                 [&](int part, const Site &site) { work(m, n, part, site); });
                    }
                }
            };
            float sums[ROW_TILES][COLUMN_TILES][4] = {};
            for_results([&](int m, int n, int part, const Site &site) { sums[m][n][part] = start(site); });
            const TileSites<L> sites[ROW_TILES] = {{lattice_, first_site, lane},
                                                   {lattice_, first_site + TILE_ROWS, lane}};
#pragma unroll 1
            for (int field = 0; field < fields_; ++field) {
                SharedFloats maps = field == 0 ? positions : field == 1 ? velocities : drives;
#pragma unroll 1
                for (int tap = 0; tap < lattice_.taps(); ++tap) {
                    const int shift = tap / lattice_.tap_columns() * lattice_.pitch() + tap % lattice_.tap_columns();
#pragma unroll 1
                    for (int tile = 0; tile < weights_.tiles(); ++tile) {
                        Fragment<4, PRODUCTS> left[ROW_TILES];
#pragma unroll
                        for (int m = 0; m < ROW_TILES; ++m) {
                            left[m] = sites[m].template read<PRODUCTS>(lattice_, maps, tile * TILE_TERMS, shift, lane);
                        }
#pragma unroll
                        for (int n = 0; n < COLUMN_TILES; ++n) {
                            // What lies beyond the last map is computed and thrown away.
                            const int column_tile = min(first_tile + n, weights_.tiles() - 1);
                            const auto right = weights_.at(field, tap, tile, column_tile);
#pragma unroll
                            for (int m = 0; m < ROW_TILES; ++m) multiply<PRODUCTS>(sums[m][n], left[m], right);
                        }
                    }
                }
            }
            for_results([&](int m, int n, int part, const Site &site) { done(site, sums[m][n][part]); });
        }
    }

  private:
    const L &lattice_;
    TileWeights<L, PRODUCTS> weights_;
    int fields_;
};

/// The adjoint of the couplings. A warp pulls gradients back to 16 sites of 16 maps at once; and it owns up to ITEMS
/// parts of the weight gradients (one tap, 16 outputs, 16 inputs), whose sums over sites and steps stay in its registers:
/// over half of the sites, if warps can hold twice as many parts, since halves are shared out more evenly.
template <class L, int PRODUCTS, int ITEMS> class TileBackward {
    static constexpr int COLUMN_TILES = 2;

  public:
    __device__ TileBackward(const L &lattice, Words &words, const Kernels &kernels)
        : lattice_(lattice), weights_(lattice, words, kernels, true), fields_(kernels.drive == nullptr ? 2 : 3),
          column_groups_((fields_ * weights_.tiles() + COLUMN_TILES - 1) / COLUMN_TILES),
          out_tiles_((lattice.maps() + TILE_ROWS - 1) / TILE_ROWS) {
        const int parts = lattice.taps() * column_groups_ * out_tiles_;
        slices_ = 2 * parts <= ITEMS * static_cast<int>(blockDim.x / WARP) ? 2 : 1;
    }

    /// Calls `add(site, of_x, of_v, of_d)` with the gradient of the pre-activations (maps with border), pulled back to sites
    /// of this thread, and adds to the weight gradients.
    template <class Add>
    __device__ void operator()(const Fields &fields, SharedFloats grad_pre, Add add) {
        const int warp = threadIdx.x / WARP, warps = blockDim.x / WARP, lane = threadIdx.x % WARP;
        const int row_tiles = (lattice_.sites() + TILE_ROWS - 1) / TILE_ROWS;
        const int column_groups = (weights_.tiles() + COLUMN_TILES - 1) / COLUMN_TILES;
#pragma unroll 1
        for (int item = warp; item < row_tiles * column_groups; item += warps) {
            const int first_site = item / column_groups * TILE_ROWS;
            const int first_tile = item % column_groups * COLUMN_TILES;
            float sums[3][COLUMN_TILES][4] = {};
            const TileSites<L> sites(lattice_, first_site, lane);
#pragma unroll 1
            for (int tap = 0; tap < lattice_.taps(); ++tap) {
#pragma unroll 1
                for (int tile = 0; tile < weights_.tiles(); ++tile) {
                    const auto left =
                        sites.template read<PRODUCTS>(lattice_, grad_pre, tile * TILE_TERMS, shift_back(tap), lane);
#pragma unroll
                    for (int field = 0; field < 3; ++field) {
                        if (field >= fields_) continue;
#pragma unroll
                        for (int n = 0; n < COLUMN_TILES; ++n) {
                            const int column_tile = min(first_tile + n, weights_.tiles() - 1);
                            multiply<PRODUCTS>(sums[field][n], left, weights_.at(field, tap, tile, column_tile));
                        }
                    }
                }
            }
#pragma unroll
            for (int n = 0; n < COLUMN_TILES; ++n) {
                for_tile(lattice_, first_site, (first_tile + n) * TILE_COLUMNS, lane, [&](int part, const Site &site) {
                    add(site, sums[0][n][part], sums[1][n][part], sums[2][n][part]);
                });
            }
        }
        add_to_weights(fields, grad_pre);
    }

    /// Writes the weight gradients of all steps to a row of partial sums.
    __device__ void finish(float *partials, const KernelPlaces &places, BlockSum &) {
        for (int slice = 0; slice < slices_; ++slice) {
            write_slice(slice, partials, places);
            __syncthreads();
        }
    }

  private:
    /// A part of the weight gradients: one tap, outputs from `first_out` on, and columns, which are tiles of inputs of
    /// position, velocity and drive in turn; a slice of the sites.
    struct Part {
        int tap, first_out, first_column_tile, slice;
    };

    /// Writes the first slice, and adds the next to what others have written.
    __device__ void write_slice(int slice, float *partials, const KernelPlaces &places) {
        const int lane = threadIdx.x % WARP;
        for_own_parts([&](int own, const Part &part) {
            if (part.slice != slice) return;
#pragma unroll
            for (int n = 0; n < COLUMN_TILES; ++n) {
                const int column = part.first_column_tile + n;
                const int field = column / weights_.tiles();
                if (field >= fields_) continue;
                const int start = field == 0 ? places.coupling : field == 1 ? places.damping : places.drive;
#pragma unroll
                for (int index = 0; index < 4; ++index) {
                    const int out = part.first_out + lane / 4 + index / 2 * 8;
                    const int in = column % weights_.tiles() * TILE_COLUMNS + lane % 4 * 2 + index % 2;
                    if (out < lattice_.channels() && in < lattice_.channels()) {
                        float *sum =
                            partials + (start + (out * lattice_.channels() + in) * lattice_.taps() + part.tap);
                        *sum = slice == 0 ? sums_[own][n][index] : *sum + sums_[own][n][index];
                    }
                }
            }
        });
    }

    template <class Work> __device__ void for_own_parts(Work work) const {
        const int warp = threadIdx.x / WARP, warps = blockDim.x / WARP;
#pragma unroll
        for (int own = 0; own < ITEMS; ++own) {
            const int slice = (warp + own * warps) % slices_, index = (warp + own * warps) / slices_;
            const int tap = index / column_groups_ / out_tiles_;
            const int first_out = index / column_groups_ % out_tiles_ * TILE_ROWS;
            if (tap < lattice_.taps()) work(own, Part{tap, first_out, index % column_groups_ * COLUMN_TILES, slice});
        }
    }

    /// From a site to those that read it through a tap.
    __device__ int shift_back(int tap) const {
        const int row = lattice_.tap_rows() - 1 - tap / lattice_.tap_columns();
        const int column = lattice_.tap_columns() - 1 - tap % lattice_.tap_columns();
        return row * lattice_.pitch() + column;
    }

    __device__ void add_to_weights(const Fields &fields, SharedFloats grad_pre) {
        const int lane = threadIdx.x % WARP, columns = lattice_.columns;
        // Sites of a slice: whole tiles.
        const int share = (lattice_.sites() + slices_ * TILE_TERMS - 1) / (slices_ * TILE_TERMS) * TILE_TERMS;
        // Where a lane goes from one site in a map with border to that of the next tile.
        const int around = lattice_.pitch() - columns;
        const int advance = TILE_TERMS + TILE_TERMS / columns * around, column_advance = TILE_TERMS % columns;
        for_own_parts([&](int own, const Part &part) {
            // What lies beyond the last map or field is computed and thrown away.
            SharedFloats gradients[2], sources[COLUMN_TILES];
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int out = min(part.first_out + lane / 4 + 8 * half, lattice_.maps() - 1);
                gradients[half] = grad_pre + (lattice_.start(out) + shift_back(part.tap));
            }
#pragma unroll
            for (int n = 0; n < COLUMN_TILES; ++n) {
                const int column = min(part.first_column_tile + n, fields_ * weights_.tiles() - 1);
                const int field = column / weights_.tiles();
                SharedFloats maps = field == 0 ? fields.position : field == 1 ? fields.velocity : fields.drive;
                const int map = column % weights_.tiles() * TILE_COLUMNS + lane / 4;
                sources[n] = maps + (map * lattice_.bare_plane() + lane % 4);
            }
            int first = part.slice * share;
            const int end = min(first + share, lattice_.sites());
            // The two sites that this lane reads: their columns, and where they lie in a map with border.
            int column[2], place[2];
#pragma unroll
            for (int half = 0; half < 2; ++half) {
                const int site = first + lane % 4 + 4 * half, row = site / columns;
                column[half] = site - row * columns;
                place[half] = row * lattice_.pitch() + column[half];
            }
            // Of this step alone: tensor cores round every sum towards zero, which would add up over all steps.
            float step[COLUMN_TILES][4] = {};
            auto add_tile = [&](auto is_there) {
                Fragment<4, PRODUCTS> left;
#pragma unroll
                for (int index = 0; index < 4; ++index) {
                    const int half = index / 2;
                    left.set(index, is_there(half) ? static_cast<float>(gradients[index % 2][place[half]]) : 0.0f);
                }
#pragma unroll
                for (int n = 0; n < COLUMN_TILES; ++n) {
                    Fragment<2, PRODUCTS> right;
#pragma unroll
                    for (int half = 0; half < 2; ++half) {
                        right.set(half, is_there(half) ? static_cast<float>(sources[n][first + 4 * half]) : 0.0f);
                    }
                    multiply<PRODUCTS>(step[n], left, right);
                }
            };
#pragma unroll 1
            for (; first + TILE_TERMS <= end; first += TILE_TERMS) {
                add_tile([](int) { return true; });
#pragma unroll
                for (int half = 0; half < 2; ++half) {
                    column[half] += column_advance;
                    const bool wraps = column[half] >= columns;
                    column[half] -= wraps ? columns : 0;
                    place[half] += wraps ? advance + around : advance;
                }
            }
            if (first < end) add_tile([&](int half) { return first + lane % 4 + 4 * half < end; });
#pragma unroll
            for (int n = 0; n < COLUMN_TILES; ++n) {
#pragma unroll
                for (int index = 0; index < 4; ++index) sums_[own][n][index] += step[n][index];
            }
        });
    }

    const L &lattice_;
    TileWeights<L, PRODUCTS> weights_;
    int fields_, column_groups_, out_tiles_, slices_;
    float sums_[ITEMS][COLUMN_TILES][4] = {};
};

} // namespace nwm
