//! `plan.json`: which runs make up a table.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result, bail};
use nwm_data::System;
use serde::Deserialize;

use super::run_files::read_json;

/// The cells of a table, the published numbers, and the runs planned so far.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Plan {
    pub(super) table: String,
    pub(super) preset: String,
    pub(super) reduced: bool,
    pub(super) commit: String,
    pub(super) rows: Vec<String>,
    pub(super) columns: Vec<String>,
    /// Values are printed in multiples of this.
    pub(super) unit: f64,
    /// Key of `result.json` that the table shows.
    pub(super) metric: String,
    /// The value of `model.name` of columns that have another name.
    #[serde(default)]
    pub(super) models: BTreeMap<String, String>,
    /// Published values by row and column, in units.
    #[serde(default)]
    pub(super) published: BTreeMap<String, BTreeMap<String, f64>>,
    /// Their standard deviations, where there are any.
    #[serde(default)]
    pub(super) published_std: BTreeMap<String, BTreeMap<String, f64>>,
    pub(super) runs: Vec<PlannedRun>,
}

/// One seed of one cell.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PlannedRun {
    pub(super) row: String,
    pub(super) column: String,
    pub(super) seed: u64,
    /// Relative to the folder of the plan.
    pub(super) run_dir: String,
}

impl Plan {
    /// Reads and checks `plan.json`.
    pub(super) fn read(plan_dir: &Path) -> Result<Self> {
        let path = plan_dir.join("plan.json");
        let plan: Self = read_json(&path)?.with_context(|| {
            format!("read {}: not found; cargo xtask reproduce plans a table", path.display())
        })?;
        plan.check().with_context(|| format!("read {}", path.display()))?;
        Ok(plan)
    }

    fn check(&self) -> Result<()> {
        if !(self.unit.is_finite() && self.unit > 0.0) {
            bail!("unit: found {}, expected a number above 0", self.unit);
        }
        if let Some(column) = self.models.keys().find(|column| !self.columns.contains(column)) {
            bail!("models: found {column:?}, expected one of {:?}", self.columns);
        }
        for (position, run) in self.runs.iter().enumerate() {
            if !self.rows.contains(&run.row) {
                bail!("runs[{position}].row: found {:?}, expected one of {:?}", run.row, self.rows);
            }
            if !self.columns.contains(&run.column) {
                bail!(
                    "runs[{position}].column: found {:?}, expected one of {:?}",
                    run.column,
                    self.columns
                );
            }
            let same = |other: &PlannedRun| {
                other.row == run.row && other.column == run.column && other.seed == run.seed
            };
            if self.runs[..position].iter().any(same) {
                bail!(
                    "runs[{position}]: found seed {} of {}/{} a second time, expected it once",
                    run.seed,
                    run.row,
                    run.column
                );
            }
        }
        Ok(())
    }

    /// The planned runs of one cell, by seed.
    pub(super) fn runs_of(&self, row: &str, column: &str) -> Vec<&PlannedRun> {
        let mut runs: Vec<_> =
            self.runs.iter().filter(|run| run.row == row && run.column == column).collect();
        runs.sort_by_key(|run| run.seed);
        runs
    }

    /// The published value of one cell, in units.
    pub(super) fn published(&self, row: &str, column: &str) -> Option<f64> {
        self.published.get(row)?.get(column).copied()
    }

    /// The published standard deviation of one cell, in units.
    pub(super) fn published_std(&self, row: &str, column: &str) -> Option<f64> {
        self.published_std.get(row)?.get(column).copied()
    }

    /// The name of the model of a column.
    pub(super) fn model_of<'a>(&'a self, column: &'a str) -> &'a str {
        self.models.get(column).map_or(column, String::as_str)
    }
}

/// The data set that a row of the table, or any name of a data set, stands for.
pub(super) fn data_of_row(row: &str) -> &str {
    System::parse(row).map_or(row, |system| system.name())
}
