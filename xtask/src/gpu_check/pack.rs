//! A folder that can be carried to a machine without compiler and network: programs, peers' scripts, and this one.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::part::Part;
use super::programs::{Name, Programs};
use crate::bench::output;
use crate::console;
use crate::files;
use crate::workspace::Workspace;

/// The version of the manifest.
const FORMAT: u32 = 1;
/// What says that a folder is a pack, and what is in it.
const MANIFEST: &str = "pack.json";
/// The folder of the peers' scripts in it.
pub(super) const PEERS: &str = "peers";
/// This program in it.
const THIS: &str = "xtask";

/// Of what a pack was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    format: u32,
    /// Of the source, with `-dirty` behind it if tracked files differed.
    pub(super) commit: String,
}

impl Manifest {
    /// That of a pack.
    pub(super) fn read(folder: &Path) -> Result<Self> {
        let path = folder.join(MANIFEST);
        let text = fs::read_to_string(&path).with_context(|| {
            format!(
                "failed to read {}; expected a folder that `cargo xtask gpu-check --pack DIR` filled",
                path.display()
            )
        })?;
        let manifest: Self = serde_json::from_str(&text)
            .with_context(|| format!("failed to read {}", path.display()))?;
        let found = manifest.format;
        ensure!(
            found == FORMAT,
            "failed to read {}: format {found}, expected {FORMAT}; pack again with this version",
            path.display()
        );
        Ok(manifest)
    }
}

/// Builds what the parts run and fills the folder. Says how large everything is.
pub(super) fn pack(workspace: &Workspace, parts: &[Part], folder: &Path) -> Result<()> {
    check_ours(folder)?;
    let programs = Programs::build(workspace, parts)?;
    fill(&programs, folder)?;
    console::result(&contents(folder)?);
    Ok(())
}

/// Refuses to mix with the files of somebody else.
fn check_ours(folder: &Path) -> Result<()> {
    let is_empty = fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    ensure!(
        is_empty || folder.join(MANIFEST).is_file(),
        "{} is there and is no pack; delete it or name another folder",
        folder.display()
    );
    Ok(())
}

fn fill(programs: &Programs, folder: &Path) -> Result<()> {
    let peers = folder.join(PEERS);
    fs::create_dir_all(&peers).with_context(|| format!("failed to make {}", peers.display()))?;
    for name in Name::ALL {
        let target = folder.join(name.file());
        match programs.path(name) {
            Some(path) => copy_stripped(path, &target)?,
            // One of an earlier pack would be of another commit.
            None if target.exists() => fs::remove_file(&target)
                .with_context(|| format!("failed to remove {}", target.display()))?,
            None => {}
        }
    }
    let this = std::env::current_exe().context("failed to find this program")?;
    copy_stripped(&this, &folder.join(THIS))?;
    let read = || format!("failed to read {}", programs.peers.display());
    for entry in fs::read_dir(&programs.peers).with_context(read)? {
        let path = entry.with_context(read)?.path();
        if path.extension().is_some_and(|it| it == "py")
            && let Some(name) = path.file_name()
        {
            fs::copy(&path, peers.join(name))
                .with_context(|| format!("failed to copy {}", path.display()))?;
        }
    }
    let manifest = Manifest { format: FORMAT, commit: programs.commit.clone() };
    let text = serde_json::to_string_pretty(&manifest).context("failed to write JSON")?;
    files::write(&folder.join(MANIFEST), &(text + "\n"))
}

/// Copies a program without its symbols, which are most of it; with them where there is no `strip`.
fn copy_stripped(from: &Path, to: &Path) -> Result<()> {
    let stripped = output(Command::new("strip").arg("-o").arg(to).arg(from));
    if let Err(error) = stripped {
        console::progress(&format!("not stripped: {error:#}"));
        fs::copy(from, to)
            .with_context(|| format!("failed to copy {} to {}", from.display(), to.display()))?;
    }
    Ok(())
}

/// A line for each file, and one for all.
fn contents(folder: &Path) -> Result<String> {
    let read = || format!("failed to read {}", folder.display());
    let mut lines = Vec::new();
    let mut all = 0;
    for entry in fs::read_dir(folder).with_context(read)? {
        let entry = entry.with_context(read)?;
        let bytes = size(&entry.path())?;
        all += bytes;
        let name = entry.file_name().to_string_lossy().into_owned();
        lines.push(format!("{:8.1} MB  {name}", bytes as f64 * 1e-6));
    }
    lines.sort();
    lines.push(format!("{:8.1} MB  {}", all as f64 * 1e-6, folder.display()));
    Ok(lines.join("\n"))
}

/// Bytes of a file, or of the files of a folder.
fn size(path: &Path) -> Result<u64> {
    let read = || format!("failed to read {}", path.display());
    let metadata = fs::metadata(path).with_context(read)?;
    if metadata.is_file() {
        return Ok(metadata.len());
    }
    let mut all = 0;
    for entry in fs::read_dir(path).with_context(read)? {
        all += size(&entry.with_context(read)?.path())?;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Manifest, check_ours, contents, fill};
    use crate::gpu_check::programs::{Name, Programs};

    #[test]
    fn a_pack_has_programs_scripts_and_its_commit() {
        let folder = tempfile::tempdir().unwrap();
        let (built, pack) = (folder.path().join("built"), folder.path().join("pack"));
        fs::create_dir(&built).unwrap();
        fs::write(built.join("gpu-1234"), "program").unwrap();
        fs::write(built.join("cell_torch.py"), "script").unwrap();
        fs::write(built.join("requirements.txt"), "").unwrap();
        let programs = Programs::stand_ins(vec![(Name::Gpu, built.join("gpu-1234"))], &built);
        fs::create_dir(&pack).unwrap();
        fs::write(pack.join("step"), "of an earlier pack").unwrap();
        fill(&programs, &pack).unwrap();

        let carried = Programs::carried(&pack).unwrap();
        assert_eq!(carried.commit, "abc");
        assert!(carried.path(Name::Gpu).is_some());
        assert_eq!((carried.path(Name::Step), carried.path(Name::Nwm)), (None, None));
        assert_eq!(fs::read_dir(&carried.peers).unwrap().count(), 1);
        assert!(pack.join("xtask").is_file());
        let contents = contents(&pack).unwrap();
        assert_eq!(contents.lines().count(), 5, "{contents}");
        check_ours(&pack).unwrap();
    }

    #[test]
    fn a_folder_of_somebody_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        check_ours(folder.path()).unwrap();
        check_ours(&folder.path().join("absent")).unwrap();
        fs::write(folder.path().join("letter"), "").unwrap();
        let error = check_ours(folder.path()).unwrap_err().to_string();
        assert!(error.contains("no pack"), "{error}");
    }

    #[test]
    fn a_folder_without_manifest_or_of_another_version_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = format!("{:#}", Manifest::read(folder.path()).unwrap_err());
        assert!(error.contains("pack.json") && error.contains("--pack DIR"), "{error}");
        fs::write(folder.path().join("pack.json"), r#"{"format": 2, "commit": "a"}"#).unwrap();
        let error = Manifest::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains("format 2, expected 1"), "{error}");
    }
}
