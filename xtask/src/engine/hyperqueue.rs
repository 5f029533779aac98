//! HyperQueue, driven by its Python package through `hyperqueue/submit.py`.

use std::ffi::OsString;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::batch::{Batch, Ending};
use super::commands::quoted;
use super::job_file::JobFile;
use crate::files;
use crate::runs::{INTERRUPTED, Interrupt};
use crate::usage::UsageError;

/// What is written beside the job file and run: the package has no program of its own.
const SUBMITTER: &str = include_str!("../../hyperqueue/submit.py");
/// Exit code of the submitter if it cannot load what it needs.
const NO_PACKAGE: i32 = 3;

/// Writes the job file, submits it and waits for all tasks. Tasks that fail are submitted again, as often as the
/// resources say.
pub(super) fn submit(batch: &Batch<'_>, interrupt: &Interrupt) -> Result<Ending> {
    let is_local = batch.options.server_dir.is_none();
    if is_local && batch.resources.gpus > 0.0 {
        return Err(UsageError::LocalClusterHasNoGpus.into());
    }
    let job_file = batch.folder.join("hyperqueue.toml");
    files::write(&job_file, &JobFile::of(batch)?.to_toml()?)?;
    if batch.options.no_submit {
        let path = quoted(&job_file.to_string_lossy());
        return Ok(Ending::Left(format!("submit it with hq job submit-file {path}")));
    }
    let script = batch.folder.join("submit.py");
    files::write(&script, SUBMITTER)?;
    let python = std::env::var_os("NWM_PYTHON").unwrap_or_else(|| OsString::from("python3"));
    let mut command = Command::new(&python);
    command.arg(&script).arg(&job_file).args(["--retries", &batch.resources.retries.to_string()]);
    if let Some(server_dir) = &batch.options.server_dir {
        command.arg("--server-dir").arg(server_dir);
    }
    let context = || format!("failed to run {} {}", python.display(), script.display());
    // The terminal interrupts the submitter as well, which then stops its cluster.
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::from(std::io::stderr()))
        .status()
        .with_context(context)?;
    match status.code() {
        // Which tasks failed is in their folders.
        Some(0 | 1) => Ok(Ending::Worked),
        Some(code) if code == i32::from(INTERRUPTED) => {
            interrupt.set();
            Ok(Ending::Interrupted)
        }
        Some(NO_PACKAGE) => bail!(
            "failed to load the Python package of HyperQueue: run `{} -m pip install hyperqueue`, or name another \
             Python in NWM_PYTHON",
            python.display()
        ),
        _ => bail!("failed to work with HyperQueue: {} ended with {status}", script.display()),
    }
}
