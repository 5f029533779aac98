//! Kernels as a program for the CPU: the same sources, compiled as C++ with the headers in `emulation/`.

use std::collections::hash_map::DefaultHasher;
use std::fmt::Write as _;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use crate::emulation::Emulation;
use crate::error::{Error, Result};
use crate::launch::{Limits, Module};

/// The headers of the emulation, so that a crate that uses this one needs no path into its sources.
const HEADERS: [(&str, &str); 5] = [
    ("emulation.h", include_str!("../emulation/emulation.h")),
    ("fibers.h", include_str!("../emulation/fibers.h")),
    ("server.h", include_str!("../emulation/server.h")),
    ("shared_memory.h", include_str!("../emulation/shared_memory.h")),
    ("nwm.cuh", include_str!("../kernels/nwm.cuh")),
];

/// Held while a program is compiled.
static BUILDING: Mutex<()> = Mutex::new(());

/// In which order the threads of a block run between two waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// From the first to the last.
    Forward,
    /// From the last to the first.
    Reverse,
    /// Another order at every turn, the same in every run.
    Shuffled,
}

impl Order {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Forward, Self::Reverse, Self::Shuffled];

    fn name(self) -> &'static str {
        match self {
            Self::Forward => "forward",
            Self::Reverse => "reverse",
            Self::Shuffled => "shuffled",
        }
    }
}

/// The sources of modules, and how they are compiled.
#[derive(Debug, Clone)]
pub struct Sources<'a> {
    /// What the program is called.
    pub name: &'a str,
    /// The folder with `NAME.cu` of every module, and the headers that they include.
    pub folder: &'a Path,
    /// The modules.
    pub modules: &'a [&'static Module],
    /// Whether every access of shared memory and every address is checked; several times slower.
    pub checked: bool,
    /// Macros to define, such as those that plant a mistake.
    pub defines: &'a [&'a str],
}

impl Sources<'_> {
    /// A process for unit tests, whose program is kept beside that of the tests, with blocks of
    /// [`Limits::AMPERE`]; none where there is no compiler, as [`Program::build_for_tests`] says.
    ///
    /// # Panics
    /// If there is a compiler, and the program cannot be built or does not start.
    #[allow(clippy::panic, reason = "so do tests")]
    pub fn start_for_tests(&self, order: Order) -> Option<Emulation> {
        let tests = std::env::current_exe();
        let folder = tests.ok().and_then(|it| Some(it.parent()?.join("emulation")));
        let Some(folder) = folder else { panic!("failed to find the program of the tests") };
        let emulation = Program::build_for_tests(self, &folder)?.start(order, Limits::AMPERE);
        Some(emulation.unwrap_or_else(|error| panic!("failed to {error}")))
    }
}

/// A compiled emulation, from which any number of processes start.
#[derive(Debug, Clone)]
pub struct Program {
    path: PathBuf,
}

