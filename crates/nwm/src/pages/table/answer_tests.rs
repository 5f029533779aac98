//! Tables of models that answer sequences, from plans made by hand.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    super::fixtures::{record, write_json},
    Table,
    comparison::Verdict,
    write_table,
};

/// A plan with the columns of Table 2 and runs that are added to it.
struct AnswerPlan {
    folder: TempDir,
    plan: Value,
}

impl AnswerPlan {
    fn new(metric: &str, unit: f64, rows: &[&str]) -> Self {
        let plan = json!({
            "format": 1, "table": "table2", "preset": "quick", "reduced": true, "commit": "c0ffee",
            "rows": rows, "columns": ["cornn", "nwm"], "models": {"nwm": "nwm_2d"}, "unit": unit,
            "metric": metric, "runs": [],
        });
        Self { folder: tempfile::tempdir().unwrap(), plan }
    }

    /// Table 2 with its published numbers.
    fn digits() -> Self {
        let mut plan = Self::new("accuracy", 0.01, &["smnist", "psmnist"]);
        plan.plan["published"] = json!({"smnist": {"cornn": 99.1, "nwm": 98.6},
            "psmnist": {"cornn": 95.0, "nwm": 94.8}});
        plan.plan["published_std"] = json!({"smnist": {"cornn": 0.1, "nwm": 0.3},
            "psmnist": {"cornn": 2.4, "nwm": 1.1}});
        plan
    }

    /// Adds a run that answers this share of 10 000 digits right.
    fn accuracy(&mut self, row: &str, column: &str, seed: u64, accuracy: f64) {
        let half = 1.96 * (accuracy * (1.0 - accuracy) / 1e4).sqrt();
        let scores = |accuracy: f64| {
            json!({"checkpoint": {"step": 900, "configured": true, "sha256": "ab"},
                "metrics": {"accuracy": accuracy, "loss": 0.3},
                "intervals": {"accuracy": [accuracy - half, accuracy + half]}})
        };
        let mut result = scores(accuracy);
        result["confusion"] = json!(vec![vec![0; 10]; 10]);
        result["rules"] = json!({"last": scores(accuracy), "best": scores(accuracy - 0.01)});
        result["per_trajectory"] = json!({"accuracy": []});
        result["sequences"] = json!(10_000);
        let curve = "step,loss,mse,accuracy,validation\n1,2.3,,0.1,\n100,0.9,,0.7,0.25\n";
        self.run(row, column, seed, result, curve);
    }

    /// Adds a run with this mean squared error on 1000 sequences.
    fn error(&mut self, column: &str, seed: u64, error: f64) {
        let interval = json!([error * 0.9, error * 1.1]);
        let result = json!({"checkpoint": {"step": 900, "configured": true, "sha256": "ab"},
            "metrics": {"mse": error, "loss": error}, "intervals": {"mse": interval, "loss": interval},
            "confusion": null, "rules": {"last": null, "best": null},
            "per_trajectory": {"mse": []}, "sequences": 1000});
        let curve = "step,loss,mse,accuracy,validation\n1,0.5,0.5,,\n100,0.1,0.1,,0.2\n";
        self.run("adding", column, seed, result, curve);
    }

    fn run(&mut self, row: &str, column: &str, seed: u64, mut result: Value, curve: &str) {
        let (model, parameters) =
            if column == "nwm" { ("nwm_2d", 49_664) } else { (column, 134_154) };
        let run_dir = format!("{row}-{column}-seed{seed}");
        let about = json!({"format": 1, "task": "sequence", "model": model, "data": row,
            "split": "test", "preset": "quick", "seed": seed, "commit": "c0ffee", "device": "cpu",
            "parameters": parameters, "steps": 1000, "trained_steps": 1000, "seconds": 61.5});
        result.as_object_mut().unwrap().extend(about.as_object().unwrap().clone());
        let folder = self.folder.path().join(&run_dir);
        write_json(&folder.join("result.json"), &result);
        write_json(&folder.join("run.json"), &record(seed));
        fs::write(folder.join("metrics.csv"), curve).unwrap();
        let run = json!({"row": row, "column": column, "seed": seed, "run_dir": run_dir});
        self.plan["runs"].as_array_mut().unwrap().push(run);
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn table(&self) -> anyhow::Result<Table> {
        write_json(&self.path().join("plan.json"), &self.plan);
        Table::collect(self.path())
    }

    fn written(&self, name: &str) -> String {
        let (table, out) = (self.table().unwrap(), self.path().join("out"));
        write_table(&table, self.path(), &out, &|_| Ok(None)).unwrap();
        let text = fs::read_to_string(out.join("table.json")).unwrap();
        assert_eq!(serde_json::from_str::<Table>(&text).unwrap(), table);
        fs::read_to_string(out.join(name)).unwrap()
    }
}

/// cornn leads on smnist by far and on psmnist by two digits in 10 000.
fn two_rows() -> AnswerPlan {
    let mut plan = AnswerPlan::digits();
    plan.accuracy("smnist", "cornn", 0, 0.97);
    plan.accuracy("smnist", "nwm", 0, 0.95);
    plan.accuracy("psmnist", "cornn", 0, 0.9002);
    plan.accuracy("psmnist", "nwm", 0, 0.9);
    plan
}

fn assert_contains(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in\n{text}");
    }
}

