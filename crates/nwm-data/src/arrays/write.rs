//! Writing arrays row by row.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use serde::Serialize;

use super::digest::RowDigest;
use super::element::{Element, Number};
use super::layout::ArrayLayout;
use super::metadata::{ArrayRecord, FORMAT, Metadata, not_encoded, write_metadata};
use super::read::StoredArray;
use crate::atomic::write_atomically;
use crate::error::{Error, Result, check_length};
use crate::hdf5_file::{ChunkedArray, Writer};

/// Level of deflate for pictures, which it shrinks a lot.
pub(crate) const PICTURE_LEVEL: u32 = 4;

/// Level of deflate for numbers: they look random but for their leading bytes, which higher levels do not change.
pub(crate) const NUMBER_LEVEL: u32 = 1;

/// Writes a file of the arrays `layouts`, atomically; `fill` appends their rows, all of them.
///
/// # Errors
///
/// What `fill` returns; [`Error::Io`] if the file cannot be created, flushed or renamed, [`Error::Hdf5`] if the library
/// fails to write (a full disk) or `about` is nothing that JSON can hold; [`Error::InvalidSetting`] if an array is
/// impossible, [`Error::BufferLength`] if rows are missing. The file `path` is complete or untouched.
pub fn write<E: From<Error>>(
    path: &Path,
    kind: &str,
    about: &impl Serialize,
    layouts: Vec<ArrayLayout>,
    fill: impl FnOnce(&mut ArraysWriter<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let fill = |file: &Writer| {
        let about = serde_json::to_value(about).map_err(|error| not_encoded(file, &error))?;
        let array = |layout: ArrayLayout| {
            if !layout.is_possible() {
                return Err(impossible_layout(&layout));
            }
            let level = match layout.element() {
                Element::U8 => PICTURE_LEVEL,
                _ => NUMBER_LEVEL,
            };
            ArrayWriter::new(file, layout, level)
        };
        let arrays = layouts.into_iter().map(array).collect::<Result<_>>()?;
        let mut writer = ArraysWriter { arrays };
        fill(&mut writer)?;
        let arrays = writer.arrays.into_iter().map(ArrayWriter::finish);
        let arrays = arrays.collect::<Result<BTreeMap<_, _>>>()?;
        let metadata = Metadata { format: FORMAT, kind: kind.to_owned(), about, arrays };
        Ok(write_metadata(file, &metadata)?)
    };
    write_atomically(path, |scratch| Writer::write(scratch, path, fill))
}

fn impossible_layout(layout: &ArrayLayout) -> Error {
    Error::InvalidSetting {
        key: "shape of an array",
        found: format!("{:?} of {:?} along {:?}", layout.shape(), layout.name(), layout.axes()),
        expected: "one length for each axis, none of them 0",
    }
}

fn wrong_length(what: &'static str, expected: usize, found: usize) -> Error {
    Error::BufferLength { what: "array of a file", axes: what, expected, found }
}

/// The arrays of a file that is being written.
pub struct ArraysWriter<'a> {
    arrays: Vec<ArrayWriter<'a>>,
}

impl std::fmt::Debug for ArraysWriter<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.arrays.iter().map(|array| array.layout.name());
        formatter.debug_list().entries(names).finish()
    }
}

impl ArraysWriter<'_> {
    /// Appends whole rows, entries along the first axis in row-major order, to an array.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`] if there is no array of this name and type, [`Error::BufferLength`] if these are no whole rows
    /// or too many, [`Error::Hdf5`] if they cannot be written.
    pub fn append<T: Number>(&mut self, name: &str, rows: &[T]) -> Result<()> {
        let known = |array: &&mut ArrayWriter<'_>| {
            array.layout.name() == name && array.layout.element() == T::ELEMENT
        };
        let Some(array) = self.arrays.iter_mut().find(known) else {
            let names: Vec<String> = self
                .arrays
                .iter()
                .map(|array| {
                    format!("{} of {}", array.layout.name(), array.layout.element().name())
                })
                .collect();
            return Err(Error::UnknownName {
                what: "array",
                found: format!("{name} of {}", T::ELEMENT.name()),
                known: names.join(", "),
            });
        };
        let bytes = T::to_bytes(rows);
        let row = array.layout.row_bytes();
        let most = (array.layout.rows() - array.rows) * row;
        if bytes.len() > most || !bytes.len().is_multiple_of(row) {
            let size = T::ELEMENT.size();
            return Err(wrong_length("whole rows, at most", most / size, rows.len()));
        }
        array.append(&bytes)
    }
}

/// An array that grows by rows.
pub(crate) struct ArrayWriter<'a> {
    layout: ArrayLayout,
    chunks: ChunkedArray<'a>,
    /// Level of deflate.
    level: u32,
    /// Rows that were appended.
    rows: usize,
    /// The number of the next chunk.
    next: usize,
    /// Rows that do not fill a chunk yet.
    pending: Vec<u8>,
    digest: RowDigest,
}

impl<'a> ArrayWriter<'a> {
    /// Creates an array that is compressed with this level of deflate.
    pub(crate) fn new(file: &'a Writer, layout: ArrayLayout, level: u32) -> Result<Self> {
        let (shape, chunk) = (layout.shape(), layout.chunk_shape());
        let chunks = file.array(layout.name(), layout.element(), shape, &chunk)?;
        Ok(Self {
            layout,
            chunks,
            level,
            rows: 0,
            next: 0,
            pending: Vec::new(),
            digest: RowDigest::default(),
        })
    }

    /// What it is.
    pub(crate) const fn layout(&self) -> &ArrayLayout {
        &self.layout
    }

    /// Appends rows, as little-endian bytes.
    pub(crate) fn append(&mut self, rows: &[u8]) -> Result<()> {
        let row = self.layout.row_bytes();
        self.digest.update(rows, row);
        self.rows += rows.len() / row;
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
    pub(crate) fn copy(&mut self, stored: &StoredArray) -> Result<()> {
        let row_bytes = self.layout.row_bytes();
        stored.read(|rows| self.digest.update(rows, row_bytes))?;
        let chunks = self.layout.shape()[1].div_ceil(self.layout.chunk_shape()[1]);
        for row in 0..stored.array.shape()[0] {
            for chunk in 0..chunks {
                let mut place = vec![0; self.layout.shape().len()];
                place[..2].copy_from_slice(&[row, chunk]);
                let bytes = stored.array.read_compressed(&place)?;
                self.chunks.write_compressed(self.next, &bytes)?;
                self.next += 1;
            }
            self.rows += 1;
        }
        Ok(())
    }

    /// Writes the last chunk and returns name and record.
    pub(crate) fn finish(mut self) -> Result<(String, ArrayRecord)> {
        check_length("array of a file", "rows", self.layout.rows(), self.rows)?;
        let pending = std::mem::take(&mut self.pending);
        let last: Vec<Cow<'_, [u8]>> = filled_chunks(&pending, self.layout.chunk_bytes()).collect();
        self.write(&last)?;
        Ok((self.layout.name().to_owned(), self.layout.record(self.digest.finish())))
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
pub(crate) fn portions(
    rows: usize,
    bytes: usize,
    row_bytes: usize,
) -> impl Iterator<Item = Range<usize>> {
    let step = (bytes / row_bytes.max(1)).max(1);
    (0..rows).step_by(step).map(move |start| start..rows.min(start + step))
}
