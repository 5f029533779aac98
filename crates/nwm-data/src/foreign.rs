//! HDF5 files that others wrote, looked at by a process that may fail.
//!
//! A file that is damaged, or made to do harm, can let the HDF5 library ask for more memory than there is, and a process
//! that does so is ended. Before such a file is opened here, another process opens it with a limit on its memory
//! ([`examine_here`]); what ends that one is an error to this one ([`examine`]).

use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Result};
use crate::frames_file::FramesFile;
use crate::recording::{Recording, RecordingOptions};
use crate::source::FrameSource;

/// Address space of the process that looks, bytes.
const MEMORY: u64 = 8 << 30;

/// Time that it may compute, seconds.
const SECONDS: u64 = 60;

/// Advice at the end of messages.
const CHECK: &str = "the file is damaged or harmful; check it, for example with h5dump";

/// Limits memory and time of this process, where the system can, and looks at a file: as [`frames`], or as a
/// [`recording`].
///
/// # Errors
///
/// Those of `look`.
pub fn examine_here(look: impl FnOnce() -> Result<()>) -> Result<()> {
    limit_resources();
    look()
}

/// Opens the array `dataset` of a file and reads a frame at either end of it.
///
/// # Errors
///
/// Those of [`FramesFile::open`] and of reading.
pub fn frames(path: &Path, dataset: &str) -> Result<()> {
    let file = FramesFile::open(path, dataset)?;
    let mut frame = vec![0.0; file.frame_shape().iter().product()];
    file.read(0, 0, 1, &mut frame)?;
    file.read(file.trajectories() - 1, file.frames() - 1, 1, &mut frame)
}

/// Opens a recording and reads a sample at either end of it.
///
/// # Errors
///
/// Those of [`Recording::open`] and of reading.
pub fn recording(path: &Path, options: &RecordingOptions) -> Result<()> {
    let mut recording = Recording::open(path, options)?;
    recording.read(0, 0..1)?;
    let (last, time) = (recording.trials() - 1, recording.time());
    recording.read(last, time - 1..time).map(drop)
}

/// Runs a program that calls [`examine_here`] and ends with an exit code below 100, whatever it found. A file that it
/// merely refused does no harm: whoever reads it next is told the same in this process.
///
/// # Errors
///
/// [`Error::Content`] if the program was ended while it looked, [`Error::Io`] if it cannot be started.
pub fn examine(path: &Path, program: &mut Command) -> Result<()> {
    let status =
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().map_err(
            |source| Error::Io {
                path: path.to_path_buf(),
                action: "start a process that looks at it",
                source,
            },
        )?;
    if matches!(status.code(), Some(0..100)) {
        return Ok(());
    }
    let gigabytes = MEMORY >> 30;
    let found = format!(
        "data on which a process that may use {gigabytes} GiB and {SECONDS} s ends ({status})"
    );
    Err(Error::Content {
        path: path.to_path_buf(),
        place: "file".to_owned(),
        found,
        expected: "an HDF5 file that can be read".to_owned(),
        advice: CHECK,
    })
}

#[cfg(unix)]
fn limit_resources() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    for (resource, most) in [(Resource::As, MEMORY), (Resource::Cpu, SECONDS), (Resource::Core, 0)]
    {
        let mut limit = getrlimit(resource);
        limit.current = [limit.current, limit.maximum].into_iter().flatten().chain([most]).min();
        // Without the limit the process is merely as safe as any.
        let _ = setrlimit(resource, limit);
    }
}

#[cfg(not(unix))]
fn limit_resources() {}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// Set in a process that this test starts of itself, and that asks for too much.
    const CHILD: &str = "NWM_DATA_TEST_CHILD";

    #[test]
    fn memory_is_limited() {
        if std::env::var_os(CHILD).is_none() {
            let mut program = Command::new(std::env::current_exe().unwrap());
            program.args(["--exact", "foreign::tests::memory_is_limited"]).env(CHILD, "1");
            let error = examine(Path::new("some.h5"), &mut program).unwrap_err().to_string();
            assert!(error.contains("some.h5: file: found data on which a process"), "{error}");
            assert!(error.contains("8 GiB"), "{error}");
            return;
        }
        limit_resources();
        // Less than many machines have, more than is allowed.
        let mut reserved: Vec<u8> = Vec::new();
        if reserved.try_reserve_exact(9 << 30).is_err() {
            std::process::abort();
        }
    }

    #[test]
    fn a_program_that_ends_by_itself_has_found_no_harm() {
        let run = |script: &str| {
            let mut program = Command::new("sh");
            program.args(["-c", script]);
            examine(Path::new("some.h5"), &mut program)
        };
        assert!(run("exit 0").is_ok());
        assert!(run("exit 3").is_ok());
        assert!(run("exit 101").unwrap_err().to_string().contains("101"));
        assert!(run("kill -9 $$").unwrap_err().to_string().contains("signal: 9"));
        let mut absent = Command::new("/absent/program");
        assert!(matches!(examine(Path::new("some.h5"), &mut absent), Err(Error::Io { .. })));
    }
}
