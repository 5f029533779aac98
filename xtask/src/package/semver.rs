//! Whether the interfaces kept what the version promises, by cargo-semver-checks.

use std::process::Command;

use anyhow::{Context, Result};

use super::metadata::Crate;
use super::process::Tool;
use crate::stage::Verdict;
use crate::workspace::Workspace;

const SEMVER: Tool = Tool { name: "semver-checks" };

/// Compares the libraries with the newest release that the repository has a tag of.
pub(super) fn check(workspace: &Workspace, crates: &[Crate]) -> Result<Verdict> {
    let output = Command::new("git")
        .args(["tag", "--list", "v*", "--merged", "HEAD", "--sort=-version:refname"])
        .current_dir(workspace.root())
        .output()
        .context("failed to run git tag")?;
    let tags = String::from_utf8_lossy(&output.stdout);
    let Some(tag) = tags.lines().find(|tag| is_release(tag)) else {
        return Ok(Verdict::Skipped("no tag of an earlier release: this is the first".to_owned()));
    };
    if let Some(absence) = SEMVER.absence(workspace) {
        return Ok(absence);
    }
    let mut command = SEMVER.call(workspace, &["--baseline-rev", tag, "--only-explicit-features"]);
    for it in crates.iter().filter(|it| it.has_library()) {
        command.args(["--package", &it.name]);
    }
    Verdict::of(command)
}

/// Whether a tag is `vA.B.C`.
fn is_release(tag: &str) -> bool {
    let numbers: Vec<&str> = tag.trim_start_matches('v').split('.').collect();
    numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::is_release;

    #[test]
    fn releases_are_told_from_other_tags() {
        assert!(is_release("v0.1.0") && is_release("v1.20.3"));
        assert!(!is_release("v1") && !is_release("v0.1.0-rc.1") && !is_release("vertex"));
    }
}
