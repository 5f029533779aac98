//! Particle systems of the Hamiltonian dynamics suite: equations, initial states, solutions.
//!
//! One file per system. A state is `[positions..., momenta...]`; angles are unwrapped radians
//! measured from hanging down; time is in the units of the equations.

mod initial;
mod integrator;
mod mass_spring;
mod pendulum;
mod system;

pub use integrator::{DormandPrince, Effort};
pub use system::System;
pub(crate) use system::ball_radius;
