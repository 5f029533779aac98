//! Bad input: each gets one line that says what failed, where, what was expected and what to do, and an exit code by
//! kind.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::process::Output;

use common::{code, nwm, stderr, train};

/// Checks the code, that the message is one line without a panic, and that it holds every part.
fn assert_refused(output: &Output, expected: i32, parts: &[&str]) {
    let message = stderr(output);
    assert_eq!(code(output), expected, "{message}");
    assert!(message.starts_with("error: failed to "), "{message}");
    assert!(!message.contains("panicked"), "{message}");
    for part in parts {
        assert!(message.contains(part), "{part:?} is not in: {message}");
    }
}

#[test]
fn configuration_errors_name_the_key_and_exit_2() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&str, &[&str]); 9] = [
        ("train.batchsize=3", &["unknown key train.batchsize", "train.batch_size"]),
        ("train.steps=\"many\"", &["train.steps", "string"]),
        ("model.cell.kernel_size=4", &["kernel", "4", "odd"]),
        ("model.cell.dt_raw=-9.0", &["dt", "0.001"]),
        ("train.window=41", &["data.frames", "found 40", "47"]),
        ("model.name=nwm2d", &["model.name", "unknown variant", "did you mean nwm_2d?"]),
        ("train.optimizer=adm", &["train.optimizer", "did you mean adam?"]),
        ("data.name=smnst", &["data.name", "mass_spring", "did you mean smnist?"]),
        ("train.batch_size=1000000000", &["GiB of memory", "are free; lower train.batch_size"]),
    ];
    for (assignment, parts) in cases {
        let output = train(folder.path(), "run").args(["--set", assignment]).output().unwrap();
        assert_refused(&output, 2, parts);
    }
    // None of them was a run: the folder takes settings that work, without --resume.
    assert_eq!(code(&train(folder.path(), "run").output().unwrap()), 0);
}

#[test]
fn a_configuration_that_is_not_there_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    let output =
        nwm(folder.path()).args(["train", "--config", "no.toml", "--run-dir", "r"]).output();
    assert_refused(&output.unwrap(), 2, &["no.toml", "nwm config"]);
}

#[test]
fn a_configuration_that_is_not_toml_names_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("bad.toml"), "[train]\nsteps = \n").unwrap();
    let output =
        nwm(folder.path()).args(["train", "--config", "bad.toml", "--run-dir", "r"]).output();
    assert_refused(&output.unwrap(), 2, &["bad.toml", "line 2"]);
}

#[test]
fn unknown_devices_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let with = |arguments: [&str; 2]| train(folder.path(), "run").args(arguments).output().unwrap();
    assert_refused(&with(["--device", "tpu"]), 2, &["auto, cpu or cuda:0"]);
    assert_refused(&with(["--device", "cuda:0"]), 4, &["without CUDA"]);
}

#[test]
fn an_unknown_argument_exits_2() {
    let folder = tempfile::tempdir().unwrap();
    let output = nwm(folder.path()).args(["train", "--no-such-flag"]).output().unwrap();
    assert_eq!(code(&output), 2);
}

#[test]
fn a_loss_that_is_not_finite_exits_5_and_names_the_bundle() {
    let folder = tempfile::tempdir().unwrap();
    let output = train(folder.path(), "run")
        .args(["--set", "train.learning_rate=1e30", "--set", "train.steps=50"])
        .output()
        .unwrap();
    assert_refused(&output, 5, &["is not finite", "diagnostics/step-", "learning_rate"]);
}

