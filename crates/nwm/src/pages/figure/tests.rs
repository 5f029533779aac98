//! Figures as a whole.

use std::fs;

use serde_json::{Value, json};

use super::fixtures::{Planned, check, wave_summary, waves};
use super::{Figure, FigurePlan, write_figure};

fn turning_digit(travel_index: f64, pgd: f64, p: f64) -> Planned {
    let planned = Planned::new("fig4", &[("digits_0", "rotating_mnist")], &["waves"]);
    let before = json!({"waves_travel_index": 0.11, "waves_pgd": 0.02});
    planned.result("digits_0", "rotating_mnist", 0, waves(travel_index, pgd, p), before);
    planned.product("digits_0", "waves", wave_summary([0.6, 0.005], [0.9, 0.005, 9.0], 0.5, 7.0));
    planned.file("digits_0", "waves", "phase.gif", "GIF89a");
    planned.file("digits_0", "waves", "per_step.csv", "step\n");
    planned.states("digits_0");
    planned
}

#[test]
fn waves_that_travel_hold_with_everything_beside_them() {
    let figure = turning_digit(0.9, 0.5, 0.005).collect().unwrap();
    assert_eq!(figure.status(), "done");
    assert!(figure.missing.is_empty(), "{:?}", figure.missing);
    let travel = check(&figure, "travel index", "digits_0");
    assert_eq!(travel.holds, Some(true));
    assert_eq!(travel.expected, "at least 0.7, p below 0.01");
    let measured = travel.measured;
    assert_eq!((measured.value, measured.p_value), (Some(0.9), Some(0.005)));
    assert_eq!((measured.chance, measured.before_training), (Some(0.5), Some(0.11)));
    assert_eq!(check(&figure, "directionality", "digits_0").holds, Some(true));
    assert!(figure.sentence().starts_with("All 2 checks hold. The paper shows that waves travel"));
    assert!(figure.sentence().ends_with("(preset quick): fewer steps."), "{}", figure.sentence());
}

#[test]
fn waves_that_do_not_travel_do_not_hold() {
    let figure = turning_digit(0.55, 0.05, 0.3).collect().unwrap();
    assert_eq!(check(&figure, "travel index", "digits_0").holds, Some(false));
    assert_eq!(check(&figure, "directionality", "digits_0").holds, Some(false));
    assert!(figure.sentence().starts_with("0 of 2 checks hold, 2 do not."));
    // Neither is enough: a large index that shuffled sites have as well.
    let figure = turning_digit(0.9, 0.1, 0.01).collect().unwrap();
    assert_eq!(check(&figure, "travel index", "digits_0").holds, Some(false));
    // One strong mode stands for a direction.
    let figure = turning_digit(0.9, 0.1, 0.005).collect().unwrap();
    assert_eq!(check(&figure, "directionality", "digits_0").holds, Some(true));
}

#[test]
fn what_is_missing_makes_a_figure_partial_and_is_listed() {
    let planned = Planned::new("fig4", &[("digits_0", "rotating_mnist")], &["waves"]);
    let nothing = planned.collect().unwrap();
    assert_eq!(nothing.status(), "missing");
    assert_eq!(nothing.missing, ["digits_0: no final result", "digits_0: no waves"]);
    assert!(nothing.checks.iter().all(|check| check.holds.is_none()));
    assert!(nothing.sentence().starts_with("Not measured yet."), "{}", nothing.sentence());

    planned.result("digits_0", "rotating_mnist", 0, waves(0.9, 0.5, 0.005), json!({}));
    let partial = planned.collect().unwrap();
    assert_eq!(partial.status(), "partial");
    assert_eq!(partial.missing, ["digits_0: no waves"]);
    assert_eq!(check(&partial, "travel index", "digits_0").holds, Some(true));
    assert!(partial.files.is_empty());

    // A product that the stand-in of a command left.
    planned.product("digits_0", "waves", json!({}));
    let bare = planned.collect().unwrap();
    assert_eq!(bare.status(), "done");
    assert_eq!(bare.missing.len(), 3, "{:?}", bare.missing);
}

