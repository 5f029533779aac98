//! A sweep of a hundred thousand runs: planned, watched and collected in little memory. Times are printed.
//!
//! `cargo xtask ci --full` runs it; NWM_PROGRAM names an optimised `nwm`.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod repository;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use repository::Repository;

/// Axes of 20, 25 and 50 places, with four seeds.
fn grid() -> String {
    let values = |count: u32| {
        let values: Vec<String> =
            (1..=count).map(|place| format!("{}", f64::from(place) / 64.0)).collect();
        values.join(", ")
    };
    let axis =
        |key: &str, count| format!("[[axes]]\nkey = \"{key}\"\nvalues = [{}]\n", values(count));
    format!(
        "format = 1\nname = \"large\"\ntitle = \"A large grid\"\nmetric = \"{METRIC}\"\nunit = 1e-8\nseeds = 4\n\
         set = ['data.name=\"mass_spring\"', 'model.name=\"nwm_2d\"']\n{}{}{}[presets.smoke]\nseconds = 5\n",
        axis("model.cell.gamma", 20),
        axis("model.cell.dt", 25),
        axis("model.cell.alpha", 50),
    )
}

const METRIC: &str = "forward_extrapolation_l2_norm";
const RUNS: usize = 100_000;
/// Test trajectories of each result.
const TRAJECTORIES: usize = 100;

/// Runs a command to its end; returns its greatest memory in MiB and its time.
#[expect(clippy::print_stdout, reason = "the times are the result, and no assertion")]
fn watched(what: &str, command: &mut Command) -> (f64, Duration) {
    let start = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let mut kibibytes = 0.0_f64;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        kibibytes = kibibytes.max(peak_of_group(child.id()));
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(status.success(), "{what}");
    let (mebibytes, time) = (kibibytes / 1024.0, start.elapsed());
    println!("{what}: {:.1} s, {mebibytes:.0} MiB", time.as_secs_f64());
    (mebibytes, time)
}

/// The greatest memory so far of a process or of one that it has started, in KiB.
fn peak_of_group(parent: u32) -> f64 {
    let processes = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let status = fs::read_to_string(entry.unwrap().path().join("status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.split_whitespace().next()?.parse::<f64>().ok()
        };
        let is_of = |name| field(name).is_some_and(|id| id == f64::from(parent));
        (is_of("Pid:") || is_of("PPid:")).then(|| field("VmHWM:")).flatten()
    });
    processes.fold(0.0, f64::max)
}

/// What `nwm train` and `nwm eval` leave, cut to what is read.
fn finish(run_dir: &std::path::Path, seed: u64, index: usize) {
    let error = 1e-8 * (1.0 + (index * 7919 % 101) as f64 / 101.0);
    let errors: Vec<f64> = (0..TRAJECTORIES).map(|it| error * (1.0 + it as f64 / 1e3)).collect();
    let record = serde_json::json!({
        "format": 1, "commit": "c0ffee", "version": "0.1.0", "device": "cpu", "threads": 1, "seed": seed,
        "preset": "smoke", "command": [], "started": "2026-01-01T00:00:00Z", "ended": null, "status": "done",
        "steps": 7, "seconds": 1.0,
    });
    let result = serde_json::json!({
        "format": 1, "task": "forecast", "model": "nwm_2d", "data": "mass_spring", "split": "test",
        "preset": "smoke", "seed": seed, "commit": "c0ffee", "device": "cpu", "parameters": 1,
        "trajectories": TRAJECTORIES, "checkpoint": {"step": 7, "configured": true, "sha256": "0"}, "steps": 7,
        "trained_steps": 7, "seconds": 1.0, "inference_steps": 31, "horizon": "as_published", "unit": 1e-8,
        "metrics": {METRIC: error}, "per_trajectory": {METRIC: errors},
    });
    fs::create_dir_all(run_dir).unwrap();
    fs::write(run_dir.join("run.json"), record.to_string()).unwrap();
    fs::write(run_dir.join("result.json"), result.to_string()).unwrap();
}

#[test]
#[ignore = "writes a hundred thousand files, and needs an optimised nwm in NWM_PROGRAM"]
fn a_hundred_thousand_runs_are_planned_watched_and_collected_in_little_memory() {
    assert!(std::env::var_os("NWM_PROGRAM").is_some(), "NWM_PROGRAM names no nwm");
    let repository = Repository::new();
    fs::write(repository.path("large.toml"), grid()).unwrap();
    let sweep = |action: &str| {
        let mut command = repository.xtask("sweep");
        command.args([action, "large.toml"]);
        command
    };
    let (memory, _) = watched("plan", &mut sweep("plan"));
    assert!(memory < 100.0, "{memory} MiB");

    let plan = repository.json("runs/sweeps/large-smoke/plan.json");
    let runs = plan["runs"].as_array().unwrap();
    assert_eq!(runs.len(), RUNS);
    // Half of the runs, and of every fifth cell not all.
    let done = runs.iter().enumerate().filter(|(index, _)| index % 10 < 5);
    for (index, run) in done {
        let run_dir =
            repository.path("runs/sweeps/large-smoke").join(run["run_dir"].as_str().unwrap());
        finish(&run_dir, run["seed"].as_u64().unwrap(), index);
    }
    let (memory, _) = watched("status", &mut sweep("status"));
    assert!(memory < 100.0, "{memory} MiB");
    let status: serde_json::Value =
        serde_json::from_slice(&sweep("status").arg("--json").output().unwrap().stdout).unwrap();
    assert_eq!((&status["done"], &status["waiting"]), (&50_000.into(), &50_000.into()));

    let (memory, _) = watched("collect", &mut sweep("collect"));
    assert!(memory < 1000.0, "{memory} MiB");
    let table = fs::read_to_string(repository.path("reports/large/table.csv")).unwrap();
    let of =
        |status: &str| table.lines().filter(|line| line.contains(&format!(",{status},"))).count();
    assert_eq!((of("done"), of("partial"), of("missing")), (10_000, 5_000, 10_000));
}