#[test]
fn missing_truncated_and_flipped_data_files_exit_3() {
    let folder = tempfile::tempdir().unwrap();
    let show = |file: &str| {
        nwm(folder.path()).args(["data", "show", file, "--out", "shown"]).output().unwrap()
    };
    assert_refused(&show("no.h5"), 3, &["no.h5"]);
    let output = nwm(folder.path())
        .args(["data", "generate", "spring", "--split", "test", "--count", "3"])
        .args(["--steps", "20", "--out", "spring.h5"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let path = folder.path().join("spring.h5");
    let content = fs::read(&path).unwrap();
    fs::write(&path, &content[..content.len() / 2]).unwrap();
    assert_refused(&show("spring.h5"), 3, &["spring.h5"]);
    fs::write(&path, &content).unwrap();
    assert_eq!(code(&show("spring.h5")), 0);
    let energy = folder.path().join("shown/energy.svg");
    let intact = fs::read(&energy).unwrap();
    // Not every byte of an HDF5 file carries something: a flipped bit is refused, or it changes nothing.
    let mut refused = 0;
    for position in (0..content.len()).step_by(content.len() / 24) {
        let mut flipped = content.clone();
        flipped[position] ^= 1;
        fs::write(&path, &flipped).unwrap();
        let output = show("spring.h5");
        if code(&output) == 0 {
            assert_eq!(fs::read(&energy).unwrap(), intact, "flip at byte {position}");
        } else {
            assert_refused(&output, 3, &["spring.h5"]);
            refused += 1;
        }
    }
    assert!(refused > 0, "no flip was noticed");
}

#[test]
fn a_run_without_a_checkpoint_cannot_be_scored() {
    let folder = tempfile::tempdir().unwrap();
    for command in [&["eval", "nowhere"][..], &["export", "nowhere", "--out", "kept"]] {
        let output = nwm(folder.path()).args(command).output().unwrap();
        assert_refused(&output, 3, &["nowhere", "expected a run folder that nwm train made"]);
    }
    assert_eq!(code(&train(folder.path(), "run").output().unwrap()), 0);
    fs::remove_dir_all(folder.path().join("run/checkpoints")).unwrap();
    let output = nwm(folder.path()).args(["eval", "run"]).output().unwrap();
    assert_refused(&output, 3, &["found no checkpoint"]);
}

#[test]
fn sequences_that_are_not_there_cannot_be_unrolled() {
    let folder = tempfile::tempdir().unwrap();
    let unroll = |run: &str, arguments: &[&str]| {
        let unroll = ["unroll", run, "--out", "out/waves.h5"];
        nwm(folder.path()).args(unroll).args(arguments).output().unwrap()
    };
    assert_refused(&unroll("nowhere", &[]), 3, &["unroll nowhere", "resolved.toml"]);
    assert_eq!(code(&train(folder.path(), "run").output().unwrap()), 0);
    let absent = unroll("run", &["--trajectories", "1,3"]);
    assert_refused(&absent, 2, &["trajectories: found 3", "test trajectories 0 to 2"]);
    assert_refused(&unroll("run", &["--count", "0"]), 2, &["trajectories: found none"]);
    assert_refused(&unroll("run", &["--steps", "0"]), 2, &["steps: found 0, expected 1 to"]);
    assert_refused(&unroll("run", &["--checkpoint", "first"]), 2, &["best, last or the step"]);
    assert_refused(&unroll("run", &["--checkpoint", "5"]), 3, &["step-00000005"]);
    assert_eq!(code(&unroll("run", &["--count", "2", "--trajectories", "1"])), 2);
    // The folder of the file is not there.
    assert_refused(&unroll("run", &[]), 3, &["out/waves.h5", "does its folder exist?"]);
}

#[test]
fn a_run_folder_in_use_exits_6() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    fs::create_dir(&run).unwrap();
    let lock = fs::File::create(run.join("lock")).unwrap();
    lock.lock().unwrap();
    let output = train(folder.path(), "run").output().unwrap();
    assert_refused(&output, 6, &["another process holds the lock"]);
    drop(lock);
    assert_eq!(code(&train(folder.path(), "run").output().unwrap()), 0);
    // And one that holds a run needs --resume.
    assert_refused(&train(folder.path(), "run").output().unwrap(), 2, &["--resume"]);
}
