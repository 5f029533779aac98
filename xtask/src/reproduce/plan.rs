//! plan.json: which runs fill which cells of a table. `nwm table` reads it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::experiment::{Experiment, Row};
use super::selection::Cell;

/// Version of the file format, written and read.
const FORMAT: u32 = 1;

/// The content of plan.json; field by field in docs/formats.md.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Plan {
    pub(super) format: u32,
    pub(super) table: String,
    pub(super) preset: String,
    pub(super) reduced: bool,
    pub(super) commit: String,
    pub(super) rows: Vec<String>,
    pub(super) columns: Vec<String>,
    pub(super) unit: f64,
    pub(super) metric: String,
    /// The value of `model.name` of columns that have another name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) models: BTreeMap<String, String>,
    /// Published numbers by row and column.
    #[serde(default)]
    pub(super) published: BTreeMap<String, BTreeMap<String, f64>>,
    /// Their standard deviations, where there are any.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) published_std: BTreeMap<String, BTreeMap<String, f64>>,
    pub(super) runs: Vec<PlannedRun>,
}

/// One run: a model trained on a data set from a seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlannedRun {
    pub(super) row: String,
    pub(super) column: String,
    pub(super) seed: u64,
    /// Relative to the folder of plan.json.
    pub(super) run_dir: String,
}

impl PlannedRun {
    /// The run of this cell and seed, in the folder named after both.
    pub(super) fn new(row: &str, column: &str, seed: u64) -> Self {
        Self {
            row: row.to_owned(),
            column: column.to_owned(),
            seed,
            run_dir: format!("{row}-{column}-seed{seed}"),
        }
    }
}

impl Plan {
    /// A plan for these cells with the seeds 0..`seeds`.
    pub(super) fn new(
        experiment: &Experiment,
        preset: &str,
        reduced: bool,
        commit: &str,
        cells: &[Cell],
        seeds: u64,
    ) -> Self {
        let runs = cells
            .iter()
            .flat_map(|cell| (0..seeds).map(|seed| PlannedRun::new(&cell.row, &cell.column, seed)));
        Self {
            format: FORMAT,
            table: experiment.table.clone(),
            preset: preset.to_owned(),
            reduced,
            commit: commit.to_owned(),
            rows: experiment.rows.iter().map(|row| row.name.clone()).collect(),
            columns: experiment.columns.iter().map(|column| column.name.clone()).collect(),
            unit: experiment.unit,
            metric: experiment.metric.clone(),
            models: experiment
                .columns
                .iter()
                .filter(|column| column.model != column.name)
                .map(|column| (column.name.clone(), column.model.clone()))
                .collect(),
            published: by_row(experiment, |row| &row.published),
            published_std: by_row(experiment, |row| &row.published_std),
            runs: runs.collect(),
        }
    }

    /// Reads the plan of an earlier start; `None` if there is none.
    pub(super) fn read(path: &Path) -> Result<Option<Self>> {
        #[derive(Deserialize)]
        struct Header {
            format: u32,
        }
        let advice = "move it away and run again";
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("failed to read {}", path.display()));
            }
        };
        let context = || format!("failed to read {}; {advice}", path.display());
        // The version first: a newer file may have other fields.
        let header: Header = serde_json::from_str(&text).with_context(context)?;
        ensure!(
            header.format == FORMAT,
            "failed to read {}: format: found {}, expected {FORMAT}; {advice}",
            path.display(),
            header.format
        );
        serde_json::from_str(&text).map(Some).with_context(context)
    }

    /// Adds the runs of an earlier plan, so that planning a part does not lose the rest, and sorts
    /// them in the table's order.
    pub(super) fn merge(mut self, earlier: Option<Self>) -> Result<Self> {
        if let Some(earlier) = earlier {
            ensure!(
                (&earlier.table, &earlier.preset) == (&self.table, &self.preset),
                "the earlier plan is for {} {}, not for {} {}; use another --runs folder",
                earlier.table,
                earlier.preset,
                self.table,
                self.preset
            );
            self.runs.extend(earlier.runs);
        }
        let place = |names: &[String], name: &str| {
            names.iter().position(|known| known == name).unwrap_or(names.len())
        };
        let (rows, columns) = (self.rows.clone(), self.columns.clone());
        // Stable, so that of two entries for one seed the new one stays.
        self.runs
            .sort_by_key(|run| (place(&rows, &run.row), place(&columns, &run.column), run.seed));
        self.runs.dedup_by(|later, kept| {
            (&later.row, &later.column, later.seed) == (&kept.row, &kept.column, kept.seed)
        });
        Ok(self)
    }

    /// The text of the file.
    pub(super) fn to_json(&self) -> Result<String> {
        let text =
            serde_json::to_string_pretty(self).context("failed to write the plan as JSON")?;
        Ok(text + "\n")
    }
}

