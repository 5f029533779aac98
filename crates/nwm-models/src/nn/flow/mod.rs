//! Flows: what moves a latent state through time.
//!
//! A flow is a learned vector field with the rule that follows it, or a learned map. Unrolled over a whole trajectory it is
//! one differentiable operation on the CPU: samples go through all steps block by block, and the gradients of the weights are single
//! products over all evaluations.

mod control;
mod field;
mod hamiltonian;
mod iteration;
mod leapfrog;
mod map;
mod network;
mod ode;
mod operation;
mod plain;
mod runge_kutta;
mod slope;
mod span;
mod tableau;
#[cfg(test)]
mod tests;
mod unroll;
mod value;

pub use hamiltonian::HamiltonianFlow;
pub use map::MapFlow;
pub use ode::{Integrator, OdeFlow, OdeOptions};
pub use span::{Direction, Span};
