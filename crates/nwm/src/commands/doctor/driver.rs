//! NVIDIA's driver, found by its files.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::machine::Machine;

/// The library that programs call the driver by.
const LIBRARY: &str = "libcuda.so.1";

/// Where the loader looks for it, beside `LD_LIBRARY_PATH`.
const FOLDERS: [&str; 8] = [
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/usr/lib",
    "/usr/local/nvidia/lib64",
    "/usr/local/cuda/compat",
    "/usr/lib/wsl/lib",
    "/run/opengl-driver/lib",
];

/// Where a kernel with the driver's module says its version.
const VERSION_FILE: &str = "/proc/driver/nvidia/version";

/// The first series that runs kernels for CUDA 13.0, which those of this program are.
const OLDEST_SERIES: u32 = 580;

/// What is there of the driver.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Driver {
    /// `libcuda.so.1`.
    pub(super) library: Option<PathBuf>,
    /// The program that shows what GPUs do.
    pub(super) nvidia_smi: Option<PathBuf>,
    /// Such as 580.65.06.
    pub(super) version: Option<String>,
}

impl Driver {
    /// Looks for it.
    pub(super) fn find(machine: &Machine) -> Self {
        // A toolkit's stand-in for the library is no driver.
        let is_real = |folder: &PathBuf| !folder.ends_with("stubs");
        let mut folders: Vec<_> =
            machine.folders("LD_LIBRARY_PATH").into_iter().filter(is_real).collect();
        folders.extend(FOLDERS.map(PathBuf::from));
        let mut programs = machine.folders("PATH");
        programs.push("/usr/lib/wsl/lib".into());
        Self {
            library: machine.find(&folders, LIBRARY),
            nvidia_smi: machine.find(&programs, "nvidia-smi"),
            version: machine.read(Path::new(VERSION_FILE)).as_deref().and_then(version),
        }
    }

    /// What to do about it, if anything.
    pub(super) fn problem(&self) -> Option<String> {
        if self.library.is_none() {
            return Some(format!(
                "no driver: {LIBRARY} is not where the loader looks; install NVIDIA's driver, series {OLDEST_SERIES} or later"
            ));
        }
        let series = self.version.as_ref()?.split('.').next()?.parse::<u32>().ok()?;
        (series < OLDEST_SERIES).then(|| {
            format!(
                "the driver is of series {series}; install {OLDEST_SERIES} or later, for CUDA 13"
            )
        })
    }

    /// A line about it.
    pub(super) fn text(&self) -> String {
        match (&self.library, &self.version) {
            (None, _) => "not found".into(),
            (Some(library), None) => library.display().to_string(),
            (Some(library), Some(version)) => format!("{version} ({})", library.display()),
        }
    }
}

/// Reads `NVRM version: NVIDIA UNIX x86_64 Kernel Module  580.65.06  Sun Jul 27 06:59:37 UTC 2025`.
fn version(text: &str) -> Option<String> {
    let line = text.lines().find(|line| line.starts_with("NVRM version:"))?;
    let is_version = |word: &&str| {
        let mut parts = word.split('.');
        word.contains('.') && parts.all(|part| part.parse::<u32>().is_ok())
    };
    line.split_whitespace().find(is_version).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(root: &Path, path: &str, text: &str) {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn a_machine_without_a_driver_is_told_to_get_one() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "toolkit/lib/stubs/libcuda.so.1", "");
        let machine =
            Machine::fake(root.path(), &[("LD_LIBRARY_PATH", "/toolkit/lib/stubs"), ("PATH", "")]);
        let driver = Driver::find(&machine);
        assert_eq!(driver, Driver::default());
        assert_eq!(driver.text(), "not found");
        assert!(driver.problem().unwrap().contains("libcuda.so.1"));
    }

    #[test]
    fn a_driver_is_found_with_its_version() {
        let root = tempfile::tempdir().unwrap();
        write(root.path(), "usr/lib64/libcuda.so.1", "");
        write(root.path(), "usr/bin/nvidia-smi", "");
        let machine = Machine::fake(root.path(), &[("PATH", "/bin:/usr/bin")]);
        for (text, expected, is_old) in [
            ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat", "535.104.05", true),
            (
                "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\nGCC version: 12.2.0",
                "580.65.06",
                false,
            ),
        ] {
            write(root.path(), "proc/driver/nvidia/version", text);
            let driver = Driver::find(&machine);
            assert_eq!(driver.library.as_deref(), Some(Path::new("/usr/lib64/libcuda.so.1")));
            assert_eq!(driver.nvidia_smi.as_deref(), Some(Path::new("/usr/bin/nvidia-smi")));
            assert_eq!(driver.version.as_deref(), Some(expected));
            assert_eq!(driver.problem().is_some(), is_old, "{:?}", driver.problem());
            assert!(driver.text().contains(expected), "{}", driver.text());
        }
        // The library that is named first is the one that is loaded.
        write(root.path(), "own/libcuda.so.1", "");
        let machine = Machine::fake(root.path(), &[("LD_LIBRARY_PATH", "/none:/own")]);
        let library = Driver::find(&machine).library;
        assert_eq!(library.as_deref(), Some(Path::new("/own/libcuda.so.1")));
    }

    #[test]
    fn what_names_no_version_has_none() {
        for text in ["", "GCC version: 12.2.0", "NVRM version: x86_64 Kernel Module"] {
            assert_eq!(version(text), None, "{text}");
        }
    }
}
