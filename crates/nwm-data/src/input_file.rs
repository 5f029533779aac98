//! Opening files that others wrote.

use std::fs::File;
use std::path::Path;

use crate::error::{Error, Result};

/// Deflate cannot compress further than by this factor: a header that promises more is false.
pub(crate) const DEFLATE_LIMIT: u64 = 1032;

/// Opens a file and says how many bytes it has.
///
/// # Errors
///
/// [`Error::Io`] if it cannot be opened or is a folder.
pub(crate) fn open_for_reading(path: &Path) -> Result<(File, u64)> {
    let open = || {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(std::io::ErrorKind::IsADirectory.into());
        }
        Ok((file, metadata.len()))
    };
    open().map_err(|source| Error::Io {
        path: path.to_path_buf(),
        action: "open it for reading",
        source,
    })
}
