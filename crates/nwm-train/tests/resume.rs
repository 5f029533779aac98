//! A resumed run equals an uninterrupted one, bit for bit; damaged checkpoints cost no more than themselves.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use common::{checkpoint_bytes, request, resolved, train_all, train_until};
use nwm_models::{
    MODEL_FILE, ModelName, STATE_FILE, checkpoint_directory, checkpoint_steps, latest_checkpoint,
};
use nwm_train::{
    ErrorKind, METRICS_FILE, OPTIMIZER_FILE, Outcome, RunRequest, RunStatus, Silent, read_metrics,
    read_run_record, train,
};

#[test]
fn a_resumed_run_ends_with_the_bits_of_an_uninterrupted_one() {
    for name in ModelName::ALL {
        let folder = tempfile::tempdir().unwrap();
        let resolved = resolved(folder.path(), name.as_str(), &[]);
        let (straight, resumed) = (folder.path().join("straight"), folder.path().join("resumed"));
        assert_eq!(train_all(&resolved, &straight).unwrap(), Outcome::Finished);
        // Step 3 is between two regular checkpoints.
        assert_eq!(train_until(&resolved, &resumed, 3), Outcome::Interrupted);
        assert_eq!(read_run_record(&resumed).unwrap().status, RunStatus::Interrupted);
        assert_eq!(checkpoint_steps(&resumed).unwrap(), [0, 2, 3]);
        assert_eq!(train_all(&resolved, &resumed).unwrap(), Outcome::Finished);
        assert!(checkpoint_bytes(&straight, 6) == checkpoint_bytes(&resumed, 6), "other bits");
        let losses = |run: &std::path::Path| -> Vec<(u64, f64)> {
            let rows = read_metrics(&run.join(METRICS_FILE)).unwrap();
            rows.iter().map(|row| (row.step, row.loss)).collect()
        };
        assert_eq!(losses(&straight), losses(&resumed));
        assert_eq!(read_run_record(&resumed).unwrap().status, RunStatus::Done);
    }
}

#[test]
fn only_the_newest_checkpoints_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), "nwm_2d", &[]), &run).unwrap();
    assert_eq!(checkpoint_steps(&run).unwrap(), [4, 6]);
}

#[test]
fn a_damaged_newest_checkpoint_is_passed_over_and_the_run_ends_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let resolved = resolved(folder.path(), "nwm_2d", &[]);
    let straight = folder.path().join("straight");
    train_all(&resolved, &straight).unwrap();
    let expected = checkpoint_bytes(&straight, 6);
    type Damage = fn(&mut Vec<u8>);
    let damages: [(&str, Damage); 4] = [
        (MODEL_FILE, |content| content.truncate(content.len() / 2)),
        (OPTIMIZER_FILE, |content| content[100] ^= 4),
        (STATE_FILE, |content| content[30] ^= 1),
        (STATE_FILE, Vec::clear),
    ];
    for (index, (file, damage)) in damages.into_iter().enumerate() {
        let run = folder.path().join(format!("run-{index}"));
        train_until(&resolved, &run, 5);
        let path = checkpoint_directory(&run, 5).join(file);
        let mut content = fs::read(&path).unwrap();
        damage(&mut content);
        fs::write(&path, content).unwrap();
        assert_eq!(train_all(&resolved, &run).unwrap(), Outcome::Finished);
        assert_eq!(checkpoint_bytes(&run, 6), expected, "damaged {file}");
    }
}

#[test]
fn damaged_checkpoints_do_not_push_out_good_ones() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_until(&resolved(folder.path(), "nwm_2d", &["train.keep_last=3"]), &run, 5);
    assert_eq!(checkpoint_steps(&run).unwrap(), [0, 2, 4, 5]);
    for step in [4, 5] {
        fs::write(checkpoint_directory(&run, step).join(MODEL_FILE), b"damaged").unwrap();
    }
    train_until(&resolved(folder.path(), "nwm_2d", &["train.keep_last=1"]), &run, 3);
    let (checkpoint, damaged) = latest_checkpoint(&run).unwrap();
    assert_eq!((checkpoint.unwrap().step(), damaged.len()), (3, 2));
}

#[test]
fn starting_a_finished_run_again_leaves_its_record_alone() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let resolved = resolved(&folder.path().join("cache"), "nwm_2d", &[]);
    train_all(&resolved, &run).unwrap();
    let record = read_run_record(&run).unwrap();
    let files = || {
        let entries = fs::read_dir(&run).unwrap().map(|entry| entry.unwrap().path());
        let content = |path: PathBuf| (fs::read(&path).ok(), path);
        let mut files: Vec<_> = entries.map(content).collect();
        files.sort();
        files
    };
    let before = files();
    // The data are not needed.
    fs::remove_dir_all(&resolved.config().data.cache).unwrap();
    let later = RunRequest { commit: "later".into(), ..request(&run, true) };
    let outcome = train(&resolved, &later, &AtomicBool::new(false), &mut Silent).unwrap();
    assert_eq!((outcome, read_run_record(&run).unwrap()), (Outcome::Finished, record));
    assert!(files() == before, "files of the run changed");
    assert!(!resolved.config().data.cache.exists());
}

