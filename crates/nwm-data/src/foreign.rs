//! HDF5 files that others wrote, looked at by a process that may fail.
//!
//! A file that is damaged, or made to do harm, can let the HDF5 library ask for more memory than there is, and a process
//! that does so is ended. Before such a file is opened here, another process opens it with a limit on its memory
//! ([`examine_here`]); what ends that one is an error to this one ([`examine`]).

use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Result};
use crate::frames_file::FramesFile;
use crate::source::FrameSource;

/// Address space of the process that looks, bytes.
const MEMORY: u64 = 8 << 30;

/// Advice at the end of messages.
const CHECK: &str = "the file is damaged or harmful; check it, for example with h5dump";

/// Limits the memory of this process, where the system can, opens the array `dataset` of a file, and reads a frame at
/// either end of it.
///
/// # Errors
///
/// Those of [`FramesFile::open`] and of reading.
pub fn examine_here(path: &Path, dataset: &str) -> Result<()> {
    limit_memory();
    let file = FramesFile::open(path, dataset)?;
    let mut frame = vec![0.0; file.frame_shape().iter().product()];
    file.read(0, 0, 1, &mut frame)?;
    file.read(file.trajectories() - 1, file.frames() - 1, 1, &mut frame)
}

/// Runs a program that calls [`examine_here`] and, if the file is refused, ends with an exit code of 1 to 99 and the
/// reason on the standard error stream.
///
/// # Errors
///
/// [`Error::Content`] with that reason, or that the program was ended while it looked; [`Error::Io`] if it cannot be
/// started.
pub fn examine(path: &Path, program: &mut Command) -> Result<()> {
    let output = program
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .map_err(|source| Error::Io {
            path: path.to_path_buf(),
            action: "start a process that looks at it",
            source,
        })?;
    if output.status.success() {
        return Ok(());
    }
    let reason = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let found = match output.status.code() {
        Some(1..100) if !reason.is_empty() => reason,
        _ => {
            let (gigabytes, status) = (MEMORY >> 30, output.status);
            format!("data on which a process that may use {gigabytes} GiB ends ({status})")
        }
    };
    Err(Error::Content {
        path: path.to_path_buf(),
        place: "file".to_owned(),
        found,
        expected: "an HDF5 file that can be read".to_owned(),
        advice: CHECK,
    })
}

#[cfg(unix)]
fn limit_memory() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::As);
    limit.current = Some(limit.maximum.map_or(MEMORY, |maximum| maximum.min(MEMORY)));
    // Without the limit the process is merely as safe as any.
    let _ = setrlimit(Resource::As, limit);
}

#[cfg(not(unix))]
fn limit_memory() {}
