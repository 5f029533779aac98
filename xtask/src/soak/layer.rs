//! The library that makes the disk full for one process.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::workspace::Workspace;

/// The library's source, which the tests of the program use, too.
const SOURCE: &str = "crates/nwm/tests/faults/layer.c";

/// The compiled library.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    library: PathBuf,
}

impl Layer {
    /// Compiles it into a folder. None, with the reason, on a system whose calls it does not know.
    pub(super) fn compile(workspace: &Workspace, folder: &Path) -> Result<Result<Self, String>> {
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            return Ok(Err("the fault layer needs Linux on x86-64".to_owned()));
        }
        let library = folder.join("layer.so");
        let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
        let status = Command::new(&compiler)
            .args(["-std=gnu11", "-O1", "-fPIC", "-shared", "-o"])
            .arg(&library)
            .arg(workspace.root().join(SOURCE))
            .status()
            .with_context(|| format!("failed to run {}", compiler.display()))?;
        ensure!(status.success(), "failed to compile {SOURCE}: {status}");
        Ok(Ok(Self { library }))
    }

    /// Lets the disk be full for a process from so many changes of files below a folder on.
    pub(super) fn fill_disk(&self, command: &mut Command, folder: &Path, at: u64) {
        command
            .env("LD_PRELOAD", &self.library)
            .env("NWM_FAULT_FOLDER", folder)
            .env("NWM_FAULT_KIND", "full")
            .env("NWM_FAULT_AT", at.to_string());
    }
}
