//! Tables from small run folders, written and read back.

use std::{fs, path::Path};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    super::{
        ForecastSamples,
        fixtures::{
            METRIC, record, result, three_seeds, tiny_samples, write_json, write_plan, write_run,
        },
    },
    Table,
    comparison::RowSummary,
    write_table,
};

fn no_samples(_: &Path) -> anyhow::Result<Option<ForecastSamples>> {
    Ok(None)
}

/// What `table.json` says after a trip through the file.
fn written(folder: &TempDir) -> Value {
    let table = Table::collect(folder.path()).unwrap();
    write_table(&table, folder.path(), &folder.path().join("out"), &no_samples).unwrap();
    let text = fs::read_to_string(folder.path().join("out/table.json")).unwrap();
    assert_eq!(serde_json::from_str::<Table>(&text).unwrap(), table);
    serde_json::from_str(&text).unwrap()
}

fn assert_close(found: &Value, expected: f64) {
    let found = found.as_f64().unwrap();
    assert!((found / expected - 1.0).abs() < 1e-7, "{found} != {expected}");
}

#[test]
fn json_has_statistics_references_and_status() {
    let table = written(&three_seeds());
    for (key, value) in [
        ("format", json!(1)),
        ("table", json!("table1")),
        ("preset", json!("quick")),
        ("reduced", json!(true)),
        ("commit", json!("c0ffee")),
        ("device", json!("cpu")),
        ("unit", json!("1e-8")),
    ] {
        assert_eq!(table[key], value, "{key}");
    }
    assert_eq!(table["cells"].as_array().unwrap().len(), 4);

    let cell = &table["cells"][1];
    assert_eq!((&cell["row"], &cell["column"]), (&json!("spring"), &json!("nwm_1d")));
    assert_eq!(cell["published"], 1.45);
    assert_eq!(cell["status"], "done");
    // 1, 2, 6: mean 3, standard deviation sqrt(7), t(2) = 4.30265273.
    assert_close(&cell["mean"], 3.0);
    assert_close(&cell["std"], 7.0_f64.sqrt());
    let half_width = 4.302_652_73 * (7.0_f64 / 3.0).sqrt();
    assert_close(&cell["ci95"][0], 3.0 - half_width);
    assert_close(&cell["ci95"][1], 3.0 + half_width);
    let seeds = cell["seeds"].as_array().unwrap();
    assert_eq!(
        seeds.iter().map(|seed| seed["seed"].as_u64().unwrap()).collect::<Vec<_>>(),
        [0, 1, 2]
    );
    assert_close(&seeds[2]["value"], 6.0);
    assert_eq!(seeds[2]["steps"], 1000);
    assert_eq!(seeds[2]["run_dir"], "spring-nwm_1d-seed2");
    assert_close(&cell["references"]["mean_image"]["value"], 8.0);
    assert_close(&cell["references"]["mean_image"]["ratio"], 3.0 / 8.0);
    assert_close(&cell["references"]["last_frame"]["ratio"], 3.0 / 16.0);

    let unplanned = &table["cells"][0];
    assert_eq!((&unplanned["status"], &unplanned["mean"]), (&json!("missing"), &Value::Null));
    let absent = &table["cells"][3];
    assert_eq!((&absent["status"], &absent["missing_seeds"]), (&json!("missing"), &json!([0])));
}

#[test]
fn one_seed_has_no_spread_and_a_lost_seed_makes_a_cell_partial() {
    let folder = three_seeds();
    fs::remove_file(folder.path().join("spring-nwm_1d-seed1/result.json")).unwrap();
    fs::remove_file(folder.path().join("spring-nwm_1d-seed2/result.json")).unwrap();
    let cell = &written(&folder)["cells"][1];
    assert_eq!((&cell["status"], &cell["missing_seeds"]), (&json!("partial"), &json!([1, 2])));
    assert_close(&cell["mean"], 1.0);
    assert_eq!((&cell["std"], &cell["ci95"]), (&Value::Null, &Value::Null));
}

