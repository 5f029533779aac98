//! `cargo xtask sweep` as a whole, and what engines call.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod repository;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};

use repository::{Repository, text};

/// Two axes of two places each, with one seed.
const GRID: &str = r#"
format = 1
name = "demo"
title = "A demonstration"
metric = "mse"
seeds = 1
set = ["data.name=\"mass_spring\""]

[[axes]]
key = "model.cell.gamma"
values = [0.5, 1.0]

[[axes]]
key = "model.name"
values = ["nwm_2d", "nwm_1d"]

[presets.smoke]
seconds = 5
"#;

fn sweep(repository: &Repository, arguments: &[&str]) -> Output {
    fs::write(repository.path("demo.toml"), GRID).unwrap();
    let mut command = repository.xtask("sweep");
    command.arg(arguments[0]).arg("demo.toml").args(&arguments[1..]).output().unwrap()
}

fn status(repository: &Repository) -> serde_json::Value {
    let output = sweep(repository, &["status", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn counts(repository: &Repository) -> [u64; 4] {
    let status = status(repository);
    ["done", "running", "failed", "waiting"].map(|key| status[key].as_u64().unwrap())
}

/// The folder of each run, in the order of the plan.
fn run_dirs(repository: &Repository) -> Vec<PathBuf> {
    let plan = repository.json("runs/sweeps/demo-smoke/plan.json");
    let runs = plan["runs"].as_array().unwrap().iter();
    let folder = repository.path("runs/sweeps/demo-smoke");
    runs.map(|run| folder.join(run["run_dir"].as_str().unwrap())).collect()
}

#[test]
fn a_grid_is_planned_run_watched_and_collected() {
    let repository = Repository::new();
    let output = sweep(&repository, &["plan"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let plan = repository.json("runs/sweeps/demo-smoke/plan.json");
    assert_eq!(
        text(&output.stdout).trim(),
        repository.path("runs/sweeps/demo-smoke/plan.json").to_str().unwrap()
    );
    assert_eq!((&plan["kind"], &plan["table"]), (&"sweep".into(), &"demo".into()));
    assert_eq!(plan["rows"], serde_json::json!(["gamma 0.5", "gamma 1.0"]));
    assert_eq!(plan["columns"], serde_json::json!(["nwm_2d", "nwm_1d"]));
    assert_eq!(plan["runs"][1]["model"], "nwm_1d");
    assert_eq!(counts(&repository), [0, 0, 0, 4]);

    let output = sweep(&repository, &["run"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("| the table |"), "{}", text(&output.stdout));
    assert!(repository.path("reports/demo/table.md").exists());
    assert_eq!(counts(&repository), [4, 0, 0, 0]);
    assert_eq!(repository.count("train"), 4);

    let output = sweep(&repository, &["collect"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!((repository.count("train"), repository.count("table")), (4, 2));
}

#[test]
fn a_run_that_failed_is_reported_and_tried_again_by_the_next_start() {
    let repository = Repository::new();
    sweep(&repository, &["plan"]);
    let run_dir = &run_dirs(&repository)[2];
    fs::create_dir_all(run_dir).unwrap();
    fs::write(run_dir.join("fail"), "5").unwrap();
    assert_eq!(sweep(&repository, &["run"]).status.code(), Some(1));
    assert_eq!(counts(&repository), [3, 0, 1, 0]);
    let failure = &status(&repository)["failures"][0];
    assert_eq!(failure["run"], "gamma 1.0 / nwm_2d, seed 0");
    assert!(failure["reason"].as_str().unwrap().starts_with("exit code 5: training failed"));
    fs::remove_file(run_dir.join("fail")).unwrap();
    assert_eq!(sweep(&repository, &["run"]).status.code(), Some(0));
    assert_eq!(counts(&repository), [4, 0, 0, 0]);
    assert_eq!(repository.count("train"), 5);
}

#[test]
fn commands_are_written_for_other_tools_and_may_run_twice_at_once() {
    let repository = Repository::new();
    let output = sweep(&repository, &["run", "--engine=commands", "--cores=2"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert!(output.stdout.is_empty());
    assert_eq!(repository.count("train"), 0);
    let path = repository.path("runs/sweeps/demo-smoke/engine/commands.txt");
    let commands = fs::read_to_string(&path).unwrap();
    assert_eq!(commands.lines().count(), 4);
    let twice = commands.lines().chain(commands.lines());
    let processes: Vec<_> =
        twice.map(|line| Command::new("sh").args(["-c", line]).spawn().unwrap()).collect();
    for mut process in processes {
        assert_eq!(process.wait().unwrap().code(), Some(0));
    }
    assert_eq!(repository.count("train"), 4, "each run is done once");
    assert!(repository.log().lines().all(|line| line.starts_with("2 threads: ")));
    assert_eq!(counts(&repository), [4, 0, 0, 0]);
    // Nothing is left to hand over, so that the table is made.
    let output = sweep(&repository, &["run", "--engine=commands"]);
    assert!(text(&output.stdout).starts_with("| the table |"), "{}", text(&output.stdout));
}

#[test]
fn a_job_array_shares_all_tasks_among_its_elements() {
    let repository = Repository::new();
    sweep(&repository, &["run", "--engine=commands"]);
    let list = repository.path("runs/sweeps/demo-smoke/engine/tasks.jsonl");
    for share in ["0", "1", "2"] {
        let output = repository
            .xtask("task")
            .arg(&list)
            .args(["--share", share, "--of", "3"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    }
    assert_eq!(counts(&repository), [4, 0, 0, 0]);
    assert_eq!(repository.count("train"), 4);
}

/// What an engine calls for a run.
fn task_of(repository: &Repository, run_dir: &Path) -> Command {
    let mut command = repository.xtask("task");
    command.arg(repository.path("runs/sweeps/demo-smoke/engine/tasks.jsonl"));
    command.arg(run_dir.file_name().unwrap());
    command
}

/// The task of the first run, whose training has started and does not end by itself.
fn slow_task(repository: &Repository) -> (PathBuf, Child) {
    sweep(repository, &["run", "--engine=commands"]);
    let run_dir = run_dirs(repository).remove(0);
    fs::create_dir_all(&run_dir).unwrap();
    fs::write(run_dir.join("slow"), "").unwrap();
    let task = task_of(repository, &run_dir).spawn().unwrap();
    repository::wait_for(&run_dir.join("started"));
    (run_dir, task)
}

#[test]
fn a_task_saves_its_work_when_a_scheduler_asks_it_to_end() {
    let repository = Repository::new();
    let (_, mut task) = slow_task(&repository);
    assert_eq!(counts(&repository)[1], 1, "it runs");
    let signalled = Command::new("kill").args(["-USR1", &task.id().to_string()]).status().unwrap();
    assert!(signalled.success());
    assert_eq!(task.wait().unwrap().code(), Some(130));
    assert_eq!(counts(&repository), [0, 0, 0, 4], "an interrupted run has not failed");
}

#[test]
fn a_killed_task_keeps_its_run_claimed_while_the_training_goes_on() {
    let repository = Repository::new();
    let (run_dir, mut task) = slow_task(&repository);
    task.kill().unwrap();
    task.wait().unwrap();
    assert_eq!(counts(&repository)[1], 1, "the training goes on, and so does the claim");
    let training = fs::read_to_string(run_dir.join("started")).unwrap();
    // The stand-in writes its process there.
    assert!(Command::new("kill").args(["-INT", training.trim()]).status().unwrap().success());
    fs::remove_file(run_dir.join("slow")).unwrap();
    let output = task_of(&repository, &run_dir).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(counts(&repository)[0], 1);
}

#[test]
fn a_grid_that_cannot_be_used_is_a_usage_error_that_names_file_and_key() {
    let repository = Repository::new();
    fs::write(repository.path("broken.toml"), GRID.replace("metric", "metrik")).unwrap();
    let output = repository.xtask("sweep").args(["plan", "broken.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = text(&output.stderr);
    assert!(message.starts_with("error: failed to read broken.toml: "), "{message}");
    assert!(message.contains("unknown field `metrik`"), "{message}");
    let output = repository.xtask("sweep").args(["plan", "absent.toml"]).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "{}", text(&output.stderr));
    let output = sweep(&repository, &["run", "--engine=commands", "--memory=0"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("resources.memory: found 0"), "{}", text(&output.stderr));
}

#[test]
fn a_list_without_the_task_is_a_usage_error() {
    let repository = Repository::new();
    sweep(&repository, &["run", "--engine=commands"]);
    let list = repository.path("runs/sweeps/demo-smoke/engine/tasks.jsonl");
    let output = repository.xtask("task").arg(&list).arg("absent").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no task absent in "), "{}", text(&output.stderr));
}

#[test]
fn a_slurm_script_is_read_by_a_shell_and_hands_out_every_task() {
    let repository = Repository::new();
    let output = sweep(
        &repository,
        &[
            "run",
            "--engine=slurm",
            "--no-submit",
            "--minutes=30",
            "--gpus=0.5",
            "--slurm-option=--partition=long",
        ],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let path = repository.path("runs/sweeps/demo-smoke/engine/slurm.sh");
    let script = fs::read_to_string(&path).unwrap();
    let option = |it: &str| script.lines().any(|line| line == format!("#SBATCH {it}"));
    for expected in [
        "--array=0-3",
        "--requeue",
        "--signal=B:USR1@120",
        "--gres=gpu:1",
        "--time=35",
        "--partition=long",
    ] {
        assert!(option(expected), "{expected}: {script}");
    }
    for element in 0..4 {
        let status = run_element(&path, element);
        assert_eq!(status, Some(0), "{script}");
    }
    assert_eq!(counts(&repository), [4, 0, 0, 0]);
}

#[test]
fn a_job_file_has_every_task_with_what_it_needs() {
    let repository = Repository::new();
    let options =
        ["--no-submit", "--minutes=30", "--gpus=0.5", "--server-dir=server", "--memory=2"];
    let output = sweep(&repository, &[&["run", "--engine=hyperqueue"], &options[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let path = repository.path("runs/sweeps/demo-smoke/engine/hyperqueue.toml");
    let file: toml::Table = toml::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let tasks = file["task"].as_array().unwrap();
    assert_eq!(tasks.len(), 4);
    for task in tasks {
        let needs = &task["request"][0]["resources"];
        let amount = |name: &str| needs[name].as_str().unwrap();
        assert_eq!((amount("cpus"), amount("gpus/nvidia"), amount("mem")), ("1", "0.5", "2048"));
        assert_eq!(task["time_limit"].as_str(), Some("40m"));
        let command: Vec<&str> =
            task["command"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
        let status = Command::new(command[0]).args(&command[1..]).status().unwrap();
        assert_eq!(status.code(), Some(0), "{command:?}");
    }
    assert_eq!(counts(&repository), [4, 0, 0, 0]);
}

/// Runs the script as Slurm runs one element.
fn run_element(script: &Path, element: u32) -> Option<i32> {
    let mut command = Command::new("bash");
    command.arg(script).env("SLURM_ARRAY_TASK_ID", element.to_string());
    command.status().unwrap().code()
}
