//! `--engine slurm` with a Slurm that runs.
//!
//! `cargo xtask ci --full` runs it where a Slurm can be installed; `slurm/cluster.sh start DIR` starts one, which
//! SLURM_CONF must name.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod repository;

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use repository::{Repository, text};

/// Slurm starts a job again after it has seen the old one end, which takes its time.
const PATIENCE: Duration = Duration::from_secs(300);

/// Five runs, of which the second does not end by itself.
const GRID: &str = r#"
format = 1
name = "array"
title = "A job array"
metric = "mse"
seeds = 5
axes = [{ key = "model.name", values = ["nwm_2d"] }]

[presets.smoke]
seconds = 5
"#;

fn slurm(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(output.status.success(), "{program} {arguments:?}: {}", text(&output.stderr));
    text(&output.stdout)
}

#[test]
#[ignore = "needs a Slurm, which SLURM_CONF names"]
fn a_run_that_slurm_warns_saves_its_work_and_goes_on_when_it_is_started_again() {
    let repository = Repository::new();
    fs::write(repository.path("array.toml"), GRID).unwrap();
    let sweep = |arguments: &[&str]| {
        let mut command = repository.xtask("sweep");
        let output =
            command.arg(arguments[0]).arg("array.toml").args(&arguments[1..]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        output
    };
    let counts = || {
        let status: serde_json::Value =
            serde_json::from_slice(&sweep(&["status", "--json"]).stdout).unwrap();
        ["done", "running", "failed", "waiting"].map(|key| status[key].as_u64().unwrap())
    };
    let until = |what: &str, test: &dyn Fn() -> bool| {
        let start = Instant::now();
        while !test() {
            assert!(start.elapsed() < PATIENCE, "waited in vain until {what}: {:?}", counts());
            std::thread::sleep(Duration::from_millis(200));
        }
    };

    sweep(&["plan"]);
    let plan = repository.json("runs/sweeps/array-smoke/plan.json");
    let slow = repository
        .path("runs/sweeps/array-smoke")
        .join(plan["runs"][1]["run_dir"].as_str().unwrap());
    fs::create_dir_all(&slow).unwrap();
    fs::write(slow.join("slow"), "").unwrap();

    let submitted = text(&sweep(&["run", "--engine=slurm"]).stderr);
    let job = submitted.split("as job ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap();
    until("the others are done", &|| counts() == [4, 1, 0, 0]);
    // As Slurm does two minutes before a time limit.
    slurm("scancel", &["--batch", "--signal=USR1", &format!("{job}_1")]);
    until("all are done", &|| counts() == [5, 0, 0, 0]);
    let trainings = repository.count("train");
    assert_eq!(trainings, 6, "the slow one twice, the others once");
    until("the queue is empty", &|| slurm("squeue", &["--noheader"]).is_empty());
    assert!(text(&sweep(&["collect"]).stdout).starts_with("| the table |"));
}
