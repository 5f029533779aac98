//! Data sets on disk: one HDF5 file, self-describing and self-checking.
//!
//! | name | axes | type | |
//! |---|---|---|---|
//! | `states` | trajectory, frame, dimension | f64 | positions, then momenta; strategies of games |
//! | `times` | frame | f64 | in the units of the equations |
//! | `parameters` | trajectory, parameter | f64 | names in the metadata; absent for games |
//! | `offsets` | trajectory, axis | f64 | displacement of the picture, world units |
//! | `colour_indices` | trajectory, ball | u32 | absent for games |
//! | `frames` | trajectory, frame, row, column, channel | u8 | only on request |
//!
//! Chunks, compression and digests are those of all files of [`crate::arrays`]. The attribute `metadata` of the root is a
//! JSON text of its own ([`Metadata`]): version of the format, origin, the specification of the data set; shape, type and
//! digest of every array. Files appear complete or not at all: see [`crate::atomic`].
//!
//! [`generate()`] makes files larger than the memory and can be interrupted; [`Dataset`] reads them. [`import()`] copies the
//! suite's published files.
//!
//! Versions: a program reads format [`FORMAT`] and refuses others by name. Any new array or key
//! raises the number.

mod dataset;
mod generate;
mod import;
mod inspect;
mod layout;
mod metadata;
mod parts;
mod write;

pub use crate::arrays::{ArrayRecord, ArrayReport, Integrity};
pub use dataset::{Dataset, read};
pub use generate::{Progress, Stage, generate};
pub use import::{ImportOptions, import};
pub use inspect::{Summary, inspect};
pub(crate) use metadata::split_of;
pub use metadata::{FORMAT, Metadata, Origin, SourceFile};
pub use write::{WriteOptions, write};
