//! The systems of the Hamiltonian dynamics suite: equations, random parameters and initial states, solutions,
//! and what their pictures show. One file per system.
//!
//! A state is `[positions..., momenta...]`, of a game `[first player's strategy..., second player's...]`; angles are
//! unwrapped radians measured from hanging down; time is in the units of the equations.

mod double_pendulum;
mod equations;
mod mass_spring;
mod matching_pennies;
mod n_body;
mod pendulum;
mod random;
mod replicator;
mod rock_paper_scissors;
mod system;
mod two_body;

pub(crate) use equations::{MOST_BALLS, Picture, ball_radius};
pub use n_body::NBody;
pub use system::System;
