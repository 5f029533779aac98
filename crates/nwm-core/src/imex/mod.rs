//! The step of the cell: its definition, the fused forward pass, and the backward pass.
//!
//! [`mod@reference`] is the definition. `cpu` and `adjoint` drive whole batches and leave the
//! couplings to `few` or `many` (kernels between a few or many maps, on a torus or on rings) or to
//! `dense` (matrices).

pub(crate) mod adjoint;
pub(crate) mod coupling;
pub(crate) mod cpu;
pub(crate) mod dense;
pub(crate) mod few;
pub(crate) mod many;
pub(crate) mod norm;
pub(crate) mod planes;
pub mod reference;
pub(crate) mod sums;
