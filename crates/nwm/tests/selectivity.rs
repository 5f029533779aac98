//! `nwm selectivity` on a small run, and on what cannot be measured.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Output;

use common::{code, json, nwm, stderr, train};
use serde_json::Value;

const FILMS: &str = "\
[data]\nname = \"gratings\"\nwavelength = 12.0\nframes = 4\ntrain_trajectories = 8\nvalidation_trajectories = 0\n\
[model]\nname = \"nwm_2d\"\n[model.cell]\nrows = 6\ncolumns = 6\n\
[train]\nsteps = 3\nbatch_size = 2\nlog_every = 1\ncheckpoint_every = 1\n[analysis]\nevery = 0\n[eval]\nbatch_size = 2\n";

const FILES: [&str; 13] = [
    "summary.json",
    "units.csv",
    "selectivity.h5",
    "modulation_map.svg",
    "modulation_map.png",
    "modulation_map_initial.svg",
    "modulation_map_initial.png",
    "orientation_map.svg",
    "orientation_map.png",
    "orientation_map_initial.svg",
    "orientation_map_initial.png",
    "maximum_activation.png",
    "report.html",
];

fn trained(folder: &Path, more: &[&str]) {
    fs::write(folder.join("films.toml"), FILMS).unwrap();
    let mut command = nwm(folder);
    command.args(["train", "--config", "films.toml", "--run-dir", "run"]);
    more.iter().for_each(|assignment| {
        command.args(["--set", assignment]);
    });
    let output = command.output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

fn measure(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = nwm(folder);
    command.args(["selectivity", "run", "--out", "out"]).args(arguments).output().unwrap()
}

#[test]
fn a_run_leaves_every_file_and_the_same_bytes_every_time() {
    let folder = tempfile::tempdir().unwrap();
    trained(folder.path(), &[]);
    let output = measure(folder.path(), &["--images", "40", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let found = json(&output);
    let out = folder.path().join("out");
    let bytes = |name: &str| fs::read(out.join(name)).unwrap();
    let written: Value = serde_json::from_slice(&bytes("summary.json")).unwrap();
    assert_eq!(written, found);
    assert_eq!(found["format"], 1);
    let input = &found["input"];
    assert_eq!((&input["sheet"], &input["grid"]), (&[1, 6, 6].to_vec().into(), &"torus".into()));
    assert_eq!((&input["gratings"]["wavelength"], &input["images"]), (&12.0.into(), &40.into()));
    assert_eq!(input["checkpoint"]["step"], 3);
    let channel = &found["channels"][0];
    for map in ["trained", "initial"] {
        let share = channel[map]["unselective_fraction"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&share), "{channel}");
        for preferences in ["by_mean", "by_modulation"] {
            let of_map = &channel[map][preferences];
            let p = of_map["smoothness"]["p_value"].as_f64().unwrap();
            assert!((0.005..=1.0).contains(&p), "{channel}");
            assert!(of_map["pinwheels"]["positive"].is_u64(), "{channel}");
        }
    }
    assert!(channel["maximum_activation"]["different"].as_u64() > Some(0));

    let table = String::from_utf8(bytes("units.csv")).unwrap();
    let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!((lines.len(), &lines[0][..4]), (37, &["unit", "channel", "row", "column"][..]));
    assert_eq!(&lines[8][..4], ["7", "0", "1", "1"]);
    let selective = lines[1..].iter().filter(|line| line[10] == "1").count();
    let share = channel["trained"]["unselective_fraction"].as_f64().unwrap();
    assert!((share - (1.0 - selective as f64 / 36.0)).abs() < 1e-12);
    assert!(lines[1..].iter().all(|line| line[11].parse::<usize>().unwrap() < 40));

    // Six tiles of 28 pixels with a border of 2 around each.
    let size = |name: &str| {
        let png = bytes(name);
        assert!(png.starts_with(b"\x89PNG"), "{name}");
        [16, 20].map(|at| u32::from_be_bytes(png[at..at + 4].try_into().unwrap()))
    };
    assert_eq!(size("maximum_activation.png"), [182, 182]);
    assert_eq!(size("orientation_map.png"), [240, 240]);
    assert_eq!(size("modulation_map.png"), [240, 240]);
    let page = String::from_utf8(bytes("report.html")).unwrap();
    for part in
        ["Selectivity of run", "of the units are not selective", "own configuration", "<svg"]
    {
        assert!(page.contains(part), "{part} is not in the page");
    }
    assert!(!page.contains("src=\"http"), "the page loads nothing");
    let inspected = nwm(&out).args(["inspect", "selectivity.h5", "--json"]).output().unwrap();
    assert_eq!(json(&inspected)["kind"], "unit selectivity");
    assert_eq!(json(&inspected)["intact"], true);

    let first: Vec<Vec<u8>> = FILES.iter().map(|file| bytes(file)).collect();
    let again = nwm(folder.path())
        .args(["selectivity", "run", "--out", "out", "--images", "40", "--json"])
        .env("RAYON_NUM_THREADS", "1")
        .output()
        .unwrap();
    assert_eq!(again.stdout, output.stdout);
    for (file, first) in FILES.iter().zip(first) {
        assert!(bytes(file) == first, "{file} differs");
    }
    assert_eq!(fs::read_dir(&out).unwrap().count(), FILES.len());
}

#[test]
fn channels_have_maps_of_their_own_and_the_terminal_says_what_is_there() {
    let folder = tempfile::tempdir().unwrap();
    trained(folder.path(), &["model.cell.channels=2", "model.cell.rows=3"]);
    let arguments = ["--images", "10", "--wavelength", "8", "--checkpoint", "2", "--absolute"];
    let output = measure(folder.path(), &arguments);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    for part in
        ["channel 1: ", "not selective", "smoothness", "pinwheels", "wrote out; open report.html"]
    {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    for file in ["orientation_map_channel_0.svg", "maximum_activation_channel_1.png"] {
        assert!(folder.path().join("out").join(file).is_file(), "{file}");
    }
    let table = fs::read_to_string(folder.path().join("out/units.csv")).unwrap();
    assert!(table.lines().nth(20).unwrap().starts_with("19,1,0,1,"), "{table}");
}

#[test]
fn what_cannot_be_measured_says_why_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    trained(folder.path(), &[]);
    let cases: [(&[&str], i32, &str); 5] = [
        (&["--wavelength", "-4"], 2, "wavelength: found -4, expected a number of pixels above 0"),
        (&["--images", "0"], 2, "images: found 0, expected at least 1"),
        (&["--checkpoint", "newest"], 2, "expected best, last or the step"),
        (&["--checkpoint", "best"], 3, "the run was not validated"),
        (&["--checkpoint", "77"], 3, "step-00000077"),
    ];
    for (arguments, expected, part) in cases {
        let output = measure(folder.path(), arguments);
        let message = stderr(&output);
        assert_eq!(code(&output), expected, "{arguments:?}: {message}");
        assert!(message.contains(part) && !message.contains("panicked"), "{message}");
        assert!(!folder.path().join("out").exists(), "{arguments:?}");
    }
    let other = folder.path().join("other");
    fs::create_dir(&other).unwrap();
    assert_eq!(code(&train(&other, "run").output().unwrap()), 0);
    let output = measure(&other, &[]);
    let message = stderr(&output);
    assert_eq!(code(&output), 2, "{message}");
    assert!(message.contains("failed to measure the selectivity of run"), "{message}");
    assert!(message.contains("found a run of the task forecast"), "{message}");
    fs::write(folder.path().join("file"), "").unwrap();
    let output = nwm(folder.path()).args(["selectivity", "run", "--out", "file/out"]).output();
    assert_eq!(code(&output.unwrap()), 6);
}
