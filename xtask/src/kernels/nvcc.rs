//! The CUDA compiler: where it is, and which one it is.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::toolkit::Toolkit;
use crate::workspace::Workspace;

/// The release whose PTX is checked in. Others make other PTX of the same sources.
const RELEASE: &str = "13.0";
/// The compiler that made it, of the toolkit that the script installs.
const VERSION: &str = "13.0.88";

/// A compiler of the release that is expected.
#[derive(Debug, Clone)]
pub(crate) struct Nvcc {
    program: PathBuf,
    version: String,
}

/// What `nvcc --version` says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Version {
    /// 13.0
    release: String,
    /// 13.0.88
    full: String,
}

/// The compiler that this machine offers: the one that `NVCC` names, that of `CUDA_HOME` or `CUDA_PATH`, that of the
/// toolkit in the build folder, or the first in `PATH`.
pub(crate) fn find_nvcc(workspace: &Workspace) -> Result<Option<PathBuf>> {
    let toolkit = Toolkit::new(workspace);
    find(|name| std::env::var_os(name), &toolkit.nvcc(), Path::is_file)
}

/// The same with everything that it looks at.
fn find(
    variable: impl Fn(&str) -> Option<OsString>,
    toolkit: &Path,
    is_file: impl Fn(&Path) -> bool,
) -> Result<Option<PathBuf>> {
    let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
    let path = variable("PATH");
    let in_path = |name: &Path| -> Option<PathBuf> {
        let folders = std::env::split_paths(path.as_ref()?);
        folders.map(|folder| folder.join(name)).find(|program| is_file(program))
    };
    // Whoever names a compiler wants that one, not the next best.
    if let Some(named) = variable("NVCC").map(PathBuf::from) {
        // As in a shell: a name without a folder is looked up.
        let alone = named.components().count() == 1;
        let program =
            if alone { in_path(&named) } else { Some(named.clone()).filter(|it| is_file(it)) };
        let program = program.with_context(|| {
            format!("NVCC names {}, which is no program; correct or unset it", named.display())
        })?;
        return Ok(Some(program));
    }
    let name = format!("nvcc{}", std::env::consts::EXE_SUFFIX);
    let installations = ["CUDA_HOME", "CUDA_PATH"].into_iter().filter_map(variable);
    Ok(installations
        .map(|folder| Path::new(&folder).join("bin").join(&name))
        .chain([toolkit.to_owned()])
        .find(|program| is_file(program))
        .or_else(|| in_path(Path::new(&name))))
}

impl Nvcc {
    /// Asks the program for its version and refuses one whose PTX cannot be compared.
    pub(crate) fn open(program: PathBuf) -> Result<Self> {
        let shown = program.display();
        let output = Command::new(&program)
            .arg("--version")
            .output()
            .with_context(|| format!("failed to run {shown}"))?;
        ensure!(
            output.status.success(),
            "{shown} --version ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let text = String::from_utf8_lossy(&output.stdout);
        let version = Version::parse(&text)
            .with_context(|| format!("{shown} --version does not name a CUDA release: {text}"))?;
        ensure!(
            version.release == RELEASE,
            "{shown} is of CUDA {} ({}), expected {RELEASE}: other releases make other PTX of the same sources. Set NVCC to \
             a compiler of {RELEASE}, or unset CUDA_HOME and CUDA_PATH and run {}",
            version.release,
            version.full,
            Toolkit::SCRIPT
        );
        Ok(Self { program, version: version.full })
    }

    /// A run of the compiler that no flags from the environment reach.
    pub(super) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_remove("NVCC_PREPEND_FLAGS").env_remove("NVCC_APPEND_FLAGS");
        command
    }

    /// Where and what it is.
    pub(super) fn description(&self) -> String {
        format!("{} ({})", self.program.display(), self.version)
    }

    /// What to think of if its PTX differs: a bug fix release may have changed it.
    pub(super) fn doubt(&self) -> Option<String> {
        (self.version != VERSION).then(|| {
            format!(
                "note: this compiler is {}, the PTX is checked in from {VERSION} (as {} installs it), which may explain \
                 differences",
                self.version,
                Toolkit::SCRIPT
            )
        })
    }
}

