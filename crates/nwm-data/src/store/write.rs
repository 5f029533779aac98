//! Writing data sets, whole or in portions.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use super::digest::RowDigest;
use super::layout::ArrayLayout;
use super::metadata::{FORMAT, Metadata, Origin};
use super::read::StoredArray;
use crate::atomic::write_atomically;
use crate::error::Result;
use crate::hdf5_file::{ChunkedArray, Writer};
use crate::render::Renderer;
use crate::source::draw;
use crate::spec::DatasetSpec;
use crate::trajectories::Trajectories;

/// Pictures of so many bytes are drawn and compressed at a time.
const PICTURE_BYTES: usize = 32 << 20;

/// How hard numbers are compressed. Those of states look random but for their leading bytes, which higher levels do not
/// change; pictures gain.
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
            (_, true) => 4,
            (Self::Passing, false) => 0,
            (Self::Lasting, false) => 1,
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
        let file = Writer::create(scratch, path)?;
        let mut writer = SetWriter::new(&file, set.spec(), options, compression)?;
        writer.append(set)?;
        if options.frames {
            writer.append_drawn(set)?;
        }
        writer.finish(Origin::current())?;
        file.close()
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
        let mut arrays = ArrayLayout::of(spec)
            .into_iter()
            .map(|layout| ArrayWriter::new(file, layout, compression))
            .collect::<Result<Vec<_>>>()?;
        if let Some(times) = arrays.iter_mut().find(|array| array.layout.name == "times") {
            let values: Vec<f64> = (0..spec.frames).map(|frame| spec.time(frame)).collect();
            times.append(&f64_bytes(&values))?;
        }
        let frames = if options.frames {
            let [rows, columns, _] = Renderer::new(spec.system, spec.variant).frame_shape();
            Some(ArrayWriter::new(file, ArrayLayout::frames(spec, [rows, columns]), compression)?)
        } else {
            None
        };
        Ok(Self { file, spec: spec.clone(), arrays, frames })
    }

    /// Appends the states of some trajectories and all that belongs to them, but no pictures.
    pub(super) fn append(&mut self, set: &Trajectories) -> Result<()> {
        for array in &mut self.arrays {
            match array.layout.name {
                "states" => array.append(&f64_bytes(set.states()))?,
                "parameters" => array.append(&f64_bytes(set.parameters()))?,
                "offsets" => array.append(&f64_bytes(set.offsets()))?,
                "colour_indices" => {
                    let indices = set.colour_indices();
                    array.append(
                        &indices.iter().flat_map(|i| i.to_le_bytes()).collect::<Vec<_>>(),
                    )?;
                }
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
        let row = array.layout.row_bytes();
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
            let name = array.layout.name.to_owned();
            let layout = array.layout.clone();
            arrays.insert(name, layout.record(array.finish()?));
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

/// An array that grows by rows.
struct ArrayWriter<'a> {
    layout: ArrayLayout,
    chunks: ChunkedArray<'a>,
    /// Level of deflate.
    level: u32,
    /// The number of the next chunk.
    next: usize,
    /// Rows that do not fill a chunk yet.
    pending: Vec<u8>,
    digest: RowDigest,
}

impl<'a> ArrayWriter<'a> {
    fn new(file: &'a Writer, layout: ArrayLayout, compression: Compression) -> Result<Self> {
        let chunks =
            file.array(layout.name, layout.element, &layout.shape, &layout.chunk_shape())?;
        let level = compression.level(layout.cuts_rows());
        Ok(Self {
            layout,
            chunks,
            level,
            next: 0,
            pending: Vec::new(),
            digest: RowDigest::default(),
        })
    }

    /// Appends rows.
    fn append(&mut self, rows: &[u8]) -> Result<()> {
        let row = self.layout.row_bytes();
        self.digest.update(rows, row);
        if self.layout.cuts_rows() {
            let chunk = self.layout.chunk_bytes();
            let chunks: Vec<Cow<'_, [u8]>> =
                rows.chunks_exact(row).flat_map(|row| filled_chunks(row, chunk)).collect();
            return self.write(&chunks);
        }
        self.pending.extend_from_slice(rows);
        let whole = self.pending.len() / self.layout.chunk_bytes() * self.layout.chunk_bytes();
        let rest = self.pending.split_off(whole);
        let full = std::mem::replace(&mut self.pending, rest);
        let chunks: Vec<Cow<'_, [u8]>> = filled_chunks(&full, self.layout.chunk_bytes()).collect();
        self.write(&chunks)
    }

    fn write(&mut self, chunks: &[Cow<'_, [u8]>]) -> Result<()> {
        self.chunks.write(self.next, chunks, self.level)?;
        self.next += chunks.len();
        Ok(())
    }

    /// Appends all rows of a stored array, which it verifies, without compressing them anew. Only for arrays whose
    /// chunks are parts of rows.
    fn copy(&mut self, stored: &StoredArray) -> Result<()> {
        let row_bytes = self.layout.row_bytes();
        stored.read(|rows| self.digest.update(rows, row_bytes))?;
        let chunks = self.layout.shape[1].div_ceil(self.layout.chunk_shape()[1]);
        for row in 0..stored.array.shape()[0] {
            for chunk in 0..chunks {
                let bytes = stored.array.read_compressed(&[row, chunk, 0, 0, 0])?;
                self.chunks.write_compressed(self.next, &bytes)?;
                self.next += 1;
            }
        }
        Ok(())
    }

    /// Writes the last chunk and returns the digest.
    fn finish(mut self) -> Result<String> {
        let pending = std::mem::take(&mut self.pending);
        let last: Vec<Cow<'_, [u8]>> = filled_chunks(&pending, self.layout.chunk_bytes()).collect();
        self.write(&last)?;
        Ok(self.digest.finish())
    }
}

/// Cuts bytes into chunks; the last one is filled up with zeros.
fn filled_chunks(bytes: &[u8], chunk: usize) -> impl Iterator<Item = Cow<'_, [u8]>> {
    bytes.chunks(chunk).map(move |part| {
        if part.len() == chunk {
            return Cow::Borrowed(part);
        }
        let mut filled = part.to_vec();
        filled.resize(chunk, 0);
        Cow::Owned(filled)
    })
}

/// `0..rows` in portions of about `bytes` bytes, at least one row each.
pub(super) fn portions(
    rows: usize,
    bytes: usize,
    row_bytes: usize,
) -> impl Iterator<Item = Range<usize>> {
    let step = (bytes / row_bytes.max(1)).max(1);
    (0..rows).step_by(step).map(move |start| start..rows.min(start + step))
}

fn f64_bytes(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
