//! What several tests of this module share.

use std::path::Path;

use super::experiment::Experiment;
use super::nwm::Training;
use super::run_folder::RunState;
use super::runner::Job;

/// The checked-in description of Table 1.
pub(crate) const TABLE1: &str =
    include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../data/experiments/table1.toml"));

/// Table 1, read as the command reads it.
pub(in crate::reproduce) fn table1() -> Experiment {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/experiments/table1.toml");
    Experiment::read(&path).unwrap()
}

/// A run of this column on the spring, in this state.
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
    Job { name, column: column.to_owned(), time_factor: 1.0, training, state }
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
