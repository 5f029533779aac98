//! Files of named arrays: one HDF5 file, self-describing and self-checking.
//!
//! Data sets ([`crate::store`]) are such files, and so is whatever else is written for readers in other languages. A file
//! has a `kind`, a description `about` it, and arrays that grow by rows, the entries along their first axis: nothing but
//! the rows at hand is in memory.
//!
//! ```
//! use nwm_data::arrays::{self, ArrayLayout, ArraysFile, Element};
//!
//! # fn main() -> Result<(), nwm_data::Error> {
//! # let folder = tempfile::tempdir().unwrap();
//! let path = folder.path().join("waves.h5");
//! let phases = ArrayLayout::new("phase", &["trial", "time"], &[2, 3], Element::F32);
//! arrays::write(&path, "phases", &"of two trials", vec![phases], |file| {
//!     file.append("phase", &[0.0_f32, 0.1, 0.2])?;
//!     file.append("phase", &[1.0_f32, 1.1, 1.2])
//! })?;
//!
//! let file = ArraysFile::open(&path)?;
//! assert_eq!(file.kind(), "phases");
//! assert_eq!(file.about::<String>()?, "of two trials");
//! assert_eq!(file.read::<f32>("phase")?[4], 1.1);
//! # Ok(())
//! # }
//! ```
//!
//! Arrays are stored in chunks, regrouped by significance of the bytes and deflated (`shuffle`, `gzip`): whole rows where
//! these are small, else parts of one row along the second axis.
//!
//! The attribute `metadata` of the root is a JSON text: `format` ([`FORMAT`]), `kind`, `about`, and `arrays` with axes,
//! shape, type and digest of each. A digest is the SHA-256 over the SHA-256 of the array's rows (as little-endian bytes).
//! The attribute `metadata_sha256` guards that text itself. Files appear complete or not at all: see [`crate::atomic`].

mod digest;
mod element;
mod inspect;
mod layout;
mod metadata;
mod read;
mod write;

pub use element::{Element, Number};
pub(crate) use inspect::check;
pub use inspect::{ArrayReport, Integrity, Summary, inspect, kind_of};
pub use layout::ArrayLayout;
pub use metadata::{ArrayRecord, FORMAT};
pub(crate) use metadata::{METADATA, REGENERATE, read_metadata, write_metadata};
pub use read::ArraysFile;
pub(crate) use read::StoredArray;
pub(crate) use write::{ArrayWriter, NUMBER_LEVEL, PICTURE_LEVEL, portions};
pub use write::{ArraysWriter, write};
