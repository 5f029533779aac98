//! The archives that cargo makes of crates.

use std::path::PathBuf;
use std::process::Command;

use super::metadata::Crate;
use crate::workspace::Workspace;

/// Packs the crates together, so that each is resolved with the others as crates.io would have them. Nothing is
/// built: that is done from the packages, with tests. Changes that are not committed are packed too; publishing refuses them.
pub(super) fn packing(workspace: &Workspace, crates: &[Crate]) -> Command {
    let mut command = workspace.cargo();
    command.args(["package", "--no-verify", "--allow-dirty", "--target-dir"]);
    command.arg(workspace.target());
    for it in crates {
        command.args(["--package", &it.name]);
    }
    command
}

/// Where cargo leaves the archive of a crate.
pub(super) fn path(workspace: &Workspace, it: &Crate) -> PathBuf {
    workspace.target().join("package").join(format!("{}.crate", it.full_name()))
}
