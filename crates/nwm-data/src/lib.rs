//! Seeded physical-dynamics data sets for neural wave machines: the same bytes on every machine.
//!
//! The particle systems of the Hamiltonian dynamics suite are simulated in double precision, drawn
//! as soft discs of 32 x 32 pixels, stored as states in self-checking HDF5 files, and handed to a
//! training as batches that depend on the seed and the step alone. Pictures from a user's own HDF5
//! file enter through the same door.
//!
//! ```
//! use std::sync::Arc;
//!
//! use nwm_data::{
//!     DatasetSpec, Loader, LoaderOptions, RenderedTrajectories, Split, SplitFrames, System,
//! };
//!
//! # fn main() -> Result<(), nwm_data::Error> {
//! let spec = DatasetSpec { frames: 80, ..DatasetSpec::new(System::Pendulum, Split::Train, 16) };
//! let set = Arc::new(nwm_data::generate(&spec)?);
//! println!("energy of trajectory 3 at the start: {}", set.invariant(3, 0)?);
//!
//! let frames = SplitFrames::new(Arc::new(RenderedTrajectories::new(set)))?;
//! let options = LoaderOptions { batch_size: 4, ..LoaderOptions::default() };
//! let batch = Loader::new(frames, options)?.next_batch()?;
//! assert_eq!(batch.shape, [60, 4, 32, 32, 3]); // time, batch, row, column, channel
//! # Ok(())
//! # }
//! ```
//!
//! # Main types
//!
//! - [`DatasetSpec`] says which data set: [`System`], [`Variant`], [`Split`], seed and size.
//!   [`generate`] turns it into [`Trajectories`]; [`store`] keeps them in a file.
//! - [`Renderer`] draws one state; [`RenderedTrajectories`] draws those that are asked for.
//! - [`FrameSource`] is anything that frames can be read from; [`FramesFile`] is a user's file.
//! - [`Loader`] makes training batches, [`Window`] the windows of an evaluation.
//! - [`Scenes`] are what pictures show, a hundredth of their size, and can be drawn on a GPU with the same bits.
//! - [`recording`] reads activity on a grid from NPY, NPZ and HDF5 files.
//! - [`arrays`] keeps named arrays of any kind in files that check themselves.
//! - [`atomic`] writes files that are complete or absent.
//!
//! The sequence experiments have batches of their own, which need no file but MNIST's: [`DigitSequences`] are labelled
//! digits read pixel by pixel, [`AddingProblem`] marks two numbers of a long sequence, and [`TurningDigits`],
//! [`MovingGratings`] and [`NoiseFilms`] are films behind one trait, [`Films`]. Here, too, batch `k` depends on the settings,
//! the seed and `k` alone.
//!
//! # Conventions
//!
//! - A state is `[positions..., momenta...]`; angles are unwrapped radians from hanging down.
//! - Frames have the axes `[row, column, channel]`, values in 0..1 (bytes over 255). Row 0 is the
//!   smallest `y`: pictures are upside down, as in the suite.
//! - A data set is a function of system, variant, split, seed, size and [`GENERATOR_VERSION`]: the
//!   same bytes on every machine and for any number of threads. Sines, powers and exponentials come
//!   from the `libm` crate, since those of the standard library differ between platforms. Random
//!   numbers come from ChaCha with 8 rounds, keyed by SHA-256: there is no hidden state.
//! - A larger set starts with the smaller one of the same seed, a longer trajectory with the
//!   shorter one (not of two bodies with random parameters, see [`DatasetSpec::frames`]).
//!
//! # Features
//!
//! `download` adds the module `download`, which fetches published sets (MNIST) over HTTPS. There are no default features.
//!
//! # Cost
//!
//! A trajectory of 512 states has 8 KiB or more and takes a hundredth of a millisecond (springs, in closed form) to half of
//! one (double pendulums); a picture takes some microseconds, so pictures are drawn when needed rather than stored. `cargo
//! xtask bench data` in the repository measures all of it.

mod appearances;
pub mod arrays;
pub mod atomic;
mod batch;
mod device;
mod discs;
#[cfg(feature = "download")]
pub mod download;
mod epochs;
mod error;
pub mod foreign;
mod frames_file;
mod generate;
mod hdf5_file;
mod hexadecimal;
mod input_file;
mod integrators;
mod loader;
mod mnist;
mod names;
mod prefetch;
pub mod recording;
mod render;
mod scenes;
mod sequences;
mod source;
mod spec;
mod split_frames;
pub mod store;
mod stream;
mod systems;
pub mod tfrecord;
mod trajectories;
mod window;

pub use batch::{Batch, BatchFrames};
pub use discs::BACKGROUND;
pub use error::{Error, Result};
pub use frames_file::FramesFile;
pub use generate::generate;
pub use integrators::{Coordinates, DormandPrince, Effort, Leapfrog};
pub use loader::{Cursor, Loader, LoaderOptions};
pub use mnist::{Digits, IdxArray, MnistPart, read_idx};
pub use names::nearest_name;
pub use render::{Appearance, CHANNELS, DEFAULT_RESOLUTION, PixelValue, Renderer};
pub use scenes::Scenes;
pub use sequences::{
    AddingBatch, AddingProblem, DigitSequenceOptions, DigitSequences, FilmBatch, FilmSubject,
    Films, Grating, MovingGratings, NoiseFilms, PixelOrder, SequenceBatch, TURNTABLE_ANGLES,
    TurningDigits, TurningDigitsOptions, psmnist_permutation, rotate, rotating_split,
    sequential_split, torch_permutation, uniform_noise,
};
pub use source::{FrameSource, RenderedTrajectories};
pub use spec::{DatasetSpec, GENERATOR_VERSION, Split, Variant};
pub use split_frames::{SplitFrames, SplitType, Testing, Training, Validation};
pub use systems::{NBody, System};
pub use trajectories::Trajectories;
pub use window::Window;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
