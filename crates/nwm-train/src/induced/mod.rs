//! Induced travelling waves of a trained variational model: its last state is moved along its rings and decoded, without a
//! step of the cell (Keller and Welling, Neural Wave Machines, 2023, Figures 5 and 9).

mod file;
mod induce;
mod request;
mod true_film;

pub use file::INDUCED_KIND;
pub use induce::{InducedWaves, induce};
pub use request::{InduceRequest, InducedRecord, MOST_INDUCED_FILMS, MOST_INDUCED_STEPS};
