//! plan.json of a sweep: which runs fill which cells. `nwm table` reads it.

use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Serialize, Serializer};

use super::grid::Grid;
use super::runs::{Run, Runs};
use crate::files;
use crate::runs::Training;

/// Version of the file format.
const FORMAT: u32 = 1;

/// The content of the file; field by field in docs/formats.md.
#[derive(Serialize)]
struct Plan<'a> {
    format: u32,
    kind: &'static str,
    table: &'a str,
    preset: &'a str,
    reduced: bool,
    commit: &'a str,
    rows: Vec<String>,
    columns: Vec<String>,
    unit: f64,
    metric: &'a str,
    #[serde(serialize_with = "one_by_one")]
    runs: &'a Runs<'a>,
}

#[derive(Serialize)]
struct PlannedRun {
    row: String,
    column: String,
    seed: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    run_dir: String,
}

impl PlannedRun {
    fn of(run: Run, preset: &str) -> Self {
        // Relative to the folder of the plan, which is beside that of the runs.
        let run_dir = run.folder(Path::new("..")).to_string_lossy().replace('\\', "/");
        let Run { row, column, seed, set, .. } = run;
        let training = Training { preset: preset.to_owned(), seed, set, run_dir: "".into() };
        let data = training.data().map(str::to_owned);
        let model = training.model().map(str::to_owned);
        Self { row, column, seed, data, model, run_dir }
    }
}

fn one_by_one<S: Serializer>(runs: &&Runs<'_>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(runs.iter().map(|run| PlannedRun::of(run, runs.preset_name)))
}

/// Writes the plan, run by run.
pub(super) fn write(path: &Path, grid: &Grid, runs: &Runs<'_>, commit: &str) -> Result<()> {
    let plan = Plan {
        format: FORMAT,
        kind: "sweep",
        table: &grid.name,
        preset: runs.preset_name,
        reduced: runs.preset.reduced,
        commit,
        rows: runs.rows(),
        columns: runs.columns(),
        unit: grid.unit,
        metric: &grid.metric,
        runs,
    };
    files::write_with(path, |file| {
        serde_json::to_writer_pretty(&mut *file, &plan)?;
        file.write_all(b"\n")
    })
    .with_context(|| format!("failed to plan the sweep {}", grid.name))
}
