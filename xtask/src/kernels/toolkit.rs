//! The CUDA toolkit in the build folder, and the script that installs it.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::Workspace;

/// Where the toolkit is, or will be.
#[derive(Debug, Clone)]
pub(crate) struct Toolkit {
    root: PathBuf,
    folder: PathBuf,
}

impl Toolkit {
    /// The script that installs it, relative to the repository.
    pub(crate) const SCRIPT: &str = "xtask/cuda/setup-toolkit.sh";

    pub(crate) fn new(workspace: &Workspace) -> Self {
        Self { root: workspace.root().to_owned(), folder: workspace.target().join("cuda") }
    }

    #[cfg(test)]
    pub(crate) fn at(root: &Path, folder: &Path) -> Self {
        Self { root: root.to_owned(), folder: folder.to_owned() }
    }

    /// The folder of the toolkit.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its compiler.
    pub(crate) fn nvcc(&self) -> PathBuf {
        self.folder.join("bin").join(format!("nvcc{}", std::env::consts::EXE_SUFFIX))
    }

    /// Installs what compiles kernels; with libraries also what the tensor library links. Changes nothing if it is there.
    pub(crate) fn installation(&self, libraries: bool) -> Command {
        let mut command = Command::new("bash");
        command.arg(Self::SCRIPT).args(libraries.then_some("--libraries")).arg(&self.folder);
        command.current_dir(&self.root);
        command
    }

    /// What to do without a compiler.
    pub(crate) fn advice(&self) -> String {
        format!(
            "failed to find nvcc: NVCC, CUDA_HOME and CUDA_PATH name none, and neither {} nor PATH has one. To install it \
             (no GPU and no root needed, 0.3 GB): {} {}",
            self.nvcc().display(),
            Self::SCRIPT,
            self.folder.display()
        )
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::Toolkit;

    #[test]
    fn the_script_is_told_the_folder_and_whether_to_install_libraries() {
        let toolkit = Toolkit::at(Path::new("repository"), Path::new("built/cuda"));
        let arguments = |libraries| -> Vec<String> {
            let command = toolkit.installation(libraries);
            assert_eq!(command.get_current_dir(), Some(Path::new("repository")));
            command.get_args().map(|it| it.to_string_lossy().into_owned()).collect()
        };
        assert_eq!(arguments(false), [Toolkit::SCRIPT, "built/cuda"]);
        assert_eq!(arguments(true), [Toolkit::SCRIPT, "--libraries", "built/cuda"]);
        assert!(toolkit.advice().contains("setup-toolkit.sh built/cuda"), "{}", toolkit.advice());
    }

    #[test]
    fn the_script_is_there() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        assert!(root.join(Toolkit::SCRIPT).is_file());
    }
}
