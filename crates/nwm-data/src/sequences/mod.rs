//! Data of the sequence experiments: digits as sequences and on a turntable, the adding problem, gratings, noise.

mod adding;
mod chosen_digits;
mod digit_sequences;
mod films;
mod gratings;
mod noise;
mod permutation;
mod rotation;
mod turning_digits;

pub use adding::{AddingBatch, AddingProblem};
pub use digit_sequences::{DigitSequenceOptions, DigitSequences, PixelOrder, SequenceBatch};
pub use films::{FilmBatch, FilmSubject, Films};
pub use gratings::{Grating, MovingGratings};
pub use noise::{NoiseFilms, uniform_noise};
pub use permutation::{psmnist_permutation, rotating_split, sequential_split, torch_permutation};
pub use rotation::{TURNTABLE_ANGLES, rotate};
pub use turning_digits::{TurningDigits, TurningDigitsOptions};
