//! What `nwm report` and `nwm table` read: `run.json`, `result.json`, `plan.json` and `metrics.csv`. The first byte says which.
#![no_main]

mod common;
#[path = "../../crates/nwm/src/pages/plan.rs"]
#[allow(dead_code, reason = "a part of the program")]
mod plan;
#[path = "../../crates/nwm/src/pages/run_files.rs"]
#[allow(dead_code, reason = "a part of the program")]
mod run_files;
#[path = "../../crates/nwm/src/pages/training_curve.rs"]
#[allow(dead_code, reason = "a part of the program")]
mod training_curve;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, content)) = bytes.split_first() else { return };
    let names = ["run.json", "result.json", "plan.json", "metrics.csv"];
    let kind = usize::from(*kind) % names.len();
    let folder = common::empty_folder();
    std::fs::write(folder.path().join(names[kind]), content).expect("room for a file");
    let read = match kind {
        0 => run_files::RunRecord::read(folder.path()).map(|record| {
            assert!(record.device_text().starts_with(&record.device));
        }),
        1 => run_files::Evaluation::read(folder.path()).map(|result| {
            let result = result.expect("there is one");
            for (key, value) in &result.metrics {
                assert_eq!(result.metric(key, folder.path()).ok(), Some(*value));
            }
        }),
        2 => plan::Plan::read(folder.path()).map(|plan| {
            assert!(plan.unit > 0.0);
            let cells =
                plan.rows.iter().flat_map(|row| plan.columns.iter().map(move |it| (row, it)));
            let cells: std::collections::BTreeSet<_> = cells.collect();
            let runs = cells.iter().map(|(row, column)| plan.runs_of(row, column).len());
            assert_eq!(runs.sum::<usize>(), plan.runs.len());
        }),
        _ => training_curve::TrainingCurve::read(folder.path()).map(|curve| {
            if let Some(curve) = curve {
                assert_eq!(curve.step.len(), curve.loss.len());
                assert!(curve.waves.iter().all(|wave| wave.null.len() == curve.step.len()));
            }
        }),
    };
    if let Err(error) = read {
        common::check_message(&format!("{error:#}"));
    }
});