#[test]
fn the_highest_accuracy_is_best_and_intervals_tell_models_apart() {
    let table = two_rows().table().unwrap();
    let [smnist, psmnist] = &table.summaries[..] else { panic!("{:?}", table.summaries) };
    assert_eq!(smnist.best.as_deref(), Some("cornn"));
    let nwm = &smnist.comparisons[0];
    assert_eq!((nwm.column.as_str(), nwm.verdict), ("nwm", Verdict::Distinguishable));
    assert!((nwm.difference.unwrap() + 2.0).abs() < 1e-9, "{nwm:?}");
    // Independent proportions: 1.96 standard errors of their difference, in percent.
    let half = 196.0 * (0.97_f64 * 0.03 / 1e4 + 0.95 * 0.05 / 1e4).sqrt();
    let [low, high] = nwm.interval95.unwrap();
    assert!((low + 2.0 + half).abs() < 1e-9 && (high + 2.0 - half).abs() < 1e-9, "{nwm:?}");
    assert_eq!((nwm.p_value, nwm.adjusted_p_value), (None, None));
    assert_eq!((smnist.trajectories, smnist.conditional_on_seed), (Some(10_000), true));
    assert_eq!(
        smnist.sentence,
        "cornn has the highest accuracy; distinguishable from nwm. Unpaired 95 % intervals of the \
         differences over test sequences: distinguishable are those that exclude 0. Conditional on one \
         training seed of each model."
    );
    assert_eq!(psmnist.best.as_deref(), Some("cornn"));
    assert_eq!(psmnist.comparisons[0].verdict, Verdict::NotDistinguishable);
    assert!(
        psmnist
            .sentence
            .starts_with("cornn has the highest accuracy; not distinguishable from nwm.")
    );
    assert!(table.matched_summaries.is_empty());
}

#[test]
fn files_have_percent_chance_parameters_rules_and_published_deviations() {
    let plan = two_rows();
    let markdown = plan.written("table.md");
    assert_contains(
        &markdown,
        &[
            "`accuracy` in percent, commit",
            "| | cornn | nwm | chance |",
            "| smnist | **97.00 (96.67 to 97.33)** | 95.00 (94.57 to 95.43) | 10.00 |",
            "| psmnist | **90.02 (89.43 to 90.61)** | 90.00 (89.41 to 90.59) † | 10.00 |",
            "Bold: the highest accuracy of its row.",
            "## At the last step (reduced, preset quick)",
            "| smnist | 97.00 | 95.00 |",
            "## At the least validation error (reduced, preset quick)",
            "| smnist | 96.00 | 94.00 |",
            "| smnist | 134\u{202f}154 | 49\u{202f}664 |",
            "| smnist | 99.1 ± 0.1 | 98.6 ± 0.3 |",
            "| psmnist | 95.0 ± 2.4 | 94.8 ± 1.1 |",
            "| run | seed | value | steps | time | commit |",
        ],
    );
    for absent in ["mean image", "matched", "divided by", "bootstrap", "error of its row"] {
        assert!(!markdown.contains(absent), "{absent:?} is in\n{markdown}");
    }

    let json: Value = serde_json::from_str(&plan.written("table.json")).unwrap();
    let cell = &json["cells"][1];
    assert_eq!((&cell["column"], &cell["published_std"]), (&json!("nwm"), &json!(0.3)));
    assert_eq!(cell["answers"]["parameters"], 49_664);
    assert_eq!(cell["answers"]["sequences"], 10_000);
    assert_eq!((&cell["inference_steps"], &cell["matched"]), (&Value::Null, &Value::Null));
    assert_eq!(cell["references"]["mean_image"]["value"], Value::Null);
    assert!((cell["references"]["no_skill"]["value"].as_f64().unwrap() - 10.0).abs() < 1e-12);

    let csv = plan.written("table.csv");
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    let field = |name| &records[1][header.iter().position(|column| column == name).unwrap()];
    assert_eq!((field("verdict"), field("published_std")), ("distinguishable", "0.3"));
    assert_eq!(
        (field("parameters"), field("sequences"), field("mean_image")),
        ("49664", "10000", "")
    );
    assert!((field("best").parse::<f64>().unwrap() - 94.0).abs() < 1e-9);
}

#[test]
fn the_page_has_learning_curves_of_every_run_and_no_forecasts() {
    let mut plan = two_rows();
    plan.accuracy("smnist", "nwm", 1, 0.952);
    let page = plan.written("report.html");
    assert_contains(
        &page,
        &[
            "Learning curves <span",
            "cornn, seed 0",
            "nwm, seed 0",
            "nwm, seed 1",
            "accuracy of training batches against",
            "accuracy of the validation set against",
            "<dt>unit</dt><dd>percent</dd>",
            "accuracy − cornn",
            "unpaired, over test sequences (10\u{202f}000)",
            "Differences in percent",
            "99.1 ± 0.1",
            "134\u{202f}154",
        ],
    );
    // Two charts for each row.
    assert_eq!(page.matches("<svg").count(), 4);
    for absent in ["mean image", "matched", "Errors and training", "reference predictors", ">p<"] {
        assert!(!page.contains(absent), "{absent:?} is there");
    }
    assert!(!page.contains("Measured minus published"), "a reduced experiment");
    plan.plan["reduced"] = json!(false);
    assert_contains(&plan.written("report.html"), &["Measured minus published", "-2.10"]);
}

