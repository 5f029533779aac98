//! The step of the cell: its definition, the fused forward pass, and the backward pass.
//!
//! [`mod@reference`] is the definition. `cpu` and `adjoint` drive whole batches and leave the
//! couplings to `local` (kernels on a torus or rings) or `dense` (matrices).

pub(crate) mod adjoint;
pub(crate) mod coupling;
pub(crate) mod cpu;
pub(crate) mod dense;
pub(crate) mod local;
pub(crate) mod norm;
pub mod reference;
pub(crate) mod stencil;
