//! Models that answer sequences and variational ones, as a user trains, scores and looks at them.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::Path;

use common::{code, json, nwm, stderr};
use serde_json::Value;

/// Trains with the smallest preset and these settings, and scores; the result.
fn scored(folder: &Path, settings: &[&str]) -> Value {
    let mut command = nwm(folder);
    command.args(["train", "--preset", "smoke", "--run-dir", "run"]);
    for setting in settings {
        command.args(["--set", setting]);
    }
    let output = command.output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let output = nwm(folder).args(["eval", "run", "--json"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    json(&output)
}

/// Standard output of a command that succeeds.
fn answer(folder: &Path, arguments: &[&str]) -> String {
    let output = nwm(folder).args(arguments).output().unwrap();
    assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn page(folder: &Path) -> String {
    answer(folder, &["report", "run", "--out", "page.html"]);
    let page = fs::read_to_string(folder.join("page.html")).unwrap();
    assert!(!page.contains("src=\"http"), "the page loads nothing");
    page
}

#[test]
fn a_sequence_model_from_training_to_its_page() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let result = scored(folder, &["data.name=adding", "model.name=nwm_2d"]);
    assert_eq!((&result["task"], &result["sequences"]), (&"sequence".into(), &50.into()));
    assert_eq!(
        (&result["preset"], &result["rules"]["last"]["checkpoint"]["step"]),
        (&"smoke".into(), &20.into())
    );
    assert!(result["metrics"]["mse"].as_f64() > Some(0.0));
    let text = answer(folder, &["eval", "run"]);
    for part in ["nwm_2d on adding", "mse", "last epoch, step 20", "best validation", "reduced"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let page = page(folder);
    for part in
        ["nwm_2d on adding", "<h2>Answers <span", "least validation error", "test sequences"]
    {
        assert!(page.contains(part), "{part} is missing");
    }
    assert!(!page.contains("Forecast error"));

    let plan = serde_json::json!({"format": 1, "table": "adding", "preset": "smoke", "reduced": true,
        "commit": "c0ffee", "rows": ["adding"], "columns": ["nwm"], "models": {"nwm": "nwm_2d"},
        "unit": 1.0, "metric": "mse",
        "runs": [{"row": "adding", "column": "nwm", "seed": 0, "run_dir": "run"}]});
    fs::write(folder.join("plan.json"), plan.to_string()).unwrap();
    answer(folder, &["table", ".", "--out", "table"]);
    let text = fs::read_to_string(folder.join("table/table.json")).unwrap();
    let cell = &serde_json::from_str::<Value>(&text).unwrap()["cells"][0];
    assert_eq!((&cell["status"], &cell["mean"]), (&"done".into(), &result["metrics"]["mse"]));
    assert_eq!(cell["answers"]["parameters"], result["parameters"]);
    assert_eq!(cell["answers"]["last"], result["rules"]["last"]["metrics"]["mse"]);
    assert_eq!(cell["references"]["no_skill"]["value"], 1.0 / 6.0);

    let text = answer(folder, &["unroll", "run", "--out", "states.h5", "--count", "2"]);
    assert!(text.contains("2 sequences of adding, 20 states each"), "{text}");
    let model = "run/checkpoints/step-00000020/model.safetensors";
    for path in ["run", "run/result.json", "states.h5", model] {
        let found: Value = serde_json::from_str(&answer(folder, &["inspect", path])).unwrap();
        assert_eq!(found["intact"], true, "{path}");
    }
    let found: Value = serde_json::from_str(&answer(folder, &["inspect", model])).unwrap();
    assert_eq!(found["model"]["task"], "sequence");
}

#[test]
fn a_variational_machine_from_training_to_its_waves() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let result = scored(folder, &["data.name=gratings"]);
    assert_eq!((&result["task"], &result["sequences"]), (&"variational".into(), &4.into()));
    assert!(result["references"]["untrained"]["waves_pgd_p"].as_f64() > Some(0.0));
    let text = answer(folder, &["eval", "run"]);
    for part in ["negative_bound", "last frame", "local_coherence", "untrained"] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    let page = page(folder);
    for part in [
        "nwm_2d on gratings",
        "<h2>Lower bound <span",
        "<h2>Waves of the trained model <span",
        "<h2>A film <span",
        "Hidden state of the first test film",
        ">\npredicted\n<",
        ">\nphase\n<",
    ] {
        assert!(page.contains(part), "{part} is missing");
    }
    let samples: Value =
        serde_json::from_str(&answer(folder, &["inspect", "run/samples.safetensors"])).unwrap();
    assert_eq!((&samples["task"], &samples["frames"]), (&"variational".into(), &89.into()));

    answer(folder, &["unroll", "run", "--out", "films.h5", "--count", "2"]);
    let waves =
        ["waves", "films.h5", "--dataset", "/position", "--band", "paper", "--grid", "torus"];
    let more = ["--surrogates", "19", "--out", "found", "--json"];
    let found: Value =
        serde_json::from_str(&answer(folder, &[&waves[..], &more].concat())).unwrap();
    assert_eq!(found["input"]["shape"], serde_json::json!([72, 6, 6]));
}

#[test]
fn configurations_are_those_of_the_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let config = |arguments: &[&str]| answer(folder.path(), &[&["config"], arguments].concat());
    let digits = config(&["cornn", "--data", "psmnist"]);
    for line in
        ["task = \"sequence\"", "name = \"psmnist\" # command line", "gamma = 0.4", "rows = 16"]
    {
        assert!(digits.contains(line), "{line} is missing in {digits}");
    }
    let films = config(&["--data", "rotating_mnist", "--preset", "quick"]);
    for line in ["task = \"variational\"", "steps = 1500 # preset quick", "rows = 36"] {
        assert!(films.contains(line), "{line} is missing in {films}");
    }
    assert!(config(&["--preset", "quick"]).contains("steps = 500 # preset quick"));
    let output = nwm(folder.path()).args(["config", "hgn", "--data", "smnist"]).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("model.name"), "{}", stderr(&output));
}
