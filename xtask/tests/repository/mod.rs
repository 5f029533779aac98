//! A repository for tests, with stand-ins for cargo and `nwm`: the shell scripts in `data/`.

#![allow(dead_code, reason = "each test file uses a part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// The stand-ins. They are not written by the tests: a file that was just written cannot always be
/// run, since a process that another test starts may still hold it open.
const STAND_INS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

/// The descriptions of this repository.
const EXPERIMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/experiments");

/// Where MNIST is.
const DIGITS: &str = "data/cache/mnist";

/// A repository with nothing but descriptions of tables and figures, and MNIST.
pub(crate) struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let experiments = folder.path().join("data/experiments");
        fs::create_dir_all(&experiments).unwrap();
        for entry in fs::read_dir(EXPERIMENTS).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(&path, experiments.join(path.file_name().unwrap())).unwrap();
        }
        let repository = Self { folder };
        fs::create_dir_all(repository.path(DIGITS)).unwrap();
        for part in ["train", "t10k"] {
            for content in ["images-idx3", "labels-idx1"] {
                fs::write(repository.path(DIGITS).join(format!("{part}-{content}-ubyte.gz")), "")
                    .unwrap();
            }
        }
        repository
    }

    /// The same without MNIST.
    pub(crate) fn without_digits() -> Self {
        let repository = Self::new();
        fs::remove_dir_all(repository.path(DIGITS)).unwrap();
        repository
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// A run folder, made for what steers the stand-in for `nwm`.
    pub(crate) fn run_dir(&self, name: &str) -> PathBuf {
        let run_dir = self.path("runs").join(name);
        fs::create_dir_all(&run_dir).unwrap();
        run_dir
    }

    /// `cargo xtask` with this task.
    pub(crate) fn xtask(&self, task: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .env("CARGO", Path::new(STAND_INS).join("cargo"))
            .env("CARGO_MANIFEST_DIR", self.path("xtask"))
            .current_dir(self.folder.path())
            .arg(task);
        command
    }

    /// `cargo xtask reproduce --preset=smoke` with these arguments.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.xtask("reproduce");
        command.arg("--preset=smoke").args(arguments);
        command
    }

    pub(crate) fn reproduce(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A line for every `nwm` command so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The verb of every `nwm` command so far.
    pub(crate) fn verbs(&self) -> Vec<String> {
        self.log().lines().map(|line| line.split(' ').nth(3).unwrap().to_owned()).collect()
    }

    /// How often `nwm` was run with this verb.
    pub(crate) fn count(&self, verb: &str) -> usize {
        self.verbs().iter().filter(|it| *it == verb).count()
    }

    /// A JSON file.
    pub(crate) fn json(&self, relative: &str) -> serde_json::Value {
        serde_json::from_str(&fs::read_to_string(self.path(relative)).unwrap()).unwrap()
    }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Waits until a file is there and has content.
pub(crate) fn wait_for(path: &Path) {
    let start = Instant::now();
    while fs::metadata(path).map_or(0, |file| file.len()) == 0 {
        assert!(start.elapsed() < Duration::from_secs(20), "{} does not appear", path.display());
        std::thread::sleep(Duration::from_millis(10));
    }
}