#[test]
fn results_of_unfinished_or_other_runs_do_not_count() {
    let planned = turning_digit(0.9, 0.5, 0.005);
    let run_dir = planned.root().join("digits_0");
    let text = fs::read_to_string(run_dir.join("run.json")).unwrap();
    fs::write(run_dir.join("run.json"), text.replace("\"done\"", "\"running\"")).unwrap();
    assert_eq!(planned.collect().unwrap().status(), "partial");
    planned.result("digits_0", "gratings", 0, json!({}), json!({}));
    let error = format!("{:#}", planned.collect().unwrap_err());
    assert!(
        error.contains("result.json: data: found gratings, expected rotating_mnist"),
        "{error}"
    );
}

#[test]
fn noise_has_to_be_noise_and_data_more() {
    let planned = Planned::new(
        "fig2",
        &[("noise", "noise"), ("gratings", "gratings"), ("spring", "mass_spring")],
        &["waves"],
    );
    planned.product("noise", "waves", wave_summary([0.01, 0.4], [0.48, 0.7, -0.6], 0.0, 9.0));
    planned.product("gratings", "waves", wave_summary([0.4, 0.005], [0.3, 0.9, -1.0], 0.0, 9.0));
    // 0.03 for the better of two is 0.06.
    planned.product("spring", "waves", wave_summary([0.2, 0.03], [0.5, 0.5, 0.0], 0.0, 9.0));
    let figure = planned.collect().unwrap();
    assert_eq!(check(&figure, "local coherence of noise", "noise").holds, Some(true));
    assert_eq!(check(&figure, "travel index of noise", "noise").holds, Some(true));
    let name = "local coherence or travel index";
    assert_eq!(check(&figure, name, "gratings").measured.value, Some(0.4));
    assert_eq!(check(&figure, name, "gratings").holds, Some(true));
    assert_eq!(check(&figure, name, "spring").measured.p_value, Some(0.06));
    assert_eq!(check(&figure, name, "spring").holds, Some(false));
    planned.product("noise", "waves", wave_summary([0.2, 0.005], [0.9, 0.005, 8.0], 0.0, 9.0));
    let figure = planned.collect().unwrap();
    assert_eq!(check(&figure, "local coherence of noise", "noise").holds, Some(false));
    assert_eq!(check(&figure, "travel index of noise", "noise").holds, Some(false));
}

fn map(smoothness: f64, p: f64, unselective: f64, pinwheels: [u64; 2]) -> Value {
    let [positive, negative] = pinwheels;
    let charge = (positive as f64 - negative as f64) / 2.0;
    json!({"unselective_fraction": unselective, "by_modulation": {
        "smoothness": {"value": smoothness, "p_value": p, "null_mean": 0.0},
        "pinwheels": {"positive": positive, "negative": negative, "charge": charge}}})
}

