//! The CUDA toolkit that a program for GPUs is built with, found by its files.

use std::path::PathBuf;

use serde::Serialize;

use super::machine::Machine;

/// What builds the program that uses a GPU.
const BUILD: &str = "cargo build --release --features cuda -p nwm";

/// What installs a toolkit for those who have this repository and no root.
const SETUP: &str = "xtask/cuda/setup-toolkit.sh --libraries";

/// Where installers put it.
const USUAL: &str = "/usr/local/cuda";

/// The oldest release that the tensor library is built with.
const OLDEST_MAJOR: u32 = 12;

/// A toolkit.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Toolkit {
    /// Its folder.
    pub(super) folder: PathBuf,
    /// What named it: a variable, `PATH`, or nothing but its usual place.
    pub(super) found_by: &'static str,
    /// Its release, such as 13.0.
    pub(super) release: Option<String>,
    /// Whether the libraries are there that a program is linked with.
    pub(super) has_libraries: bool,
    /// Whether it lies in the way of [`SETUP`], with a file that sets variables.
    #[serde(skip)]
    has_variables: bool,
}

impl Toolkit {
    /// Looks for one where builds look.
    pub(super) fn find(machine: &Machine) -> Option<Self> {
        let named = ["CUDA_HOME", "CUDA_PATH"].into_iter();
        let named = named.filter_map(|name| Some((name, PathBuf::from(machine.variable(name)?))));
        // A compiler in PATH lies in the folder bin of its toolkit.
        let in_path = machine.find(&machine.folders("PATH"), "nvcc");
        let in_path = in_path.and_then(|nvcc| Some(nvcc.parent()?.parent()?.to_owned()));
        let (found_by, folder) = named
            .chain(in_path.map(|folder| ("PATH", folder)))
            .chain([("usual place", PathBuf::from(USUAL))])
            .find(|(_, folder)| machine.is_file(&folder.join("bin/nvcc")))?;
        let libraries: Vec<_> = ["lib64", "lib", "lib/x86_64-linux-gnu", "lib/aarch64-linux-gnu"]
            .map(|name| folder.join(name))
            .into();
        Some(Self {
            release: machine.read(&folder.join("include/cuda.h")).as_deref().and_then(release),
            has_libraries: machine.find(&libraries, "libcublas.so").is_some(),
            has_variables: machine.is_file(&folder.join("env.sh")),
            found_by,
            folder,
        })
    }

    /// A line about it.
    pub(super) fn text(&self) -> String {
        let release = self.release.as_deref().unwrap_or("of an unknown release");
        format!("CUDA {release} ({}, by {})", self.folder.display(), self.found_by)
    }

    fn problem(&self) -> Option<String> {
        let major = self.release.as_ref().and_then(|it| it.split('.').next()?.parse::<u32>().ok());
        match major {
            Some(major) if major < OLDEST_MAJOR => Some(format!(
                "CUDA {major} is too old; install {OLDEST_MAJOR} or later, or run {SETUP} in the repository"
            )),
            _ if !self.has_libraries => Some(format!(
                "{} has no libcublas.so; install the toolkit's libraries, or run {SETUP} in the repository",
                self.folder.display()
            )),
            _ => None,
        }
    }
}

/// What is missing for a build, and what to do.
pub(super) fn problem(toolkit: Option<&Toolkit>) -> Option<String> {
    match toolkit {
        Some(toolkit) => toolkit.problem(),
        None => Some(format!(
            "no toolkit: CUDA_HOME, CUDA_PATH, PATH and {USUAL} have no nvcc; install CUDA {OLDEST_MAJOR} or later, or run {SETUP} \
             in the repository, which needs no root"
        )),
    }
}

/// The commands, for a shell in the repository, that build the program with CUDA on this machine.
pub(super) fn build_command(toolkit: Option<&Toolkit>, has_gpu_program: bool) -> String {
    // Without the program that shows GPUs a build cannot ask for what it should compile.
    let capability = if has_gpu_program { "" } else { "CUDA_COMPUTE_CAP=80 " };
    let linked = "LIBRARY_PATH=$CUDA_HOME/lib:$CUDA_HOME/lib/stubs";
    match toolkit.filter(|toolkit| toolkit.problem().is_none()) {
        None => format!("{SETUP} && source target/cuda/env.sh && {linked} {capability}{BUILD}"),
        Some(Toolkit { folder, has_variables: true, .. }) => {
            format!("source {} && {linked} {capability}{BUILD}", folder.join("env.sh").display())
        }
        Some(Toolkit { found_by: "PATH", .. }) => format!("{capability}{BUILD}"),
        Some(Toolkit { folder, .. }) => {
            let folder = folder.display();
            format!("CUDA_HOME={folder} PATH={folder}/bin:$PATH {capability}{BUILD}")
        }
    }
}

