//! Data sets on disk: one HDF5 file, self-describing and self-checking.
//!
//! | name | axes | type | |
//! |---|---|---|---|
//! | `states` | trajectory, frame, dimension | f64 | positions, then momenta |
//! | `times` | frame | f64 | in the units of the equations |
//! | `parameters` | trajectory, parameter | f64 | names in the metadata |
//! | `offsets` | trajectory, axis | f64 | displacement of the picture, world units |
//! | `colour_indices` | trajectory, ball | u32 | |
//! | `frames` | trajectory, frame, row, column, channel | u8 | only on request; compressed |
//!
//! The attribute `metadata` of the root is a JSON text ([`Metadata`]): version of the format, the
//! specification of the data set, shape, type and SHA-256 of every array (of its little-endian
//! bytes in row-major order). The attribute `metadata_sha256` guards that text itself. Files are
//! written atomically: see [`crate::atomic`].
//!
//! Versions: a program reads format [`FORMAT`] and refuses others by name. Any new array or key
//! raises the number.

mod inspect;
mod metadata;
mod read;
mod write;

pub use inspect::{ArrayReport, Integrity, Summary, inspect};
pub use metadata::{ArrayRecord, FORMAT, Generator, Metadata};
pub use read::read;
pub use write::{WriteOptions, write};
