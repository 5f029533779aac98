//! Rows whose models are compared, from plans made by hand.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::super::{
    super::fixtures::{METRIC, record, result, write_json},
    Table,
    score::{Horizon, MATCHED_METRIC},
    write_table,
};
use super::{RowSummary, Verdict};

const UNIT: f64 = 1e-8;

/// A plan with one row, the spring; columns in the order of first use.
struct SpringPlan {
    folder: TempDir,
    columns: Vec<&'static str>,
    runs: Vec<Value>,
}

impl SpringPlan {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), columns: Vec::new(), runs: Vec::new() }
    }

    /// Adds a run with these errors of trajectories, in units, twice as large at the matched horizon.
    fn run(&mut self, column: &'static str, seed: u64, errors: &[f64]) {
        let mean = |factor: f64| {
            let sum: f64 = errors.iter().sum();
            json!(factor * sum / errors.len() as f64 * UNIT)
        };
        let list = |factor: f64| -> Vec<f64> {
            errors.iter().map(|error| factor * error * UNIT).collect()
        };
        let mut result = result(column, seed, mean(1.0));
        result["trajectories"] = json!(errors.len());
        result["slices"]["matched"] = json!([32, 92]);
        result["metrics"][MATCHED_METRIC] = mean(2.0);
        for reference in ["mean_image", "last_frame"] {
            result["references"][reference][MATCHED_METRIC] = json!(30.0 * UNIT);
        }
        result["per_trajectory"] = json!({METRIC: list(1.0), MATCHED_METRIC: list(2.0)});
        self.add(column, seed, &result);
    }

    /// Adds a run with a `result.json` of one's own.
    fn add(&mut self, column: &'static str, seed: u64, result: &Value) {
        let run_dir = format!("{column}-{seed}");
        let folder = self.folder.path().join(&run_dir);
        write_json(&folder.join("result.json"), result);
        write_json(&folder.join("run.json"), &record(seed));
        if !self.columns.contains(&column) {
            self.columns.push(column);
        }
        self.runs
            .push(json!({"row": "spring", "column": column, "seed": seed, "run_dir": run_dir}));
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn table(&self) -> Table {
        let published = json!({"ar": 20.97, "cornn": 2.52, "nwm_2d": 5.46, "nwm_1d": 1.45});
        write_json(
            &self.path().join("plan.json"),
            &json!({
                "format": 1, "table": "table1", "preset": "quick", "reduced": true,
                "commit": "c0ffee", "rows": ["spring"], "columns": self.columns, "unit": UNIT,
                "metric": METRIC, "published": {"spring": published}, "runs": self.runs,
            }),
        );
        Table::collect(self.path()).unwrap()
    }

    fn summary(&self) -> RowSummary {
        self.table().summaries.remove(0)
    }

    /// The text of a file that is written for the table.
    fn written(&self, name: &str) -> String {
        let out = self.path().join("out");
        write_table(&self.table(), self.path(), &out, &|_| Ok(None)).unwrap();
        fs::read_to_string(out.join(name)).unwrap()
    }
}

/// Errors of 40 trajectories around a mean: those of one model, moved by `scatter` up and down.
fn errors(mean: f64, scatter: f64) -> Vec<f64> {
    let hardness = |i: u32| f64::from(i * 7 % 11) / 10.0 - 0.5;
    let own = |i: u32| if i.is_multiple_of(2) { scatter } else { -scatter };
    (0..40).map(|i| mean + hardness(i) + own(i)).collect()
}

/// nwm_1d leads by far from ar and cornn, by little from nwm_2d; one seed each.
fn four_models() -> SpringPlan {
    let mut plan = SpringPlan::new();
    plan.run("ar", 0, &errors(9.0, 0.3));
    plan.run("cornn", 0, &errors(4.0, 0.2));
    plan.run("nwm_2d", 0, &errors(2.02, 0.5));
    plan.run("nwm_1d", 0, &errors(2.0, 0.0));
    plan
}

