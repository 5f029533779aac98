//! What a file contains, and whether it is intact.

use std::path::Path;

use serde::Serialize;

use super::layout::{self, FRAMES};
use super::metadata::{Metadata, Origin};
use crate::arrays::{ArrayReport, Integrity, REGENERATE, StoredArray, check};
use crate::error::Result;
use crate::hdf5_file::{Author, Reader};
use crate::spec::DatasetSpec;

/// What a file contains.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Version of the layout.
    pub format: u32,
    /// Where the numbers come from.
    pub origin: Origin,
    /// Which data set this is.
    pub dataset: DatasetSpec,
    /// Names of the parameters.
    pub parameter_names: Vec<String>,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// The arrays, in the order of the layout.
    pub arrays: Vec<ArrayReport>,
    /// Whether every array is what the metadata says.
    pub integrity: Integrity,
}

/// Describes a file and verifies all of it, pictures included, with some megabytes in memory at a time.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) if the file cannot be opened,
/// [`Error::Content`](crate::Error::Content) if its metadata cannot be read or is damaged. A
/// damaged array is no error but part of the summary.
pub fn inspect(path: &Path) -> Result<Summary> {
    let file = Reader::open(path, Author::ThisCrate, REGENERATE)?;
    let metadata = Metadata::read(&file)?;
    let mut layouts = layout::arrays(&metadata.dataset);
    if let Some(record) = metadata.arrays.get(FRAMES) {
        // A record of another rank is compared, too, and found to be wrong.
        let sides = match record.shape.as_slice() {
            &[_, _, rows, columns, _] => [rows, columns],
            _ => [0; 2],
        };
        layouts.push(layout::frames(&metadata.dataset, sides));
    }
    let arrays: Vec<ArrayReport> = layouts
        .iter()
        .map(|layout| ArrayReport {
            name: layout.name().to_owned(),
            record: metadata.arrays.get(layout.name()).cloned(),
            problem: check(StoredArray::open(&file, &metadata.arrays, layout.clone())),
        })
        .collect();
    Ok(Summary {
        format: metadata.format,
        origin: metadata.origin,
        dataset: metadata.dataset,
        parameter_names: metadata.parameter_names,
        bytes: file.bytes(),
        integrity: Integrity::of(&arrays),
        arrays,
    })
}
