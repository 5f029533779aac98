//! Writing data sets, whole or in portions.

use std::collections::BTreeMap;
use std::path::Path;

use super::layout;
use super::metadata::{FORMAT, Metadata, Origin};
use crate::arrays::{
    ArrayLayout, ArrayWriter, NUMBER_LEVEL, Number, PICTURE_LEVEL, StoredArray, portions,
};
use crate::atomic::write_atomically;
use crate::error::Result;
use crate::hdf5_file::Writer;
use crate::render::Renderer;
use crate::source::draw;
use crate::spec::DatasetSpec;
use crate::trajectories::Trajectories;

/// Pictures of so many bytes are drawn and compressed at a time.
const PICTURE_BYTES: usize = 32 << 20;

/// How hard numbers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// For a file that is read once: not at all, but for pictures, which are copied as they are.
    Passing,
    /// For a file that stays.
    Lasting,
}

impl Compression {
    /// Level of deflate.
    const fn level(self, cuts_rows: bool) -> u32 {
        match (self, cuts_rows) {
            (_, true) => PICTURE_LEVEL,
            (Self::Passing, false) => 0,
            (Self::Lasting, false) => NUMBER_LEVEL,
        }
    }
}

/// What to write beside the states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WriteOptions {
    /// Whether to store the pictures, too. They are a function of the states and 1500 times
    /// larger before compression: useful for readers in other languages.
    pub frames: bool,
}

/// Writes a data set to an HDF5 file, atomically.
///
/// # Errors
///
/// [`Error::Io`](crate::Error::Io) if the file cannot be created, flushed or renamed,
/// [`Error::Hdf5`](crate::Error::Hdf5) if the library fails to write (a full disk). The file `path` is complete or
/// untouched.
pub fn write(path: &Path, trajectories: &Trajectories, options: WriteOptions) -> Result<()> {
    write_with(path, trajectories, options, Compression::Lasting)
}

/// [`write()`], compressed so hard.
pub(super) fn write_with(
    path: &Path,
    set: &Trajectories,
    options: WriteOptions,
    compression: Compression,
) -> Result<()> {
    write_atomically(path, |scratch| {
        Writer::write(scratch, path, |file| {
            let mut writer = SetWriter::new(file, set.spec(), options, compression)?;
            writer.append(set)?;
            if options.frames {
                writer.append_drawn(set)?;
            }
            writer.finish(Origin::current())
        })
    })
}

/// A data set that is being written, some trajectories at a time.
pub(super) struct SetWriter<'a> {
    file: &'a Writer,
    spec: DatasetSpec,
    arrays: Vec<ArrayWriter<'a>>,
    frames: Option<ArrayWriter<'a>>,
}

impl<'a> SetWriter<'a> {
    /// Creates the arrays of a data set.
    pub(super) fn new(
        file: &'a Writer,
        spec: &DatasetSpec,
        options: WriteOptions,
        compression: Compression,
    ) -> Result<Self> {
        let array = |layout: ArrayLayout| {
            let level = compression.level(layout.cuts_rows());
            ArrayWriter::new(file, layout, level)
        };
        let mut arrays = layout::arrays(spec).into_iter().map(array).collect::<Result<Vec<_>>>()?;
        if let Some(times) = arrays.iter_mut().find(|array| array.layout().name() == "times") {
            let values: Vec<f64> = (0..spec.frames).map(|frame| spec.time(frame)).collect();
            times.append(&f64::to_bytes(&values))?;
        }
        let frames = if options.frames {
            let [rows, columns, _] = Renderer::new(spec.system, spec.variant).frame_shape();
            Some(array(layout::frames(spec, [rows, columns]))?)
        } else {
            None
        };
        Ok(Self { file, spec: spec.clone(), arrays, frames })
    }

    /// Appends the states of some trajectories and all that belongs to them, but no pictures.
    pub(super) fn append(&mut self, set: &Trajectories) -> Result<()> {
        for array in &mut self.arrays {
            match array.layout().name() {
                "states" => array.append(&f64::to_bytes(set.states()))?,
                "parameters" => array.append(&f64::to_bytes(set.parameters()))?,
                "offsets" => array.append(&f64::to_bytes(set.offsets()))?,
                "colour_indices" => array.append(&u32::to_bytes(set.colour_indices()))?,
                // Written when the file was created.
                _ => (),
            }
        }
        Ok(())
    }

    /// Draws the pictures of some trajectories and appends them.
    pub(super) fn append_drawn(&mut self, set: &Trajectories) -> Result<()> {
        let Some(array) = &mut self.frames else { return Ok(()) };
        let renderer = Renderer::new(set.spec().system, set.spec().variant);
        let row = array.layout().row_bytes();
        let mut pictures = Vec::new();
        for portion in portions(set.len(), PICTURE_BYTES, row) {
            pictures.resize(portion.len() * row, 0);
            draw(set, &renderer, portion, &mut pictures)?;
            array.append(&pictures)?;
        }
        Ok(())
    }

    /// Appends the pictures of some trajectories, axes `[trajectory, frame, row, column, channel]`.
    pub(super) fn append_pictures(&mut self, pictures: &[u8]) -> Result<()> {
        match &mut self.frames {
            Some(array) => array.append(pictures),
            None => Ok(()),
        }
    }

    /// Appends the pictures of another file, which is laid out the same.
    pub(super) fn append_stored(&mut self, stored: &StoredArray) -> Result<()> {
        match &mut self.frames {
            Some(array) => array.copy(stored),
            None => Ok(()),
        }
    }

    /// Writes what is left, and the metadata.
    pub(super) fn finish(self, origin: Origin) -> Result<()> {
        let mut arrays = BTreeMap::new();
        for array in self.arrays.into_iter().chain(self.frames) {
            let (name, record) = array.finish()?;
            arrays.insert(name, record);
        }
        let names = self.spec.system.parameter_names();
        let metadata = Metadata {
            format: FORMAT,
            origin,
            dataset: self.spec,
            parameter_names: names.iter().map(|&name| name.to_owned()).collect(),
            arrays,
        };
        metadata.write(self.file)
    }
}