#[test]
fn a_clear_winner_and_one_that_is_close() {
    let plan = four_models();
    let table = plan.table();
    let summary = &table.summaries[0];
    assert_eq!(summary.best.as_deref(), Some("nwm_1d"));
    assert_eq!(summary.trajectories, Some(40));
    assert!(summary.conditional_on_seed);
    assert_eq!(
        summary.sentence,
        "nwm_1d has the smallest error; distinguishable from ar, cornn; not from nwm_2d. nwm_1d was \
         picked by the errors it is compared by; paired bootstrap over test trajectories, p ≤ 0.05, \
         adjusted for 3 comparisons (Holm). Conditional on one training seed of each model."
    );
    let [ar, cornn, close] = &summary.comparisons[..] else { panic!("{summary:?}") };
    assert_eq!([&ar.column, &cornn.column, &close.column], ["ar", "cornn", "nwm_2d"]);
    assert!((ar.difference.unwrap() - 7.0).abs() < 1e-9, "{ar:?}");
    let [low, high] = ar.interval95.unwrap();
    assert!(6.8 < low && low < 7.0 && 7.0 < high && high < 7.2, "{ar:?}");
    // None of 10 000 resamples is at most 0; Holm multiplies by 3, and the second keeps that.
    let smallest = 2.0 / 10_001.0;
    for comparison in [ar, cornn] {
        assert_eq!(comparison.verdict, Verdict::Distinguishable);
        assert_eq!(comparison.p_value, Some(smallest));
        assert_eq!(comparison.adjusted_p_value, Some(3.0 * smallest));
    }
    assert_eq!(close.verdict, Verdict::NotDistinguishable);
    assert_eq!(close.p_value, close.adjusted_p_value, "the largest is as it was");
    assert!(close.p_value.unwrap() > 0.5, "{close:?}");
}

#[test]
fn the_correction_can_take_a_difference_away() {
    // A mean difference of two standard errors, p about 0.04: enough alone, not among three.
    let lead = 2.06 * 0.5 / 40.0_f64.sqrt();
    let mut plan = SpringPlan::new();
    plan.run("nwm_1d", 0, &errors(2.0, 0.0));
    plan.run("nwm_2d", 0, &errors(2.0 + lead, 0.5));
    let alone = plan.summary();
    assert_eq!(alone.comparisons[0].verdict, Verdict::Distinguishable, "{alone:?}");
    assert!(alone.sentence.contains("p ≤ 0.05, one comparison."), "{}", alone.sentence);
    plan.run("cornn", 0, &errors(2.01, 0.5));
    plan.run("ar", 0, &errors(2.02, 0.5));
    let among = plan.summary();
    assert_eq!(among.comparisons[0].p_value, alone.comparisons[0].p_value);
    let adjusted = among.comparisons[0].adjusted_p_value.unwrap();
    assert!((adjusted / alone.comparisons[0].p_value.unwrap() - 3.0).abs() < 1e-12);
    assert!(
        among.sentence.starts_with(
            "nwm_1d has the smallest error; not distinguishable from nwm_2d, cornn, ar."
        ),
        "{}",
        among.sentence
    );
}

#[test]
fn three_seeds_are_not_conditional_and_one_seed_is_named() {
    let mut plan = SpringPlan::new();
    for seed in 0..3 {
        let shift = 0.1 * seed as f64;
        plan.run("nwm_2d", seed, &errors(2.0 + shift, 0.0));
        plan.run("nwm_1d", seed, &errors(5.0 + shift, 0.0));
    }
    let several = plan.summary();
    assert!(!several.conditional_on_seed && !several.sentence.contains("Conditional"));
    assert_eq!(several.comparisons[0].verdict, Verdict::Distinguishable);
    // Differences of seeds widen what trajectories alone would leave at 3.
    let [low, high] = several.comparisons[0].interval95.unwrap();
    assert!(low < 2.95 && high > 3.05, "{several:?}");

    plan.run("ar", 0, &errors(9.0, 0.0));
    let mixed = plan.summary();
    assert!(mixed.conditional_on_seed);
    assert!(mixed.sentence.ends_with("Conditional on one training seed of ar."), "{mixed:?}");
}

