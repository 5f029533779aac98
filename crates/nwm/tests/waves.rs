//! `nwm waves` on recordings of known waves, and on input that cannot be used.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use common::{code, json, nwm, stderr};
use nwm_analysis::waves::{SyntheticWave, mixed, pink_noise};
use serde_json::Value;

const SHAPE: [usize; 3] = [240, 8, 10];
const SAMPLING_RATE: f64 = 200.0;

/// Writes values as an NPY file of single precision.
fn save(path: &Path, shape: &[usize], values: &[f64]) {
    let shape: String = shape.iter().map(|length| format!("{length}, ")).collect();
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|&value| (value as f32).to_le_bytes()));
    fs::write(path, bytes).unwrap();
}

/// A plane wave of 20 Hz and 8 sites that travels to 0.6, in noise of equal power.
fn plane_wave(seed: u64) -> Vec<f64> {
    let wave = SyntheticWave::Plane {
        frequency: 0.1,
        wavelength: 8.0,
        direction: 0.6,
        phase: seed as f64,
    };
    let noise = pink_noise(SHAPE[0], SHAPE[1] * SHAPE[2], seed).unwrap();
    mixed(&wave.recording(SHAPE), &noise, 1.0).unwrap()
}

fn waves(folder: &Path, file: &str, arguments: &[&str]) -> Command {
    let mut command = nwm(folder);
    command.args(["waves", file, "--out", "out"]).args(arguments);
    command
}

fn run(folder: &Path, file: &str, arguments: &[&str]) -> Output {
    let output = waves(folder, file, arguments).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    output
}

fn near(found: &Value, wanted: f64, tolerance: f64) {
    let found = found.as_f64().unwrap();
    assert!((found - wanted).abs() <= tolerance, "{found}, expected {wanted}");
}

#[test]
fn short_waves_are_pointed_out_and_noise_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let noise = pink_noise(SHAPE[0], SHAPE[1] * SHAPE[2], 3).unwrap();
    let wave = SyntheticWave::Plane { frequency: 0.1, wavelength: 2.4, direction: 0.5, phase: 0.0 };
    save(&folder.path().join("noise.npy"), &SHAPE, &noise);
    let short = mixed(&wave.recording(SHAPE), &noise, 1.0).unwrap();
    save(&folder.path().join("short.npy"), &SHAPE, &short);
    let warns = |file: &str| {
        let found = json(&run(folder.path(), file, &["--band", "0.07", "0.14", "--json"]));
        assert_eq!(found["summary"]["verdict"], "none", "{file}");
        found["warnings"].to_string().contains("which the verdict does not see")
    };
    assert!(warns("short.npy") && !warns("noise.npy"));
}

#[test]
fn two_trials_of_a_plane_wave() {
    let folder = tempfile::tempdir().unwrap();
    let trials = [plane_wave(1), plane_wave(2)].concat();
    save(&folder.path().join("lfp.npy"), &[2, 240, 8, 10], &trials);
    let rate = SAMPLING_RATE.to_string();
    let arguments = ["--sampling-rate", &rate, "--json"];
    let output = run(folder.path(), "lfp.npy", &arguments);
    let found = json(&output);
    let (input, summary) = (&found["input"], &found["summary"]);
    assert_eq!((&input["trials"], &input["shape"]), (&2.into(), &SHAPE.to_vec().into()));
    assert_eq!(summary["verdict"], "travelling");
    near(&summary["p_value"], 0.025, 1e-12);
    near(&summary["frequency"], 20.0, 0.4);
    near(&summary["wavelength"], 8.0, 0.8);
    near(&summary["speed"], 160.0, 20.0);
    near(&summary["direction"], 0.6, 0.15);
    near(&input["band"][0], 10.0, 1.0);
    let shares = summary["pattern_fraction"].as_object().unwrap();
    near(&shares.values().map(|share| share.as_f64().unwrap()).sum::<f64>().into(), 1.0, 1e-12);
    near(&shares["plane"], 1.0, 0.2);
    near(&found["surrogates"]["local_coherence"]["mean"], 0.0, 0.05);

    let out = folder.path().join("out");
    let written: Value =
        serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    assert_eq!(written, found);
    let steps = fs::read_to_string(out.join("per_step.csv")).unwrap();
    assert_eq!(steps.lines().count(), 1 + 480);
    assert!(steps.lines().nth(245).unwrap().starts_with("1,4,0.02,"), "{steps}");
    let gif = fs::read(out.join("phase.gif")).unwrap();
    assert!(gif.starts_with(b"GIF89a"));
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    for part in ["Waves of lfp.npy", "travelling waves", "class=\"wave-player\"", " Hz", "down"] {
        assert!(page.contains(part), "{part} is not in the page");
    }
    let inspected = nwm(&out).args(["inspect", "phase.h5", "--json"]).output().unwrap();
    let inspected = json(&inspected);
    assert_eq!(inspected["kind"], "wave phases");
    assert_eq!(inspected["intact"], true);

    // The same question has the same answer, for any number of threads.
    let first: Vec<Vec<u8>> = FILES.iter().map(|file| fs::read(out.join(file)).unwrap()).collect();
    let again = waves(folder.path(), "lfp.npy", &arguments).env("RAYON_NUM_THREADS", "1").output();
    assert_eq!(again.unwrap().stdout, output.stdout);
    for (file, first) in FILES.iter().zip(first) {
        assert!(fs::read(out.join(file)).unwrap() == first, "{file} differs");
    }
}