#[test]
fn seeds_widen_the_interval_of_the_sequences() {
    let mut plan = AnswerPlan::digits();
    for (seed, accuracy) in [(0, 0.95), (1, 0.96), (2, 0.97)] {
        plan.accuracy("smnist", "cornn", seed, accuracy);
    }
    let table = plan.table().unwrap();
    let cell = &table.cells[0];
    let [low, high] = cell.answers.unwrap().interval95.unwrap();
    // Student's t of two degrees of freedom, times the deviation of 1 over the root of 3.
    let over_seeds = 4.302_652_73 / 3.0_f64.sqrt();
    let side = |accuracy: f64| 196.0 * (accuracy * (1.0 - accuracy) / 1e4).sqrt();
    let over_sequences = (side(0.95) + side(0.96) + side(0.97)) / 3.0;
    let half = over_seeds.hypot(over_sequences);
    assert!((low - 96.0 + half).abs() < 1e-6 && (high - 96.0 - half).abs() < 1e-6, "{low} {high}");
    assert_eq!(table.summaries[0].sentence, "Only cornn has results.");
}

#[test]
fn chance_is_not_better_than_chance() {
    let mut plan = AnswerPlan::digits();
    plan.accuracy("smnist", "cornn", 0, 0.0974);
    plan.accuracy("smnist", "nwm", 0, 0.0981);
    let sentence = &plan.table().unwrap().summaries[0].sentence;
    assert!(sentence.starts_with("nwm has the highest accuracy"), "{sentence}");
    assert!(sentence.ends_with("No better than chance, which needs no training."), "{sentence}");
}

#[test]
fn errors_of_the_adding_problem_are_set_against_the_constant_answer() {
    let mut plan = AnswerPlan::new("mse", 1.0, &["adding"]);
    plan.error("cornn", 0, 0.2);
    plan.error("nwm", 0, 2e-4);
    let table = plan.table().unwrap();
    let summary = &table.summaries[0];
    assert_eq!(summary.best.as_deref(), Some("nwm"));
    assert_eq!(summary.comparisons[0].verdict, Verdict::Distinguishable);
    let no_skill = table.cells[0].references.no_skill;
    assert_eq!(no_skill.value, Some(1.0 / 6.0));
    assert!((no_skill.ratio.unwrap() - 1.2).abs() < 1e-12);
    let markdown = plan.written("table.md");
    assert_contains(
        &markdown,
        &[
            "`mse`, commit",
            "| adding | 0.2000 (0.1800 to 0.2200) | **2.00e-4 (1.80e-4 to 2.20e-4)** | 0.1667 |",
            "## Measured divided by the constant answer (reduced, preset quick)",
            "| adding | 1.200 | 0.001 |",
            "Bold: the smallest error of its row.",
            "No numbers were published.",
        ],
    );
    assert!(!markdown.contains("At the last step"), "no rule has a score");
    let page = plan.written("report.html");
    assert_contains(
        &page,
        &["mean squared error of training batches", "No numbers were published."],
    );
    assert!(!page.contains("<dt>unit</dt>"));

    let mut bad = AnswerPlan::new("mse", 1.0, &["adding"]);
    bad.error("cornn", 0, 0.18);
    let sentence = &bad.table().unwrap().summaries[0].sentence;
    assert_eq!(
        sentence,
        "Only cornn has results. No better than the constant answer, which needs no training."
    );
}

#[test]
fn a_column_is_checked_against_the_model_that_it_stands_for() {
    let mut plan = two_rows();
    plan.plan["models"] = json!({});
    let message = format!("{:#}", plan.table().unwrap_err());
    assert!(
        message.contains("model: found nwm_2d, expected nwm as planned for smnist/nwm"),
        "{message}"
    );
    plan.plan["models"] = json!({"nmw": "nwm_2d"});
    let message = format!("{:#}", plan.table().unwrap_err());
    assert!(message.contains("models: found \"nmw\", expected one of"), "{message}");
}

#[test]
fn a_table_without_results_has_only_what_is_missing() {
    let mut plan = AnswerPlan::digits();
    plan.plan["runs"] = json!([{"row": "smnist", "column": "nwm", "seed": 0, "run_dir": "absent"}]);
    let markdown = plan.written("table.md");
    assert_contains(
        &markdown,
        &["| smnist | missing | missing | – |", "no final result of seed 0"],
    );
    assert!(!markdown.contains("## Parameters") && !markdown.contains("Verdicts"));
}

#[test]
fn the_same_plan_gives_the_same_bytes() {
    let plan = two_rows();
    for name in ["table.json", "table.csv", "table.md", "report.html"] {
        assert!(plan.written(name) == plan.written(name), "{name}");
    }
}
