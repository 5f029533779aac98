// The adjoint of the recurrence of a locally coupled cell over a whole sequence, in one launch.
//
// From the last step to the first, with s = tanh(pre) and the gradients gx', gv' of the new state:
//
//   gv' += dt gx'                        gpre = dt (1 - s^2) gv'
//   gx   = gx' - dt gamma gv' + Kx^T gpre     gv = (1 - dt alpha) gv' + Kv^T gpre     gd = Kd^T gpre
//
// No coupling is evaluated again: s = (v' - v) / dt + gamma x + alpha v, and x = x' - dt v' where the tape has
// velocities alone. A state norm is pulled back first; its tape has positions.
//
// Grid: one block per sample. Block: up to 384 threads (one map) or 512 (several); a thread owns strips of 4 or 5 rows
// of a column, and keeps their states and gradients to itself: in registers if it has one strip, in shared memory if
// many.
// Neighbours read the gradient of the pre-activation alone, which lies in shared memory with a border: one map in two
// copies used in turn (one barrier a step), several maps in one copy (two barriers).
// Weight gradients: of one map in registers over all steps, 3 x taps a thread, and summed over the block at the end; of
// several maps every thread owns some taps of some pairs of maps, and adds up a slice of the rows.
// Parameter gradients of a sample go to its row of `partials`; sum_partials adds the rows in a fixed order.
// Shared memory: `backward_words` of the launching code; the tape is copied up to two steps ahead.
// Registers: see resources.csv; up to 168 with 384 threads, up to 128 with 512.
// Bytes moved: tape, drive and recorded gradients once, gradient of the drive once.
// Floor, one map of 23 x 23, 32 samples, 60 steps, from velocities: the machine code of torus_backward_5 for compute
// capability 9.0 has 507 instructions of a warp and step (counted), 101 a site: 180 for the couplings and their
// weights, 90 for the oscillators, 59 loads, stores and copies; addresses, conditions and the loop are the rest. Each
// of the four schedulers has one warp, so that these are 507 clocks, 17.9 us at 1.7 GHz; waiting, some 100 clocks a
// step (estimated), makes it 21 us. Forward and backward: 30 us counted, 37 us with waiting; launches and sum_partials
// are not in that, so that the target of 40 us is close. Memory: 8 MB in, 4 MB out, 4 us.
#include "backward.cuh"
#include "direct.cuh"
#include "sheet_backward.cuh"

NWM_BACKWARD_KERNEL(torus_backward_4, 384, nwm::run_sheet_backward<nwm::Sheet<3, 4, true>>)
NWM_BACKWARD_KERNEL(torus_backward_5, 384, nwm::run_sheet_backward<nwm::Sheet<3, 5, true>>)
NWM_BACKWARD_KERNEL(torus_backward_many, 384, nwm::run_sheet_backward<nwm::Sheet<3, 4, false>>)
NWM_BACKWARD_KERNEL(rings_backward_4, 384, nwm::run_sheet_backward<nwm::Sheet<1, 4, true>>)
NWM_BACKWARD_KERNEL(rings_backward_many, 384, nwm::run_sheet_backward<nwm::Sheet<1, 4, false>>)

using MapsLattice = nwm::Lattice<false>;
using MapsAdjoint = nwm::DirectBackward<MapsLattice>;
NWM_BACKWARD_KERNEL(maps_backward, 512, nwm::run_backward<MapsAdjoint, MapsLattice>)
