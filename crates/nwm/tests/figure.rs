//! `nwm figure` and `nwm gallery` as commands.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;

use common::{code, json, nwm, stderr};

const PLAN: &str = r#"{"format": 1, "figure": "fig5", "title": "Induced", "preset": "smoke", "reduced": true, "note": "small",
    "commit": "c0ffee", "runs": [{"name": "rings", "data": "rotating_mnist", "model": "nwm_1d", "seed": 0, "run_dir": "rings",
    "products": {"induce": "products/rings/induce"}}]}"#;

#[test]
fn a_figure_without_inputs_says_so_and_is_in_the_gallery() {
    let folder = tempfile::tempdir().unwrap();
    let plans = folder.path().join("runs/figures-smoke/plans");
    fs::create_dir_all(&plans).unwrap();
    fs::write(plans.join("fig5.json"), PLAN).unwrap();
    let run = |arguments: &[&str]| nwm(folder.path()).args(arguments).output().unwrap();
    let figure =
        ["figure", "runs/figures-smoke/plans/fig5.json", "--out", "reports/fig5", "--json"];
    let output = run(&figure);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&output)["status"], "missing");
    let text = fs::read_to_string(folder.path().join("reports/fig5/figure.md")).unwrap();
    assert!(text.contains("- rings: no final result\n- rings: no induce\n"), "{text}");

    let output = run(&["inspect", "reports/fig5/figure.json", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(json(&output)["content"]["figure"], "fig5");

    let output = run(&["gallery", "reports", "--json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!((&json(&output)["found"], &json(&output)["missing"]), (&1.into(), &10.into()));
    let page = fs::read_to_string(folder.path().join("reports/index.html")).unwrap();
    assert!(page.contains("href=\"fig5/report.html\""));
}

#[test]
fn plans_and_folders_that_cannot_be_used_end_with_the_code_of_data() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("fig5.json"), PLAN.replace("\"format\": 1", "\"format\": 3"))
        .unwrap();
    let output = nwm(folder.path()).args(["figure", "fig5.json", "--out", "out"]).output().unwrap();
    assert_eq!(code(&output), 3);
    let message = stderr(&output);
    assert!(message.contains("fig5.json: found format 3, expected 1"), "{message}");
    assert!(!folder.path().join("out").exists());
    let output = nwm(folder.path()).args(["gallery", "absent"]).output().unwrap();
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("failed to make the gallery of absent"));
}
