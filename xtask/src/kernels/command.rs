//! The command, and the same for a stage of the checks.

use std::process::ExitCode;

use anyhow::{Context, Result};

use super::compile::{Built, compile};
use super::nvcc::{Nvcc, find_nvcc};
use super::sources::{KernelFolder, kernel_folders};
use super::toolkit::Toolkit;
use super::{artifacts, resources};
use crate::console;
use crate::flags::Kernels;
use crate::workspace::Workspace;

/// What to do about differences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// List them.
    Compare,
    /// Write what is checked in anew.
    Update,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Kernels, each counted once.
    pub(crate) kernels: usize,
    /// What still differs, a line each.
    pub(crate) differences: Vec<String>,
}

impl Kernels {
    /// Compiles all kernels; exit code 1 if something differs.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let workspace = Workspace::locate()?;
        let folders = kernel_folders(workspace.root())?;
        if folders.is_empty() {
            console::result(NONE);
            return Ok(ExitCode::SUCCESS);
        }
        let nvcc = find_nvcc(&workspace)?.with_context(|| Toolkit::new(&workspace).advice())?;
        let mode = if self.update { Mode::Update } else { Mode::Compare };
        let outcome = examine(&workspace, &Nvcc::open(nvcc)?, &folders, mode)?;
        Ok(if outcome.differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// What is said where there is nothing to compile.
pub(crate) const NONE: &str = "there are no kernels: no crates/*/kernels/*.cu";

/// Compiles all kernels, prints what they use, and compares or writes what is checked in.
pub(crate) fn examine(
    workspace: &Workspace,
    nvcc: &Nvcc,
    folders: &[KernelFolder],
    mode: Mode,
) -> Result<Outcome> {
    let modules: usize = folders.iter().map(|folder| folder.modules().len()).sum();
    console::progress(&format!(
        "compiling kernels with {} (modules: {modules})",
        nvcc.description()
    ));
    let all = compile(workspace, nvcc, folders)?;
    let rows: Vec<_> = all.iter().flat_map(|built| built.rows.iter().cloned()).collect();
    if !rows.is_empty() {
        console::result(&resources::columns(&rows));
    }
    let mut outcome = Outcome { kernels: kernels(&all), differences: Vec::new() };
    match mode {
        Mode::Update => {
            for built in &all {
                for path in artifacts::update(workspace.root(), built)? {
                    console::progress(&format!("updated {path}"));
                }
            }
        }
        Mode::Compare => {
            for built in &all {
                outcome.differences.extend(artifacts::differences(workspace.root(), built)?);
            }
            report(&outcome, nvcc);
        }
    }
    Ok(outcome)
}

/// Lists the differences, and says what to do.
fn report(outcome: &Outcome, nvcc: &Nvcc) {
    let Outcome { kernels, differences } = outcome;
    for difference in differences {
        console::progress(difference);
    }
    if differences.is_empty() {
        console::progress(&format!("PTX and table are those of the {kernels} kernels"));
    } else {
        if let Some(doubt) = nvcc.doubt() {
            console::progress(&doubt);
        }
        console::progress(
            "if this is meant: cargo xtask kernels --update, and commit PTX and tables with the sources",
        );
    }
}

/// Each kernel has a row for every architecture.
fn kernels(all: &[Built]) -> usize {
    let names = all.iter().enumerate().flat_map(|(folder, built)| {
        built.rows.iter().map(move |row| (folder, &row.module, &row.kernel))
    });
    names.collect::<std::collections::BTreeSet<_>>().len()
}
