//! The one direction of dependency between the crates, checked on what cargo resolves.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use crate::stage::Verdict;
use crate::workspace::Workspace;

/// What must not be among the dependencies of a crate, direct or not. docs/architecture.md says why.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (CUDA, &["candle-core", PROCESS, SIMD, CORE, DATA, MODELS, TRAIN, ANALYSIS, COMMAND, BENCH]),
    (BENCH, &["candle-core", CUDA, SIMD, CORE, DATA, MODELS, TRAIN, ANALYSIS, COMMAND]),
    (PROCESS, &["candle-core", CUDA, SIMD, CORE, DATA, MODELS, TRAIN, ANALYSIS, COMMAND, BENCH]),
    (SIMD, &["candle-core", CUDA, PROCESS, CORE, DATA, MODELS, TRAIN, ANALYSIS, COMMAND, BENCH]),
    (CORE, &[PROCESS, DATA, MODELS, TRAIN, ANALYSIS, COMMAND, BENCH]),
    (DATA, &["candle-core", PROCESS, CORE, MODELS, TRAIN, ANALYSIS, COMMAND, BENCH]),
    (MODELS, &[PROCESS, DATA, TRAIN, ANALYSIS, COMMAND, BENCH]),
    (ANALYSIS, &["candle-core", CUDA, PROCESS, CORE, DATA, MODELS, TRAIN, COMMAND, BENCH]),
    (TRAIN, &[PROCESS, COMMAND, BENCH]),
    (COMMAND, &[BENCH]),
    (
        "xtask",
        &["candle-core", CUDA, PROCESS, SIMD, CORE, DATA, MODELS, TRAIN, ANALYSIS, COMMAND, BENCH],
    ),
];

const CUDA: &str = "nwm-cuda";
const PROCESS: &str = "nwm-process";
const SIMD: &str = "nwm-simd";
const CORE: &str = "nwm-core";
const DATA: &str = "nwm-data";
const MODELS: &str = "nwm-models";
const TRAIN: &str = "nwm-train";
const ANALYSIS: &str = "nwm-analysis";
const COMMAND: &str = "nwm";
const BENCH: &str = "nwm-bench";

/// Asks cargo for the dependencies of each crate.
pub(super) fn run(workspace: &Workspace) -> Result<Verdict> {
    let mut problems = Vec::new();
    for (package, forbidden) in FORBIDDEN {
        let output = workspace
            .cargo()
            .args(["tree", "--edges=normal,build", "--prefix=none", "--format={p}", "--package"])
            .arg(package)
            .output()
            .context("failed to run cargo tree")?;
        ensure!(
            output.status.success(),
            "cargo tree of {package} failed: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let tree = String::from_utf8_lossy(&output.stdout);
        problems.extend(
            found(&tree, forbidden)
                .into_iter()
                .map(|name| format!("{package} must not depend on {name}")),
        );
    }
    Ok(if problems.is_empty() { Verdict::Ok } else { Verdict::Failed(problems.join("; ")) })
}

/// The forbidden packages among the lines of `cargo tree`, whose first line is the crate itself.
fn found<'a>(tree: &str, forbidden: &[&'a str]) -> Vec<&'a str> {
    let names: BTreeSet<&str> =
        tree.lines().skip(1).filter_map(|line| line.split_whitespace().next()).collect();
    forbidden.iter().copied().filter(|name| names.contains(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::found;

    const TREE: &str = "nwm-train v0.1.0 (nwm-train)\nnwm-core v0.1.0\ncandle-core v0.11.1\n";

    #[test]
    fn a_forbidden_dependency_is_found_by_its_whole_name() {
        assert_eq!(found(TREE, &["candle-core", "nwm"]), ["candle-core"]);
        assert!(found(TREE, &["nwm-data", "core"]).is_empty());
    }

    #[test]
    fn the_crate_itself_is_not_its_own_dependency() {
        assert!(found(TREE, &["nwm-train"]).is_empty());
    }
}