/// Reads `#define CUDA_VERSION 13000`.
fn release(header: &str) -> Option<String> {
    let number = header.lines().find_map(|line| line.strip_prefix("#define CUDA_VERSION "))?;
    let number = number.trim().parse::<u32>().ok()?;
    Some(format!("{}.{}", number / 1000, number % 1000 / 10))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn install(root: &Path, folder: &str, version: u32, with_libraries: bool) {
        let mut files = vec![
            ("bin/nvcc", String::new()),
            ("include/cuda.h", format!("// text\n#define CUDA_VERSION {version}\n")),
        ];
        if with_libraries {
            files.push(("lib64/libcublas.so", String::new()));
        }
        for (name, text) in files {
            let path = root.join(folder).join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn toolkits_are_looked_for_in_the_order_of_builds() {
        let root = tempfile::tempdir().unwrap();
        let all = &[("CUDA_HOME", "/home"), ("CUDA_PATH", "/path"), ("PATH", "/none:/first/bin")];
        let machine = Machine::fake(root.path(), all);
        assert_eq!(Toolkit::find(&machine), None);
        for (folder, found_by) in [
            ("usr/local/cuda", "usual place"),
            ("first", "PATH"),
            ("path", "CUDA_PATH"),
            ("home", "CUDA_HOME"),
        ] {
            install(root.path(), folder, 12_090, true);
            let toolkit = Toolkit::find(&machine).unwrap();
            assert_eq!(toolkit.folder, Path::new("/").join(folder));
            assert_eq!((toolkit.found_by, toolkit.release.as_deref()), (found_by, Some("12.9")));
            assert_eq!(problem(Some(&toolkit)), None);
        }
    }

    #[test]
    fn a_machine_without_a_toolkit_is_told_how_to_get_one() {
        let message = problem(None).unwrap();
        assert!(message.contains("setup-toolkit.sh --libraries"), "{message}");
        let command = build_command(None, false);
        for part in ["setup-toolkit.sh", "env.sh", "CUDA_COMPUTE_CAP=80", BUILD] {
            assert!(command.contains(part), "{command}");
        }
    }

    #[test]
    fn old_toolkits_and_those_without_libraries_are_doubted() {
        let root = tempfile::tempdir().unwrap();
        let machine = Machine::fake(root.path(), &[]);
        install(root.path(), "usr/local/cuda", 13_000, false);
        let toolkit = Toolkit::find(&machine);
        assert!(problem(toolkit.as_ref()).unwrap().contains("libcublas.so"));
        install(root.path(), "usr/local/cuda", 11_080, true);
        let toolkit = Toolkit::find(&machine);
        assert!(problem(toolkit.as_ref()).unwrap().contains("CUDA 11 is too old"));
    }

    #[test]
    fn commands_name_what_is_not_in_the_environment() {
        let root = tempfile::tempdir().unwrap();
        install(root.path(), "usr/local/cuda", 13_000, true);
        let usual = Toolkit::find(&Machine::fake(root.path(), &[]));
        let expected = format!("CUDA_HOME=/usr/local/cuda PATH=/usr/local/cuda/bin:$PATH {BUILD}");
        assert_eq!(build_command(usual.as_ref(), true), expected);
        let in_path = Machine::fake(root.path(), &[("PATH", "/usr/local/cuda/bin")]);
        assert_eq!(build_command(Toolkit::find(&in_path).as_ref(), true), BUILD);
        std::fs::write(root.path().join("usr/local/cuda/env.sh"), "").unwrap();
        let command = build_command(Toolkit::find(&in_path).as_ref(), true);
        assert!(command.starts_with("source /usr/local/cuda/env.sh && LIBRARY_PATH="), "{command}");
    }

    #[test]
    fn what_names_no_release_has_none() {
        assert_eq!(release("#define CUDA_VERSION 13000\n").as_deref(), Some("13.0"));
        assert_eq!(release("#define CUDA_VERSION 12090 \n").as_deref(), Some("12.9"));
        for text in ["", "#define CUDA_VERSION x", "// CUDA_VERSION 13000"] {
            assert_eq!(release(text), None);
        }
    }
}
