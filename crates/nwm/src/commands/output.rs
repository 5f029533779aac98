//! Files that commands leave.

use std::path::Path;

use nwm_data::atomic::write_atomically;
use nwm_train::Error;

/// Writes a file, complete or not at all.
pub(super) fn write_file(path: &Path, content: &[u8]) -> Result<(), Error> {
    write_atomically(path, |scratch| {
        std::fs::write(scratch, content)
            .map_err(|source| Error::Io { path: path.to_path_buf(), source })
    })
}
