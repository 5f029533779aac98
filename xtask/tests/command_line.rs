//! The program as it is typed: what it prints where, and how it ends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Command, Output};

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_dry_run_explains_itself_lists_commands_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let runs = folder.path().join("runs");
    let output = xtask(&[
        "reproduce",
        "table1",
        "--dry-run",
        "--preset=smoke",
        "--only=spring,nwm_2d",
        "--seeds=2",
        "--runs",
        runs.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let explanation = text(&output.stderr);
    assert!(explanation.contains("spring/nwm_2d"), "{explanation}");
    assert!(explanation.contains("2, of which 0 done"), "{explanation}");
    let commands = text(&output.stdout);
    assert_eq!(commands.lines().count(), 6, "{commands}");
    assert!(commands.contains("spring-nwm_2d-seed1 --seed 1"), "{commands}");
    assert!(!runs.exists());
}

#[test]
fn requests_that_make_no_sense_end_with_code_2() {
    for arguments in [
        &["reproduce", "table1", "--only=spirng"][..],
        &["reproduce", "table1", "--preset=fast"],
        &["reproduce", "table1", "--seeds=0"],
        &["reproduce", "table9"],
        &["reproduce", "fig2", "--seeds=1"],
        &["reproduce", "fig2", "--only=spirng"],
        &["reproduce", "all", "--only=spring"],
        &["ci", "--stage=tests"],
        &["gpu-check", "--only=speed"],
        &["gpu-check", "--pack=a", "--emulated"],
        &[],
    ] {
        let output = xtask(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_gpu_check_without_a_gpu_ends_with_code_4_and_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    // Neither nvidia-smi nor cargo is found, so that nothing is built either.
    let output = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["gpu-check", "--from", "no-such-pack"])
        .env("PATH", folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(4));
    assert!(output.stdout.is_empty());
    let message = text(&output.stderr);
    assert!(message.contains("--emulated") && message.contains("--pack DIR"), "{message}");
}

#[test]
fn a_broken_plan_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("table1-quick/plan.json");
    std::fs::create_dir_all(plan.parent().unwrap()).unwrap();
    std::fs::write(&plan, "{").unwrap();
    let runs = folder.path().to_str().unwrap();
    let output = xtask(&["reproduce", "table1", "--dry-run", "--runs", runs]);
    assert_eq!(output.status.code(), Some(1));
    let message = text(&output.stderr);
    assert!(message.contains("plan.json") && message.contains("move it away"), "{message}");
    assert_eq!(std::fs::read_to_string(&plan).unwrap(), "{");
}
