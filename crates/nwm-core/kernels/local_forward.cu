// The recurrence of a locally coupled cell over a whole sequence, in one launch.
//
//   pre = Kx(x) + Kv(v) + Kd(d) + b     v' = v + dt (tanh(pre) - gamma x - alpha v)     x' = x + dt v'
//
// Grid: one block per sample, which keeps the sample from the first step to the last.
// Block, one map: up to 384 threads; a thread computes a strip of a column, of 4 or 5 rows as the kernel's name says,
// or many strips of 4. Several maps: up to 512 threads; a thread computes strips of 4 rows of 4 maps at once.
// Shared memory: two sets of x and v, which are read and written in turn, so that a step needs one barrier; the drive
// of two or three steps, copied ahead; the kernels of several maps (those of one map fit registers). Words:
// `forward_words` of the launching code. Registers: see resources.csv; up to 168 with 384 threads, up to 128 with 512.
// Bytes moved: the drive once, what is recorded once; bias and projection stay in the first cache.
// Floor, one map of 23 x 23, 32 samples, 60 steps, velocities recorded: the machine code of torus_forward_5 for compute
// capability 9.0 has 348 instructions of a warp and step (counted), 70 a site: 90 for the couplings, 80 for five tanh,
// 25 for the rest of the oscillators, 44 loads, stores and copies; addresses, conditions and the loop are the rest.
// Each of the four schedulers has one warp, so that these are 348 clocks, 12.3 us at 1.7 GHz. Waiting for first loads,
// quotients and the barrier comes on top, some 100 clocks a step (estimated): 16 us. The target of 15 us therefore
// follows from 1.8 GHz on; to be sure of it needs a sample on two multiprocessors. Memory: 4 MB in, 4 MB out, 2 us.
#include "direct.cuh"
#include "forward.cuh"
#include "sheet_forward.cuh"

NWM_FORWARD_KERNEL(torus_forward_4, 384, nwm::run_sheet_forward<nwm::Sheet<3, 4, true>>)
NWM_FORWARD_KERNEL(torus_forward_5, 384, nwm::run_sheet_forward<nwm::Sheet<3, 5, true>>)
NWM_FORWARD_KERNEL(torus_forward_many, 384, nwm::run_sheet_forward<nwm::Sheet<3, 4, false>>)
NWM_FORWARD_KERNEL(rings_forward_4, 384, nwm::run_sheet_forward<nwm::Sheet<1, 4, true>>)
NWM_FORWARD_KERNEL(rings_forward_many, 384, nwm::run_sheet_forward<nwm::Sheet<1, 4, false>>)

using MapsLattice = nwm::Lattice<false>;
using MapsCouplings = nwm::DirectForward<MapsLattice, 4>;
NWM_FORWARD_KERNEL(maps_forward, 512, nwm::run_forward<MapsCouplings, MapsLattice>)