#[test]
fn a_map_has_to_come_with_training() {
    let planned = Planned::new(
        "fig3",
        &[("gratings", "gratings"), ("digits_0", "rotating_mnist")],
        &["selectivity"],
    );
    let images = json!({"continuity": {"value": 0.5, "p_value": 0.01, "null_mean": 0.1}});
    let summary = |initial: Value| {
        json!({"channels": [{"trained": map(0.8, 0.005, 0.1, [4, 4]), "initial": initial,
            "maximum_activation": images}]})
    };
    planned.product("gratings", "selectivity", summary(map(0.02, 0.4, 0.9, [90, 90])));
    planned.product("digits_0", "selectivity", summary(Value::Null));
    let figure = planned.collect().unwrap();
    for name in ["smoothness of the", "units that are not", "pinwheels", "smoothness before"] {
        assert_eq!(check(&figure, name, "gratings").holds, Some(true), "{name}");
    }
    assert_eq!(check(&figure, "smoothness of", "gratings").measured.before_training, Some(0.02));
    assert_eq!(check(&figure, "correlation of the images", "digits_0").holds, Some(true));
    planned.product("gratings", "selectivity", summary(map(0.7, 0.005, 0.2, [4, 4])));
    let figure = planned.collect().unwrap();
    assert_eq!(check(&figure, "smoothness before", "gratings").holds, Some(false));
    let lopsided = json!({"channels": [{"trained": map(0.3, 0.005, 0.6, [4, 0]), "initial": map(0.0, 0.5, 1.0, [1, 1])}]});
    planned.product("gratings", "selectivity", lopsided);
    let figure = planned.collect().unwrap();
    for name in ["smoothness of the", "units that are not", "pinwheels"] {
        assert_eq!(check(&figure, name, "gratings").holds, Some(false), "{name}");
    }
}

#[test]
fn induced_waves_need_a_direction_and_every_shift() {
    let planned = Planned::new("fig5", &[("rings", "rotating_mnist")], &["induce"]);
    let summary = |direction: &str, beaten: Value| {
        json!({"summary": {"direction": direction, "speed": 0.78, "speed_interval95": [0.7, 0.85],
            "shifts_of_first_round": 15, "shifts_that_beat_control": beaten}})
    };
    planned.product("rings", "induce", summary("backward", json!(15)));
    let figure = planned.collect().unwrap();
    let speed = check(&figure, "speed at which", "rings");
    assert_eq!((speed.holds, speed.measured.interval95), (Some(true), Some([0.7, 0.85])));
    assert_eq!(check(&figure, "shifts of", "rings").holds, Some(true));
    assert_eq!(check(&figure, "shifts of", "rings").expected, "all 15");
    planned.product("rings", "induce", summary("none", json!(14)));
    let figure = planned.collect().unwrap();
    assert_eq!(check(&figure, "speed at which", "rings").holds, Some(false));
    assert_eq!(check(&figure, "shifts of", "rings").holds, Some(false));
    planned.product("rings", "induce", summary("backward", Value::Null));
    assert_eq!(check(&planned.collect().unwrap(), "shifts of", "rings").holds, None);
}

#[test]
fn three_runs_have_a_mean_and_may_differ() {
    let runs = [("a", "rotating_mnist"), ("b", "rotating_mnist"), ("c", "rotating_mnist")];
    let planned = Planned::new("fig8", &runs, &["waves"]);
    for ((name, _), (seed, index)) in runs.iter().zip([(0, 0.8), (1, 0.9), (2, 1.0)]) {
        let before = json!({"waves_travel_index": 0.1});
        let mut metrics = waves(index, 0.5, 0.005);
        let (length, direction) = (7.0 + seed as f64, 0.4 * seed as f64);
        metrics["waves_peak_k_row"] = json!(direction.sin() / length);
        metrics["waves_peak_k_column"] = json!(direction.cos() / length);
        planned.result(name, "rotating_mnist", seed, metrics, before);
        planned.product(name, "waves", wave_summary([0.6, 0.005], [index, 0.005, 9.0], 0.0, 7.0));
    }
    let figure = planned.collect().unwrap();
    let of = |name: &str| figure.numbers.iter().find(|it| it.name == name).unwrap().measured;
    let mean = of("travel index, mean of 3 runs");
    assert!((mean.value.unwrap() - 0.9).abs() < 1e-12);
    assert!((mean.before_training.unwrap() - 0.1).abs() < 1e-12);
    let [low, high] = mean.interval95.unwrap();
    // Student's t with 2 degrees of freedom: 4.302653.
    assert!((high - low - 2.0 * 4.302_653 * 0.1 / 3.0_f64.sqrt()).abs() < 1e-6);
    assert!((of("travel index, standard deviation").value.unwrap() - 0.1).abs() < 1e-12);
    let ratio = check(&figure, "largest wavelength", "all");
    assert!((ratio.measured.value.unwrap() - 9.0 / 7.0).abs() < 1e-12 && ratio.holds == Some(true));
    let angle = check(&figure, "largest angle", "all");
    assert!((angle.measured.value.unwrap() - 0.8_f64.to_degrees()).abs() < 1e-9);
    assert_eq!(angle.holds, Some(true));
    planned.result("b", "rotating_mnist", 1, waves(0.9, 0.5, 0.005), json!({}));
    let figure = planned.collect().unwrap();
    assert_eq!(check(&figure, "largest angle", "all").holds, None);
}

