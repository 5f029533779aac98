//! What is in the packages: nothing that crates.io refuses, and nothing that does not belong there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::archive;
use super::metadata::Crate;
use super::unpacked::Unpacked;
use crate::ci::link_targets;
use crate::console;
use crate::files::below;
use crate::stage::Verdict;
use crate::workspace::Workspace;

/// The largest archive that crates.io takes, in bytes.
const LARGEST: u64 = 10 << 20;

/// What may lie at the top of a package.
const KNOWN: &[&str] = &[
    ".cargo_vcs_info.json",
    "Cargo.lock",
    "Cargo.toml",
    "Cargo.toml.orig",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "build.rs",
    "data",
    "emulation",
    "examples",
    "kernels",
    "presets",
    "src",
    "tests",
];

/// The texts that whoever passes the code on has to pass on with it.
const LICENCES: &[&str] = &["LICENSE-APACHE", "LICENSE-MIT"];

/// Looks into every package and says what is there.
pub(super) fn check(
    workspace: &Workspace,
    unpacked: &Unpacked<'_>,
    crates: &[Crate],
) -> Result<Verdict> {
    let mut problems = Vec::new();
    for it in crates {
        let path = archive::path(workspace, it);
        let size = fs::metadata(&path)
            .with_context(|| format!("failed to read {}", path.display()))?
            .len();
        let files = sizes(&unpacked.folder_of(it))?;
        console::progress(&summary(&it.name, &files, size));
        if size > LARGEST {
            problems.push(format!("{}: {size} bytes, at most {LARGEST}", path.display()));
        }
        problems.extend(
            stray(&files).into_iter().map(|file| format!("{}: stray file {file}", it.name)),
        );
        for licence in LICENCES {
            let read = |folder: &Path| fs::read(folder.join(licence)).ok();
            let text = read(&unpacked.folder_of(it));
            if text.is_none() || text != read(workspace.root()) {
                problems.push(format!("{}: {licence} is not the repository's", it.name));
            }
        }
        let readme =
            fs::read_to_string(unpacked.folder_of(it).join("README.md")).unwrap_or_default();
        problems.extend(
            link_targets(&readme)
                .map(|link| format!("{}: the link to {link} leads nowhere on crates.io", it.name)),
        );
    }
    for problem in &problems {
        console::progress(problem);
    }
    Ok(match problems.len() {
        0 => Verdict::Ok,
        count => Verdict::Failed(format!("{count} problems")),
    })
}

/// Bytes of every file of a package, by its path in it.
fn sizes(folder: &Path) -> Result<BTreeMap<String, u64>> {
    let mut sizes = BTreeMap::new();
    for path in below(folder)? {
        let size = fs::metadata(&path)
            .with_context(|| format!("failed to read {}", path.display()))?
            .len();
        let relative = path.strip_prefix(folder).unwrap_or(&path);
        sizes.insert(relative.to_string_lossy().replace('\\', "/"), size);
    }
    Ok(sizes)
}

/// Files outside of the known folders, and files that editors and systems leave.
fn stray(files: &BTreeMap<String, u64>) -> Vec<&String> {
    let known = |path: &&String| {
        let top = path.split('/').next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default();
        let left = name.ends_with('~')
            || name.ends_with(".orig")
            || name.ends_with(".bak")
            || name.starts_with('.');
        KNOWN.contains(&top) && (!left || KNOWN.contains(&path.as_str()))
    };
    files.keys().filter(|path| !known(path)).collect()
}

/// Files and sizes of a package, and where most of it lies.
fn summary(name: &str, files: &BTreeMap<String, u64>, packed: u64) -> String {
    let mut folders = BTreeMap::new();
    for (path, size) in files {
        *folders.entry(path.split('/').next().unwrap_or_default()).or_insert(0) += size;
    }
    let total: u64 = files.values().sum();
    let largest = folders.iter().max_by_key(|(_, size)| **size);
    let (folder, size) = largest.map_or(("", 0), |(folder, size)| (*folder, *size));
    format!(
        "{name}: {} files, {} KiB, packed {} KiB, most of it in {folder} ({} KiB)",
        files.len(),
        total.div_ceil(1024),
        packed.div_ceil(1024),
        size.div_ceil(1024)
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{stray, summary};

    fn files(list: &[(&str, u64)]) -> BTreeMap<String, u64> {
        list.iter().map(|(path, size)| ((*path).to_owned(), *size)).collect()
    }

    #[test]
    fn stray_files_are_told_from_those_of_a_package() {
        let list = ["src/lib.rs", "Cargo.toml.orig", ".cargo_vcs_info.json", "kernels/ptx/a.ptx"];
        assert!(stray(&files(&list.map(|path| (path, 1)))).is_empty());
        for path in ["notes.txt", "src/lib.rs.orig", "tests/.DS_Store", "src/a.rs~", "benches/a.rs"]
        {
            assert_eq!(stray(&files(&[(path, 1)])), [path]);
        }
    }

    #[test]
    fn the_largest_folder_is_named() {
        let files = files(&[
            ("src/lib.rs", 1024),
            ("kernels/a.ptx", 1500),
            ("kernels/b.ptx", 548),
            ("README.md", 1),
        ]);
        assert_eq!(
            summary("one", &files, 1025),
            "one: 4 files, 4 KiB, packed 2 KiB, most of it in kernels (2 KiB)"
        );
    }
}
