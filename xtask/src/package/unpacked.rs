//! The packages, unpacked into a workspace of their own.
//!
//! A workspace, since cargo would else look for one further up and find the repository's; and since third-party crates
//! are then resolved and compiled once. Each crate is named when it is built or tested, so that features are those
//! that it asks for itself.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::archive;
use super::metadata::Crate;
use crate::files;
use crate::workspace::Workspace;

/// The workspace of packages, under the repository's build folder.
#[derive(Debug, Clone)]
pub(super) struct Unpacked<'a> {
    workspace: &'a Workspace,
    folder: PathBuf,
}

impl<'a> Unpacked<'a> {
    /// Where it is, filled or not.
    pub(super) fn new(workspace: &'a Workspace) -> Self {
        Self { workspace, folder: workspace.target().join("published") }
    }

    /// Replaces what was unpacked before.
    pub(super) fn fill(&self, crates: &[Crate]) -> Result<()> {
        self.empty()?;
        for it in crates {
            let archive = archive::path(self.workspace, it);
            // Times of today: those in archives never change, so cargo would take a changed file for the one it built.
            let status = Command::new("tar")
                .arg("-xzmf")
                .arg(&archive)
                .current_dir(&self.folder)
                .status()
                .context("failed to run tar")?;
            ensure!(
                status.success(),
                "failed to unpack {}: tar ended with {status}",
                archive.display()
            );
        }
        let root = self.workspace.root();
        let read = |name: &str| {
            let path = root.join(name);
            fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))
        };
        files::write(&self.folder.join("Cargo.toml"), &manifest(crates, &read("Cargo.toml")?)?)?;
        // The versions that everything else is tested with, of the compiler and of dependencies.
        for name in ["rust-toolchain.toml", "Cargo.lock"] {
            files::write(&self.folder.join(name), &read(name)?)?;
        }
        Ok(())
    }

    /// Removes everything but what was built.
    fn empty(&self) -> Result<()> {
        let context = || format!("failed to empty {}", self.folder.display());
        fs::create_dir_all(&self.folder).with_context(context)?;
        for entry in fs::read_dir(&self.folder).with_context(context)? {
            let path = entry.with_context(context)?.path();
            if path != self.target() && path.is_dir() {
                fs::remove_dir_all(&path).with_context(context)?;
            }
        }
        Ok(())
    }

    fn target(&self) -> PathBuf {
        self.folder.join("target")
    }

    /// Where a crate is.
    pub(super) fn folder_of(&self, it: &Crate) -> PathBuf {
        self.folder.join(it.full_name())
    }

    /// A program that the tests of its package have built.
    pub(super) fn program(&self, name: &str) -> Command {
        Command::new(
            self.target().join("debug").join(format!("{name}{}", std::env::consts::EXE_SUFFIX)),
        )
    }

    /// A call of cargo that does this with one crate alone.
    pub(super) fn cargo(&self, verb: &str, it: &Crate) -> Command {
        let mut command = self.workspace.cargo();
        command.args([verb, "--package", &it.name]).current_dir(&self.folder);
        command.arg("--target-dir").arg(self.target());
        // What tests of the repository find there is not in the packages: without it they show that they need nothing.
        command.env_remove("NWM_SHARED");
        command
    }
}

/// A workspace of the packages, in which each takes the others for what crates.io has, with the repository's profiles:
/// without them the tests of numerical code would take an hour.
fn manifest(crates: &[Crate], repository: &str) -> Result<String> {
    let mut root: toml::Table =
        toml::from_str(repository).context("failed to read the workspace's Cargo.toml")?;
    let mut text = "[workspace]\nresolver = \"3\"\nmembers = [\n".to_owned();
    for it in crates {
        writeln!(text, "    {:?},", it.full_name())?;
    }
    text.push_str("]\n\n[patch.crates-io]\n");
    for it in crates {
        writeln!(text, "{} = {{ path = {:?} }}", it.name, it.full_name())?;
    }
    let profiles = root.remove("profile");
    let profiles: toml::Table =
        profiles.into_iter().map(|profiles| ("profile".to_owned(), profiles)).collect();
    text.push('\n');
    text.push_str(&toml::to_string(&profiles).context("failed to write the profiles")?);
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::manifest;
    use crate::package::metadata::tests::example;

    #[test]
    fn siblings_are_the_other_packages_and_profiles_the_repositorys() {
        let crates = [example("one", &[], ""), example("two", &["one"], "")];
        let repository =
            "[workspace]\nmembers = [\"crates/*\"]\n[profile.dev.package.one]\nopt-level = 3\n";
        let text = manifest(&crates, repository).unwrap();
        assert_eq!(
            text,
            "[workspace]\nresolver = \"3\"\nmembers = [\n    \"one-0.1.0\",\n    \"two-0.1.0\",\n]\n\n\
             [patch.crates-io]\none = { path = \"one-0.1.0\" }\ntwo = { path = \"two-0.1.0\" }\n\n\
             [profile.dev.package.one]\nopt-level = 3\n"
        );
    }
}
