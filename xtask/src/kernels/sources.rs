//! Which modules of kernels there are.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder `crates/X/kernels` of a crate that has modules, or what modules once compiled to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KernelFolder {
    /// Relative to the repository, with forward slashes.
    path: String,
    /// Names of the sources without `.cu`, sorted.
    modules: Vec<String>,
}

impl KernelFolder {
    #[cfg(test)]
    pub(super) fn new(path: &str, modules: &[&str]) -> Self {
        let modules = modules.iter().map(|name| (*name).to_owned()).collect();
        Self { path: path.to_owned(), modules }
    }

    /// Names of the modules, sorted.
    pub(crate) fn modules(&self) -> &[String] {
        &self.modules
    }

    /// A source, relative to the repository.
    pub(super) fn source(&self, module: &str) -> String {
        format!("{}/{module}.cu", self.path)
    }

    /// The table of what the kernels use, relative to the repository.
    pub(super) fn table(&self) -> String {
        format!("{}/resources.csv", self.path)
    }

    /// What a module compiles to for an architecture, relative to the repository.
    pub(super) fn ptx(&self, module: &str, architecture: &str) -> String {
        format!("{}/ptx/{module}.{architecture}.ptx", self.path)
    }

    /// The PTX files that are there, relative to the repository, sorted.
    pub(super) fn present_ptx(&self, root: &Path) -> Result<Vec<String>> {
        let folder = format!("{}/ptx", self.path);
        let names = names(&root.join(&folder), "ptx")?;
        Ok(names.into_iter().map(|name| format!("{folder}/{name}.ptx")).collect())
    }
}

/// The folders of kernels, by the names of their crates.
pub(crate) fn kernel_folders(root: &Path) -> Result<Vec<KernelFolder>> {
    let mut folders = Vec::new();
    for entry in entries(&root.join("crates"))? {
        let Some(name) = entry.file_name().and_then(|name| name.to_str()) else { continue };
        let path = format!("crates/{name}/kernels");
        let modules = names(&root.join(&path), "cu")?;
        let folder = KernelFolder { path, modules };
        let leftovers = root.join(folder.table()).exists() || !folder.present_ptx(root)?.is_empty();
        if leftovers || !folder.modules.is_empty() {
            folders.push(folder);
        }
    }
    Ok(folders)
}

/// Names of the files in a folder that end so, without the ending, sorted; none without the folder.
fn names(folder: &Path, ending: &str) -> Result<Vec<String>> {
    let paths = entries(folder)?;
    let named = paths.iter().filter(|path| path.extension().is_some_and(|it| it == ending));
    Ok(named.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect())
}

/// What is in a folder, sorted; nothing without the folder.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let context = || format!("failed to list {}", folder.display());
    let listing = match fs::read_dir(folder) {
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        listing => listing.with_context(context)?,
    };
    let mut paths: Vec<PathBuf> =
        listing.map(|entry| Ok(entry.with_context(context)?.path())).collect::<Result<_>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{KernelFolder, kernel_folders};

    fn touch(root: &Path, path: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, "").unwrap();
    }

    #[test]
    fn modules_are_sorted_and_headers_are_none() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["b/kernels/x.cu", "a/kernels/z.cu", "a/kernels/y.cu", "a/kernels/w.cuh"] {
            touch(folder.path(), &format!("crates/{path}"));
        }
        for path in ["c/kernels/x.cuh", "d/tests/kernels/x.cu", "e/src/lib.rs"] {
            touch(folder.path(), &format!("crates/{path}"));
        }
        assert_eq!(
            kernel_folders(folder.path()).unwrap(),
            [
                KernelFolder::new("crates/a/kernels", &["y", "z"]),
                KernelFolder::new("crates/b/kernels", &["x"]),
            ]
        );
    }

    #[test]
    fn a_folder_whose_last_module_is_gone_is_still_looked_at() {
        let folder = tempfile::tempdir().unwrap();
        touch(folder.path(), "crates/a/kernels/ptx/x.compute_80.ptx");
        touch(folder.path(), "crates/b/kernels/resources.csv");
        let folders = kernel_folders(folder.path()).unwrap();
        assert_eq!(folders.len(), 2);
        assert_eq!(
            folders[0].present_ptx(folder.path()).unwrap(),
            ["crates/a/kernels/ptx/x.compute_80.ptx"]
        );
    }

    #[test]
    fn a_repository_without_crates_has_no_kernels() {
        let folder = tempfile::tempdir().unwrap();
        assert!(kernel_folders(folder.path()).unwrap().is_empty());
    }
}