#[test]
fn missing_and_other_trajectories_are_not_compared() {
    let mut plan = four_models();
    plan.add("hgn", 0, &result("hgn", 0, json!(5.0 * UNIT)));
    plan.run("ode_tr", 0, &errors(6.0, 0.0)[..30]);
    let summary = plan.summary();
    let verdicts: Vec<Verdict> = summary.comparisons.iter().map(|it| it.verdict).collect();
    assert_eq!(verdicts[3..], [Verdict::NotCompared, Verdict::NotCompared]);
    assert_eq!(summary.comparisons[4].difference, None);
    assert!(
        summary.sentence.contains(
            "not from nwm_2d. Not compared: hgn (its results have no errors by trajectory), ode_tr \
             (30 test trajectories, not 40). nwm_1d was picked"
        ),
        "{}",
        summary.sentence
    );
    // Three were compared, and three alone are corrected for.
    assert_eq!(summary.comparisons[0].adjusted_p_value, Some(3.0 * 2.0 / 10_001.0));
    let markdown = plan.written("table.md");
    assert!(markdown.contains("| 2.02 † | **2.01** | 5.00 ‡ | "), "{markdown}");

    // When the best has none, nobody is compared and nothing is conditional.
    plan.add("nwm_1d", 0, &result("nwm_1d", 0, json!(1.0 * UNIT)));
    plan.runs.pop();
    let summary = plan.summary();
    assert!(!summary.conditional_on_seed && summary.trajectories.is_none());
    assert!(
        summary.sentence.starts_with(
            "nwm_1d has the smallest error. Not compared: ar (of nwm_1d: its results have no errors"
        ),
        "{}",
        summary.sentence
    );
}

#[test]
fn a_few_trajectories_prove_nothing() {
    let mut plan = SpringPlan::new();
    plan.run("ar", 0, &errors(9.0, 0.0)[..19]);
    plan.run("nwm_1d", 0, &errors(2.0, 0.0)[..19]);
    let summary = plan.summary();
    assert_eq!(summary.comparisons[0].verdict, Verdict::NotCompared);
    assert_eq!(
        summary.sentence,
        "nwm_1d has the smallest error. Not compared: ar (19 test trajectories are too few)."
    );
}

#[test]
fn a_diverged_model_is_worse_and_never_best() {
    let mut plan = four_models();
    let mut diverged = result("hgn", 0, Value::Null);
    diverged["per_trajectory"] = json!({METRIC: [1e-9, null]});
    plan.add("hgn", 0, &diverged);
    let summary = plan.summary();
    assert_eq!(summary.best.as_deref(), Some("nwm_1d"));
    let hgn = &summary.comparisons[3];
    assert_eq!((hgn.verdict, hgn.difference, hgn.p_value), (Verdict::Diverged, None, None));
    assert!(summary.sentence.contains("not from nwm_2d. Errors not finite: hgn."), "{summary:?}");
    let json: Value = serde_json::from_str(&plan.written("table.json")).unwrap();
    let written = &json["summaries"][0]["comparisons"][3];
    assert_eq!((&written["verdict"], &written["interval95"]), (&json!("diverged"), &Value::Null));

    let mut plan = SpringPlan::new();
    plan.add("hgn", 0, &diverged);
    let alone = plan.summary();
    assert_eq!(alone.sentence, "Only hgn has results, and its errors are not finite.");
    plan.run("ar", 0, &errors(2.0, 0.0));
    let two = plan.summary();
    assert_eq!(two.best.as_deref(), Some("ar"));
    assert_eq!(two.sentence, "ar is the only one with finite errors. Errors not finite: hgn.");
    plan.runs.pop();
    diverged["model"] = json!("cornn");
    plan.add("cornn", 0, &diverged);
    assert_eq!(plan.summary().sentence, "No model has finite errors.");
    assert_eq!(plan.summary().best, None);
}

