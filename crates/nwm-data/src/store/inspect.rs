//! What a file contains, and whether it is intact.

use std::path::Path;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::metadata::{
    ArrayLayout, ArrayRecord, FRAMES, Generator, Metadata, REGENERATE, hexadecimal,
};
use super::read::{open_array, read_f64, read_u32, verify};
use crate::error::Result;
use crate::hdf5_file::{Element, Reader};
use crate::spec::DatasetSpec;

/// What a file contains.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Summary {
    /// Version of the layout.
    pub format: u32,
    /// The program that made the numbers.
    pub generator: Generator,
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

/// Describes a file and verifies all of it, pictures included, with one trajectory's pictures in
/// memory at a time.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) if the file cannot be opened,
/// [`Error::Content`](crate::Error::Content) if its metadata cannot be read or is damaged. A
/// damaged array is no error but part of the summary.
pub fn inspect(path: &Path) -> Result<Summary> {
    let file = Reader::open(path, REGENERATE)?;
    let metadata = Metadata::read(&file)?;
    let mut layouts = ArrayLayout::of(&metadata.dataset);
    if let Some([_, _, rows, columns, _]) =
        metadata.arrays.get(FRAMES).map(|record| record.shape.as_slice())
    {
        layouts.push(ArrayLayout::frames(&metadata.dataset, [*rows, *columns]));
    }
    let arrays: Vec<ArrayReport> = layouts
        .iter()
        .map(|layout| ArrayReport {
            name: layout.name.to_owned(),
            record: metadata.arrays.get(layout.name).cloned(),
            problem: check(&file, &metadata, layout).err().map(|error| error.to_string()),
        })
        .collect();
    let intact = arrays.iter().all(|array| array.problem.is_none());
    Ok(Summary {
        format: metadata.format,
        generator: metadata.generator,
        dataset: metadata.dataset,
        parameter_names: metadata.parameter_names,
        bytes: file.bytes(),
        arrays,
        integrity: if intact { Integrity::Intact } else { Integrity::Damaged },
    })
}

/// Reads an array and verifies its digest.
fn check(file: &Reader, metadata: &Metadata, layout: &ArrayLayout) -> Result<()> {
    match layout.element {
        Element::U32 => read_u32(file, metadata, layout).map(drop),
        Element::U8 => check_frames(file, metadata, layout),
        Element::F32 | Element::F64 => read_f64(file, metadata, layout).map(drop),
    }
}

/// Verifies the digest of the pictures, trajectory by trajectory.
fn check_frames(file: &Reader, metadata: &Metadata, layout: &ArrayLayout) -> Result<()> {
    let (array, digest) = open_array(file, metadata, layout)?;
    let mut hash = Sha256::new();
    let (mut starts, mut counts) = (vec![0; layout.shape.len()], layout.shape.clone());
    counts[0] = 1;
    for trajectory in 0..layout.shape[0] {
        starts[0] = trajectory;
        hash.update(array.read_u8(&starts, &counts)?);
    }
    verify(&array, &hexadecimal(&hash.finalize()), &digest)
}
