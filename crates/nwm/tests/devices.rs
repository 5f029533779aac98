//! Which devices there are, and what happens without the one that is asked for.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;

use common::{code, json, nwm, stderr, train};
use serde_json::Value;

/// Stands for a machine without a driver that answers, whatever the program was built for.
const NO_GPU: [(&str, &str); 1] = [("CUDA_VISIBLE_DEVICES", "")];

#[test]
fn the_doctor_lists_the_cpu_and_what_is_missing_for_a_gpu() {
    let folder = tempfile::tempdir().unwrap();
    let output = nwm(folder.path()).envs(NO_GPU).args(["doctor", "--json"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let report = json(&output);
    assert_eq!(report["devices"][0]["name"], "cpu");
    assert_eq!(report["devices"][0]["available"], true);
    assert_eq!(report["devices"][1]["name"], "cuda:0");
    assert_eq!(report["devices"][1]["available"], false);
    assert_eq!(report["cuda"]["built"], cfg!(feature = "cuda"));
    let command = &report["cuda"]["build_command"];
    match cfg!(feature = "cuda") {
        true => assert_eq!(command, &Value::Null),
        false => assert!(command.as_str().unwrap().ends_with("--features cuda -p nwm")),
    }
    let output = nwm(folder.path()).envs(NO_GPU).arg("doctor").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    for part in ["\ncpu     ok: ", "\ncuda:0  no", "driver", "RAYON_NUM_THREADS"] {
        assert!(text.contains(part), "{part} is not in: {text}");
    }
}

#[test]
fn the_doctor_ends_with_4_if_the_device_that_is_asked_for_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |device: &str| {
        let arguments = ["doctor", "--device", device];
        nwm(folder.path()).envs(NO_GPU).args(arguments).output().unwrap()
    };
    for device in ["cpu", "auto"] {
        assert_eq!(code(&ask(device)), 0);
    }
    let output = ask("cuda:0");
    assert_eq!(code(&output), 4, "{}", stderr(&output));
    assert!(stderr(&output).starts_with("error: failed to use the device: cuda:0: "));
    // What was found is said all the same.
    assert!(String::from_utf8_lossy(&output.stdout).contains("cuda:0  no"));
    let output = ask("tpu");
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("--device: found tpu, expected auto, cpu or cuda:0"));
}

#[cfg(not(feature = "cuda"))]
#[test]
fn a_program_without_cuda_refuses_a_gpu_and_says_how_to_build_the_other() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&train(folder.path(), "run").output().unwrap()), 0);
    let commands: [&[&str]; 5] = [
        &["train", "--config", "small.toml", "--run-dir", "other"],
        &["eval", "run"],
        &["unroll", "run", "--out", "states.h5"],
        &["induce", "run", "--out", "induced"],
        &["selectivity", "run", "--out", "selective"],
    ];
    for command in commands {
        let output =
            nwm(folder.path()).args(command).args(["--device", "cuda:0"]).output().unwrap();
        let message = stderr(&output);
        assert_eq!(code(&output), 4, "{command:?}: {message}");
        for part in ["failed to ", "cuda:0", "built without CUDA", "--features cuda -p nwm"] {
            assert!(message.contains(part), "{command:?}: {message}");
        }
    }
    // None of them has left anything behind.
    for made in ["other", "states.h5", "induced", "selective"] {
        assert!(!folder.path().join(made).exists(), "{made}");
    }
    // And what is there runs on the CPU, also by name.
    let output = nwm(folder.path()).args(["eval", "run", "--device", "cpu"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn a_run_says_where_it_is_and_that_it_has_moved() {
    let folder = tempfile::tempdir().unwrap();
    let resume = |steps: &str| {
        let more = ["--resume", "--device", "cpu", "--set", steps];
        train(folder.path(), "run").args(more).output().unwrap()
    };
    assert_eq!(code(&resume("train.steps=4")), 0);
    let path = folder.path().join("run/run.json");
    let text = fs::read_to_string(&path).unwrap();
    let record: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&record["device"], &record["gpu"]), (&"cpu".into(), &Value::Null));
    let output = resume("train.steps=6");
    assert!(!stderr(&output).contains("goes on on"), "{}", stderr(&output));
    let elsewhere = text.replace("\"device\": \"cpu\"", "\"device\": \"cuda:0\"");
    assert_ne!(elsewhere, text);
    fs::write(&path, elsewhere).unwrap();
    let output = resume("train.steps=8");
    assert_eq!(code(&output), 0);
    let message = stderr(&output);
    assert!(message.contains("warning: the run was on cuda:0 and goes on on cpu"), "{message}");
}
