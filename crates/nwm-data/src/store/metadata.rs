//! What a file says about itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::hdf5_file::{Element, Number, Reader};
use crate::render::CHANNELS;
use crate::spec::{DatasetSpec, GENERATOR_VERSION};

/// Version of the layout that this program writes and reads.
pub const FORMAT: u32 = 1;

/// Attribute of the root that holds the metadata.
pub(super) const METADATA: &str = "metadata";

/// Attribute of the root that holds the SHA-256 of the metadata.
pub(super) const METADATA_SHA256: &str = "metadata_sha256";

/// Name of the array of pictures.
pub(super) const FRAMES: &str = "frames";

/// Advice at the end of messages about damaged files.
pub(super) const REGENERATE: &str = "delete the file and run again to regenerate it";

/// The program that made the numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Generator {
    /// Its name.
    pub name: String,
    /// Its version: see [`GENERATOR_VERSION`].
    pub version: u32,
}

impl Generator {
    /// This crate.
    pub(super) fn current() -> Self {
        Self { name: env!("CARGO_PKG_NAME").to_owned(), version: GENERATOR_VERSION }
    }
}

/// Shape, type and digest of one array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrayRecord {
    /// Names of the axes.
    pub axes: Vec<String>,
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    /// Type of the elements: `u8`, `u32` or `f64`.
    pub element: String,
    /// SHA-256 of the little-endian bytes in row-major order, hexadecimal.
    pub sha256: String,
}

/// The metadata of a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// Version of the layout.
    pub format: u32,
    /// The program that made the numbers.
    pub generator: Generator,
    /// Which data set this is.
    pub dataset: DatasetSpec,
    /// Names of the parameters, in the order of the array's columns.
    pub parameter_names: Vec<String>,
    /// The arrays by name.
    pub arrays: BTreeMap<String, ArrayRecord>,
}

/// What every version of the metadata has.
#[derive(Deserialize)]
struct AnyVersion {
    format: u32,
}

impl Metadata {
    /// Reads and checks the metadata of a file.
    pub(super) fn read(file: &Reader) -> Result<Self> {
        let place = format!("attribute {METADATA}");
        let text = file.attribute(METADATA)?;
        let invalid = |error: serde_json::Error| {
            file.content(&place, format!("invalid JSON ({error})"), "the metadata of a data set")
        };
        let AnyVersion { format } = serde_json::from_str(&text).map_err(invalid)?;
        if format != FORMAT {
            let found = format!("format version {format}");
            let expected = format!("format version {FORMAT}, the one this program reads");
            return Err(file.content(&place, found, expected));
        }
        let (found, expected) =
            (hexadecimal(&Sha256::digest(&text)), file.attribute(METADATA_SHA256)?);
        if found != expected {
            return Err(file.content(&place, format!("SHA-256 {found}"), expected));
        }
        let metadata: Self = serde_json::from_str(&text).map_err(invalid)?;
        metadata.dataset.validate().map_err(|error| {
            file.content(&place, error.to_string(), "the specification of a data set")
        })?;
        Ok(metadata)
    }
}

/// An array of the layout: its name, axes, shape and type.
pub(super) struct ArrayLayout {
    pub(super) name: &'static str,
    pub(super) axes: &'static [&'static str],
    pub(super) shape: Vec<usize>,
    pub(super) element: Element,
}

impl ArrayLayout {
    /// The arrays that every file of this data set holds; those without columns (a game has no parameters and no
    /// balls) are left out.
    pub(super) fn of(spec: &DatasetSpec) -> Vec<Self> {
        let DatasetSpec { system, trajectories, frames, .. } = *spec;
        let array = |name, axes, shape, element| Self { name, axes, shape, element };
        let dimension = system.state_dimension();
        let parameters = system.parameter_names().len();
        let balls = system.ball_count();
        let arrays = [
            array(
                "states",
                &["trajectory", "frame", "dimension"],
                vec![trajectories, frames, dimension],
                Element::F64,
            ),
            array("times", &["frame"], vec![frames], Element::F64),
            array(
                "parameters",
                &["trajectory", "parameter"],
                vec![trajectories, parameters],
                Element::F64,
            ),
            array("offsets", &["trajectory", "axis"], vec![trajectories, 2], Element::F64),
            array(
                "colour_indices",
                &["trajectory", "ball"],
                vec![trajectories, balls],
                Element::U32,
            ),
        ];
        arrays.into_iter().filter(|array| !array.shape.contains(&0)).collect()
    }

    /// The pictures, with this many rows and columns.
    pub(super) fn frames(spec: &DatasetSpec, [rows, columns]: [usize; 2]) -> Self {
        Self {
            name: FRAMES,
            axes: &["trajectory", "frame", "row", "column", "channel"],
            shape: vec![spec.trajectories, spec.frames, rows, columns, CHANNELS],
            element: Element::U8,
        }
    }

    /// Bytes of the data without compression.
    pub(super) fn bytes(&self) -> u64 {
        let element = self.element.size() as u64;
        self.shape.iter().fold(element, |product, &length| product.saturating_mul(length as u64))
    }

    /// The record of this array in the metadata.
    pub(super) fn record(&self, sha256: String) -> ArrayRecord {
        ArrayRecord {
            axes: self.axes.iter().map(|&axis| axis.to_owned()).collect(),
            shape: self.shape.clone(),
            element: self.element.name().to_owned(),
            sha256,
        }
    }

    /// `[axis, axis] = [length, length]`, for messages.
    pub(super) fn description(&self) -> String {
        format!("[{}] = {:?} of {}", self.axes.join(", "), self.shape, self.element.name())
    }
}

/// SHA-256 of the little-endian bytes of `values`, hexadecimal.
pub(super) fn sha256_of<T: Number>(values: &[T]) -> String {
    let mut hash = Sha256::new();
    let mut bytes = Vec::new();
    for block in values.chunks(8192) {
        bytes.clear();
        for &value in block {
            value.extend_bytes(&mut bytes);
        }
        hash.update(&bytes);
    }
    hexadecimal(&hash.finalize())
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
