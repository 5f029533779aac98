//! The commands one after another, as a user types them.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;

use common::{code, json, nwm, stderr, train};
use serde_json::Value;

#[test]
fn train_eval_report_inspect() {
    let folder = tempfile::tempdir().unwrap();
    let output = train(folder.path(), "runs/a").arg("--json").output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!((&json(&output)["status"], &json(&output)["steps"]), (&"done".into(), &12.into()));

    let output = nwm(folder.path()).args(["eval", "runs/a", "--json"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let result = json(&output);
    assert_eq!(result["trajectories"], 3);
    assert!(
        result["references"]["mean_image"]["forward_extrapolation_l2_norm"].as_f64() > Some(0.0)
    );

    let output = nwm(folder.path()).args(["report", "runs/a", "--out", "a.html"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let page = fs::read_to_string(folder.path().join("a.html")).unwrap();
    for part in ["<svg", "data:image/gif;base64,", "mass_spring", "last frame"] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("src=\"http"), "the page loads nothing");

    for path in [
        "runs/a",
        "runs/a/checkpoints/step-00000012",
        "runs/a/result.json",
        "runs/a/metrics.csv",
        "runs/a/samples.safetensors",
        "runs/a/checkpoints/step-00000012/model.safetensors",
        "runs/a/checkpoints/step-00000012/optimizer.safetensors",
        "runs/a/checkpoints/step-00000012/state.json",
    ] {
        let output = nwm(folder.path()).args(["inspect", path]).output().unwrap();
        assert_eq!(code(&output), 0, "{path}: {}", stderr(&output));
        assert_eq!(json(&output)["intact"], true, "{path}");
    }
    let model = folder.path().join("runs/a/checkpoints/step-00000012/model.safetensors");
    let mut content = fs::read(&model).unwrap();
    let last = content.len() - 1;
    content[last] ^= 1;
    fs::write(&model, content).unwrap();
    let output = nwm(folder.path()).args(["inspect", "runs/a", "--json"]).output().unwrap();
    assert_eq!(code(&output), 1);
    assert_eq!(json(&output)["intact"], false);
}

#[test]
fn unrolled_sequences_are_written_and_inspected() {
    let folder = tempfile::tempdir().unwrap();
    let output = train(folder.path(), "run").output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let unroll = |arguments: &[&str]| {
        nwm(folder.path())
            .args(["unroll", "run", "--out", "waves.h5", "--json"])
            .args(arguments)
            .output()
            .unwrap()
    };
    let output = unroll(&[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let content = &json(&output)["content"];
    assert_eq!((&content["sequences"], &content["steps"]), (&3.into(), &13.into()));
    let output = unroll(&["--trajectories", "2,0", "--steps", "60", "--checkpoint", "last"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stderr(&output).contains("true frames end after"), "{}", stderr(&output));
    assert_eq!(json(&output)["content"]["checkpoint"]["step"], 12);

    let inspect = || nwm(folder.path()).args(["inspect", "waves.h5"]).output().unwrap();
    let output = inspect();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found = json(&output);
    assert_eq!((&found["kind"], &found["intact"]), (&"unrolled sequences".into(), &true.into()));
    let names: Vec<_> = found["content"]["arrays"].as_array().unwrap().iter().collect();
    let states = names.iter().find(|array| array["name"] == "states").unwrap();
    assert_eq!(states["record"]["shape"], serde_json::json!([2, 60, 2, 1, 3, 3]));

    let output = nwm(folder.path())
        .args(["waves", "waves.h5", "--dataset", "/position", "--grid", "torus", "--band", "paper"])
        .args(["--surrogates", "19", "--out", "found", "--json"])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let input = &json(&output)["input"];
    assert_eq!((&input["trials"], &input["shape"]), (&2.into(), &serde_json::json!([60, 3, 3])));

    let path = folder.path().join("waves.h5");
    let content = fs::read(&path).unwrap();
    let mut flipped = content.clone();
    flipped[content.len() / 2] ^= 1;
    fs::write(&path, flipped).unwrap();
    assert_eq!(code(&inspect()), 1);
    fs::write(&path, &content[..content.len() - 1]).unwrap();
    assert_eq!(code(&inspect()), 3);
}

#[test]
fn a_preset_is_recorded_and_resume_without_settings_keeps_them() {
    let folder = tempfile::tempdir().unwrap();
    let small = ["--preset", "smoke", "--set", "train.steps=2"];
    let output = train(folder.path(), "run").args(small).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let output =
        nwm(folder.path()).args(["train", "--run-dir", "run", "--resume"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let record = fs::read_to_string(folder.path().join("run/run.json")).unwrap();
    let record: Value = serde_json::from_str(&record).unwrap();
    assert_eq!((&record["preset"], &record["steps"]), (&"smoke".into(), &2.into()));
    let resolved = fs::read_to_string(folder.path().join("run/resolved.toml")).unwrap();
    assert!(resolved.contains("rows = 3"), "{resolved}");
    // One setting alone is laid over the run's own.
    let longer = ["train", "--run-dir", "run", "--resume", "--set", "train.steps=3", "--json"];
    let output = nwm(folder.path()).args(longer).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&output)["steps"], 3);
    assert!(resolved.contains("# --set train.steps=2"), "the first origins stay: {resolved}");
}

#[test]
fn generated_data_can_be_inspected_and_shown_and_is_the_same_twice() {
    let folder = tempfile::tempdir().unwrap();
    let generate = |out: &str| {
        let output = nwm(folder.path())
            .args(["data", "generate", "pendulum", "--split", "train", "--count", "5"])
            .args(["--steps", "30", "--seed", "9", "--frames", "--out", out])
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        fs::read(folder.path().join(out)).unwrap()
    };
    assert_eq!(generate("a.h5"), generate("b.h5"));
    let output = nwm(folder.path()).args(["inspect", "a.h5"]).output().unwrap();
    assert_eq!(json(&output)["content"]["dataset"]["trajectories"], 5);
    let output =
        nwm(folder.path()).args(["data", "show", "a.h5", "--out", "shown"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let start = |name: &str, magic: &[u8]| {
        let content = fs::read(folder.path().join("shown").join(name)).unwrap();
        assert!(content.starts_with(magic), "{name}");
    };
    start("sheet.png", b"\x89PNG");
    start("movie.gif", b"GIF89a");
    start("energy.svg", b"<svg");
}

#[test]
fn list_config_doctor_and_completions_answer() {
    let folder = tempfile::tempdir().unwrap();
    let answer = |arguments: &[&str]| {
        let output = nwm(folder.path()).args(arguments).output().unwrap();
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(answer(&["data", "list"]).contains("pendulum"));
    assert!(answer(&["config", "cornn", "--preset", "quick"]).contains("topology = \"dense\""));
    assert!(answer(&["doctor", "--json"]).contains("\"threads\""));
    assert!(answer(&["completions", "bash"]).contains("nwm"));
    assert!(answer(&["--help"]).contains("Exit codes"));
}
