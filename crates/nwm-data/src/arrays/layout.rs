//! An array of a file: its name, axes, shape, type and chunks.

use super::element::Element;
use super::metadata::ArrayRecord;

/// Bytes of a chunk of whole rows before compression, about. Reading a part of one row decompresses little more than that
/// row.
const CHUNK_BYTES: usize = 32 * 1024;

/// The same of a chunk within a row.
const LONG_CHUNK_BYTES: usize = 256 * 1024;

/// How an array is cut into chunks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunks {
    /// Some whole rows.
    Rows,
    /// Parts of one row, so many entries along its second axis.
    WithinRows(usize),
}

/// An array of a file. Its rows, the entries along the first axis, are what files grow by and what digests are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArrayLayout {
    name: String,
    axes: Vec<String>,
    shape: Vec<usize>,
    element: Element,
    chunks: Chunks,
}

impl ArrayLayout {
    /// An array `name` with these names and lengths of axes; [`write`](super::write()) refuses one without axes or with an
    /// empty one.
    #[must_use]
    pub fn new(name: &str, axes: &[&str], shape: &[usize], element: Element) -> Self {
        let axes = axes.iter().map(|&axis| axis.to_owned()).collect();
        Self::of(name, axes, shape.to_vec(), element)
    }

    /// The array that a record describes, if it can be one.
    pub(super) fn of_record(name: &str, record: &ArrayRecord) -> Option<Self> {
        let element = Element::parse(&record.element)?;
        let layout = Self::of(name, record.axes.clone(), record.shape.clone(), element);
        layout.is_possible().then_some(layout)
    }

    fn of(name: &str, axes: Vec<String>, shape: Vec<usize>, element: Element) -> Self {
        let chunks = Chunks::Rows;
        let layout = Self { name: name.to_owned(), axes, shape, element, chunks };
        match layout.shape.get(1) {
            Some(_) if layout.is_possible() && layout.row_bytes() > CHUNK_BYTES => {
                let entry = layout.row_bytes() / layout.shape[1];
                layout.cut_within_rows((LONG_CHUNK_BYTES / entry).max(1))
            }
            _ => layout,
        }
    }

    /// The same array in chunks of at most so many entries along the second axis.
    pub(crate) fn cut_within_rows(self, entries: usize) -> Self {
        Self { chunks: Chunks::WithinRows(entries), ..self }
    }

    /// The same array in chunks of whole rows, however long these are.
    pub(crate) fn cut_between_rows(self) -> Self {
        Self { chunks: Chunks::Rows, ..self }
    }

    /// Whether there is at least one number, and no more than can be addressed.
    pub(super) fn is_possible(&self) -> bool {
        self.axes.len() == self.shape.len()
            && !self.shape.is_empty()
            && !self.shape.contains(&0)
            && self.bytes() <= isize::MAX as u64
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names of the axes.
    #[must_use]
    pub fn axes(&self) -> &[String] {
        &self.axes
    }

    /// Lengths of the axes.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// Type of the elements.
    #[must_use]
    pub const fn element(&self) -> Element {
        self.element
    }

    /// Bytes of the data without compression.
    pub(crate) fn bytes(&self) -> u64 {
        let element = self.element.size() as u64;
        self.shape.iter().fold(element, |product, &length| product.saturating_mul(length as u64))
    }

    /// Number of rows.
    pub(crate) fn rows(&self) -> usize {
        self.shape[0]
    }

    /// Bytes of one row.
    pub(crate) fn row_bytes(&self) -> usize {
        self.shape[1..].iter().product::<usize>() * self.element.size()
    }

    /// Lengths of a chunk's axes: some whole rows, or a part of one row along its second axis.
    pub(crate) fn chunk_shape(&self) -> Vec<usize> {
        let mut chunk = self.shape.clone();
        match self.chunks {
            Chunks::Rows => chunk[0] = (CHUNK_BYTES / self.row_bytes()).clamp(1, self.rows()),
            Chunks::WithinRows(entries) => {
                chunk[0] = 1;
                chunk[1] = entries.min(self.shape[1]);
            }
        }
        chunk
    }

    /// Whether chunks are parts of rows.
    pub(crate) fn cuts_rows(&self) -> bool {
        matches!(self.chunks, Chunks::WithinRows(_))
    }

    /// Bytes of one chunk.
    pub(crate) fn chunk_bytes(&self) -> usize {
        self.chunk_shape().iter().product::<usize>() * self.element.size()
    }

    /// The record of this array in the metadata.
    pub(crate) fn record(&self, sha256: String) -> ArrayRecord {
        ArrayRecord {
            axes: self.axes.clone(),
            shape: self.shape.clone(),
            element: self.element.name().to_owned(),
            sha256,
        }
    }

    /// `[axis, axis] = [length, length] of type`, for messages.
    pub(crate) fn description(&self) -> String {
        format!("[{}] = {:?} of {}", self.axes.join(", "), self.shape, self.element.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_follow_the_size_of_rows() {
        let chunk = |shape: &[usize]| {
            let axes = ["trajectory", "time", "row", "column", "channel"];
            ArrayLayout::new("a", &axes[..shape.len()], shape, Element::F32).chunk_shape()
        };
        assert_eq!(chunk(&[5]), [5]);
        assert_eq!(chunk(&[5000, 32]), [256, 32]);
        assert_eq!(chunk(&[8, 119, 32, 32, 3]), [1, 21, 32, 32, 3]);
        assert_eq!(chunk(&[8, 119, 512, 512, 3]), [1, 1, 512, 512, 3]);
    }
}
