//! What a file contains, and whether it is intact.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::metadata::{ArrayRecord, METADATA, Metadata, REGENERATE};
use super::read::{ArraysFile, StoredArray};
use crate::error::Result;
use crate::hdf5_file::{Author, Reader};

/// What a file contains.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Version of the layout.
    pub format: u32,
    /// What kind of file it is.
    pub kind: String,
    /// What it says about itself.
    pub about: Value,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// The arrays, by name.
    pub arrays: Vec<ArrayReport>,
    /// Whether every array is what the metadata says.
    pub integrity: Integrity,
}

/// One array of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ArrayReport {
    /// Its name.
    pub name: String,
    /// What the metadata says about it.
    pub record: Option<ArrayRecord>,
    /// What is wrong with it, if anything.
    pub problem: Option<String>,
}

/// The verdict on a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Integrity {
    /// Every array has the shape, the type and the digest that the metadata says.
    Intact,
    /// At least one array does not; its report says why.
    Damaged,
}

impl Integrity {
    /// The verdict on a file of these arrays.
    pub(crate) fn of(arrays: &[ArrayReport]) -> Self {
        match arrays.iter().all(|array| array.problem.is_none()) {
            true => Self::Intact,
            false => Self::Damaged,
        }
    }
}

/// The kind of a file that this crate writes and that is no data set; none for all others.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) if the file cannot be opened, [`Error::Content`](crate::Error::Content) if it is no
/// complete HDF5 file of this crate.
pub fn kind_of(path: &Path) -> Result<Option<String>> {
    #[derive(Deserialize)]
    struct OfKind {
        kind: String,
    }
    let file = Reader::open(path, Author::ThisCrate, REGENERATE)?;
    let metadata = file.attribute(METADATA).ok();
    let kind = metadata.and_then(|text| serde_json::from_str::<OfKind>(&text).ok());
    Ok(kind.map(|metadata| metadata.kind))
}

/// Describes a file and verifies all of it, some megabytes, or a row, in memory at a time.
///
/// # Errors
///
/// Those of [`ArraysFile::open`]. A damaged array is no error but part of the summary.
pub fn inspect(path: &Path) -> Result<Summary> {
    let file = ArraysFile::open(path)?;
    let names = file.arrays().iter();
    let arrays: Vec<ArrayReport> = names
        .map(|(name, record)| ArrayReport {
            name: name.clone(),
            record: Some(record.clone()),
            problem: check(file.stored(name)),
        })
        .collect();
    let (bytes, integrity) = (file.file.bytes(), Integrity::of(&arrays));
    let Metadata { format, kind, about, .. } = file.metadata;
    Ok(Summary { format, kind, about, bytes, arrays, integrity })
}

/// What is wrong with an array, if anything.
pub(crate) fn check(array: Result<StoredArray>) -> Option<String> {
    array.and_then(|array| array.verify()).err().map(|error| error.to_string())
}
