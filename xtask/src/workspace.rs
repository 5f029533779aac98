//! Where the repository, its build folder and its commit are.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The workspace this task belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
    packages: Vec<String>,
    cargo: OsString,
}

/// The part of `cargo metadata` that is used.
#[derive(Deserialize)]
struct Metadata {
    workspace_root: PathBuf,
    target_directory: PathBuf,
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
}

impl Workspace {
    /// Asks cargo, so that `CARGO_TARGET_DIR` and cargo's configuration files are honoured.
    pub(crate) fn locate() -> Result<Self> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let manifest_dir = std::env::var_os("CARGO_MANIFEST_DIR")
            .unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest_dir).parent().context("the xtask crate has no parent")?;
        let metadata: Metadata = metadata(Command::new(&cargo).current_dir(root))?;
        let mut packages: Vec<String> =
            metadata.packages.into_iter().map(|package| package.name).collect();
        packages.sort();
        Ok(Self {
            root: metadata.workspace_root,
            target: metadata.target_directory,
            packages,
            cargo,
        })
    }

    /// The folder with the workspace's Cargo.toml.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The build folder.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// A folder that was given, or else the one of this name in the repository, as a path that stays right in a process
    /// that runs in another folder.
    pub(crate) fn folder(&self, given: Option<&Path>, name: &str) -> Result<PathBuf> {
        let path = given.map_or_else(|| self.root.join(name), Path::to_owned);
        std::path::absolute(&path).with_context(|| format!("failed to resolve {}", path.display()))
    }

    /// Names of the workspace's packages, sorted.
    pub(crate) fn packages(&self) -> &[String] {
        &self.packages
    }

    /// What cargo says about the crates, as far as `T` asks for it.
    pub(crate) fn metadata<T: DeserializeOwned>(&self) -> Result<T> {
        metadata(&mut self.cargo())
    }

    /// A cargo command that runs in the repository.
    pub(crate) fn cargo(&self) -> Command {
        let mut command = Command::new(&self.cargo);
        command.current_dir(&self.root);
        command
    }

    /// Builds the optimised `nwm` program.
    pub(crate) fn build_nwm(&self) -> Result<()> {
        let status = self
            .cargo()
            .args(["build", "--release", "--package", "nwm"])
            .status()
            .context("failed to run cargo build")?;
        ensure!(status.success(), "failed to build nwm: cargo ended with {status}");
        Ok(())
    }

    /// Where the optimised `nwm` program is once built.
    pub(crate) fn nwm_program(&self) -> PathBuf {
        self.target.join("release").join(format!("nwm{}", std::env::consts::EXE_SUFFIX))
    }

    /// The commit checked out, with `-dirty` after it if tracked files differ, or `unknown`
    /// outside a git checkout (a source archive).
    pub(crate) fn commit(&self) -> String {
        let git = |arguments: &[&str]| -> Option<String> {
            let output =
                Command::new("git").args(arguments).current_dir(&self.root).output().ok()?;
            output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().into())
        };
        let Some(commit) = git(&["rev-parse", "--verify", "--quiet", "HEAD"]) else {
            return "unknown".to_owned();
        };
        match git(&["status", "--porcelain", "--untracked-files=no"]) {
            Some(changes) if changes.is_empty() => commit,
            _ => format!("{commit}-dirty"),
        }
    }
}

fn metadata<T: DeserializeOwned>(cargo: &mut Command) -> Result<T> {
    let output = cargo
        .args(["metadata", "--no-deps", "--format-version=1"])
        .output()
        .context("failed to run cargo metadata")?;
    ensure!(
        output.status.success(),
        "cargo metadata failed: {}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    serde_json::from_slice(&output.stdout).context("failed to read cargo metadata")
}