#[test]
fn a_result_that_is_not_the_run_s_last_is_none() {
    let folder = three_seeds();
    let file =
        |seed: u64, name: &str| folder.path().join(format!("spring-nwm_1d-seed{seed}/{name}"));
    // One run was looked at and then went on, one failed, one was scored at an early checkpoint.
    let mut early = result("nwm_1d", 0, json!(1e-8));
    early["trained_steps"] = json!(900);
    write_json(&file(0, "result.json"), &early);
    let mut failed = record(1);
    failed["status"] = json!("failed");
    write_json(&file(1, "run.json"), &failed);
    let mut named = result("nwm_1d", 2, json!(1e-8));
    named["checkpoint"]["configured"] = json!(false);
    write_json(&file(2, "result.json"), &named);
    let cell = &written(&folder)["cells"][1];
    assert_eq!((&cell["status"], &cell["missing_seeds"]), (&json!("missing"), &json!([0, 1, 2])));
}

#[test]
fn a_value_that_is_not_finite_has_no_mean() {
    let folder = three_seeds();
    write_run(&folder.path().join("spring-nwm_1d-seed1"), 1, Value::Null);
    let cell = &written(&folder)["cells"][1];
    assert_eq!((&cell["status"], &cell["mean"]), (&json!("done"), &Value::Null));
    assert_eq!(cell["seeds"][1]["value"], Value::Null);
    let markdown = fs::read_to_string(folder.path().join("out/table.md")).unwrap();
    assert!(markdown.contains("| spring | missing | not finite |"), "{markdown}");
}

#[test]
fn csv_and_markdown_say_the_same() {
    let folder = three_seeds();
    written(&folder);
    let text = fs::read_to_string(folder.path().join("out/table.csv")).unwrap();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().unwrap().clone();
    let records: Vec<_> = reader.records().map(Result::unwrap).collect();
    let field = |record: usize, name: &str| {
        records[record].get(header.iter().position(|column| column == name).unwrap()).unwrap()
    };
    assert_eq!(records.len(), 4);
    assert_close(&json!(field(1, "mean").parse::<f64>().unwrap()), 3.0);
    assert_eq!((field(1, "status"), field(1, "reduced"), field(1, "seeds")), ("done", "true", "3"));
    assert_eq!((field(0, "status"), field(0, "mean")), ("missing", ""));
    assert_eq!(field(0, "published_full_size_training"), "20.97");

    let markdown = fs::read_to_string(folder.path().join("out/table.md")).unwrap();
    for expected in [
        "# table1 (reduced, preset quick)",
        "## Measured, horizon as published (reduced, preset quick)",
        "| spring | missing | 3.00 ± 6.57 | 8.00 | 16.00 |",
        "## Published (full-size training)",
        "not compared",
        "| spring | 20.97 | 1.45 |",
        "- spring, not planned: ar",
        "- pendulum/nwm_1d: missing, no final result of seed 0",
    ] {
        assert!(markdown.contains(expected), "{expected:?} is missing in\n{markdown}");
    }
}

#[test]
fn the_report_labels_reduced_numbers_and_shows_pictures() {
    let folder = three_seeds();
    let table = Table::collect(folder.path()).unwrap();
    let out = folder.path().join("reports/table1");
    write_table(&table, folder.path(), &out, &|_| Ok(Some(tiny_samples(5)))).unwrap();
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert_eq!(page.matches("data:image/gif;base64,R0lGOD").count(), 1, "one cell has results");
    assert_eq!(page.matches("<svg").count(), 2, "errors and losses of one row");
    assert_eq!(page.matches("<figure class=\"player\"").count(), 1);
    assert_eq!(page.matches("<script>").count(), 1);
    assert!(page.contains("<a href=\"#row-spring\">spring</a>"));
    assert!(page.contains("<section id=\"row-spring\">"));
    assert!(!page.contains("row-pendulum"), "a row without results has no section");
    for heading in page.split("<h2>").skip(1).chain(page.split("<h3>").skip(1)) {
        let heading = heading.split("</h").next().unwrap();
        let is_labelled = heading.contains("reduced, preset quick");
        assert!(is_labelled || heading == "Published (full-size training)", "{heading}");
    }
    assert!(page.contains("Reduced experiment (preset quick)"));
    assert!(page.contains(
        "Measured, horizon as published <span class=\"label\">reduced, preset quick</span>"
    ));
    assert!(page.contains("<h2>Published (full-size training)</h2>"));
    assert!(page.contains("are not compared with the reduced numbers above"));
    assert!(!page.contains("divided by published"));
    assert!(page.contains("pendulum/nwm_1d: missing, no final result of seed 0"));
    for address in ["http://", "https://", "<link", "url(", "@import"] {
        assert!(!page.replace("http://www.w3.org/2000/svg", "").contains(address), "{address}");
    }
}

