//! Reading a data set.

use std::path::Path;

use super::metadata::{ArrayLayout, Generator, Metadata, REGENERATE, sha256_of};
use crate::error::Result;
use crate::hdf5_file::{Array, Element, Reader};
use crate::trajectories::Trajectories;

/// Deflate cannot compress further than this.
const DEFLATE_LIMIT: u64 = 1032;

/// Reads the states of a data set and all that belongs to them, and verifies version, names,
/// shapes and digests. Pictures in the file are left alone: they follow from the states.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) if the file cannot be opened,
/// [`Error::Content`](crate::Error::Content) if it is not a complete, intact data set of this
/// version and generator.
pub fn read(path: &Path) -> Result<Trajectories> {
    let file = Reader::open(path, REGENERATE)?;
    let metadata = Metadata::read(&file)?;
    let current = Generator::current();
    if metadata.generator != current {
        let name = |generator: &Generator| format!("{} {}", generator.name, generator.version);
        return Err(file.content("metadata generator", name(&metadata.generator), name(&current)));
    }
    let spec = metadata.dataset.clone();
    let layouts = ArrayLayout::of(&spec);
    let doubles = |name| match layouts.iter().find(|layout| layout.name == name) {
        Some(layout) => read_f64(&file, &metadata, layout),
        None => Ok(Vec::new()),
    };
    let colour_indices = match layouts.iter().find(|layout| layout.name == "colour_indices") {
        Some(layout) => read_u32(&file, &metadata, layout)?,
        None => Vec::new(),
    };
    let stored_times = doubles("times")?;
    for (frame, &time) in stored_times.iter().enumerate() {
        if time != frame as f64 * spec.dt {
            let expected = format!("{} (frame x dt)", frame as f64 * spec.dt);
            return Err(file.content(
                format!("dataset /times[{frame}]"),
                time.to_string(),
                expected,
            ));
        }
    }
    Trajectories::from_arrays(
        spec,
        doubles("states")?,
        doubles("parameters")?,
        doubles("offsets")?,
        colour_indices,
    )
}

/// Reads a whole array of double-precision numbers and verifies its digest.
pub(super) fn read_f64(
    file: &Reader,
    metadata: &Metadata,
    layout: &ArrayLayout,
) -> Result<Vec<f64>> {
    let (array, digest) = open_array(file, metadata, layout)?;
    let values = array.read_f64(&vec![0; layout.shape.len()], &layout.shape)?;
    verify(&array, &sha256_of(&values), &digest)?;
    Ok(values)
}

/// Reads a whole array of whole numbers and verifies its digest.
pub(super) fn read_u32(
    file: &Reader,
    metadata: &Metadata,
    layout: &ArrayLayout,
) -> Result<Vec<u32>> {
    let (array, digest) = open_array(file, metadata, layout)?;
    let values = array.read_u32(&vec![0; layout.shape.len()], &layout.shape)?;
    verify(&array, &sha256_of(&values), &digest)?;
    Ok(values)
}

/// Opens an array, compares its shape and type with the layout and with the metadata, and returns
/// it with the digest that it should have.
pub(super) fn open_array(
    file: &Reader,
    metadata: &Metadata,
    layout: &ArrayLayout,
) -> Result<(Array, String)> {
    let Some(record) = metadata.arrays.get(layout.name) else {
        let place = format!("metadata of dataset {}", layout.name);
        return Err(file.content(place, "nothing", layout.description()));
    };
    if *record != layout.record(record.sha256.clone()) {
        let place = format!("metadata of dataset {}", layout.name);
        let found =
            format!("[{}] = {:?} of {}", record.axes.join(", "), record.shape, record.element);
        return Err(file.content(place, found, layout.description()));
    }
    let array = file.array(layout.name)?;
    if array.shape() != layout.shape || array.element() != layout.element {
        let found = format!("{:?} of {}", array.shape(), array.element().name());
        return Err(array.content(found, layout.description()));
    }
    // A damaged count must not make the program ask for more memory than the file can fill.
    let bytes = layout.bytes();
    let capacity = file.bytes().saturating_mul(match layout.element {
        Element::U8 => DEFLATE_LIMIT,
        Element::U32 | Element::F32 | Element::F64 => 1,
    });
    if bytes > capacity {
        let found = format!("a file of {} bytes", file.bytes());
        return Err(array.content(found, format!("a file that can hold {bytes} bytes of data")));
    }
    Ok((array, record.sha256.clone()))
}

/// Compares digests.
pub(super) fn verify(array: &Array, found: &str, expected: &str) -> Result<()> {
    if found == expected {
        Ok(())
    } else {
        Err(array.content(format!("SHA-256 {found}"), expected))
    }
}
