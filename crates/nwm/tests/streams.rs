//! What goes to which stream: results to one, words to the other, bars to a terminal alone.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::path::Path;
use std::process::{Output, Stdio};

use common::{code, nwm, stderr, train};
use serde_json::Value;

fn run(folder: &Path, line: &str) -> Output {
    nwm(folder).args(line.split(' ')).output().unwrap()
}

/// Every command that neither takes a plan nor downloads, in an order in which each finds what it needs.
const COMMANDS: &[&str] = &[
    "data list",
    "data generate spring --split test --count 2 --steps 20 --out a.h5",
    "data show a.h5 --out shown",
    "simulate --topology torus:8x8 --steps 40 --out simulated",
    "waves simulated/trajectory.h5 --dataset /position --grid torus --surrogates 19 --out found",
    "config cornn --preset smoke",
    "train --run-dir run --resume",
    "eval run",
    "unroll run --count 1 --out states.h5",
    "export run --out kept",
    "report run --out run.html",
    "inspect states.h5",
    "gallery reports",
    "doctor",
    "completions fish",
    "man pages",
];

#[test]
fn with_json_every_command_prints_one_object_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&train(folder.path(), "run").output().unwrap()), 0);
    std::fs::create_dir(folder.path().join("reports")).unwrap();
    for line in COMMANDS {
        let output = run(folder.path(), &format!("{line} --json"));
        assert_eq!(code(&output), 0, "{line}: {}", stderr(&output));
        let text = String::from_utf8(output.stdout).unwrap();
        assert_eq!(text.lines().count(), 1, "{line}: {text}");
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["format"], 1, "{line}: {text}");
    }
}

#[test]
fn a_failure_leaves_the_standard_output_empty() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["inspect nowhere", "eval nowhere --json", "waves nowhere --out a", "data lst"] {
        let output = run(folder.path(), line);
        assert_ne!(code(&output), 0, "{line}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{line}");
    }
}

#[test]
fn quiet_commands_make_no_remarks_and_say_the_result() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(code(&run(folder.path(), "simulate --topology torus:8x8 --steps 40 --out a")), 0);
    let line = "waves a/trajectory.h5 --dataset /position --surrogates 19 --out found";
    assert!(stderr(&run(folder.path(), line)).contains("band 0."));
    let output = run(folder.path(), &format!("{line} --quiet"));
    let remarks = stderr(&output);
    assert!(remarks.lines().all(|line| line.starts_with("warning: ")), "{remarks}");
    assert!(!output.stdout.is_empty());
}

#[cfg(unix)]
#[test]
fn a_reader_that_leaves_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    for line in ["data list", "config", "completions bash", "--help", "doctor --json", "help train"]
    {
        let mut child = nwm(folder.path())
            .args(line.split(' '))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(stderr(&output), "", "{line}");
        assert_eq!(code(&output), 0, "{line}");
    }
}

/// A program of util-linux that gives a command a terminal of its own.
#[cfg(target_os = "linux")]
#[test]
fn bars_with_rate_and_rest_are_drawn_on_a_terminal_alone() {
    let folder = tempfile::tempdir().unwrap();
    let line = "data generate spring --split test --count 3 --steps 20 --out a.h5";
    assert!(!stderr(&run(folder.path(), line)).contains("left"));
    let on_terminal = |flags: &str| {
        let command = format!("{} {line} {flags}", env!("CARGO_BIN_EXE_nwm"));
        let mut script = std::process::Command::new("script");
        script.current_dir(folder.path()).stdin(Stdio::null());
        let output =
            script.args(["--quiet", "--return", "--command", &command, "typescript"]).output();
        output.ok().map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let Some(drawn) = on_terminal("") else {
        eprintln!("skipped: script is not here");
        return;
    };
    assert!(
        drawn.contains("trajectories") && drawn.contains("/s ") && drawn.contains(" left"),
        "{drawn}"
    );
    assert!(!on_terminal("--quiet").unwrap().contains(" left"));
}

#[test]
fn what_cannot_be_written_ends_with_code_6() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("taken"), "").unwrap();
    for line in ["simulate --topology torus:8x8 --steps 9 --out taken/a", "man taken/pages"] {
        let output = run(folder.path(), line);
        assert_eq!(code(&output), 6, "{line}: {}", stderr(&output));
        assert!(stderr(&output).starts_with("error: failed to "), "{}", stderr(&output));
    }
}