impl Program {
    /// Compiles the sources with `g++` (or what the environment variable `CXX` names) into a folder, unless the same
    /// sources were compiled there before.
    ///
    /// # Errors
    /// [`Error::NoCompiler`] if there is none; [`Error::Build`] if a file cannot be read or written, or the sources do not
    /// compile.
    pub fn build(sources: &Sources<'_>, folder: &Path) -> Result<Self> {
        let failed = |why: String| Error::Build { name: sources.name.to_owned(), why };
        let file =
            |path: &Path, error: std::io::Error| failed(format!("{}: {error}", path.display()));
        let main = main_file(sources);
        let compiler = std::env::var("CXX").unwrap_or_else(|_| "g++".to_owned());
        let flags = flags(sources);

        let mut hasher = DefaultHasher::new();
        (&main, &compiler, &flags, HEADERS).hash(&mut hasher);
        for path in kernel_files(sources.folder).map_err(|error| file(sources.folder, error))? {
            fs::read(&path).map_err(|error| file(&path, error))?.hash(&mut hasher);
        }
        let program = format!("{}-{:016x}", sources.name, hasher.finish());
        let path = folder.join(&program);
        // One at a time in this process; others never see half a program, since it is renamed when it is whole.
        let _turn = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        if path.exists() {
            return Ok(Self { path });
        }

        let build = folder.join(format!("{program}.{}", std::process::id()));
        fs::create_dir_all(&build).map_err(|error| file(&build, error))?;
        for (name, text) in HEADERS.into_iter().chain([("main.cpp", main.as_str())]) {
            let header = build.join(name);
            fs::write(&header, text).map_err(|error| file(&header, error))?;
        }
        let output = Command::new(&compiler)
            .args(&flags)
            .arg("-I")
            .arg(&build)
            .arg("-I")
            .arg(sources.folder)
            .arg(build.join("main.cpp"))
            .arg("-o")
            .arg(build.join("program"))
            .output()
            .map_err(|error| Error::NoCompiler {
                compiler: compiler.clone(),
                why: error.to_string(),
            })?;
        if !output.status.success() {
            return Err(failed(String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        fs::rename(build.join("program"), &path).map_err(|error| file(&path, error))?;
        fs::remove_dir_all(&build).map_err(|error| file(&build, error))?;
        Ok(Self { path })
    }

    /// For tests, which are skipped where there is no compiler: says so on standard error and returns none.
    ///
    /// # Panics
    /// If there is a compiler and the program cannot be built.
    #[allow(
        clippy::print_stderr,
        clippy::panic,
        reason = "so do tests, which would all do it the same way"
    )]
    pub fn build_for_tests(sources: &Sources<'_>, folder: &Path) -> Option<Self> {
        match Self::build(sources, folder) {
            Ok(program) => Some(program),
            Err(error @ Error::NoCompiler { .. }) => {
                eprintln!("skipped: {error}");
                None
            }
            Err(error) => panic!("failed to {error}"),
        }
    }

    /// Starts a process, with blocks that may have what `limits` says.
    ///
    /// # Errors
    /// [`Error::Emulation`] if the program does not start.
    pub fn start(&self, order: Order, limits: Limits) -> Result<Emulation> {
        let process = Command::new(&self.path)
            .arg(order.name())
            // Fibers are no leaks, and their stacks no use after return.
            .env("ASAN_OPTIONS", "detect_leaks=0:detect_stack_use_after_return=0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Error::Emulation(format!("{}: {error}", self.path.display())))?;
        Emulation::of(process, limits)
    }
}

/// The files of a folder of kernels, sorted.
fn kernel_files(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "cu" || extension == "cuh") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Includes the sources and serves their kernels.
fn main_file(sources: &Sources<'_>) -> String {
    let mut text = "#include \"server.h\"\n".to_owned();
    for module in sources.modules {
        let _ = writeln!(text, "#include \"{}.cu\"", module.name);
    }
    text += "int main(int count, char **arguments) {\n    return emulation::serve({\n";
    for name in sources.modules.iter().flat_map(|module| module.kernels) {
        let _ = writeln!(text, "        NWM_KERNEL({name}),");
    }
    text + "    }, count, arguments);\n}\n"
}

fn flags(sources: &Sources<'_>) -> Vec<String> {
    // Products and sums are contracted where a kernel says fmaf and nowhere else.
    let mut flags = ["-std=c++17", "-ffp-contract=off", "-Wno-unknown-pragmas", "-DNWM_EMULATED"]
        .map(str::to_owned)
        .to_vec();
    if cfg!(target_arch = "x86_64") {
        flags.push("-mfma".to_owned());
    }
    if sources.checked {
        flags.extend(["-O1", "-g1", "-fsanitize=address", "-DNWM_CHECKED"].map(str::to_owned));
    } else {
        flags.push("-O2".to_owned());
    }
    flags.extend(sources.defines.iter().map(|define| format!("-D{define}")));
    flags
}
