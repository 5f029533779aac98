//! The only module that knows the HDF5 library; the rest of the crate sees named arrays.
//!
//! Whatever the library does with a damaged file, callers get an [`Error`]: its errors are
//! translated and a panic inside it is caught here. Files are written in the new format (superblock
//! version 2 or later), the one in which the library withstands mutated files.

use std::borrow::Cow;
use std::io::{Read as _, Write as _};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use hdf5::{DatatypeMessage, H5Dataset, H5File, H5Type};
use rayon::prelude::*;

use crate::arrays::{Element, Number as _};
use crate::error::{Error, Result};
use crate::input_file::open_for_reading;

/// Level of compression that files name; chunks may be compressed at another one.
const DEFLATE_LEVEL: u32 = 4;

/// The filter mask of a chunk that went through every filter.
const ALL_FILTERS_APPLIED: u32 = 0;

/// Runs a call of the library and turns its error or its panic into a reason.
fn guarded<T>(call: impl FnOnce() -> hdf5::Result<T>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the HDF5 library panicked".to_owned()),
    }
}

/// First bytes of an HDF5 file, before the version of its superblock.
const SIGNATURE: [u8; 8] = *b"\x89HDF\r\n\x1a\n";

/// The oldest version of the superblock that this crate writes. Of older ones, a damaged file can make the library ask
/// for more memory than there is.
const OLDEST_SUPERBLOCK: u8 = 2;

/// Where such a superblock says how long the file is.
const LENGTH_PLACE: Range<usize> = 28..36;

/// Bytes of a chunk, at most: many times what is sensible.
const LARGEST_CHUNK: usize = 1 << 30;

/// Arrays that a message about another one names, at most.
const MOST_NAMED: usize = 8;

/// Who wrote a file that is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Author {
    /// This crate, or so it should be.
    ThisCrate,
    /// Somebody.
    Anybody,
}

/// A file opened for reading.
pub(crate) struct Reader {
    file: H5File,
    path: PathBuf,
    bytes: u64,
    advice: &'static str,
}

impl Reader {
    /// Opens a file; `advice` ends the messages about its content.
    pub(crate) fn open(path: &Path, author: Author, advice: &'static str) -> Result<Self> {
        let (mut plain, bytes) = open_for_reading(path)?;
        let content = |found| Error::Content {
            path: path.to_path_buf(),
            place: "file".to_owned(),
            found,
            expected: "a complete HDF5 file".to_owned(),
            advice,
        };
        let mut head = [0; LENGTH_PLACE.end];
        let complete = plain.read_exact(&mut head).is_ok() && head.starts_with(&SIGNATURE);
        let version = head[SIGNATURE.len()];
        if author == Author::ThisCrate && !complete {
            return Err(content(format!("{bytes} bytes that are no HDF5 file")));
        }
        if author == Author::ThisCrate && version < OLDEST_SUPERBLOCK {
            return Err(content(format!(
                "an HDF5 file of the old format {version}, not written by nwm"
            )));
        }
        // The library does not mind if what is missing at the end is no data.
        let length =
            head[LENGTH_PLACE].iter().rev().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
        if author == Author::ThisCrate && length != bytes {
            return Err(content(format!("{bytes} bytes of {length}")));
        }
        let file = guarded(|| H5File::open(path)).map_err(|reason| {
            content(format!("{bytes} bytes that cannot be opened as HDF5 ({reason})"))
        })?;
        Ok(Self { file, path: path.to_path_buf(), bytes, advice })
    }

