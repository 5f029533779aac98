//! Records the commit the program is built from, so that every run can be traced to it.

use std::process::Command;

/// What cargo writes into a package that was made from a repository.
const PACKAGED: &str = ".cargo_vcs_info.json";
/// What cargo writes into every package.
const PACKAGE: &str = "Cargo.toml.orig";

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The commit that a package was made from. A repository that it is unpacked in is somebody else's, so git is not asked.
fn packaged() -> Option<String> {
    let text = std::fs::read_to_string(PACKAGED).ok()?;
    let commit = text.split("\"sha1\"").nth(1)?.split('"').nth(1)?.to_owned();
    let dirty = text
        .split("\"dirty\"")
        .nth(1)
        .is_some_and(|rest| rest.trim_start_matches([':', ' ']).starts_with("true"));
    Some(if dirty { format!("{commit}-dirty") } else { commit })
}

/// The commit that is checked out.
fn checked_out() -> Option<String> {
    let commit = git(&["rev-parse", "HEAD"])?;
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
    Some(if changed { format!("{commit}-dirty") } else { commit })
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let commit = if std::path::Path::new(PACKAGE).exists() {
        println!("cargo:rerun-if-changed={PACKAGED}");
        packaged()
    } else {
        checked_out()
    };
    println!("cargo:rustc-env=NWM_COMMIT={}", commit.as_deref().unwrap_or("unknown"));
}
