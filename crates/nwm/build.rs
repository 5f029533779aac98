//! Records the commit the program is built from, so that every run can be traced to it.

use std::process::Command;

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let commit = match git(&["rev-parse", "HEAD"]) {
        Some(commit) => {
            // The folder of the repository may be elsewhere (worktrees), so git is asked for it.
            for file in ["HEAD", "logs/HEAD"] {
                if let Some(path) = git(&["rev-parse", "--git-path", file]) {
                    println!("cargo:rerun-if-changed={path}");
                }
            }
            // Whether files differ from the commit is asked again when one of them changes.
            for source in ["..", "../../Cargo.toml", "../../Cargo.lock"] {
                println!("cargo:rerun-if-changed={source}");
            }
            let changed = git(&["status", "--porcelain", "--untracked-files=no"])
                .is_some_and(|text| !text.is_empty());
            if changed { format!("{commit}-dirty") } else { commit }
        }
        None => "unknown".to_owned(),
    };
    println!("cargo:rustc-env=NWM_COMMIT={commit}");
}
