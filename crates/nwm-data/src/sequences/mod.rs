//! Data of the sequence experiments: digits as sequences and on a turntable, the adding problem, gratings, noise.

mod adding;
mod gratings;
mod noise;
mod permutation;
mod rotation;

pub use adding::{AddingBatch, AddingProblem};
pub use gratings::{Grating, MovingGratings};
pub use noise::uniform_noise;
pub use permutation::{psmnist_permutation, rotating_split, sequential_split, torch_permutation};
pub use rotation::{TURNTABLE_ANGLES, rotate};
