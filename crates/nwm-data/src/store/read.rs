//! Reading arrays and verifying them.

use super::digest::RowDigest;
use super::layout::ArrayLayout;
use super::metadata::Metadata;
use super::write::portions;
use crate::error::Result;
use crate::hdf5_file::{Array, Reader};
use crate::input_file::DEFLATE_LIMIT;

/// So many bytes are read and hashed at a time.
const PORTION_BYTES: usize = 32 << 20;

/// An array of a file whose shape and type are those of the layout, with the digest that its content should have.
pub(super) struct StoredArray {
    pub(super) array: Array,
    layout: ArrayLayout,
    sha256: String,
}

impl StoredArray {
    /// Opens an array and compares its shape and type with the layout and with the metadata.
    pub(super) fn open(file: &Reader, metadata: &Metadata, layout: ArrayLayout) -> Result<Self> {
        let place = format!("metadata of dataset {}", layout.name);
        let Some(record) = metadata.arrays.get(layout.name) else {
            return Err(file.content(place, "nothing", layout.description()));
        };
        if *record != layout.record(record.sha256.clone()) {
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
        if layout.bytes() > file.bytes().saturating_mul(DEFLATE_LIMIT) {
            let found = format!("a file of {} bytes", file.bytes());
            let expected = format!("a file that can hold {} bytes of data", layout.bytes());
            return Err(array.content(found, expected));
        }
        // Nor must chunks: all of one is decompressed, however little of it is wanted.
        if array.chunk().is_some_and(|chunk| chunk != layout.chunk_shape()) {
            let found = format!("chunks of {:?}", array.chunk().unwrap_or_default());
            return Err(array.content(found, format!("chunks of {:?}", layout.chunk_shape())));
        }
        let sha256 = record.sha256.clone();
        Ok(Self { array, layout, sha256 })
    }

    /// Reads the whole array in portions, as little-endian bytes of whole rows, and verifies its digest at the end.
    pub(super) fn read(&self, mut take: impl FnMut(&[u8])) -> Result<()> {
        let row = self.layout.row_bytes();
        let mut digest = RowDigest::default();
        for portion in portions(self.layout.rows(), PORTION_BYTES, row) {
            let bytes = self.array.read_rows(portion)?;
            digest.update(&bytes, row);
            take(&bytes);
        }
        let found = digest.finish();
        if found == self.sha256 {
            Ok(())
        } else {
            Err(self.array.content(format!("SHA-256 {found}"), self.sha256.clone()))
        }
    }

    /// Verifies the digest.
    pub(super) fn verify(&self) -> Result<()> {
        self.read(|_| ())
    }

    /// Reads and verifies double-precision numbers.
    pub(super) fn read_f64(&self) -> Result<Vec<f64>> {
        let mut values = Vec::with_capacity(self.layout.shape.iter().product());
        self.read(|bytes| {
            let (numbers, _) = bytes.as_chunks();
            values.extend(numbers.iter().map(|&number| f64::from_le_bytes(number)));
        })?;
        Ok(values)
    }

    /// Reads and verifies whole numbers.
    pub(super) fn read_u32(&self) -> Result<Vec<u32>> {
        let mut values = Vec::with_capacity(self.layout.shape.iter().product());
        self.read(|bytes| {
            let (numbers, _) = bytes.as_chunks();
            values.extend(numbers.iter().map(|&number| u32::from_le_bytes(number)));
        })?;
        Ok(values)
    }
}