const FILES: [&str; 5] = ["summary.json", "per_step.csv", "phase.h5", "report.html", "phase.gif"];

#[test]
fn the_terminal_says_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    save(&folder.path().join("a.npy"), &SHAPE, &plane_wave(3));
    let output = run(folder.path(), "a.npy", &["--band", "0.05", "0.2", "--no-fields"]);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "travelling waves at 0.",
        "cycles per step",
        "p = 0.025 from 39 surrogates",
        "240 steps of 8 x 10 sites (open), band 0.0500 to 0.2000 cycles per step: as asked",
        "plane_wave_order",
        "patterns   plane",
        "█",
        "report.html",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!folder.path().join("out/phase.h5").exists());
}

#[test]
fn noise_has_no_waves_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let noise = pink_noise(SHAPE[0], SHAPE[1] * SHAPE[2], 9).unwrap();
    save(&folder.path().join("a.npy"), &SHAPE, &noise);
    let output = run(folder.path(), "a.npy", &["--json", "--no-fields", "--grid", "torus"]);
    let found = json(&output);
    assert_eq!(found["summary"]["verdict"], "none");
    assert_eq!(found["summary"]["wavelength"], Value::Null);
    assert_eq!(found["input"]["grid"], "torus");
}

#[test]
fn dead_channels_are_left_out_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut values = plane_wave(4);
    for frame in values.chunks_exact_mut(80) {
        frame[5] = f64::NAN;
        frame[33] = 7.0;
    }
    values[100 * 80 + 71] = f64::NAN;
    save(&folder.path().join("a.npy"), &SHAPE, &values);
    let output = run(folder.path(), "a.npy", &["--json"]);
    let found = json(&output);
    assert_eq!(found["summary"]["verdict"], "travelling");
    near(&found["summary"]["direction"], 0.6, 0.15);
    let warning = found["warnings"][0].as_str().unwrap();
    assert!(
        warning.contains("of 80 sites 1 without any number, 1 with samples missing, 1 constant"),
        "{warning}"
    );
    assert!(stderr(&output).contains(&format!("warning: {warning}")));
}

#[test]
fn a_single_row_is_a_line_of_electrodes() {
    let folder = tempfile::tempdir().unwrap();
    let shape = [240, 1, 24];
    let wave = SyntheticWave::Plane { frequency: 0.1, wavelength: 8.0, direction: 0.0, phase: 0.0 };
    let noise = pink_noise(shape[0], shape[2], 5).unwrap();
    let values = mixed(&wave.recording(shape), &noise, 1.0).unwrap();
    save(&folder.path().join("a.npy"), &[240, 24], &values);
    let found = json(&run(folder.path(), "a.npy", &["--json"]));
    assert_eq!(found["input"]["shape"], serde_json::json!(shape));
    assert_eq!(found["summary"]["verdict"], "travelling");
    near(&found["summary"]["direction"], 0.0, 0.1);
    near(&found["summary"]["wavelength"], 8.0, 0.8);
}

