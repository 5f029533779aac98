//! The description of a table in data/experiments: rows, columns, presets, published numbers.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::selection::Cell;
use crate::usage::UsageError;

/// Version of the file format that this program reads.
const FORMAT: u32 = 1;

/// One table of the paper.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Experiment {
    pub(super) format: u32,
    pub(super) table: String,
    pub(super) title: String,
    /// Key of result.json that fills a cell.
    pub(super) metric: String,
    /// The unit in which the table states the metric.
    pub(super) unit: f64,
    pub(super) rows: Vec<Row>,
    pub(super) columns: Vec<Column>,
    pub(super) presets: BTreeMap<String, Preset>,
}

/// One data set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    pub(super) name: String,
    /// Name in the data suite, the value of `data.name`.
    pub(super) data: String,
    /// The printed numbers by column, in the table's unit; none if nothing was published.
    #[serde(default)]
    pub(super) published: BTreeMap<String, f64>,
    /// Their printed standard deviations over seeds, where there are any.
    #[serde(default)]
    pub(super) published_std: BTreeMap<String, f64>,
}

/// One model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Column {
    pub(super) name: String,
    /// The value of `model.name`.
    pub(super) model: String,
}

/// How much of the published training is done, and how long that takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Preset {
    /// Whether the experiment is smaller than the published one, so that its numbers must not be
    /// compared with it.
    pub(super) reduced: bool,
    pub(super) note: String,
    /// Number of cores on which `seconds` was taken.
    pub(super) cores: usize,
    /// Wall time of one run by column, in seconds, where its row says nothing else.
    pub(super) seconds: BTreeMap<String, f64>,
    /// Rows that are trained with settings of their own.
    #[serde(default)]
    pub(super) rows: BTreeMap<String, RowSettings>,
    /// Columns whose models have settings of their own, beyond those of their kind.
    #[serde(default)]
    pub(super) columns: BTreeMap<String, ColumnSettings>,
}

/// What a preset does otherwise for one row.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RowSettings {
    /// Settings laid over the preset, each as `key=value`.
    pub(super) set: Vec<String>,
    /// Time of a run in terms of the preset's.
    #[serde(default = "one")]
    pub(super) time_factor: f64,
}

fn one() -> f64 {
    1.0
}

/// What a preset does otherwise for the model of one column.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnSettings {
    /// Settings laid over the preset, each as `key=value`.
    pub(super) set: Vec<String>,
}

impl Preset {
    /// The settings of a cell: those of its column, then those of its row. Most have none.
    pub(super) fn settings(&self, row: &str, column: &str) -> Vec<String> {
        let of_column = self.columns.get(column).map(|column| &column.set);
        let of_row = self.rows.get(row).map(|row| &row.set);
        of_column.into_iter().chain(of_row).flatten().cloned().collect()
    }

    /// The wall time that a run of a cell is expected to take on `cores` cores.
    pub(super) fn expected_seconds(&self, row: &str, column: &str) -> f64 {
        let of_column = self.seconds.get(column).copied().unwrap_or(f64::NAN);
        of_column * self.rows.get(row).map_or(1.0, |row| row.time_factor)
    }
}

