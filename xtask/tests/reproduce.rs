//! `cargo xtask reproduce table1` as a whole.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod repository;

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use repository::{Repository, text};

fn planned(repository: &Repository) -> Vec<String> {
    let plan = repository.json("runs/table1-smoke/plan.json");
    let runs = plan["runs"].as_array().unwrap().iter();
    runs.map(|run| run["run_dir"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_table_is_printed_with_the_path_of_its_page() {
    let repository = Repository::new();
    let output = repository.reproduce(&["table1"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let page = repository.path("reports/table1/report.html");
    assert_eq!(text(&output.stdout), format!("| the table |\n{}\n", page.display()));
    assert_eq!(repository.count("train"), 30);
    assert!(repository.path("reports/index.html").exists());
    assert_eq!(planned(&repository).len(), 30);
    assert!(text(&output.stderr).contains("\ntotal "), "{}", text(&output.stderr));
}

#[test]
fn a_second_start_only_collects() {
    let repository = Repository::new();
    repository.reproduce(&["table1", "--only=spring,ar"]);
    assert_eq!(repository.verbs(), ["train", "eval", "report", "table", "gallery"]);
    let output = repository.reproduce(&["table1", "--only=spring,ar"]);
    assert!(text(&output.stderr).contains("runs       1, of which 1 done\n"));
    assert_eq!(repository.verbs()[5..], ["table", "gallery"]);
}

#[test]
fn a_part_done_later_keeps_the_rest_in_the_plan() {
    let repository = Repository::new();
    repository.reproduce(&["table1", "--only=spring/nwm_1d"]);
    repository.reproduce(&["table1", "--only=spring/ar", "--seeds=2"]);
    assert_eq!(planned(&repository), ["spring-ar-seed0", "spring-ar-seed1", "spring-nwm_1d-seed0"]);
}

#[test]
fn a_failed_run_ends_with_code_1_after_the_table_of_the_others() {
    let repository = Repository::new();
    fs::write(repository.run_dir("table1-smoke/spring-ar-seed0").join("fail"), "5").unwrap();
    let output = repository.reproduce(&["table1", "--only=spring,ar,cornn", "--jobs=2"]);
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
    let run_dir = repository.run_dir("table1-smoke/spring-ar-seed0");
    fs::write(run_dir.join("slow"), "").unwrap();
    let mut command = repository.command(&["table1", "--only=spring,ar,cornn"]);
    // A process group of its own, as a terminal gives it, so that both get the signal.
    command.process_group(0);
    let process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    repository::wait_for(&run_dir.join("started"));
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
