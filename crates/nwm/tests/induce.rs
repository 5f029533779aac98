//! `nwm induce` on a small machine of rings that has read turning digits.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{code, json, nwm, stderr};
use nwm_data::Digits;
use serde_json::Value;

/// Training digits that the published split asks for.
const DIGITS: usize = 60_000;

const FILES: [&str; 9] = [
    "summary.json",
    "per_shift.csv",
    "induced.h5",
    "induced.svg",
    "induced.png",
    "induced.gif",
    "matches.svg",
    "errors.svg",
    "report.html",
];

/// Writes the sample digits, over and over, as the files of MNIST.
fn write_digits(folder: &Path) {
    let sample = Digits::sample().unwrap();
    let images: Vec<u8> =
        (0..sample.len()).flat_map(|digit| sample.image(digit).unwrap()).copied().collect();
    fs::create_dir(folder).unwrap();
    for (part, times) in [("train", DIGITS / sample.len()), ("t10k", 1)] {
        let count = u32::try_from(times * sample.len()).unwrap().to_be_bytes();
        let side = 28_u32.to_be_bytes();
        let content = [&[0, 0, 8, 3], &count[..], &side, &side, &images.repeat(times)].concat();
        fs::write(folder.join(format!("{part}-images-idx3-ubyte")), content).unwrap();
        let content = [&[0, 0, 8, 1], &count[..], &sample.labels().repeat(times)].concat();
        fs::write(folder.join(format!("{part}-labels-idx1-ubyte")), content).unwrap();
    }
}

/// Trains a small model of turning digits in `folder/run`.
fn train(folder: &Path, model: &str, run: &str) {
    let model = format!("model.name={model}");
    let settings = [
        "data.name=rotating_mnist",
        "data.mnist=digits",
        "data.train_trajectories=8",
        "data.test_trajectories=30",
        "data.validation_trajectories=0",
        "model.encoder.layers=[9]",
        "model.decoder.layers=[8]",
        "model.cell.rows=3",
        "model.cell.columns=12",
        "train.steps=3",
        "train.batch_size=2",
        "analysis.every=0",
        &model,
    ];
    let settings = settings.iter().flat_map(|&setting| ["--set", setting]);
    let output =
        nwm(folder).args(["train", "--run-dir", run, "--quiet"]).args(settings).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

fn induce(folder: &Path, run: &str, arguments: &[&str]) -> Output {
    nwm(folder).args(["induce", run, "--out", "out"]).args(arguments).output().unwrap()
}

fn refused(output: &Output, expected: i32, part: &str) {
    let message = stderr(output);
    assert_eq!(code(output), expected, "{message}");
    assert!(message.starts_with("error: failed to induce waves in "), "{message}");
    assert!(message.contains(part) && !message.contains("panicked"), "{part:?}: {message}");
}

#[test]
fn turning_digits_from_run_to_page() {
    let folder = tempfile::tempdir().unwrap();
    write_digits(&folder.path().join("digits"));
    train(folder.path(), "nwm_1d", "run");
    let arguments = ["--count", "21", "--steps", "6", "--velocity=-1.5", "--json"];
    let output = induce(folder.path(), "run", &arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found = json(&output);
    assert_eq!(found["format"], 1);
    let input = &found["input"];
    assert_eq!(input["state"], serde_json::json!([1, 3, 12]));
    assert_eq!((&input["films"], &input["velocity"]), (&21.into(), &Value::from(-1.5)));
    assert_eq!((&input["topology"], &input["axis"]), (&"rings".into(), &"column".into()));
    let shifts = found["shifts"].as_array().unwrap();
    assert_eq!((shifts.len(), &shifts[4]["shift"]), (7, &Value::from(-6.0)));
    for at in shifts {
        let error = at["error"]["mean"].as_f64().unwrap();
        let [low, high] = [0, 1].map(|end| at["error"]["interval95"][end].as_f64().unwrap());
        assert!(0.0 < error && low < error && error < high, "{at}");
        assert!((0.0..=1.0).contains(&at["difference"]["adjusted_p_value"].as_f64().unwrap()));
    }

    let out = folder.path().join("out");
    let read = |file: &str| fs::read(out.join(file)).unwrap();
    let first: Vec<Vec<u8>> = FILES.iter().map(|file| read(file)).collect();
    assert_eq!(serde_json::from_slice::<Value>(&read("summary.json")).unwrap(), found);
    let table = String::from_utf8(read("per_shift.csv")).unwrap();
    assert_eq!(table.lines().count(), 8);
    assert!(
        table.starts_with("step,shift,expected_frame,") && table.contains("\n2,-3,"),
        "{table}"
    );
    assert!(
        read("induced.png").starts_with(b"\x89PNG") && read("induced.gif").starts_with(b"GIF89a")
    );
    let page = String::from_utf8(read("report.html")).unwrap();
    for part in ["Induced waves of nwm_1d on rotating_mnist", "Moving activity", "shuffled rings"] {
        assert!(page.contains(part), "{part} is not in the page");
    }
    let inspected = nwm(&out).args(["inspect", "induced.h5", "--json"]).output().unwrap();
    let inspected = json(&inspected);
    assert_eq!((&inspected["kind"], &inspected["intact"]), (&"induced waves".into(), &true.into()));

    // The same question has the same answer, for any number of threads.
    let again = nwm(folder.path())
        .args(["induce", "run", "--out", "out"])
        .args(arguments)
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert_eq!(again.stdout, output.stdout);
    for (file, first) in FILES.iter().zip(first) {
        assert!(read(file) == first, "{file} differs");
    }

    let text = String::from_utf8(induce(folder.path(), "run", &["--count", "3"]).stdout).unwrap();
    for part in ["Too few films (3)", "nwm_1d on rotating_mnist, step 3: 3 films", "report.html"] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn what_cannot_be_induced_says_why() {
    let folder = tempfile::tempdir().unwrap();
    refused(&induce(folder.path(), "nowhere", &[]), 3, "resolved.toml");
    write_digits(&folder.path().join("digits"));
    train(folder.path(), "cornn", "dense");
    refused(&induce(folder.path(), "dense", &[]), 2, "found dense, expected rings or torus");
    train(folder.path(), "nwm_1d", "rings");
    let rings = |arguments: &[&str]| induce(folder.path(), "rings", arguments);
    refused(&rings(&["--along", "rows"]), 2, "found row, expected column");
    refused(&rings(&["--velocity", "0"]), 2, "velocity: found 0");
    refused(&rings(&["--steps", "1"]), 2, "steps: found 1, expected 2 to");
    refused(&rings(&["--count", "0"]), 2, "films: found 0");
    refused(&rings(&["--checkpoint", "7"]), 3, "step-00000007");
    assert_eq!(code(&rings(&["--checkpoint", "first"])), 2);
    fs::remove_dir_all(folder.path().join("digits")).unwrap();
    refused(&rings(&[]), 2, "run `nwm data fetch mnist`");
    assert_eq!(code(&common::train(folder.path(), "forecast").output().unwrap()), 0);
    let forecast = induce(folder.path(), "forecast", &[]);
    refused(&forecast, 2, "the task forecast, expected one of the task variational");
    assert!(!folder.path().join("out").exists(), "something half-written is left");
}
