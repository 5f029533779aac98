//! What several tests of this module share.

use std::path::Path;

use super::arguments::Training;
use super::experiment::Experiment;
use super::figures::Figures;
use super::job::Job;
use super::run_folder::RunState;
use super::table;
use super::work::Start;

/// The checked-in description of Table 1.
pub(crate) const TABLE1: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/experiments/table1.toml"));

/// Table 1, read as the command reads it.
pub(in crate::reproduce) fn table1() -> Experiment {
    table("table1")
}

/// A table, read as the command reads it.
pub(in crate::reproduce) fn table(name: &str) -> Experiment {
    table::read(&start("quick"), name).unwrap()
}

/// The checked-in description of the figures.
pub(crate) const FIGURES: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/experiments/figures.toml"));

/// The figures, read as the command reads them.
pub(in crate::reproduce) fn figures() -> Figures {
    Figures::read(&start("quick").experiments.join("figures.toml")).unwrap()
}

/// A start with the checked-in descriptions, and with folders that are not there.
pub(in crate::reproduce) fn start(preset: &str) -> Start {
    Start {
        experiments: Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/experiments"),
        runs: "no runs".into(),
        reports: "no reports".into(),
        preset: preset.to_owned(),
        commit: "c0ffee".to_owned(),
        seeds: 1,
        only: None,
    }
}

/// A run of this column on the spring, in this state, that should take 100 seconds.
pub(in crate::reproduce) fn job(column: &str, state: RunState) -> Job {
    let name = format!("spring-{column}-seed0");
    let training = Training {
        preset: "quick".to_owned(),
        data: "mass_spring".to_owned(),
        model: column.to_owned(),
        seed: 0,
        set: Vec::new(),
        run_dir: name.clone().into(),
    };
    let kind = column.to_owned();
    Job { name, kind, expected_seconds: 100.0, training, state, products: Vec::new() }
}

/// The result.json of a finished run, cut to what is read here.
pub(in crate::reproduce) fn result_json(data: &str, model: &str, seed: u64) -> String {
    format!(
        r#"{{"format":1,"model":"{model}","data":"{data}","preset":"quick","seed":{seed},"commit":"c0ffee","seconds":120.0,"metrics":{{}}}}"#
    )
}

/// A stand-in for the `nwm` program: a shell script that says what it does.
#[cfg(unix)]
pub(in crate::reproduce) fn stand_in() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/nwm")
}
