//! `nwm simulate`, as a newcomer types it.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{code, json, nwm, stderr};
use serde_json::json;

const FILES: [&str; 3] = ["trajectory.h5", "waves.gif", "report.html"];

fn simulate(folder: &Path, arguments: &[&str]) -> Output {
    let output = ["--out", "waves", "--json"];
    nwm(folder).arg("simulate").args(arguments).args(output).output().unwrap()
}

#[test]
fn the_default_pulse_is_filmed_and_travels_as_predicted() {
    let folder = tempfile::tempdir().unwrap();
    let output = simulate(folder.path(), &[]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found = json(&output);
    for key in ["preset", "drive"] {
        assert_eq!(found["simulation"][key], "pulse");
    }
    assert_eq!(found["simulation"]["topology"], "64x64 torus");
    let number = |part: &str, key: &str| found[part][key].as_f64().unwrap();
    let error = number("wave", "speed") / number("predicted", "speed") - 1.0;
    assert!(error.abs() < 0.02, "{found}");
    let speed = number("wave", "frequency") * number("wave", "wavelength");
    assert!((speed / number("wave", "speed") - 1.0).abs() < 1e-9);
    assert!(number("wave", "travel_index") < 0.3, "it runs to all sides: {found}");

    let waves = folder.path().join("waves");
    assert!(fs::read(waves.join("waves.gif")).unwrap().starts_with(b"GIF89a"));
    let page = fs::read_to_string(waves.join("report.html")).unwrap();
    assert!(page.contains("data:image/gif;base64,") && page.contains("strongest wave"));
    assert!(!page.contains("src=\"http"), "the page loads nothing");

    let output = nwm(folder.path()).args(["inspect", "waves/trajectory.h5"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let inspected = json(&output);
    assert_eq!(inspected["kind"], "simulated cell");
    assert_eq!(inspected["intact"], true);
    assert_eq!(inspected["content"]["about"], found["simulation"]);
    let arrays = inspected["content"]["arrays"].as_array().unwrap();
    assert_eq!(arrays.len(), 2);
    for (array, name) in arrays.iter().zip(["position", "velocity"]) {
        assert_eq!(array["name"], name);
        assert_eq!(array["record"]["axes"], json!(["channel", "time", "row", "column"]));
        assert_eq!(array["record"]["shape"], json!([1, 400, 64, 64]));
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let run = |seed: &str| {
        let size = ["--topology", "torus:12x16", "--channels", "2", "--steps", "60"];
        let noise = ["--drive", "noise", "--seed", seed];
        let output = simulate(folder.path(), &[&size[..], &noise].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        FILES.map(|file| fs::read(folder.path().join("waves").join(file)).unwrap())
    };
    let first = run("3");
    assert_eq!(run("3"), first);
    let other = run("4");
    assert!(other.iter().zip(&first).all(|(other, first)| other != first));
}

#[test]
fn every_preset_runs() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = simulate(folder.path(), arguments);
        assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
        json(&output)
    };
    let left = run(&["--preset", "one-way", "--topology", "torus:16x64"]);
    assert!(left["wave"]["wave_number"][1].as_f64().unwrap() < 0.0, "{left}");
    assert!(left["wave"]["travel_index"].as_f64().unwrap() > 0.5, "{left}");
    let rings = run(&["--preset", "one-way", "--topology", "rings:3x64"]);
    assert_eq!(rings["simulation"]["kernel_size"], json!([1, 7]));
    let spiral = run(&["--preset", "spiral", "--steps", "100"]);
    assert_eq!(spiral["simulation"]["drive"], "none");
    let published = run(&["--preset", "published", "--topology", "torus:24x24"]);
    assert!(published["amplitude"][0].as_f64().unwrap() < 1e-4, "{published}");
    let short = run(&["--steps", "1", "--topology", "rings:1x3"]);
    assert_eq!((&short["wave"], &short["predicted"]), (&json!(null), &json!(null)));
}

#[test]
fn what_cannot_be_simulated_exits_2_and_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (arguments, words) in [
        (&["--topology", "ball:8x8"][..], &["ball:8x8", "torus:64x64"][..]),
        (&["--topology", "torus:64"], &["torus:64", "ROWSxCOLUMNS"]),
        (&["--topology", "dense:64"], &["a torus or rings"]),
        (&["--topology", "torus:0x8"], &["at least one site"]),
        (&["--topology", "torus:9999999999x9999999999"], &["at most 33554432"]),
        (&["--steps", "0"], &["steps: found 0"]),
        (&["--channels", "100"], &["channels: found 100"]),
        (&["--preset", "spiral", "--topology", "rings:4x64"], &["a torus for spirals"]),
        (&["--preset", "waves"], &["pulse", "one-way", "spiral", "published"]),
    ] {
        let output = simulate(folder.path(), arguments);
        let message = stderr(&output);
        assert_eq!(code(&output), 2, "{arguments:?}: {message}");
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
        assert!(!message.contains("panicked"), "{message}");
    }
    assert!(!folder.path().join("waves").exists());
}

#[test]
fn a_folder_that_cannot_be_written_exits_6() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("waves"), "a file").unwrap();
    let output = simulate(folder.path(), &["--topology", "torus:8x8", "--steps", "10"]);
    assert_eq!(code(&output), 6, "{}", stderr(&output));
    assert!(stderr(&output).contains("waves"), "{}", stderr(&output));
    assert_eq!(fs::read_to_string(folder.path().join("waves")).unwrap(), "a file");
}