#[test]
fn the_files_of_a_figure_are_the_same_each_time() {
    let planned = turning_digit(0.9, 0.5, 0.005);
    let [first, second] = ["first", "second"].map(|name| planned.root().join(name));
    for folder in [&first, &second] {
        write_figure(&planned.collect().unwrap(), folder).unwrap();
    }
    let json: Value =
        serde_json::from_str(&fs::read_to_string(first.join("figure.json")).unwrap()).unwrap();
    assert_eq!((&json["format"], &json["status"]), (&json!(1), &json!("done")));
    assert_eq!(json["runs"][0]["metrics"]["waves_pgd"], 0.5);
    assert_eq!(json["checks"][0]["before_training"], 0.11);
    let files = json["files"].as_array().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file["name"].as_str().unwrap()).collect();
    let expected = ["strips.svg", "velocity.svg", "phase.gif", "per_step.csv"];
    assert_eq!(names, expected.map(|name| format!("digits_0-{name}")));
    for name in names.into_iter().chain(["figure.json", "figure.md", "report.html"]) {
        let read = |folder: &std::path::Path| fs::read(folder.join(name)).unwrap();
        assert!(read(&first) == read(&second), "{name}");
    }
    let page = fs::read_to_string(first.join("report.html")).unwrap();
    for expected in
        ["href=\"../digits_0/report.html\"", "reconstruction", "0.735", "reduced, preset quick"]
    {
        assert!(page.contains(expected), "{expected} is missing");
    }
    let text = fs::read_to_string(first.join("figure.md")).unwrap();
    assert!(text.contains("| travel index | digits_0 | 0.900 | holds | at least 0.7, p below 0.01 | 0.005 | 0.500 | 0.110 |"), "{text}");
}

#[test]
fn plans_that_cannot_be_read_are_refused_with_the_file() {
    let planned = turning_digit(0.9, 0.5, 0.005);
    let text = fs::read_to_string(&planned.path).unwrap();
    for (from, to, expected) in [
        ("\"format\":1", "\"format\":2", "found format 2, expected 1"),
        ("\"fig4\"", "\"fig1\"", "figure: found \"fig1\", expected one of fig2, "),
        ("\"digits_0\"", "\"../digits\"", "runs[0]: found the name \"../digits\""),
    ] {
        fs::write(&planned.path, text.replace(from, to)).unwrap();
        let error = format!("{:#}", FigurePlan::read(&planned.path).unwrap_err());
        assert!(error.contains("fig4.json") && error.contains(expected), "{error}");
    }
    fs::remove_file(&planned.path).unwrap();
    let error = format!("{:#}", FigurePlan::read(&planned.path).unwrap_err());
    assert!(error.contains("not found; cargo xtask reproduce plans a figure"), "{error}");
}

#[test]
fn a_model_without_its_data_has_no_picture_before_training() {
    let planned = turning_digit(0.9, 0.5, 0.005);
    let plan = FigurePlan::read(&planned.path).unwrap();
    let figure = Figure::collect(&plan, &|_, _| anyhow::bail!("the digits are not there")).unwrap();
    assert_eq!(figure.missing, ["digits_0: no picture before training: the digits are not there"]);
}
