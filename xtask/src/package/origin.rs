//! Whether a program that was built from its package knows the commit that the package was made from.

use std::process::Command;

use anyhow::{Context, Result};

use crate::stage::Verdict;
use crate::workspace::Workspace;

/// Asks the program that the tests of its package have built.
pub(super) fn check(workspace: &Workspace, mut question: Command) -> Result<Verdict> {
    let output = question.output().with_context(|| format!("failed to start {question:?}"))?;
    let answer = String::from_utf8_lossy(&output.stdout);
    Ok(verdict(&answer, &workspace.commit()))
}

/// Files may differ from the commit outside of the package, so a mark of that is not compared.
fn verdict(answer: &str, commit: &str) -> Verdict {
    let expected = commit.trim_end_matches("-dirty");
    let first = answer.lines().next().unwrap_or_default();
    if first.contains(expected) {
        Verdict::Ok
    } else {
        Verdict::Failed(format!("found {first:?}, expected the commit {expected}"))
    }
}

#[cfg(test)]
mod tests {
    use super::verdict;
    use crate::stage::Verdict;

    #[test]
    fn the_commit_is_found_with_and_without_changes() {
        assert_eq!(verdict("nwm 0.1.0 (abc-dirty)\n", "abc"), Verdict::Ok);
        assert_eq!(verdict("nwm 0.1.0 (abc)\n", "abc-dirty"), Verdict::Ok);
        for answer in ["nwm 0.1.0 (unknown)\n", "nwm 0.1.0 (def)\nabc", ""] {
            assert!(matches!(verdict(answer, "abc"), Verdict::Failed(_)), "{answer}");
        }
    }
}
