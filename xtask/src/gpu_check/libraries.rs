//! Where a machine without this repository keeps CUDA's libraries and tools.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::output;

/// Where an installation for the whole machine lies.
const INSTALLED: &str = "/usr/local/cuda";
/// Says where python keeps the libraries that PyTorch and JAX link.
const WHEELS: &str = "import nvidia; print('\\n'.join(nvidia.__path__))";

/// The folders of CUDA on this machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Libraries {
    /// Folders of toolkits.
    homes: Vec<PathBuf>,
    /// Folders of libraries.
    folders: Vec<PathBuf>,
}

impl Libraries {
    /// Those of this machine: toolkits by `CUDA_HOME`, `CUDA_PATH` and where they are usually, these `toolkits`, and the
    /// packages of `python3`.
    pub(super) fn find(toolkits: &[&Path]) -> Self {
        let named = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(std::env::var_os);
        let mut homes: Vec<PathBuf> = named.map(PathBuf::from).collect();
        homes.extend(toolkits.iter().map(|path| path.to_path_buf()));
        homes.push(INSTALLED.into());
        let python = output(Command::new("python3").args(["-c", WHEELS])).unwrap_or_default();
        let packages = python.lines().flat_map(|folder| subfolders(Path::new(folder)));
        Self::of(homes, packages)
    }

    fn of(homes: Vec<PathBuf>, packages: impl IntoIterator<Item = PathBuf>) -> Self {
        let of_homes = homes.iter().flat_map(|home| [home.join("lib64"), home.join("lib")]);
        let of_packages = packages.into_iter().map(|package| package.join("lib"));
        let folders = of_homes.chain(of_packages).filter(|folder| folder.is_dir()).collect();
        Self { homes, folders }
    }

    /// A search path for libraries: what the user set, then what was found.
    pub(super) fn search_path(&self, users: Option<&OsStr>) -> OsString {
        let users = users.filter(|list| !list.is_empty()).map(OsStr::to_owned);
        let found = self.folders.iter().map(|folder| folder.clone().into_os_string());
        let parts: Vec<OsString> = users.into_iter().chain(found).collect();
        parts.join(OsStr::new(":"))
    }

    /// compute-sanitizer, if there is one.
    pub(super) fn sanitizer(&self) -> Option<PathBuf> {
        const NAME: &str = "compute-sanitizer";
        let path = std::env::var_os("PATH").unwrap_or_default();
        let in_path = std::env::split_paths(&path).map(|folder| folder.join(NAME));
        let in_homes = self
            .homes
            .iter()
            .flat_map(|home| [home.join("bin").join(NAME), home.join(NAME).join(NAME)]);
        in_path.chain(in_homes).find(|program| program.is_file())
    }
}

fn subfolders(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    folders.sort();
    folders
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::Libraries;

    #[test]
    fn folders_that_are_there_follow_those_of_the_user() {
        let folder = tempfile::tempdir().unwrap();
        let (home, package) = (folder.path().join("cuda"), folder.path().join("nvidia/cublas"));
        std::fs::create_dir_all(home.join("lib64")).unwrap();
        std::fs::create_dir_all(package.join("lib")).unwrap();
        let absent = folder.path().join("absent");
        let libraries = Libraries::of(vec![absent.clone(), home], [absent, package]);
        let base = folder.path().display();
        let found = format!("{base}/cuda/lib64:{base}/nvidia/cublas/lib");
        assert_eq!(libraries.search_path(None), OsStr::new(&found));
        let users = Some(OsStr::new("mine"));
        assert_eq!(libraries.search_path(users), OsStr::new(&format!("mine:{found}")));
    }

    #[test]
    fn the_sanitizer_of_a_toolkit_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let tool = folder.path().join("compute-sanitizer/compute-sanitizer");
        std::fs::create_dir_all(tool.parent().unwrap()).unwrap();
        std::fs::write(&tool, "").unwrap();
        let libraries = Libraries::of(vec![folder.path().to_owned()], []);
        assert!(libraries.sanitizer().is_some());
    }
}
