//! The whole of `cargo xtask reproduce` with stand-ins for cargo and `nwm`: the shell
//! scripts in `data/`.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

const TABLE1: &str = include_str!("../../data/experiments/table1.toml");

/// The stand-ins. They are not written by the tests: a file that was just written cannot always be
/// run, since a process that another test starts may still hold it open.
const STAND_INS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");

/// A repository with nothing but Table 1's description.
struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        fs::create_dir_all(root.join("data/experiments")).unwrap();
        fs::write(root.join("data/experiments/table1.toml"), TABLE1).unwrap();
        Self { folder }
    }

    fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    fn run_dir(&self, name: &str) -> PathBuf {
        let run_dir = self.path("runs/table1-smoke").join(name);
        fs::create_dir_all(&run_dir).unwrap();
        run_dir
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        command
            .env("CARGO", Path::new(STAND_INS).join("cargo"))
            .env("CARGO_MANIFEST_DIR", self.path("xtask"))
            .current_dir(self.folder.path())
            .args(["reproduce", "table1", "--preset=smoke"])
            .args(arguments);
        command
    }

    fn reproduce(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The verb of every `nwm` command so far.
    fn verbs(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().map(|line| line.split(' ').nth(3).unwrap().to_owned()).collect()
    }

    fn planned(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("runs/table1-smoke/plan.json")).unwrap();
        let plan: serde_json::Value = serde_json::from_str(&text).unwrap();
        let runs = plan["runs"].as_array().unwrap().iter();
        runs.map(|run| run["run_dir"].as_str().unwrap().to_owned()).collect()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn the_table_is_printed_with_the_path_of_its_page() {
    let repository = Repository::new();
    let output = repository.reproduce(&[]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = repository.path("reports/table1/report.html");
    assert_eq!(text(&output.stdout), format!("| the table |\n{}\n", page.display()));
    assert_eq!(repository.verbs().iter().filter(|verb| *verb == "train").count(), 30);
    assert_eq!(repository.planned().len(), 30);
    assert!(text(&output.stderr).contains("\ntotal "), "{}", text(&output.stderr));
}

#[test]
fn a_second_start_only_collects() {
    let repository = Repository::new();
    repository.reproduce(&["--only=spring,ar"]);
    assert_eq!(repository.verbs(), ["train", "eval", "report", "table"]);
    let output = repository.reproduce(&["--only=spring,ar"]);
    assert!(text(&output.stderr).contains("runs       1, of which 1 done\n"));
    assert_eq!(repository.verbs()[4..], ["table"]);
}

#[test]
fn a_part_done_later_keeps_the_rest_in_the_plan() {
    let repository = Repository::new();
    repository.reproduce(&["--only=spring/nwm_1d"]);
    repository.reproduce(&["--only=spring/ar", "--seeds=2"]);
    assert_eq!(repository.planned(), ["spring-ar-seed0", "spring-ar-seed1", "spring-nwm_1d-seed0"]);
}

#[test]
fn a_failed_run_ends_with_code_1_after_the_table_of_the_others() {
    let repository = Repository::new();
    fs::write(repository.run_dir("spring-ar-seed0").join("fail"), "5").unwrap();
    let output = repository.reproduce(&["--only=spring,ar,cornn", "--jobs=2"]);
    assert_eq!(output.status.code(), Some(1));
    let progress = text(&output.stderr);
    assert!(
        progress.contains("spring-ar-seed0 failed: exit code 5: training failed"),
        "{progress}"
    );
    assert!(repository.path("runs/table1-smoke/spring-cornn-seed0/result.json").exists());
    assert!(text(&output.stdout).starts_with("| the table |"));
}

#[test]
fn an_interrupt_waits_for_the_run_and_stops_with_130() {
    let repository = Repository::new();
    let run_dir = repository.run_dir("spring-ar-seed0");
    fs::write(run_dir.join("slow"), "").unwrap();
    let mut command = repository.command(&["--only=spring,ar,cornn"]);
    // A process group of its own, as a terminal gives it, so that both get the signal.
    command.process_group(0);
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while !run_dir.join("started").exists() {
        assert!(start.elapsed() < Duration::from_secs(20), "the run has not started");
        std::thread::sleep(Duration::from_millis(10));
    }
    let kill = format!("kill -s INT -- -{}", process.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let progress = text(&output.stderr);
    assert!(progress.contains("the same command continues from here"), "{progress}");
    assert!(progress.contains("spring-cornn-seed0"), "{progress}");
    assert_eq!(repository.verbs(), ["train"]);
    assert!(output.stdout.is_empty());
}
