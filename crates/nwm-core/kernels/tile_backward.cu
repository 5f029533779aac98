// The adjoint of the recurrence of a cell of eight maps or more over a whole sequence, in one launch, on tensor cores.
//
// What is computed is in local_backward.cu. The gradient of a step's pre-activations is pulled back by one product of
// matrices; another one, over all sites, gives the gradients of the kernels, whose sums stay in registers over all steps.
// The number at the end of a name is how many parts of those a warp can hold: 2 are enough for 16 maps, 6 for 32.
//
// Grid: one block per sample. Block: 16 warps; each pulls back to 16 sites of 16 maps at a time.
// Shared memory: the gradient of the pre-activations with border; position, velocity and their gradients without; sums of bias and
// projection; the tape ahead; kernels as tiles. 140 kB for 16 maps of 16 x 16 with a projected input.
// Registers: see resources.csv; up to 128. Two barriers a step.
// Bytes moved: tape and recorded gradients once.
// Floor, 16 maps of 16 x 16, 120 samples, 784 steps: 2304 products of tiles a step, three times that for tf32x3: 2.1 and 6.2 ms.
#include "backward.cuh"
#include "tiles.cuh"

using TiledLattice = nwm::Lattice<0, 0, 0, true>;

using Tf32Adjoint2 = nwm::TileBackward<TiledLattice, 1, 2>;
NWM_BACKWARD_KERNEL(tf32_backward_2, 512, TiledLattice, Tf32Adjoint2)

using Tf32Adjoint6 = nwm::TileBackward<TiledLattice, 1, 6>;
NWM_BACKWARD_KERNEL(tf32_backward_6, 512, TiledLattice, Tf32Adjoint6)

using Tf32x3Adjoint2 = nwm::TileBackward<TiledLattice, 3, 2>;
NWM_BACKWARD_KERNEL(tf32x3_backward_2, 512, TiledLattice, Tf32x3Adjoint2)

using Tf32x3Adjoint6 = nwm::TileBackward<TiledLattice, 3, 6>;
NWM_BACKWARD_KERNEL(tf32x3_backward_6, 512, TiledLattice, Tf32x3Adjoint6)
