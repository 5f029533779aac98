//! What a file says about itself, and the digest that guards it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::hdf5_file::{Reader, Writer};
use crate::hexadecimal::hexadecimal;

/// Version of the layout of files of named arrays that this program writes and reads.
pub const FORMAT: u32 = 1;

/// Attribute of the root that holds the metadata.
pub(crate) const METADATA: &str = "metadata";

/// Attribute of the root that holds the SHA-256 of the metadata.
const METADATA_SHA256: &str = "metadata_sha256";

/// Advice at the end of messages about damaged files.
pub(crate) const REGENERATE: &str = "delete the file and make it again";

/// Shape, type and digest of one array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ArrayRecord {
    /// Names of the axes.
    pub axes: Vec<String>,
    /// Lengths of the axes.
    pub shape: Vec<usize>,
    /// Type of the elements: `u8`, `u32`, `f32` or `f64`.
    pub element: String,
    /// SHA-256 over the SHA-256 of each row (an entry along the first axis, as little-endian bytes), hexadecimal.
    pub sha256: String,
}

/// The metadata of a file that is no data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Metadata {
    pub(super) format: u32,
    pub(super) kind: String,
    pub(super) about: Value,
    pub(super) arrays: BTreeMap<String, ArrayRecord>,
}

/// What every version of the metadata has.
#[derive(Deserialize)]
struct AnyVersion {
    format: u32,
}

/// Reads the metadata of a file, of this version, and compares it with its digest; `what` it should be is for messages.
pub(crate) fn read_metadata<M: serde::de::DeserializeOwned>(
    file: &Reader,
    format: u32,
    what: &str,
) -> Result<M> {
    let place = format!("attribute {METADATA}");
    let text = file.attribute(METADATA)?;
    let invalid = |error: serde_json::Error| {
        file.content(&place, format!("invalid JSON ({error})"), format!("the metadata of {what}"))
    };
    let AnyVersion { format: found } = serde_json::from_str(&text).map_err(invalid)?;
    if found != format {
        let found = format!("format version {found}");
        let expected = format!("format version {format}, the one this program reads");
        return Err(file.content(&place, found, expected));
    }
    let (found, expected) = (hexadecimal(&Sha256::digest(&text)), file.attribute(METADATA_SHA256)?);
    if found != expected {
        return Err(file.content(&place, format!("SHA-256 {found}"), expected));
    }
    serde_json::from_str(&text).map_err(invalid)
}

/// Writes the metadata into a file, and its digest.
pub(crate) fn write_metadata(file: &Writer, metadata: &impl Serialize) -> Result<()> {
    let text = serde_json::to_string(metadata).map_err(|error| not_encoded(file, &error))?;
    file.attribute(METADATA, &text)?;
    file.attribute(METADATA_SHA256, &hexadecimal(&Sha256::digest(&text)))
}

/// The error of a description that JSON cannot hold.
pub(super) fn not_encoded(file: &Writer, error: &serde_json::Error) -> Error {
    file.failed("encode the metadata".to_owned())(error.to_string())
}
