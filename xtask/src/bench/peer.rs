//! Peers: the same cases in libraries of another language, in a virtual environment of their own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::line::{Line, parse};
use super::process;
use super::program::Program;
use crate::console;
use crate::workspace::Workspace;

/// A library to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Peer {
    /// PyTorch.
    Torch,
    /// JAX: the cell alone.
    Jax,
    /// WaveSpace: filters, phases and flow of a recording.
    Wavespace,
}

impl Peer {
    /// What its lines and columns call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Torch => "torch",
            Self::Jax => "jax",
            Self::Wavespace => "wavespace",
        }
    }

    /// Its script for a program, if it has one.
    fn script(self, program: Program) -> Option<&'static str> {
        match (self, program) {
            (Self::Torch, Program::Cell) => Some("cell_torch.py"),
            (Self::Torch, Program::Convolution) => Some("convolution_torch.py"),
            (Self::Torch, Program::Step) => Some("step_torch.py"),
            (Self::Jax, Program::Cell) => Some("cell_jax.py"),
            (Self::Wavespace, Program::Waves) => Some("waves_wavespace.py"),
            _ => None,
        }
    }
}

/// The environment in which peers run.
#[derive(Debug, Clone)]
pub(super) struct Peers {
    /// The scripts.
    folder: PathBuf,
    /// The virtual environment.
    environment: PathBuf,
    /// A python to make it with.
    python: PathBuf,
}

impl Peers {
    pub(super) fn new(workspace: &Workspace) -> Self {
        Self {
            folder: workspace.root().join("xtask/peers"),
            environment: workspace.target().join("peers"),
            python: "python3".into(),
        }
    }

    /// Runs a peer's script for a program and reads its lines; none if it has no such script.
    pub(super) fn lines(
        &self,
        peer: Peer,
        program: Program,
        arguments: &[String],
    ) -> Result<Option<Vec<Line>>> {
        let Some(script) = peer.script(program) else { return Ok(None) };
        self.install(peer)?;
        let mut command = Command::new(self.environment_python());
        command.arg(self.folder.join(script)).args(arguments);
        // Compiled scripts would lie in the repository.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        Ok(Some(parse(&process::output(&mut command)?)?))
    }

    /// Makes the environment, and installs what a peer requires unless that is done already.
    fn install(&self, peer: Peer) -> Result<()> {
        let name = format!("requirements-{}.txt", peer.name());
        let requirements = self.folder.join(&name);
        let read = |path: &Path| {
            std::fs::read_to_string(path)
                .with_context(|| format!("failed to read {}", path.display()))
        };
        let wanted = read(&requirements)?;
        // A copy of what was installed last tells whether there is something to do.
        let installed = self.environment.join(&name);
        if read(&installed).is_ok_and(|found| found == wanted) {
            return Ok(());
        }
        if !self.environment_python().exists() {
            let mut make = Command::new(&self.python);
            process::output(make.args(["-m", "venv"]).arg(&self.environment))?;
        }
        console::progress(&format!("installing {} for the comparison", peer.name()));
        let mut install = Command::new(self.environment_python());
        install.args(["-m", "pip", "install", "--quiet", "--requirement"]).arg(&requirements);
        process::output(&mut install)?;
        std::fs::write(&installed, wanted)
            .with_context(|| format!("failed to write {}", installed.display()))
    }

    fn environment_python(&self) -> PathBuf {
        if cfg!(windows) {
            self.environment.join("Scripts/python.exe")
        } else {
            self.environment.join("bin/python")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Peer, Peers};
    use crate::bench::program::Program;

    fn peers(folder: &std::path::Path) -> Peers {
        std::fs::write(folder.join("requirements-jax.txt"), "jax==0\n").unwrap();
        Peers {
            folder: folder.to_owned(),
            environment: folder.join("environment"),
            python: folder.join("no-python"),
        }
    }

    #[test]
    fn a_peer_without_a_script_has_no_lines() {
        let folder = tempfile::tempdir().unwrap();
        let lines = peers(folder.path()).lines(Peer::Jax, Program::Step, &[]).unwrap();
        assert!(lines.is_none());
    }

    #[test]
    fn a_missing_python_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = peers(folder.path()).lines(Peer::Jax, Program::Cell, &[]).unwrap_err();
        assert!(error.to_string().contains("no-python"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_installed_already_is_not_installed_again() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let peers = peers(folder.path());
        let bin = peers.environment.join("bin");
        std::fs::create_dir_all(&bin).unwrap();
        // Stands in for python: says what it was asked to do, and fails like a pip without network.
        let python = bin.join("python");
        std::fs::write(&python, "#!/bin/sh\necho \"asked for $2\" >&2\nexit 1\n").unwrap();
        std::fs::set_permissions(&python, std::fs::Permissions::from_mode(0o755)).unwrap();
        let error = || peers.lines(Peer::Jax, Program::Cell, &[]).unwrap_err().to_string();
        assert!(error().contains("asked for pip"));
        std::fs::write(peers.environment.join("requirements-jax.txt"), "jax==0\n").unwrap();
        assert!(!error().contains("asked for pip"));
    }
}
