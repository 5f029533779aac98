//! The list of published data sets.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};

/// The list that this crate comes with.
const BUILT_IN: &str = include_str!("../../data/sources.toml");

/// Version of the list.
const FORMAT: u32 = 1;

/// Published data sets by name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sources {
    format: u32,
    sets: BTreeMap<String, Source>,
}

/// One data set.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it is, in a line.
    pub title: String,
    /// Under which licence it is published, and by whom.
    pub licence: String,
    /// Folders that hold the files, in the order in which they are tried; each ends with a slash.
    pub mirrors: Vec<String>,
    /// The files.
    pub files: Vec<Stored>,
}

/// One file, compressed by gzip.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Its name.
    pub name: String,
    /// Bytes after decompression.
    pub unpacked_bytes: u64,
    /// SHA-256 of those, hexadecimal.
    pub unpacked_sha256: String,
}

impl Sources {
    /// The list that this crate comes with.
    ///
    /// # Errors
    ///
    /// None, unless the crate was built from a damaged list.
    pub fn built_in() -> Result<Self> {
        Self::parse(BUILT_IN)
    }

    /// Reads a list, TOML.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSetting`] if it is none, or of another version, a name is a path, or a mirror does not end with
    /// a slash.
    pub fn parse(text: &str) -> Result<Self> {
        let invalid = |found| Error::InvalidSetting {
            key: "sources",
            found,
            expected: "a list of sources, format 1",
        };
        let sources: Self = toml::from_str(text).map_err(|error| invalid(error.to_string()))?;
        if sources.format != FORMAT {
            return Err(invalid(format!("format {}", sources.format)));
        }
        for source in sources.sets.values() {
            // Names become names of files in a folder of the user's.
            let mut names = source.files.iter().map(|file| &file.name);
            if let Some(name) =
                names.find(|name| name.contains(['/', '\\']) || name.starts_with('.'))
            {
                return Err(invalid(format!("a file of the name {name:?}")));
            }
            if let Some(mirror) = source.mirrors.iter().find(|mirror| !mirror.ends_with('/')) {
                return Err(invalid(format!("the mirror {mirror:?} without a slash at its end")));
            }
        }
        Ok(sources)
    }

    /// A data set.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`], which lists the known names.
    pub fn get(&self, name: &str) -> Result<&Source> {
        self.sets.get(name).ok_or_else(|| Error::UnknownName {
            what: "published data set",
            found: name.to_owned(),
            known: self.sets.keys().map(String::as_str).collect::<Vec<_>>().join(", "),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_list_has_mnist() {
        let sources = Sources::built_in().unwrap();
        let mnist = sources.get("mnist").unwrap();
        assert_eq!(mnist.files.len(), 4);
        assert!(mnist.mirrors.iter().all(|mirror| mirror.ends_with('/')));
        assert!(mnist.files.iter().all(|file| file.unpacked_sha256.len() == 64));
        let message = sources.get("cifar").unwrap_err().to_string();
        assert_eq!(message, "unknown published data set \"cifar\": expected one of mnist");
    }

    /// The list is in the repository's data folder, too, where people look for it.
    #[test]
    fn the_list_of_the_repository_is_the_same() {
        let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/sources.toml");
        match std::fs::read_to_string(list) {
            Ok(text) => assert_eq!(text, BUILT_IN),
            Err(error) => eprintln!("skipped: {list}: {error}"),
        }
    }

    #[test]
    fn other_versions_and_other_texts_are_refused() {
        let later = BUILT_IN.replace("format = 1", "format = 2");
        assert!(Sources::parse(&later).unwrap_err().to_string().contains("format 2"));
        assert!(Sources::parse("mnist = 3").is_err());
        let outside = BUILT_IN.replace("\"train-images", "\"../train-images");
        assert!(Sources::parse(&outside).unwrap_err().to_string().contains("../train-images"));
        let bare = BUILT_IN.replacen("/\"", "\"", 1);
        assert!(Sources::parse(&bare).unwrap_err().to_string().contains("without a slash"));
    }
}