#[test]
fn a_model_alone_is_not_called_best() {
    let mut plan = SpringPlan::new();
    plan.run("nwm_1d", 0, &errors(2.0, 0.0));
    let summary = plan.summary();
    assert_eq!((summary.best, summary.sentence), (None, "Only nwm_1d has results.".to_owned()));
    // The mean image is at 8.
    plan.run("nwm_1d", 0, &errors(8.5, 0.0));
    plan.runs.pop();
    assert_eq!(
        plan.summary().sentence,
        "Only nwm_1d has results. No better than the mean image, which needs no training."
    );
}

#[test]
fn order_is_compared_with_the_published_one() {
    let plan = four_models();
    let table = plan.table();
    // Published: nwm_1d, cornn, nwm_2d, ar; here nwm_2d comes before cornn. One of six pairs differs.
    let summary = &table.summaries[0];
    assert!((summary.kendall_tau.unwrap() - 2.0 / 3.0).abs() < 1e-12, "{summary:?}");
    assert!((summary.kendall_p.unwrap() - 1.0 / 3.0).abs() < 1e-12, "{summary:?}");
    let matched = &table.matched_summaries[0];
    assert_eq!((matched.kendall_tau, matched.kendall_p), (None, None), "not published");
    let markdown = plan.written("table.md");
    assert!(markdown.contains("τ = 0.67 (exact p = 0.333; 1 is the same"), "{markdown}");

    let mut two = SpringPlan::new();
    two.run("ar", 0, &errors(9.0, 0.0));
    two.run("nwm_1d", 0, &errors(2.0, 0.0));
    assert_eq!(two.summary().kendall_tau, None, "two have no order worth a number");

    // The best of the published ones diverged: three of six pairs are turned round.
    let mut plan = SpringPlan::new();
    plan.run("ar", 0, &errors(9.0, 0.0));
    plan.run("cornn", 0, &errors(3.0, 0.0));
    plan.run("nwm_2d", 0, &errors(5.0, 0.0));
    plan.add("nwm_1d", 0, &result("nwm_1d", 0, Value::Null));
    let summary = plan.summary();
    assert_eq!((summary.kendall_tau, summary.ranked), (Some(0.0), 4));
}

#[test]
fn the_matched_horizon_has_values_and_verdicts_of_its_own() {
    let plan = four_models();
    let table = plan.table();
    let matched = table.cells[3].score(Horizon::Matched).unwrap();
    assert!((matched.mean.unwrap() - 4.0).abs() < 0.1, "{matched:?}");
    assert_eq!(matched.steps_ahead, Some([30, 89]), "three frames were seen");
    assert_eq!(table.cells[3].steps_ahead, Some([1, 2]));
    let summary = &table.matched_summaries[0];
    let planned = &table.summaries[0];
    assert_eq!(summary.best, planned.best);
    let difference = |summary: &RowSummary| summary.comparisons[0].difference.unwrap();
    assert!((difference(summary) / difference(planned) - 2.0).abs() < 1e-9);

    let markdown = plan.written("table.md");
    for expected in [
        "## Measured, matched horizon (reduced, preset quick)",
        "Steps 30 to 89 after the last true frame, for every model.",
        "- spring, matched horizon: nwm_1d has the smallest error;",
        "## Measured divided by the mean image, matched horizon",
        "| 30.00 | 30.00 |",
    ] {
        assert!(markdown.contains(expected), "{expected:?} is missing in\n{markdown}");
    }
    let page = plan.written("report.html");
    for expected in ["Measured, matched horizon", "At the matched horizon", "flatters it"] {
        assert!(page.contains(expected), "{expected:?} is missing");
    }
    let csv = plan.written("table.csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let last = reader.records().map(Result::unwrap).last().unwrap();
    let field = |name| &last[header.iter().position(|column| column == name).unwrap()];
    assert_eq!((field("verdict"), field("matched_verdict")), ("best", "best"));
    assert!((field("matched_mean").parse::<f64>().unwrap() - matched.mean.unwrap()).abs() < 1e-12);
    assert!((field("matched_mean_image").parse::<f64>().unwrap() - 30.0).abs() < 1e-9);
    assert_eq!(field("valid_time_frames"), "");
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let plan = four_models();
    for name in ["table.json", "table.csv", "table.md", "report.html"] {
        assert!(plan.written(name) == plan.written(name), "{name}");
    }
}