    /// An error about the content of the file.
    pub(crate) fn content(
        &self,
        place: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Error {
        Error::Content {
            path: self.path.clone(),
            place: place.into(),
            found: found.into(),
            expected: expected.into(),
            advice: self.advice,
        }
    }

    /// Size of the file in bytes.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// A text attribute of the root.
    pub(crate) fn attribute(&self, name: &str) -> Result<String> {
        guarded(|| self.file.attr_string(name)).map_err(|reason| {
            let found = format!("no readable value ({reason})");
            self.content(format!("attribute {name}"), found, "a text")
        })
    }

    /// An array by its path, of the types that this crate writes.
    pub(crate) fn array(&self, name: &str) -> Result<Array> {
        let (numbers, datatype) = self.dataset(name)?;
        let element = match datatype {
            DatatypeMessage::FixedPoint { size: 1, signed: false, .. } => Element::U8,
            DatatypeMessage::FixedPoint { size: 4, signed: false, .. } => Element::U32,
            DatatypeMessage::FloatingPoint { size: 4, .. } => Element::F32,
            DatatypeMessage::FloatingPoint { size: 8, .. } => Element::F64,
            other => return Err(numbers.content(format!("type {other}"), "u8, u32, f32 or f64")),
        };
        Ok(Array { numbers, element })
    }

    /// An array of whole or real numbers by its path.
    pub(crate) fn numbers(&self, name: &str) -> Result<Numbers> {
        Ok(self.dataset(name)?.0)
    }

    /// Paths of all arrays, without the first slash.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        guarded(|| Ok(self.file.dataset_names())).map_err(|reason| {
            self.content("file", format!("no readable list of arrays ({reason})"), "one")
        })
    }

    /// What else there is, for a message about an array that is not there.
    fn others(&self) -> String {
        let mut names: Vec<String> =
            self.names().unwrap_or_default().into_iter().map(|name| format!("/{name}")).collect();
        names.sort_unstable();
        let more = if names.len() > MOST_NAMED { ", ..." } else { "" };
        names.truncate(MOST_NAMED);
        match names.as_slice() {
            [] => String::new(),
            names => format!("; the file has {}{more}", names.join(", ")),
        }
    }

    /// An array by its path, and the type of its elements.
    fn dataset(&self, name: &str) -> Result<(Numbers, DatatypeMessage)> {
        let place = format!("dataset /{}", name.trim_start_matches('/'));
        let unreadable = |reason: String| {
            self.content(&place, format!("nothing readable ({reason})"), "an array of numbers")
        };
        let dataset = guarded(|| self.file.dataset(name.trim_start_matches('/')))
            .map_err(|reason| unreadable(reason + &self.others()))?;
        let datatype = guarded(|| dataset.datatype()).map_err(unreadable)?;
        let shape = guarded(|| Ok(dataset.shape())).map_err(unreadable)?;
        let chunk = guarded(|| Ok(dataset.chunk_dims())).map_err(unreadable)?;
        let error = ArrayError { path: self.path.clone(), place, advice: self.advice };
        let (size, is_whole) = match datatype {
            DatatypeMessage::FixedPoint { size, .. } | DatatypeMessage::BitField { size, .. } => {
                (size, true)
            }
            DatatypeMessage::FloatingPoint { size, .. } => (size, false),
            ref other => return Err(error.content(format!("type {other}"), "numbers")),
        };
        let numbers = Numbers { dataset, shape, chunk, is_whole, error };
        // The library makes room for a whole chunk, however little of it is in the file.
        let bytes = numbers.chunk.iter().flatten().try_fold(size as usize, |product, &length| {
            product.checked_mul(length).filter(|&bytes| bytes <= LARGEST_CHUNK)
        });
        match bytes {
            Some(_) => Ok((numbers, datatype)),
            None => Err(numbers.content(
                format!(
                    "chunks of {:?} numbers of {size} bytes",
                    numbers.chunk.as_deref().unwrap_or_default()
                ),
                format!("chunks of at most {} MiB", LARGEST_CHUNK >> 20),
            )),
        }
    }
}

/// What the errors of an array say beside the problem.
struct ArrayError {
    path: PathBuf,
    place: String,
    advice: &'static str,
}

impl ArrayError {
    fn content(&self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        Error::Content {
            path: self.path.clone(),
            place: self.place.clone(),
            found: found.into(),
            expected: expected.into(),
            advice: self.advice,
        }
    }
}

/// An array of numbers of any type.
pub(crate) struct Numbers {
    dataset: H5Dataset,
    shape: Vec<usize>,
    chunk: Option<Vec<usize>>,
    is_whole: bool,
    error: ArrayError,
}

impl Numbers {
    /// Lengths of the axes.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// An error about this array.
    fn content(&self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        self.error.content(found, expected)
    }

