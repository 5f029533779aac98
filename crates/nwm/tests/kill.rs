//! Killed at any moment, a run keeps a valid checkpoint, and resumed it ends with the bits of one that was not killed.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![cfg(unix)]

mod common;

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use common::{code, stderr, train};
use nwm_models::{MODEL_FILE, checkpoint_directory, checkpoint_steps, latest_checkpoint};

/// A checkpoint after every step, so that many kills fall into one.
const STEPS: u64 = 40;
const SETTINGS: [&str; 4] = ["--set", "train.checkpoint_every=1", "--set", "train.steps=40"];
const KILLS: u32 = 20;

fn final_weights(run: &Path) -> Vec<u8> {
    let directory = checkpoint_directory(run, STEPS);
    nwm_models::Checkpoint::open(&directory).unwrap().read(MODEL_FILE).unwrap()
}

#[test]
fn twenty_kills_at_random_moments_cost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let output = train(folder.path(), "straight").args(SETTINGS).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let duration = started.elapsed();

    // Odd multiples of an irrational share spread the kills over the whole life of a process. The run starts over
    // when it is finished, so that no kill comes too late.
    let mut share: f64 = 0.5;
    let (mut during_run, mut during_checkpoint) = (0, 0);
    let run = folder.path().join("killed");
    for _ in 0..KILLS {
        let mut child = train(folder.path(), "killed")
            .args(SETTINGS)
            .arg("--resume")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        share = (share + 0.618_033_988_75) % 1.0;
        std::thread::sleep(duration.mul_f64(share) / 4 + Duration::from_millis(2));
        child.kill().unwrap();
        child.wait().unwrap();
        let steps = checkpoint_steps(&run).unwrap();
        let scratch = run.join("checkpoints").read_dir().is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with('.'))
        });
        during_checkpoint += u32::from(scratch);
        if !steps.is_empty() {
            during_run += 1;
            let (checkpoint, damaged) = latest_checkpoint(&run).unwrap();
            assert!(checkpoint.is_some(), "no valid checkpoint among {steps:?}");
            assert!(damaged.is_empty(), "a finished checkpoint is damaged: {damaged:?}");
        }
        if steps.last() == Some(&STEPS) {
            assert_eq!(final_weights(&run), final_weights(&folder.path().join("straight")));
            std::fs::remove_dir_all(&run).unwrap();
        }
    }
    eprintln!(
        "{during_run} of {KILLS} kills met a run under way, {during_checkpoint} a checkpoint half written"
    );
    assert!(during_run >= KILLS / 2, "{during_run}");

    let output = train(folder.path(), "killed").args(SETTINGS).arg("--resume").output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(final_weights(&run), final_weights(&folder.path().join("straight")));
}

#[test]
fn an_interrupt_finishes_the_step_saves_and_exits_130() {
    let folder = tempfile::tempdir().unwrap();
    for signal in ["-INT", "-TERM"] {
        let name = format!("run{signal}");
        let settings = ["--set", "train.steps=100000", "--set", "train.checkpoint_every=100000"];
        let child = train(folder.path(), &name)
            .args(settings)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let run = folder.path().join(&name);
        let deadline = Instant::now() + Duration::from_secs(60);
        // The first row is written after the first step.
        let has_stepped = || {
            std::fs::read_to_string(run.join("metrics.csv"))
                .is_ok_and(|text| text.lines().count() > 1)
        };
        while !has_stepped() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20));
        }
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        let output = child.wait_with_output().unwrap();
        assert_eq!(code(&output), 130);
        let step = latest_checkpoint(&run).unwrap().0.unwrap().step();
        let record = std::fs::read_to_string(run.join("run.json")).unwrap();
        let record: serde_json::Value = serde_json::from_str(&record).unwrap();
        assert_eq!((&record["status"], &record["steps"]), (&"interrupted".into(), &step.into()));
        assert!(step > 0);
    }
}