impl Version {
    /// Reads `Cuda compilation tools, release 13.0, V13.0.88`.
    fn parse(text: &str) -> Option<Self> {
        let line = text.lines().find(|line| line.contains("release "))?;
        let (_, rest) = line.split_once("release ")?;
        let (release, full) = rest.split_once(", V")?;
        let numbers = |text: &str| {
            let numbers = text.trim();
            let all = numbers.split('.').all(|part| part.parse::<u32>().is_ok());
            all.then(|| numbers.to_owned())
        };
        Some(Self { release: numbers(release)?, full: numbers(full)? })
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::{Nvcc, Version, find};

    /// The output of nvcc from the wheels.
    const OUTPUT: &str = "nvcc: NVIDIA (R) Cuda compiler driver\n\
        Copyright (c) 2005-2025 NVIDIA Corporation\n\
        Built on Wed_Aug_20_01:58:59_PM_PDT_2025\n\
        Cuda compilation tools, release 13.0, V13.0.88\n\
        Build cuda_13.0.r13.0/compiler.36424714_0\n";

    #[test]
    fn the_version_is_read_from_what_the_compiler_says() {
        let version = Version { release: "13.0".to_owned(), full: "13.0.88".to_owned() };
        assert_eq!(Version::parse(OUTPUT), Some(version));
        for other in ["", "release", "release x, V1", "gcc (Debian 12.2.0-14) 12.2.0"] {
            assert_eq!(Version::parse(other), None, "{other}");
        }
    }

    /// Looks in a world where these variables are set and these files are there.
    fn look(variables: &[(&str, &str)], files: &[&str]) -> anyhow::Result<Option<PathBuf>> {
        find(
            |name| variables.iter().find(|(it, _)| *it == name).map(|(_, value)| value.into()),
            Path::new("target/cuda/bin/nvcc"),
            |path| files.iter().any(|file| Path::new(file) == path),
        )
    }

    #[cfg(unix)]
    #[test]
    fn compilers_are_looked_for_in_a_fixed_order() {
        let mut variables = vec![
            ("NVCC", "own/nvcc"),
            ("CUDA_HOME", "home"),
            ("CUDA_PATH", "path"),
            ("PATH", "first:second"),
        ];
        let files =
            ["own/nvcc", "home/bin/nvcc", "path/bin/nvcc", "target/cuda/bin/nvcc", "second/nvcc"];
        // Each is found where all that come before it are absent.
        for (index, expected) in files.iter().enumerate() {
            let found = look(&variables, &files[index..]).unwrap();
            assert_eq!(found.as_deref(), Some(Path::new(expected)));
            variables.retain(|(name, _)| *name != "NVCC");
        }
        assert_eq!(look(&variables, &[]).unwrap(), None);
        assert_eq!(look(&[("CUDA_HOME", "")], &["bin/nvcc"]).unwrap(), None);
    }

    #[test]
    fn a_compiler_that_is_named_is_taken_or_missed() {
        let files = ["target/cuda/bin/nvcc", "second/nvcc-13"];
        let error = look(&[("NVCC", "own/nvcc")], &files).unwrap_err().to_string();
        assert!(error.contains("own/nvcc") && error.contains("NVCC"), "{error}");
        let found = look(&[("NVCC", "nvcc-13"), ("PATH", "second")], &files).unwrap();
        assert_eq!(found.as_deref(), Some(Path::new("second/nvcc-13")));
    }

    #[cfg(unix)]
    #[test]
    fn another_release_is_refused_with_both_versions() {
        let nvcc = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/nvcc-12.8");
        let error = Nvcc::open(nvcc.into()).unwrap_err().to_string();
        for part in ["12.8.93", "expected 13.0", "setup-toolkit.sh"] {
            assert!(error.contains(part), "{error}");
        }
        let error = Nvcc::open("no-such-compiler".into()).unwrap_err();
        assert!(error.to_string().contains("no-such-compiler"));
    }

    #[test]
    fn a_bug_fix_release_is_doubted_but_taken() {
        let nvcc = |version: &str| Nvcc { program: "nvcc".into(), version: version.to_owned() };
        assert_eq!(nvcc("13.0.88").doubt(), None);
        assert!(nvcc("13.0.48").doubt().unwrap().contains("13.0.48"));
    }
}