#[test]
fn a_finished_run_takes_settings_of_its_evaluation() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), "nwm_2d", &[]), &run).unwrap();
    let other = resolved(folder.path(), "nwm_2d", &["eval.extrapolation_steps=5"]);
    assert_eq!(train_all(&other, &run).unwrap(), Outcome::Finished);
    let recorded = fs::read_to_string(run.join("resolved.toml")).unwrap();
    assert!(recorded.contains("extrapolation_steps = 5"), "{recorded}");
}

#[test]
fn a_start_that_is_refused_leaves_the_configuration_of_the_run_alone() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_until(&resolved(folder.path(), "nwm_2d", &[]), &run, 3);
    let before = fs::read(run.join("resolved.toml")).unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    let elsewhere = format!("data.cache={:?}", file.join("cache"));
    let refused = resolved(folder.path(), "nwm_2d", &[elsewhere.as_str()]);
    assert_eq!(train_all(&refused, &run).unwrap_err().kind(), ErrorKind::FileSystem);
    assert!(fs::read(run.join("resolved.toml")).unwrap() == before);
}

#[test]
fn a_run_without_an_intact_checkpoint_is_not_started_over() {
    let folder = tempfile::tempdir().unwrap();
    let resolved = resolved(folder.path(), "nwm_2d", &[]);
    let run = folder.path().join("run");
    train_until(&resolved, &run, 3);
    for step in checkpoint_steps(&run).unwrap() {
        fs::write(checkpoint_directory(&run, step).join(MODEL_FILE), b"damaged").unwrap();
    }
    let error = train_all(&resolved, &run).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.to_string().contains("step-00000003"), "{error}");
    assert_eq!(checkpoint_steps(&run).unwrap(), [0, 2, 3]);
}

#[test]
fn a_half_written_checkpoint_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let resolved = resolved(folder.path(), "nwm_2d", &[]);
    let run = folder.path().join("run");
    train_until(&resolved, &run, 2);
    let scratch = run.join("checkpoints/.writing-00000004");
    fs::create_dir(&scratch).unwrap();
    fs::write(scratch.join(MODEL_FILE), b"half").unwrap();
    train_all(&resolved, &run).unwrap();
    assert!(!scratch.exists());
    assert_eq!(checkpoint_steps(&run).unwrap(), [4, 6]);
}

#[test]
fn a_run_can_be_made_longer_but_not_other() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), "nwm_2d", &[]), &run).unwrap();
    let changed = resolved(folder.path(), "nwm_2d", &["train.learning_rate=2e-2"]);
    let error = train_all(&changed, &run).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("train.learning_rate = 0.01, now it is 0.02"), "{error}");
    let longer = resolved(folder.path(), "nwm_2d", &["train.steps=8"]);
    assert_eq!(train_all(&longer, &run).unwrap(), Outcome::Finished);
    assert_eq!(read_run_record(&run).unwrap().steps, 8);
}

#[test]
fn a_run_with_a_falling_rate_resumes_alike_and_keeps_its_length() {
    let folder = tempfile::tempdir().unwrap();
    let falling = ["train.schedule=cosine"];
    let resolved = resolved(folder.path(), "nwm_2d", &falling);
    let (straight, resumed) = (folder.path().join("straight"), folder.path().join("resumed"));
    train_all(&resolved, &straight).unwrap();
    train_until(&resolved, &resumed, 3);
    train_all(&resolved, &resumed).unwrap();
    assert!(checkpoint_bytes(&straight, 6) == checkpoint_bytes(&resumed, 6), "other bits");
    let constant = folder.path().join("constant");
    train_all(&common::resolved(folder.path(), "nwm_2d", &[]), &constant).unwrap();
    assert_ne!(checkpoint_bytes(&straight, 6), checkpoint_bytes(&constant, 6));
    let longer =
        common::resolved(folder.path(), "nwm_2d", &["train.schedule=cosine", "train.steps=8"]);
    let error = train_all(&longer, &straight).unwrap_err();
    assert!(error.to_string().contains("train.steps = 6, now it is 8"), "{error}");
}

#[test]
fn a_run_with_a_rate_that_falls_once_resumes_alike_and_can_be_made_longer() {
    let folder = tempfile::tempdir().unwrap();
    let settings = |steps| {
        let steps = format!("train.steps={steps}");
        resolved(folder.path(), "nwm_2d", &["train.schedule=step", "train.decay_after=4", &steps])
    };
    let (straight, extended) = (folder.path().join("straight"), folder.path().join("extended"));
    train_all(&settings(6), &straight).unwrap();
    train_all(&settings(3), &extended).unwrap();
    train_all(&settings(6), &extended).unwrap();
    assert!(checkpoint_bytes(&straight, 6) == checkpoint_bytes(&extended, 6), "other bits");
    let rows = read_metrics(&straight.join(METRICS_FILE)).unwrap();
    let rates: Vec<_> = rows.iter().map(|row| (row.step, row.learning_rate)).collect();
    assert_eq!(rates, [(1, 1e-2), (2, 1e-2), (4, 1e-2), (6, 1e-3)]);
}

