//! The program with its CUDA feature, built and started on a machine without a GPU.
//!
//! Apart from the other stages: the tensor library's own kernels take a dozen CPU minutes to compile.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::kernels::Toolkit;
use crate::stage::Stage;
use crate::workspace::Workspace;

/// What cargo builds.
const BUILD: [&str; 4] = ["build", "--release", "--package", "nwm"];
/// What the program is asked: a device that is not there.
const QUESTION: [&str; 3] = ["doctor", "--device", "cuda:0"];
/// What it then ends with: the documented code for devices.
const NO_DEVICE: i32 = 4;

/// CUDA 13.0, as the crate of bindings spells it.
const BINDINGS: &str = "13000";
/// The oldest compute capability that the program must run on.
const CAPABILITY: &str = "80";

/// How programs are built with the CUDA feature, and where things are.
pub(crate) struct CudaBuild<'a> {
    workspace: &'a Workspace,
    toolkit: Toolkit,
    /// Build folder of its own, so that the other stages keep theirs.
    target: PathBuf,
    /// Compilers that run at once.
    threads: usize,
    /// The environment that is extended.
    variable: fn(&str) -> Option<OsString>,
}

/// Toolkit, build and start.
pub(super) fn stages(workspace: &Workspace) -> Vec<Stage<'static>> {
    let build = CudaBuild::new(workspace);
    vec![
        Stage::command("cuda toolkit", build.installation()),
        Stage::command("cuda build", build.build()),
        Stage::ending("cuda start", build.start(), NO_DEVICE),
    ]
}

impl<'a> CudaBuild<'a> {
    /// With the toolkit and in the folder that all such builds share.
    pub(crate) fn new(workspace: &'a Workspace) -> Self {
        Self {
            workspace,
            toolkit: Toolkit::new(workspace),
            target: workspace.target().join("cuda-build"),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            variable: |name| std::env::var_os(name),
        }
    }

    /// Installs the toolkit unless it is there.
    pub(crate) fn installation(&self) -> Command {
        self.toolkit.installation(true)
    }

    /// Compiles and links the program.
    pub(crate) fn build(&self) -> Command {
        let mut command = self.workspace.cargo();
        command.args(BUILD);
        self.configure(&mut command);
        command
    }

    /// Where the program is once built.
    pub(crate) fn program(&self) -> PathBuf {
        self.target.join("release").join(format!("nwm{}", std::env::consts::EXE_SUFFIX))
    }

    /// Gives a call of cargo the feature, the folder, the compiler, and the libraries: the driver's by its stand-in.
    pub(crate) fn configure(&self, command: &mut Command) {
        let folder = self.toolkit.folder();
        command.args(["--features", "cuda", "--target-dir"]).arg(&self.target);
        command.env("CUDA_HOME", folder).env("CUDA_PATH", folder);
        command.env("PATH", self.before("PATH", &[folder.join("bin")]));
        command.env("CUDARC_CUDA_VERSION", BINDINGS).env("CUDA_COMPUTE_CAP", CAPABILITY);
        command.env("CUDAFORGE_THREADS", self.threads.to_string());
        command.env("LIBRARY_PATH", self.before("LIBRARY_PATH", &self.libraries()));
    }

    /// Starts the program where the driver's library is the stand-in, which has no device, driver or not.
    fn start(&self) -> Command {
        let mut command = Command::new(self.program());
        command.args(QUESTION).current_dir(self.workspace.root());
        command.env("LD_LIBRARY_PATH", self.before("LD_LIBRARY_PATH", &self.libraries()));
        command
    }

    /// Folders of the libraries, the stand-in first.
    fn libraries(&self) -> [PathBuf; 2] {
        let libraries = self.toolkit.folder().join("lib");
        [libraries.join("stubs"), libraries]
    }

    /// A list of folders, with these before those of the environment.
    fn before(&self, variable: &str, folders: &[PathBuf]) -> OsString {
        let ours = folders.iter().map(PathBuf::as_path).map(Path::as_os_str);
        let mut list = OsString::new();
        let theirs = (self.variable)(variable).filter(|list| !list.is_empty());
        for part in ours.chain(theirs.as_deref()) {
            if !list.is_empty() {
                list.push(":");
            }
            list.push(part);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::process::Command;

    use super::CudaBuild;
    use crate::kernels::Toolkit;
    use crate::workspace::Workspace;

    fn build(workspace: &Workspace) -> CudaBuild<'_> {
        CudaBuild {
            workspace,
            toolkit: Toolkit::at(workspace.root(), Path::new("built/cuda")),
            target: "built/cuda-build".into(),
            threads: 2,
            variable: |name| match name {
                "PATH" => Some("one:two".into()),
                "LIBRARY_PATH" => Some("".into()),
                _ => None,
            },
        }
    }

    fn arguments(command: &Command) -> Vec<&str> {
        command.get_args().map(|it| it.to_str().unwrap()).collect()
    }

    fn variables(command: &Command) -> Vec<(&str, &str)> {
        let pairs = command.get_envs();
        pairs
            .map(|(name, value)| (name.to_str().unwrap(), value.unwrap().to_str().unwrap()))
            .collect()
    }

    #[test]
    fn the_build_has_a_folder_of_its_own_and_links_the_stand_in() {
        let workspace = Workspace::locate().unwrap();
        let command = build(&workspace).build();
        assert_eq!(
            arguments(&command).join(" "),
            "build --release --package nwm --features cuda --target-dir built/cuda-build"
        );
        assert_eq!(
            variables(&command),
            [
                ("CUDAFORGE_THREADS", "2"),
                ("CUDARC_CUDA_VERSION", "13000"),
                ("CUDA_COMPUTE_CAP", "80"),
                ("CUDA_HOME", "built/cuda"),
                ("CUDA_PATH", "built/cuda"),
                ("LIBRARY_PATH", "built/cuda/lib/stubs:built/cuda/lib"),
                ("PATH", "built/cuda/bin:one:two"),
            ]
        );
    }

    #[test]
    fn the_program_is_started_without_a_device() {
        let workspace = Workspace::locate().unwrap();
        let command = build(&workspace).start();
        assert!(Path::new(command.get_program()).starts_with("built/cuda-build/release"));
        assert_eq!(arguments(&command), ["doctor", "--device", "cuda:0"]);
        let expected = [("LD_LIBRARY_PATH", "built/cuda/lib/stubs:built/cuda/lib")];
        assert_eq!(variables(&command), expected);
    }
}
