//! The programs of the check, built here or carried here.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::pack;
use super::part::Part;
use crate::bench::Program;
use crate::ci::CudaBuild;
use crate::console;
use crate::workspace::Workspace;

/// Where the peers' scripts are in the repository.
const PEERS: &str = "xtask/peers";

/// One of the programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    /// The cell on a GPU, of `nwm-core`.
    Gpu,
    /// The training step, of `nwm-train`.
    Step,
    /// The `nwm` command.
    Nwm,
}

impl Name {
    pub(super) const ALL: [Self; 3] = [Self::Gpu, Self::Step, Self::Nwm];

    /// The name of its file in a pack.
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Gpu => "gpu",
            Self::Step => "step",
            Self::Nwm => "nwm",
        }
    }

    /// The program that a part runs, if it is one of ours.
    pub(super) fn of(part: Part) -> Option<Self> {
        match part {
            Part::Agreement | Part::Determinism | Part::Timing | Part::Sanitizer => Some(Self::Gpu),
            Part::Step => Some(Self::Step),
            Part::Training => Some(Self::Nwm),
            Part::Peers => None,
        }
    }
}

/// Where the programs are.
#[derive(Debug, Clone)]
pub(super) struct Programs {
    found: Vec<(Name, PathBuf)>,
    /// The peers' scripts.
    pub(super) peers: PathBuf,
    /// Of the source that they were built from.
    pub(super) commit: String,
    /// Where numbers are left by default.
    pub(super) folder: PathBuf,
    /// A toolkit that the programs may need, beside those of the machine.
    pub(super) toolkit: Option<PathBuf>,
}

impl Programs {
    /// Builds for a GPU what these parts run.
    pub(super) fn build(workspace: &Workspace, parts: &[Part]) -> Result<Self> {
        // The commit is that at the beginning: a build takes long.
        let nothing = Self::nothing(workspace);
        let build = CudaBuild::new(workspace);
        let status = build.installation().status().context("failed to start bash")?;
        ensure!(
            status.success(),
            "failed to install the CUDA toolkit: the script ended with {status}"
        );
        let needed = Name::ALL
            .into_iter()
            .filter(|&name| parts.iter().any(|&part| Name::of(part) == Some(name)));
        let mut found = Vec::new();
        for name in needed {
            console::progress(&format!("building {} with CUDA", name.file()));
            let bench = |program: Program| {
                program.build_with(workspace, |command| build.configure(command))
            };
            let path = match name {
                Name::Gpu => bench(Program::Gpu)?.path().clone(),
                Name::Step => bench(Program::Step)?.path().clone(),
                Name::Nwm => {
                    let status = build.build().status().context("failed to run cargo build")?;
                    ensure!(status.success(), "failed to build nwm: cargo ended with {status}");
                    build.program()
                }
            };
            found.push((name, path));
        }
        let toolkit = Some(workspace.target().join("cuda"));
        Ok(Self { found, toolkit, ..nothing })
    }

    /// Builds what the emulation runs.
    pub(super) fn build_emulated(workspace: &Workspace) -> Result<Self> {
        console::progress("building gpu without CUDA");
        let nothing = Self::nothing(workspace);
        let built = Program::Gpu.build(workspace)?;
        let found = vec![(Name::Gpu, built.path().clone())];
        Ok(Self { found, ..nothing })
    }

    fn nothing(workspace: &Workspace) -> Self {
        Self {
            found: Vec::new(),
            peers: workspace.root().join(PEERS),
            commit: workspace.commit(),
            folder: workspace.target().to_owned(),
            toolkit: None,
        }
    }

    /// Those of a folder that `--pack` filled.
    pub(super) fn carried(folder: &Path) -> Result<Self> {
        // Processes run elsewhere.
        let folder = std::path::absolute(folder)
            .with_context(|| format!("failed to find {}", folder.display()))?;
        let commit = pack::Manifest::read(&folder)?.commit;
        let found = Name::ALL.map(|name| (name, folder.join(name.file())));
        let found = found.into_iter().filter(|(_, path)| path.is_file()).collect();
        Ok(Self { found, peers: folder.join(pack::PEERS), commit, folder, toolkit: None })
    }

    /// Where a program is, if it was built.
    pub(super) fn path(&self, name: Name) -> Option<&Path> {
        self.found.iter().find(|(found, _)| *found == name).map(|(_, path)| path.as_path())
    }
}

#[cfg(test)]
impl Programs {
    /// Stand-ins.
    pub(super) fn stand_ins(found: Vec<(Name, PathBuf)>, folder: &Path) -> Self {
        let folder = folder.to_owned();
        Self { found, peers: folder.clone(), commit: "abc".to_owned(), folder, toolkit: None }
    }
}
