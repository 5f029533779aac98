//! Reading arrays and verifying them.

use std::collections::BTreeMap;
use std::path::Path;

use super::digest::RowDigest;
use super::element::Number;
use super::layout::ArrayLayout;
use super::metadata::{ArrayRecord, FORMAT, METADATA, Metadata, REGENERATE, read_metadata};
use super::write::portions;
use crate::error::Result;
use crate::hdf5_file::{Array, Author, Reader};
use crate::input_file::DEFLATE_LIMIT;

/// So many bytes are read and hashed at a time.
const PORTION_BYTES: usize = 32 << 20;

/// An array of a file whose shape and type are those of the layout, with the digest that its content should have.
pub(crate) struct StoredArray {
    pub(crate) array: Array,
    layout: ArrayLayout,
    sha256: String,
}

impl StoredArray {
    /// Opens an array and compares its shape and type with the layout and with its record in the metadata.
    pub(crate) fn open(
        file: &Reader,
        records: &BTreeMap<String, ArrayRecord>,
        layout: ArrayLayout,
    ) -> Result<Self> {
        let place = format!("metadata of dataset {}", layout.name());
        let Some(record) = records.get(layout.name()) else {
            return Err(file.content(place, "nothing", layout.description()));
        };
        if *record != layout.record(record.sha256.clone()) {
            let found =
                format!("[{}] = {:?} of {}", record.axes.join(", "), record.shape, record.element);
            return Err(file.content(place, found, layout.description()));
        }
        let array = file.array(layout.name())?;
        if array.shape() != layout.shape() || array.element() != layout.element() {
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
    pub(crate) fn read(&self, mut take: impl FnMut(&[u8])) -> Result<()> {
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
    pub(crate) fn verify(&self) -> Result<()> {
        self.read(|_| ())
    }

    /// Reads and verifies all numbers, which are of this type.
    pub(crate) fn numbers<T: Number>(&self) -> Result<Vec<T>> {
        if self.layout.element() != T::ELEMENT {
            return Err(self.array.content(self.layout.element().name(), T::ELEMENT.name()));
        }
        let mut values = Vec::with_capacity(self.layout.shape().iter().product());
        self.read(|bytes| values.extend(T::from_bytes(bytes)))?;
        Ok(values)
    }
}

/// A file of named arrays that is no data set, opened for reading.
pub struct ArraysFile {
    pub(super) file: Reader,
    pub(super) metadata: Metadata,
}

impl std::fmt::Debug for ArraysFile {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ArraysFile").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl ArraysFile {
    /// Opens a file and verifies its metadata.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) if it cannot be opened, [`Error::Content`](crate::Error::Content) if it is not a
    /// complete file of this version.
    pub fn open(path: &Path) -> Result<Self> {
        let file = Reader::open(path, Author::ThisCrate, REGENERATE)?;
        let metadata = read_metadata(&file, FORMAT, "a file of named arrays")?;
        Ok(Self { file, metadata })
    }

    /// What kind of file it is.
    #[must_use]
    pub fn kind(&self) -> &str {
        &self.metadata.kind
    }

    /// What it says about itself.
    ///
    /// # Errors
    ///
    /// [`Error::Content`](crate::Error::Content) if that is something else.
    pub fn about<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        T::deserialize(&self.metadata.about).map_err(|error| {
            let place = format!("attribute {METADATA}, about");
            self.file.content(place, error.to_string(), std::any::type_name::<T>())
        })
    }

    /// Its arrays by name.
    #[must_use]
    pub fn arrays(&self) -> &BTreeMap<String, ArrayRecord> {
        &self.metadata.arrays
    }

    /// Reads an array, in row-major order, and verifies its digest.
    ///
    /// # Errors
    ///
    /// [`Error::Content`](crate::Error::Content) if there is no such array, if it holds other numbers, or if it is
    /// damaged.
    pub fn read<T: Number>(&self, name: &str) -> Result<Vec<T>> {
        self.stored(name)?.numbers()
    }

    pub(super) fn stored(&self, name: &str) -> Result<StoredArray> {
        let record = self.arrays().get(name);
        match record.and_then(|record| ArrayLayout::of_record(name, record)) {
            Some(layout) => StoredArray::open(&self.file, self.arrays(), layout),
            None => {
                let place = format!("metadata of dataset {name}");
                let found = match record {
                    Some(ArrayRecord { shape, element, .. }) => format!("{shape:?} of {element}"),
                    None => "nothing".to_owned(),
                };
                Err(self.file.content(place, found, "shape and type of an array"))
            }
        }
    }
}