#[test]
fn summaries_mark_cells_and_stand_in_their_row() {
    let folder = three_seeds();
    let mut table = Table::collect(folder.path()).unwrap();
    table.summaries = vec![RowSummary {
        row: "spring".to_owned(),
        best: Some("nwm_1d".to_owned()),
        comparisons: Vec::new(),
        trajectories: None,
        conditional_on_seed: false,
        kendall_tau: None,
        kendall_p: None,
        ranked: 0,
        sentence: "nwm_1d is alone.".to_owned(),
    }];
    let out = folder.path().join("out");
    write_table(&table, folder.path(), &out, &no_samples).unwrap();
    let page = fs::read_to_string(out.join("report.html")).unwrap();
    assert!(page.contains("<td class=\"number best\">3.00<br>"));
    assert!(page.contains("<p>nwm_1d is alone.</p>"));
    assert!(!page.contains("<script>"), "nothing to play");
    let text = fs::read_to_string(out.join("table.json")).unwrap();
    assert_eq!(serde_json::from_str::<Table>(&text).unwrap(), table);
    let markdown = fs::read_to_string(out.join("table.md")).unwrap();
    assert!(markdown.contains("- spring: nwm_1d is alone."), "{markdown}");
    // Tables of earlier versions have less.
    let mut earlier: Value = serde_json::from_str(&text).unwrap();
    for key in ["summaries", "matched_summaries", "horizon"] {
        earlier.as_object_mut().unwrap().remove(key);
    }
    for cell in earlier["cells"].as_array_mut().unwrap() {
        for key in ["matched", "measures", "steps_ahead"] {
            cell.as_object_mut().unwrap().remove(key);
        }
    }
    assert!(serde_json::from_value::<Table>(earlier).unwrap().summaries.is_empty());
}

#[test]
fn only_full_size_numbers_are_compared_with_published_ones() {
    let folder = three_seeds();
    write_plan(folder.path(), &[0, 1, 2], false);
    written(&folder);
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(page.contains("Measured divided by published"));
    assert!(!page.contains("class=\"label\"") && !page.contains("Reduced experiment"));
}

#[test]
fn broken_and_foreign_files_are_named() {
    let folder = three_seeds();
    let result = folder.path().join("spring-nwm_1d-seed1/result.json");
    let message = || format!("{:#}", Table::collect(folder.path()).unwrap_err());

    fs::write(&result, "{\"format\":1,\"model\":\"nwm").unwrap();
    assert!(message().contains("seed1/result.json: broken; delete the file"), "{}", message());
    fs::write(&result, "{\"format\":7}").unwrap();
    assert!(message().contains("found format 7, expected 1"), "{}", message());

    write_run(&folder.path().join("spring-nwm_1d-seed1"), 5, json!(1e-8));
    assert!(
        message().contains("seed: found 5, expected 1 as planned for spring/nwm_1d"),
        "{}",
        message()
    );

    let plan = folder.path().join("plan.json");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text.replace("\"row\":\"pendulum\"", "\"row\":\"pendulums\"")).unwrap();
    assert!(message().contains("runs[3].row: found \"pendulums\""), "{}", message());
    write_run(&folder.path().join("spring-nwm_1d-seed1"), 1, json!(1e-8));
    fs::write(&plan, text.replace(METRIC, "valid_prediction_time")).unwrap();
    assert!(message().contains("expected valid_prediction_time; run nwm eval"), "{}", message());
    fs::remove_file(&plan).unwrap();
    assert!(message().contains("plan.json: not found"), "{}", message());
}
