// The recurrence of a locally coupled cell over a whole sequence, in one launch.
//
//   pre = Kx(x) + Kv(v) + Kd(d) + b     v' = v + dt (tanh(pre) - gamma x - alpha v)     x' = x + dt v'
//
// Grid: one block per sample, which keeps the sample from the first step to the last. Block: up to 512 threads; a thread
// computes strips of four rows of a column (of four maps at once, if there are several).
// Shared memory: two sets of maps of x and v, which are read and written in turn, so that a step needs one barrier; the
// drive of two or three steps, copied ahead; the kernels, unless one map's fit registers. Words: `forward_words` of the
// launching code. Registers: see resources.csv; up to 128 are possible with 512 threads.
// Bytes moved: the drive once, what is recorded once; bias and projection stay in the first cache.
// Floor, one map of 23 x 23, 32 samples, 60 steps: about 60 instructions per site and step, 250 clocks a step on the four
// schedulers of a multiprocessor, plus some 100 for the barrier and the first loads behind it: 12 us at 1.75 GHz. Memory:
// 4 MB in, 8 MB out, 4 us.
#include "direct.cuh"
#include "forward.cuh"

using TorusLattice = nwm::Lattice<1, 3, 3>;
using TorusCouplings = nwm::DirectForward<TorusLattice, 1>;
NWM_FORWARD_KERNEL(torus_forward, 512, TorusLattice, TorusCouplings)

using RingsLattice = nwm::Lattice<1, 1, 3>;
using RingsCouplings = nwm::DirectForward<RingsLattice, 1>;
NWM_FORWARD_KERNEL(rings_forward, 512, RingsLattice, RingsCouplings)

using MapsLattice = nwm::Lattice<0, 0, 0>;
using MapsCouplings = nwm::DirectForward<MapsLattice, 4>;
NWM_FORWARD_KERNEL(maps_forward, 512, MapsLattice, MapsCouplings)