    /// Reads the block of `counts` elements per axis from `starts` in double precision, to which whole numbers are
    /// rounded.
    pub(crate) fn read(&self, starts: &[usize], counts: &[usize]) -> Result<Vec<f64>> {
        if self.is_whole {
            // Of those without sign, the ones above half of 64 bits are refused.
            let values = self.read_as::<i64>(starts, counts)?;
            return Ok(values.into_iter().map(|value| value as f64).collect());
        }
        self.read_as(starts, counts)
    }

    /// The same as numbers of a type, in either byte order.
    fn read_as<T: hdf5::ReadNumeric>(&self, starts: &[usize], counts: &[usize]) -> Result<Vec<T>> {
        let values = guarded(|| self.dataset.read_numeric_slice_as::<T>(starts, counts))
            .map_err(|reason| self.content(format!("unreadable data ({reason})"), "numbers"))?;
        let expected: usize = counts.iter().product();
        if values.len() != expected {
            return Err(self.content(format!("{} values", values.len()), format!("{expected}")));
        }
        Ok(values)
    }
}

/// An array in a file.
pub(crate) struct Array {
    numbers: Numbers,
    element: Element,
}

impl Array {
    /// Lengths of the axes.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.numbers.shape
    }

    /// Lengths of the axes of a chunk, if the array is stored in chunks.
    pub(crate) fn chunk(&self) -> Option<&[usize]> {
        self.numbers.chunk.as_deref()
    }

    /// Type of the elements.
    pub(crate) const fn element(&self) -> Element {
        self.element
    }

    /// An error about this array.
    pub(crate) fn content(&self, found: impl Into<String>, expected: impl Into<String>) -> Error {
        self.numbers.content(found, expected)
    }

    /// Reads a block as bytes.
    pub(crate) fn read_u8(&self, starts: &[usize], counts: &[usize]) -> Result<Vec<u8>> {
        self.numbers.read_as(starts, counts)
    }

    /// Reads a block of whole numbers.
    pub(crate) fn read_u32(&self, starts: &[usize], counts: &[usize]) -> Result<Vec<u32>> {
        self.numbers.read_as(starts, counts)
    }

    /// Reads a block of single-precision numbers.
    pub(crate) fn read_f32(&self, starts: &[usize], counts: &[usize]) -> Result<Vec<f32>> {
        self.numbers.read_as(starts, counts)
    }

    /// Reads a block of double-precision numbers.
    pub(crate) fn read_f64(&self, starts: &[usize], counts: &[usize]) -> Result<Vec<f64>> {
        self.numbers.read_as(starts, counts)
    }

    /// The rows `rows`, entries along the first axis, as little-endian bytes.
    pub(crate) fn read_rows(&self, rows: Range<usize>) -> Result<Vec<u8>> {
        let (mut starts, mut counts) =
            (vec![0; self.numbers.shape.len()], self.numbers.shape.clone());
        starts[0] = rows.start;
        counts[0] = rows.len();
        Ok(match self.element {
            Element::U8 => self.read_u8(&starts, &counts)?,
            Element::U32 => u32::to_bytes(&self.read_u32(&starts, &counts)?),
            Element::F32 => f32::to_bytes(&self.read_f32(&starts, &counts)?),
            Element::F64 => f64::to_bytes(&self.read_f64(&starts, &counts)?),
        })
    }

    /// A chunk as it is stored, by its place in the grid of chunks.
    pub(crate) fn read_compressed(&self, place: &[usize]) -> Result<Vec<u8>> {
        let (bytes, mask) = guarded(|| self.numbers.dataset.read_chunk_raw_at(place))
            .map_err(|reason| self.content(format!("unreadable data ({reason})"), "a chunk"))?;
        if mask == ALL_FILTERS_APPLIED {
            Ok(bytes)
        } else {
            Err(self.content(format!("a chunk with filter mask {mask}"), "a compressed chunk"))
        }
    }
}

/// A file being written.
pub(crate) struct Writer {
    file: H5File,
    path: PathBuf,
}

