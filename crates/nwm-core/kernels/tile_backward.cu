// The adjoint of the recurrence of a cell of eight maps or more over a whole sequence, in one launch, on tensor cores.
//
// What is computed is in local_backward.cu. The gradient of a step's pre-activations is pulled back by one product of
// matrices; another one, over all sites, gives the gradients of the kernels, whose sums stay in registers over all steps.
// The number at the end of a name is how many parts of those a warp can hold: 3 are enough for 16 maps, 6 for 32.
//
// Grid: one block per sample. Block: 16 warps; each pulls back to 16 sites of 16 maps at a time.
// Shared memory: the gradient of the pre-activations with border; position, velocity and their gradients without; sums of bias and
// projection; the tape ahead; kernels as tiles. 140 kB for 16 maps of 16 x 16 with a projected input.
// Registers: see resources.csv; up to 128. Two barriers a step.
// Bytes moved: tape and recorded gradients once.
// Floor, 16 maps of 16 x 16, 120 samples, 784 steps: 2304 products of tiles a step, three times that for tf32x3: 2.1
// and 6.2 ms on tensor cores. What holds them up are the two innermost loops (counted, compute capability 9.0): 104 and
// 155 instructions to pull back through one tap and eight maps, 18 turns of four warps on each scheduler; 57 and 102
// for the weights of eight sites, 16 turns for each of 36 halves of parts, of which the busiest scheduler has nine.
// Together 15700 and 25800 clocks a step, 7.2 and 11.9 ms at 1.7 GHz. The rest of a step is not counted. Forward and
// backward are 15.8 ms in tf32x3, so that the target of 20 ms leaves 4 ms for the rest.
#include "backward.cuh"
#include "tiles.cuh"

using TiledLattice = nwm::Lattice<true>;

using Tf32Adjoint3 = nwm::TileBackward<TiledLattice, 1, 3>;
NWM_BACKWARD_KERNEL(tf32_backward_3, 512, nwm::run_backward<Tf32Adjoint3, TiledLattice>)

using Tf32Adjoint6 = nwm::TileBackward<TiledLattice, 1, 6>;
NWM_BACKWARD_KERNEL(tf32_backward_6, 512, nwm::run_backward<Tf32Adjoint6, TiledLattice>)

using Tf32x3Adjoint3 = nwm::TileBackward<TiledLattice, 3, 3>;
NWM_BACKWARD_KERNEL(tf32x3_backward_3, 512, nwm::run_backward<Tf32x3Adjoint3, TiledLattice>)

using Tf32x3Adjoint6 = nwm::TileBackward<TiledLattice, 3, 6>;
NWM_BACKWARD_KERNEL(tf32x3_backward_6, 512, nwm::run_backward<Tf32x3Adjoint6, TiledLattice>)