/// Numbers of the rows that have any.
fn by_row(
    experiment: &Experiment,
    numbers: impl Fn(&Row) -> &BTreeMap<String, f64>,
) -> BTreeMap<String, BTreeMap<String, f64>> {
    let of = |row: &Row| (row.name.clone(), numbers(row).clone());
    experiment.rows.iter().map(of).filter(|(_, numbers)| !numbers.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Plan, PlannedRun};
    use crate::reproduce::fixtures;
    use crate::reproduce::selection::select;

    fn plan(only: &str, seeds: u64) -> Plan {
        let experiment = fixtures::table1();
        let cells = select(&experiment, Some(only)).unwrap();
        Plan::new(&experiment, "quick", true, "c0ffee", &cells, seeds)
    }

    fn folders(plan: &Plan) -> Vec<&str> {
        plan.runs.iter().map(|run| run.run_dir.as_str()).collect()
    }

    #[test]
    fn a_part_planned_later_keeps_the_rest() {
        let both = plan("spring/nwm_1d", 2).merge(Some(plan("pendulum/ar,spring/ar", 1))).unwrap();
        assert_eq!(
            folders(&both),
            ["spring-ar-seed0", "spring-nwm_1d-seed0", "spring-nwm_1d-seed1", "pendulum-ar-seed0"]
        );
    }

    #[test]
    fn planning_twice_changes_nothing() {
        let once = plan("spring", 2).merge(None).unwrap();
        let twice = plan("spring", 2).merge(Some(once.clone())).unwrap();
        assert_eq!(once, twice);
    }

    #[test]
    fn fewer_seeds_later_keep_the_earlier_ones() {
        let merged = plan("spring/ar", 1).merge(Some(plan("spring/ar", 3))).unwrap();
        assert_eq!(merged.runs.len(), 3);
    }

    #[test]
    fn one_seed_of_a_cell_is_planned_once_even_if_its_folder_was_renamed() {
        let mut earlier = plan("spring/ar", 1);
        earlier.runs[0].run_dir = "elsewhere".to_owned();
        let merged = plan("spring/ar", 1).merge(Some(earlier)).unwrap();
        assert_eq!(folders(&merged), ["spring-ar-seed0"]);
    }

    #[test]
    fn a_plan_for_another_preset_is_not_merged() {
        let mut other = plan("spring/ar", 1);
        other.preset = "smoke".to_owned();
        let message = plan("spring/ar", 1).merge(Some(other)).unwrap_err().to_string();
        assert!(message.contains("table1 smoke, not for table1 quick"), "{message}");
    }

    #[test]
    fn a_written_plan_has_the_documented_fields_and_reads_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        let plan = plan("spring/nwm_1d", 1);
        std::fs::write(&path, plan.to_json().unwrap()).unwrap();
        assert_eq!(Plan::read(&path).unwrap(), Some(plan.clone()));

        let value: serde_json::Value = serde_json::from_str(&plan.to_json().unwrap()).unwrap();
        assert_eq!(value["format"], 1);
        assert_eq!(value["table"], "table1");
        assert_eq!(value["reduced"], true);
        assert_eq!(value["unit"], 1e-8);
        assert_eq!(value["published"]["spring"]["ar"], 20.97);
        assert_eq!(value["rows"][4], "double_pendulum");
        assert_eq!(
            value["runs"][0],
            serde_json::json!({"row": "spring", "column": "nwm_1d", "seed": 0,
                "run_dir": "spring-nwm_1d-seed0"})
        );
        for absent in ["models", "published_std"] {
            assert_eq!(value.get(absent), None);
        }
    }

    #[test]
    fn models_with_another_name_and_deviations_are_in_the_plan() {
        let experiment = fixtures::table("table2");
        let plan = Plan::new(&experiment, "quick", true, "c0ffee", &experiment.cells(), 1);
        let value: serde_json::Value = serde_json::from_str(&plan.to_json().unwrap()).unwrap();
        assert_eq!(value["models"], serde_json::json!({"nwm": "nwm_2d"}));
        assert_eq!(value["published_std"]["psmnist"]["cornn"], 2.4);
    }

    #[test]
    fn what_is_not_published_is_not_in_the_plan() {
        let experiment = fixtures::table("adding");
        let plan = Plan::new(&experiment, "quick", true, "c0ffee", &experiment.cells(), 1);
        assert!(plan.published.is_empty());
    }

    #[test]
    fn a_missing_plan_is_none_and_a_broken_or_newer_one_an_error_that_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        assert_eq!(Plan::read(&path).unwrap(), None);
        for (text, expected) in
            [("{\"format\":1", "failed to read"), ("{\"format\":2}", "found 2, expected 1")]
        {
            std::fs::write(&path, text).unwrap();
            let message = format!("{:#}", Plan::read(&path).unwrap_err());
            assert!(message.contains("plan.json") && message.contains(expected), "{message}");
        }
    }

    #[test]
    fn run_folders_are_named_after_cell_and_seed() {
        assert_eq!(PlannedRun::new("two_body", "ode_tr", 7).run_dir, "two_body-ode_tr-seed7");
    }
}