impl Writer {
    /// Creates a file, replacing one of the same name, has it filled, and finishes it. Errors name `target`, the file that
    /// this one is going to be.
    pub(crate) fn write<E: From<Error>>(
        path: &Path,
        target: &Path,
        fill: impl FnOnce(&Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let file = guarded(|| H5File::create(path)).map_err(|reason| Error::Hdf5 {
            path: target.to_path_buf(),
            action: "create the file".to_owned(),
            reason,
        })?;
        let writer = Self { file, path: target.to_path_buf() };
        let filled = fill(&writer);
        let closed = writer.close();
        // A file that is not closed prints what it cannot write when it is dropped. The first error is the one to report.
        filled?;
        Ok(closed?)
    }

    /// An error about writing this file.
    pub(crate) fn failed(&self, action: String) -> impl FnOnce(String) -> Error + use<> {
        let path = self.path.clone();
        move |reason| Error::Hdf5 { path, action, reason }
    }

    /// Begins an array that is written chunk by chunk, compressed.
    pub(crate) fn array(
        &self,
        name: &str,
        element: Element,
        shape: &[usize],
        chunk: &[usize],
    ) -> Result<ChunkedArray<'_>> {
        let dataset = guarded(|| match element {
            Element::U8 => chunked::<u8>(&self.file, name, shape, chunk),
            Element::U32 => chunked::<u32>(&self.file, name, shape, chunk),
            Element::F32 => chunked::<f32>(&self.file, name, shape, chunk),
            Element::F64 => chunked::<f64>(&self.file, name, shape, chunk),
        })
        .map_err(self.failed(format!("create dataset {name}")))?;
        Ok(ChunkedArray { dataset, writer: self, name: name.to_owned(), element })
    }

    /// Writes a text attribute of the root.
    pub(crate) fn attribute(&self, name: &str, value: &str) -> Result<()> {
        guarded(|| self.file.set_attr_string(name, value))
            .map_err(self.failed(format!("write attribute {name}")))
    }

    /// Finishes the file.
    fn close(self) -> Result<()> {
        let failed = self.failed("finish the file".to_owned());
        guarded(|| self.file.close()).map_err(failed)
    }
}

/// Creates a chunked array whose bytes are regrouped by significance and deflated.
fn chunked<T: H5Type>(
    file: &H5File,
    name: &str,
    shape: &[usize],
    chunk: &[usize],
) -> hdf5::Result<H5Dataset> {
    file.new_dataset::<T>().shape(shape).chunk(chunk).shuffle_deflate(DEFLATE_LEVEL).create(name)
}

/// An array being written chunk by chunk; chunks are numbered in row-major order.
pub(crate) struct ChunkedArray<'a> {
    dataset: H5Dataset,
    writer: &'a Writer,
    name: String,
    element: Element,
}

impl ChunkedArray<'_> {
    /// Compresses full chunks, on several threads, and writes them as numbers `first..`.
    pub(crate) fn write(&self, first: usize, chunks: &[Cow<'_, [u8]>], level: u32) -> Result<()> {
        let compress = |chunk: &Cow<'_, [u8]>| compress(chunk, self.element.size(), level);
        let compressed: Vec<std::io::Result<Vec<u8>>> = chunks.par_iter().map(compress).collect();
        for (index, chunk) in (first..).zip(compressed) {
            let chunk = chunk.map_err(|error| self.failed(index)(error.to_string()))?;
            self.write_compressed(index, &chunk)?;
        }
        Ok(())
    }

    /// Writes one chunk that is compressed already.
    pub(crate) fn write_compressed(&self, index: usize, chunk: &[u8]) -> Result<()> {
        guarded(|| self.dataset.write_chunk_raw(index, chunk, ALL_FILTERS_APPLIED))
            .map_err(self.failed(index))
    }

    fn failed(&self, index: usize) -> impl FnOnce(String) -> Error + use<> {
        self.writer.failed(format!("write chunk {index} of dataset {}", self.name))
    }
}

/// Regroups the bytes of the elements by significance and deflates them, as HDF5's filters of these names do.
fn compress(chunk: &[u8], element_size: usize, level: u32) -> std::io::Result<Vec<u8>> {
    let elements = chunk.len() / element_size;
    let mut shuffled = vec![0; chunk.len()];
    for (significance, plane) in shuffled.chunks_exact_mut(elements).enumerate() {
        for (byte, element) in plane.iter_mut().zip(chunk.chunks_exact(element_size)) {
            *byte = element[significance];
        }
    }
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(level));
    encoder.write_all(&shuffled)?;
    encoder.finish()
}
