// The adjoint of the recurrence of a locally coupled cell over a whole sequence, in one launch.
//
// From the last step to the first, with s = tanh(pre) and the gradients gx', gv' of the new state:
//
//   gv' += dt gx'                        gpre = dt (1 - s^2) gv'
//   gx   = gx' - dt gamma gv' + Kx^T gpre     gv = (1 - dt alpha) gv' + Kv^T gpre     gd = Kd^T gpre
//
// No coupling is evaluated again: s = (v' - v) / dt + gamma x + alpha v, and x = x' - dt v' where the tape has velocities
// alone. A state norm is pulled back first; its tape has positions.
//
// Grid: one block per sample. Block: up to 512 threads; a thread owns strips of four rows of a column, and keeps their
// states and gradients to itself. Neighbours read the gradient of the pre-activation alone, which lies in shared memory
// with a border: one map in two copies used in turn (one barrier a step), several maps in one copy (two barriers).
// Weight gradients: of one map in registers over all steps, 3 x taps a thread, and summed over the block at the end; of
// several maps every thread owns some taps of some pairs of maps, and goes over all sites.
// Parameter gradients of a sample go to its row of `partials`; sum_partials adds the rows in a fixed order.
// Shared memory: `backward_words` of the launching code; the tape is copied up to two steps ahead.
// Bytes moved: tape, drive and recorded gradients once, gradient of the drive once.
// Floor, one map of 23 x 23, 32 samples, 60 steps: about 110 instructions per site and step, 450 clocks a step and 100 for
// the barrier: 19 us at 1.75 GHz. Memory: 20 MB in, 4 MB out, 7 us.
#include "backward.cuh"
#include "direct.cuh"

using TorusLattice = nwm::Lattice<1, 3, 3>;
using TorusAdjoint = nwm::DirectBackward<TorusLattice>;
NWM_BACKWARD_KERNEL(torus_backward, 512, TorusLattice, TorusAdjoint)

using RingsLattice = nwm::Lattice<1, 1, 3>;
using RingsAdjoint = nwm::DirectBackward<RingsLattice>;
NWM_BACKWARD_KERNEL(rings_backward, 512, RingsLattice, RingsAdjoint)

using MapsLattice = nwm::Lattice<0, 0, 0>;
using MapsAdjoint = nwm::DirectBackward<MapsLattice>;
NWM_BACKWARD_KERNEL(maps_backward, 512, MapsLattice, MapsAdjoint)