#[test]
fn a_run_is_not_overwritten_without_resume() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let resolved = resolved(folder.path(), "nwm_2d", &[]);
    train_all(&resolved, &run).unwrap();
    let again = train(&resolved, &request(&run, false), &AtomicBool::new(false), &mut Silent);
    assert!(again.unwrap_err().to_string().contains("--resume"));
}

#[test]
fn a_run_that_validates_resumes_alike_and_stops_early_alike() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "data.validation_trajectories=2",
        "train.patience=2",
        "train.learning_rate=0.3",
        "train.steps=40",
    ];
    let resolved = resolved(folder.path(), "nwm_2d", &settings);
    let (straight, resumed) = (folder.path().join("straight"), folder.path().join("resumed"));
    assert_eq!(train_all(&resolved, &straight).unwrap(), Outcome::Finished);
    let record = read_run_record(&straight).unwrap();
    assert_eq!(record.status, RunStatus::Done);
    assert!(record.steps < 40, "{} steps", record.steps);
    assert_eq!(train_until(&resolved, &resumed, 3), Outcome::Interrupted);
    assert_eq!(train_all(&resolved, &resumed).unwrap(), Outcome::Finished);
    assert_eq!(read_run_record(&resumed).unwrap().steps, record.steps);
    let steps = record.steps;
    assert!(checkpoint_bytes(&straight, steps) == checkpoint_bytes(&resumed, steps), "other bits");
    let validated = |run: &std::path::Path| -> Vec<_> {
        let rows = read_metrics(&run.join(METRICS_FILE)).unwrap();
        rows.iter().map(|row| (row.step, row.validation)).collect()
    };
    assert_eq!(validated(&straight), validated(&resumed));
    // Where it validates is part of what it is.
    let rarer = [settings.as_slice(), &["train.checkpoint_every=3"]].concat();
    let error = train_all(&common::resolved(folder.path(), "nwm_2d", &rarer), &straight);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("train.checkpoint_every = 2, now it is 3"), "{error}");
    // A finished run is not taken up again.
    assert_eq!(train_all(&resolved, &straight).unwrap(), Outcome::Finished);
    assert_eq!(read_run_record(&straight).unwrap(), record);
}

#[test]
fn a_validation_between_regular_checkpoints_is_recorded_but_does_not_count() {
    let folder = tempfile::tempdir().unwrap();
    let settings = |steps| {
        let steps = format!("train.steps={steps}");
        resolved(folder.path(), "nwm_2d", &["data.validation_trajectories=2", &steps])
    };
    let (straight, extended) = (folder.path().join("straight"), folder.path().join("extended"));
    train_all(&settings(6), &straight).unwrap();
    train_all(&settings(3), &extended).unwrap();
    let rows = read_metrics(&extended.join(METRICS_FILE)).unwrap();
    assert!(rows.last().is_some_and(|row| row.step == 3 && row.validation.is_some()));
    train_all(&settings(6), &extended).unwrap();
    assert!(checkpoint_bytes(&straight, 6) == checkpoint_bytes(&extended, 6), "other bits");
    let best = |run: &std::path::Path| {
        let state = fs::read_to_string(checkpoint_directory(run, 6).join(STATE_FILE)).unwrap();
        let state: nwm_train::TrainingState = serde_json::from_str(&state).unwrap();
        (state.best.unwrap(), state.stale)
    };
    assert_eq!(best(&straight), best(&extended));
}

#[test]
fn a_run_goes_on_in_another_place() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().join("here");
    let settings = resolved(folder.path(), "hgn", &[]);
    let straight = folder.path().join("straight");
    train_all(&settings, &straight).unwrap();
    train_until(&settings, &here, 3);
    // As another machine would find it: a copy under another name, without data and without lock.
    let there = tempfile::tempdir().unwrap();
    let copied = std::process::Command::new("cp")
        .arg("-r")
        .args([&here, &there.path().join("run")])
        .status()
        .unwrap();
    assert!(copied.success());
    let run = there.path().join("run");
    fs::remove_file(run.join("lock")).unwrap();
    assert_eq!(train_all(&resolved(there.path(), "hgn", &[]), &run).unwrap(), Outcome::Finished);
    assert!(checkpoint_bytes(&straight, 6) == checkpoint_bytes(&run, 6), "other bits");
}

#[test]
fn a_run_of_gradient_descent_resumes_alike_and_stays_one() {
    let folder = tempfile::tempdir().unwrap();
    let resolved = resolved(folder.path(), "nwm_2d", &["train.optimizer=sgd"]);
    let (straight, resumed) = (folder.path().join("straight"), folder.path().join("resumed"));
    train_all(&resolved, &straight).unwrap();
    train_until(&resolved, &resumed, 3);
    train_all(&resolved, &resumed).unwrap();
    assert!(checkpoint_bytes(&straight, 6) == checkpoint_bytes(&resumed, 6), "other bits");
    let adam = common::resolved(folder.path(), "nwm_2d", &[]);
    let error = train_all(&adam, &straight).unwrap_err().to_string();
    assert!(error.contains("train.optimizer = \"sgd\", now it is \"adam\""), "{error}");
}
