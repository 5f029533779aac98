//! What several tests of this module share.

use std::path::Path;

use super::experiment::Experiment;
use super::figures::Figures;
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
