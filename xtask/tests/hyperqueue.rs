//! The smoke preset of Table 1 by HyperQueue, whose processes and whose cluster are killed on the way, beside the same
//! table by processes of this machine.
//!
//! `cargo xtask ci --full` runs it, with the Python package of HyperQueue installed; `nwm` must be built.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before the test gives up.
const PATIENCE: Duration = Duration::from_secs(900);

struct Table {
    folder: tempfile::TempDir,
}

impl Table {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn runs(&self) -> PathBuf {
        self.folder.path().join("runs/table1-smoke")
    }

    fn start(&self, options: &[&str]) -> Child {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .args(["reproduce", "table1", "--preset=smoke"])
            .arg("--runs")
            .arg(self.folder.path().join("runs"))
            .arg("--out")
            .arg(self.folder.path().join("reports"))
            .args(options)
            .stdout(Stdio::null())
            .process_group(0);
        command.spawn().unwrap()
    }

    /// The run folders that have a result.
    fn done(&self) -> usize {
        self.run_dirs().iter().filter(|run_dir| run_dir.join("result.json").exists()).count()
    }

    fn run_dirs(&self) -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(self.runs()) else { return Vec::new() };
        let mut folders: Vec<PathBuf> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir() && path.to_string_lossy().ends_with("-seed0"))
            .collect();
        folders.sort();
        folders
    }

    /// Processes whose command line has this word and names this table's runs.
    fn processes(&self, word: &str) -> Vec<u32> {
        let runs = self.folder.path().to_string_lossy().into_owned();
        let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
            let path = entry.unwrap().path();
            let id: u32 = path.file_name()?.to_str()?.parse().ok()?;
            let line = fs::read(path.join("cmdline")).ok()?;
            let line = String::from_utf8_lossy(&line).replace('\0', " ");
            (line.contains(word) && line.contains(&runs)).then_some(id)
        });
        processes.collect()
    }
}

fn kill(target: &str) {
    // What has just ended by itself cannot be killed.
    let _ = Command::new("kill").args(["-KILL", "--", target]).stderr(Stdio::null()).status();
}

fn wait_until(what: &str, mut test: impl FnMut() -> bool) {
    let start = Instant::now();
    while !test() {
        assert!(start.elapsed() < PATIENCE, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn exit_code(mut process: Child) -> Option<i32> {
    let mut status = None;
    wait_until("the command ends", || {
        status = process.try_wait().unwrap();
        status.is_some()
    });
    status.unwrap().code()
}

/// The weights of the last checkpoint, the curve of the training and the scores, without what time tells.
fn outcome(run_dir: &Path) -> (Vec<u8>, String, serde_json::Value) {
    let checkpoints = fs::read_dir(run_dir.join("checkpoints")).unwrap();
    let last = checkpoints.map(|entry| entry.unwrap().path()).max().unwrap();
    let weights = fs::read(last.join("model.safetensors")).unwrap();
    let metrics = untimed(&fs::read_to_string(run_dir.join("metrics.csv")).unwrap());
    let result = fs::read_to_string(run_dir.join("result.json")).unwrap();
    let mut result: serde_json::Value = serde_json::from_str(&result).unwrap();
    result.as_object_mut().unwrap().remove("seconds");
    (weights, metrics, result)
}

/// A table without the column of times.
fn untimed(table: &str) -> String {
    let time = table.lines().next().unwrap().split(',').position(|name| name == "seconds").unwrap();
    let fields = |line: &str| {
        let fields = line.split(',').enumerate().filter(|(index, _)| *index != time);
        fields.map(|(_, field)| field).collect::<Vec<_>>().join(",")
    };
    table.lines().map(fields).collect::<Vec<_>>().join("\n")
}

#[test]
#[ignore = "takes minutes, and needs an optimised nwm and the Python package of HyperQueue"]
fn a_table_by_hyperqueue_with_kills_is_the_table_by_this_machine() {
    let hyperqueue = ["--engine=hyperqueue", "--retries=3"];
    let here = Table::new();
    assert_eq!(exit_code(here.start(&[])), Some(0));

    let there = Table::new();
    let first = there.start(&hyperqueue);
    // A training is killed: its task fails and is tried again. Then a task, under which the training goes on.
    wait_until("a training runs", || !there.processes(" train ").is_empty());
    kill(&there.processes(" train ")[0].to_string());
    wait_until("two runs are done", || there.done() >= 2);
    wait_until("a task runs", || !there.processes("xtask task").is_empty());
    kill(&there.processes("xtask task")[0].to_string());
    wait_until("four runs are done", || there.done() >= 4);
    // The whole cluster: the command, and server and workers, which are one process.
    wait_until("another training runs", || !there.processes(" train ").is_empty());
    let submitters = there.processes("submit.py");
    assert!(!submitters.is_empty(), "no cluster runs");
    kill(&format!("-{}", first.id()));
    submitters.iter().for_each(|id| kill(&id.to_string()));
    assert_eq!(exit_code(first), None, "the command was not killed");
    let done = there.done();
    assert!(done < here.run_dirs().len(), "nothing was left to do after the kill");

    assert_eq!(exit_code(there.start(&hyperqueue)), Some(0));
    let (here_dirs, there_dirs) = (here.run_dirs(), there.run_dirs());
    assert_eq!(here_dirs.len(), 30);
    assert_eq!(there_dirs.len(), here_dirs.len());
    for (a, b) in here_dirs.iter().zip(&there_dirs) {
        assert_eq!(a.file_name(), b.file_name());
        let (weights, metrics, result) = outcome(a);
        let other = outcome(b);
        assert!(weights == other.0, "{}: weights differ", a.display());
        assert_eq!(metrics, other.1, "{}", a.display());
        assert_eq!(result, other.2, "{}", a.display());
    }
}