impl Experiment {
    /// Reads and checks data/experiments/NAME.toml.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("failed to read {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let experiment: Self = toml::from_str(text)?;
        ensure!(
            experiment.format == FORMAT,
            "format: found {}, expected {FORMAT}",
            experiment.format
        );
        for row in &experiment.rows {
            for column in experiment.columns.iter().filter(|_| !row.published.is_empty()) {
                ensure!(
                    row.published.contains_key(&column.name),
                    "rows.{}.published: no number for column {}",
                    row.name,
                    column.name
                );
            }
            for column in row.published.keys().chain(row.published_std.keys()) {
                ensure!(
                    experiment.column(column).is_some(),
                    "rows.{}.published: a number for {column}, which is no column",
                    row.name
                );
            }
        }
        for (name, preset) in &experiment.presets {
            for column in &experiment.columns {
                ensure!(
                    preset.seconds.get(&column.name).is_some_and(|seconds| *seconds > 0.0),
                    "presets.{name}.seconds: no positive time for column {}",
                    column.name
                );
            }
            for (row, settings) in &preset.rows {
                ensure!(
                    experiment.row(row).is_some() && settings.time_factor > 0.0,
                    "presets.{name}.rows.{row}: expected the name of a row and a positive time_factor"
                );
            }
            for column in preset.columns.keys() {
                ensure!(
                    experiment.column(column).is_some(),
                    "presets.{name}.columns.{column}: expected the name of a column"
                );
            }
        }
        Ok(experiment)
    }

    /// The preset of this name, or an error that lists the known ones.
    pub(super) fn preset(&self, name: &str) -> Result<&Preset, UsageError> {
        self.presets
            .get(name)
            .ok_or_else(|| UsageError::unknown("preset", name, self.presets.keys()))
    }

    /// The row of this name.
    pub(super) fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// The column of this name.
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Every cell of the table, row by row.
    pub(super) fn cells(&self) -> Vec<Cell> {
        let cell = |row: &Row, column: &Column| Cell {
            row: row.name.clone(),
            column: column.name.clone(),
        };
        self.rows
            .iter()
            .flat_map(|row| self.columns.iter().map(move |column| cell(row, column)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Experiment;
    use crate::reproduce::fixtures;

    #[test]
    fn table_1_has_thirty_cells() {
        let experiment = fixtures::table1();
        assert_eq!(experiment.cells().len(), 30);
        assert_eq!(experiment.metric, "forward_extrapolation_l2_norm");
        assert_eq!(experiment.unit, 1e-8);
    }

    #[test]
    fn published_numbers_are_those_printed() {
        let experiment = fixtures::table1();
        let published = |row, column| experiment.row(row).unwrap().published[column];
        assert_eq!(published("spring", "nwm_1d"), 1.45);
        assert_eq!(published("pendulum", "nwm_2d"), 110.9);
        assert_eq!(published("matching_pennies", "hgn"), 190.0);
        assert_eq!(published("double_pendulum", "ode_tr"), 1296.0);
    }

    #[test]
    fn table_2_has_four_cells_in_percent() {
        let experiment = fixtures::table("table2");
        let cells: Vec<_> = experiment.cells().iter().map(ToString::to_string).collect();
        assert_eq!(cells, ["smnist/cornn", "smnist/nwm", "psmnist/cornn", "psmnist/nwm"]);
        assert_eq!((experiment.metric.as_str(), experiment.unit), ("accuracy", 0.01));
        assert_eq!(experiment.column("nwm").unwrap().model, "nwm_2d");
        let psmnist = experiment.row("psmnist").unwrap();
        assert_eq!((psmnist.published["cornn"], psmnist.published["nwm"]), (95.0, 94.8));
        assert_eq!((psmnist.published_std["cornn"], psmnist.published_std["nwm"]), (2.4, 1.1));
        let smnist = experiment.row("smnist").unwrap();
        assert_eq!((smnist.published["cornn"], smnist.published["nwm"]), (99.1, 98.6));
    }

    #[test]
    fn nothing_is_published_about_the_adding_problem_of_the_wave_machine() {
        let experiment = fixtures::table("adding");
        assert_eq!((experiment.metric.as_str(), experiment.unit), ("mse", 1.0));
        assert!(experiment.rows.iter().all(|row| row.published.is_empty()));
        // Published for 100 steps and 500; a reduced table compares like with like.
        let quick = experiment.preset("quick").unwrap();
        for column in &experiment.columns {
            let settings = quick.settings("adding", &column.name);
            assert!(settings.contains(&"data.steps=100".to_owned()), "{settings:?}");
        }
    }

    #[test]
    fn only_the_paper_preset_is_not_reduced() {
        for table in ["table1", "table2", "adding"] {
            let experiment = fixtures::table(table);
            assert_eq!(experiment.table, table);
            let presets = experiment.presets.iter().map(|(name, it)| (name.as_str(), it.reduced));
            let expected = [("paper", false), ("quick", true), ("smoke", true)];
            assert_eq!(presets.collect::<Vec<_>>(), expected, "{table}");
        }
    }

    #[test]
    fn a_cell_has_the_settings_of_its_column_and_then_of_its_row() {
        let text = fixtures::TABLE1.to_owned()
            + "\n[presets.smoke.columns.hgn]\nset = [\"a=1\"]\n"
            + "[presets.smoke.rows.spring]\nset = [\"a=2\"]\ntime_factor = 3.0\n";
        let experiment = Experiment::parse(&text).unwrap();
        let smoke = experiment.preset("smoke").unwrap();
        assert_eq!(smoke.settings("spring", "hgn"), ["a=1", "a=2"]);
        assert_eq!(smoke.settings("pendulum", "hgn"), ["a=1"]);
        assert_eq!(smoke.settings("pendulum", "ar"), [""; 0]);
        assert_eq!(smoke.expected_seconds("spring", "hgn"), 15.0);
        assert_eq!(smoke.expected_seconds("pendulum", "hgn"), 5.0);
        let unknown = text.replace("smoke.columns.hgn]", "smoke.columns.hnn]");
        let message = format!("{:#}", Experiment::parse(&unknown).unwrap_err());
        assert!(message.contains("presets.smoke.columns.hnn"), "{message}");
    }

    #[test]
    fn unknown_keys_newer_formats_and_missing_numbers_are_refused() {
        let text = fixtures::TABLE1;
        let failure = |changed: String| format!("{:#}", Experiment::parse(&changed).unwrap_err());
        assert!(failure(text.replace("unit =", "units =")).contains("units"));
        assert!(failure(text.replace("format = 1", "format = 2")).contains("found 2, expected 1"));
        for changed in ["", "nwm_3d = 110.9, ", "nwm_2d = 110.9, nwm_3d = 1.0, "] {
            let message = failure(text.replace("nwm_2d = 110.9, ", changed));
            assert!(message.contains("rows.pendulum.published"), "{message}");
        }
        let message = failure(text.replace("seconds = { ar = 5, ", "seconds = { "));
        assert!(message.contains("presets.smoke.seconds"), "{message}");
        let message =
            failure(text.replace("[presets.quick.rows.pendulum]", "[presets.quick.rows.x]"));
        assert!(message.contains("presets.quick.rows.x"), "{message}");
    }

    #[test]
    fn an_unknown_preset_is_answered_with_the_nearest() {
        let message = fixtures::table1().preset("quik").unwrap_err().to_string();
        assert_eq!(message, "unknown preset `quik`; did you mean `quick`? (paper, quick, smoke)");
    }
}
