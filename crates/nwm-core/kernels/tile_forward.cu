// The recurrence of a cell of eight maps or more over a whole sequence, in one launch, its couplings on tensor cores.
//
// What is computed is in local_forward.cu; here a step's couplings are a product of matrices, sites by taps and maps.
// tf32_forward rounds factors to TF32, tf32x3_forward is nearly as exact as single precision (tiles.cuh).
//
// Grid: one block per sample. Block: up to 16 warps, each of which computes 32 sites of 16 maps at a time.
// Shared memory: as in local_forward.cu; maps are padded to a multiple of eight and to lengths without conflicts of banks,
// and the kernels lie there as tiles, once or (tf32x3) twice. 121 kB for 16 maps of 16 x 16 with a projected input.
// Registers: see resources.csv; up to 128.
// Bytes moved: the record, 16 kB a step and sample for velocities alone; inputs are a few numbers.
// Floor, 16 maps of 16 x 16, 120 samples, 784 steps: 1152 products of tiles a step, three times that for tf32x3, at two
// clocks each on a multiprocessor: 1.0 and 3.1 ms at 1.75 GHz. What holds the couplings up is the innermost loop, of 64
// and 116 instructions (counted, compute capability 9.0) for the products of one tap and eight maps: with 36 turns and
// two warps on each scheduler 4600 and 8400 clocks a step, 2.1 and 3.9 ms at 1.7 GHz. The rest of a step is not
// counted. Writing the velocities: 1.54 GB, 0.5 ms.
#include "forward.cuh"
#include "tiles.cuh"

using TiledLattice = nwm::Lattice<true>;

using Tf32Couplings = nwm::TileForward<TiledLattice, 1>;
NWM_FORWARD_KERNEL(tf32_forward, 512, nwm::run_forward<Tf32Couplings, TiledLattice>)

using Tf32x3Couplings = nwm::TileForward<TiledLattice, 3>;
NWM_FORWARD_KERNEL(tf32x3_forward, 512, nwm::run_forward<Tf32x3Couplings, TiledLattice>)
