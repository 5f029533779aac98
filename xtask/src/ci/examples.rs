//! The examples of all crates, from start to end.

use anyhow::{Context, Result};

use crate::console;
use crate::files::entries;
use crate::stage::Verdict;
use crate::workspace::Workspace;

/// Runs every example, in a folder for what it writes. They are built by the tests already.
pub(super) fn run(workspace: &Workspace) -> Result<Verdict> {
    let folder = workspace.target().join("ci-examples");
    std::fs::create_dir_all(&folder)
        .with_context(|| format!("failed to make {}", folder.display()))?;
    let mut count = 0;
    for package in workspace.packages() {
        let examples = workspace.root().join("crates").join(package).join("examples");
        if !examples.is_dir() {
            continue;
        }
        let mut sources = entries(&examples)?;
        sources.retain(|path| path.extension().is_some_and(|it| it == "rs"));
        sources.sort();
        for source in sources {
            let name = source.file_stem().unwrap_or_default();
            console::progress(&format!("{package}: {}", name.display()));
            let mut command = workspace.cargo();
            command.args(["run", "--quiet", "--manifest-path"]);
            command.arg(workspace.root().join("Cargo.toml"));
            command.args(["--package", package, "--example"]).arg(name);
            // What an example prints is for readers of its source; errors are on the other stream.
            command.current_dir(&folder).stdout(std::process::Stdio::null());
            let status =
                command.status().with_context(|| format!("failed to start {command:?}"))?;
            if !status.success() {
                let name = name.display();
                return Ok(Verdict::Failed(format!("{package}: {name} ended with {status}")));
            }
            count += 1;
        }
    }
    Ok(match count {
        0 => Verdict::Failed("there are no examples".to_owned()),
        _ => Verdict::Ok,
    })
}
