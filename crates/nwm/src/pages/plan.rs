//! `plan.json`: which runs make up a table.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::{Context, Result, bail};
use nwm_data::System;
use serde::Deserialize;

use super::run_files::read_json;

/// The cells of a table, the published numbers, and the runs planned so far.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Plan {
    #[serde(default)]
    pub(super) kind: PlanKind,
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

/// What rows and columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PlanKind {
    /// Data sets, and models.
    #[default]
    Table,
    /// Places of a grid. Data set and model are those that a run names, if any.
    Sweep,
}

/// One seed of one cell.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PlannedRun {
    pub(super) row: String,
    pub(super) column: String,
    pub(super) seed: u64,
    /// The data set and the model of a run of a sweep, where the grid says them.
    #[serde(default)]
    pub(super) data: Option<String>,
    #[serde(default)]
    pub(super) model: Option<String>,
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
        let (rows, columns) = (names(&self.rows), names(&self.columns));
        let mut seen = BTreeSet::new();
        for (position, run) in self.runs.iter().enumerate() {
            if !rows.contains(run.row.as_str()) {
                bail!("runs[{position}].row: found {:?}, expected one of {:?}", run.row, self.rows);
            }
            if !columns.contains(run.column.as_str()) {
                bail!(
                    "runs[{position}].column: found {:?}, expected one of {:?}",
                    run.column,
                    self.columns
                );
            }
            if !seen.insert((&run.row, &run.column, run.seed)) {
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

    /// The planned runs by row and column, those of a cell by seed.
    pub(super) fn runs_by_cell(&self) -> BTreeMap<(&str, &str), Vec<&PlannedRun>> {
        let mut cells: BTreeMap<_, Vec<&PlannedRun>> = BTreeMap::new();
        for run in &self.runs {
            cells.entry((run.row.as_str(), run.column.as_str())).or_default().push(run);
        }
        cells.values_mut().for_each(|runs| runs.sort_by_key(|run| run.seed));
        cells
    }

    /// The data sets of all runs: the rows, or what the runs of a sweep name.
    pub(super) fn data_sets(&self) -> Vec<String> {
        match self.kind {
            PlanKind::Table => self.rows.clone(),
            PlanKind::Sweep => {
                let named = self.runs.iter().map(|run| run.data.as_deref().unwrap_or_default());
                named.collect::<BTreeSet<_>>().into_iter().map(str::to_owned).collect()
            }
        }
    }

    /// The published value of one cell, in units.
    pub(super) fn published(&self, row: &str, column: &str) -> Option<f64> {
        self.published.get(row)?.get(column).copied()
    }

    /// The published standard deviation of one cell, in units.
    pub(super) fn published_std(&self, row: &str, column: &str) -> Option<f64> {
        self.published_std.get(row)?.get(column).copied()
    }

    /// The model of a run, where the plan says it.
    pub(super) fn model_of<'a>(&'a self, run: &'a PlannedRun) -> Option<&'a str> {
        match self.kind {
            PlanKind::Table => {
                Some(self.models.get(&run.column).map_or(run.column.as_str(), String::as_str))
            }
            PlanKind::Sweep => run.model.as_deref(),
        }
    }

    /// The data set of a run, where the plan says it.
    pub(super) fn data_of<'a>(&self, run: &'a PlannedRun) -> Option<&'a str> {
        match self.kind {
            PlanKind::Table => Some(data_of_row(&run.row)),
            PlanKind::Sweep => run.data.as_deref().map(data_of_row),
        }
    }
}

fn names(names: &[String]) -> BTreeSet<&str> {
    names.iter().map(String::as_str).collect()
}

/// The data set that a row of the table, or any name of a data set, stands for.
pub(super) fn data_of_row(row: &str) -> &str {
    System::parse(row).map_or(row, |system| system.name())
}