#[test]
fn what_cannot_be_used_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let wave = plane_wave(1);
    save(&path("good.npy"), &SHAPE, &wave);
    save(&path("short.npy"), &[20, 8, 10], &wave[..1600]);
    save(&path("rank.npy"), &[240, 2, 2, 2, 10], &wave);
    save(&path("nan.npy"), &SHAPE, &vec![f64::NAN; wave.len()]);
    save(&path("still.npy"), &SHAPE, &vec![2.5; wave.len()]);
    let whole = fs::read(path("good.npy")).unwrap();
    fs::write(path("cut.npy"), &whole[..whole.len() / 2]).unwrap();
    fs::write(path("cut.h5"), b"\x89HDF\r\n\x1a\n\x02").unwrap();
    fs::write(path("text.csv"), "a,b\n1,2\n").unwrap();
    save(&path("alone.npy"), &[240, 1, 1], &wave[..240]);
    let cases: [(&str, &[&str], i32, &str); 17] = [
        ("good.npy", &["--band", "0.2", "0.6"], 2, "expected 0 < LOW < HIGH < 0.5 cycles per step"),
        ("good.npy", &["--band", "0", "0.2"], 2, "--band 0 0.2"),
        ("good.npy", &["--band", "8", "300", "--sampling-rate", "500"], 2, "HIGH < 250 Hz"),
        ("good.npy", &["--band", "alpha"], 2, "paper and fundamental"),
        ("good.npy", &["--surrogates", "18"], 2, "--surrogates 18: expected at least 19"),
        ("alone.npy", &["--band", "paper"], 3, "found no two neighbouring sites"),
        ("good.npy", &["--sampling-rate=-1"], 2, "--sampling-rate -1: expected a number above 0"),
        ("good.npy", &["--axes", "time,row"], 3, "the axes time,row (--axes)"),
        ("good.npy", &["--axes", "time,x,y"], 2, "--axes: found time,x,y"),
        ("good.npy", &["--dataset", "lfp"], 3, "no --dataset for an NPY file"),
        ("short.npy", &["--band", "paper"], 3, "found 20 samples, expected at least 25"),
        ("rank.npy", &[], 3, "--axes"),
        ("nan.npy", &[], 3, "found no site that has all of its samples and changes"),
        ("still.npy", &["--band", "paper"], 3, "80 constant"),
        ("cut.npy", &[], 3, "the file may be cut off"),
        ("cut.h5", &[], 3, "cut.h5"),
        ("text.csv", &[], 3, "expected an NPY, NPZ or HDF5 file"),
    ];
    for (file, arguments, expected, part) in cases {
        let output = waves(folder.path(), file, arguments).output().unwrap();
        let message = stderr(&output);
        assert_eq!(code(&output), expected, "{file} {arguments:?}: {message}");
        assert!(message.contains(part), "{part:?} is not in: {message}");
        let named = format!("error: failed to analyse the waves of {file}");
        assert!(message.contains(&named) && !message.contains("panicked"), "{message}");
    }
    let left = fs::read_dir(path("out")).map_or(0, |files| files.count());
    assert_eq!(left, 0, "something half-written is left");
    fs::write(path("file"), "").unwrap();
    let output = nwm(folder.path()).args(["waves", "good.npy", "--out", "file/out"]).output();
    assert_eq!(code(&output.unwrap()), 6);
}

#[test]
fn a_long_recording_is_analysed_in_stretches() {
    // Three hundred thousand steps of 4 x 16 sites are more than two stretches.
    let folder = tempfile::tempdir().unwrap();
    let shape = [300_000, 4, 16];
    let wave = SyntheticWave::Plane { frequency: 0.1, wavelength: 8.0, direction: 0.0, phase: 0.0 };
    save(&folder.path().join("a.npy"), &shape, &wave.recording(shape));
    let arguments = ["--json", "--band", "0.05", "0.2", "--no-fields", "--surrogates", "19"];
    let found = json(&run(folder.path(), "a.npy", &arguments));
    assert_eq!(found["summary"]["pattern_fraction"]["plane"], 1.0);
    near(&found["summary"]["frequency"], 0.1, 1e-4);
    let steps = fs::read_to_string(folder.path().join("out/per_step.csv")).unwrap();
    assert!(
        steps
            .lines()
            .skip(1)
            .enumerate()
            .all(|(step, line)| { line.starts_with(&format!("0,{step},{step},plane,")) })
    );
    assert_eq!(steps.lines().count(), 300_001);
}
