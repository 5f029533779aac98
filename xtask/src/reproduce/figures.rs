//! The description of all figures, data/experiments/figures.toml: their runs, which they share, and presets.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use crate::runs::ProductKind;
use crate::usage::UsageError;

/// Version of the file format that this program reads.
const FORMAT: u32 = 1;

/// All figures of the paper.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figures {
    format: u32,
    /// Runs by name.
    pub(super) runs: BTreeMap<String, FigureRun>,
    pub(super) figures: Vec<Figure>,
    pub(super) presets: BTreeMap<String, FigurePreset>,
}

/// Where a run of a figure comes from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "FigureRunKeys")]
pub(super) enum FigureRun {
    /// Trained for figures: a model on a data set from a seed.
    Trained { data: String, model: String, seed: u64 },
    /// The run of a cell of a table.
    OfTable { table: String, row: String, column: String, seed: u64 },
}

/// A run as it is written: either `data` and `model`, or `table`, `row` and `column`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FigureRunKeys {
    data: Option<String>,
    model: Option<String>,
    table: Option<String>,
    row: Option<String>,
    column: Option<String>,
    #[serde(default)]
    seed: u64,
}

impl TryFrom<FigureRunKeys> for FigureRun {
    type Error = &'static str;

    fn try_from(keys: FigureRunKeys) -> Result<Self, Self::Error> {
        let FigureRunKeys { data, model, table, row, column, seed } = keys;
        match (data, model, table, row, column) {
            (Some(data), Some(model), None, None, None) => Ok(Self::Trained { data, model, seed }),
            (None, None, Some(table), Some(row), Some(column)) => {
                Ok(Self::OfTable { table, row, column, seed })
            }
            _ => Err("a run has either data and model, or table, row and column"),
        }
    }
}

/// One figure.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Figure {
    pub(super) name: String,
    pub(super) title: String,
    /// What differs from the paper's figure, in any preset.
    pub(super) note: Option<String>,
    /// Names of runs, in the order of the figure.
    pub(super) runs: Vec<String>,
    /// What is made of each of them.
    pub(super) products: Vec<ProductKind>,
}

/// How much of the published training is done, and how long that takes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FigurePreset {
    /// Whether the runs are smaller than the published ones.
    pub(super) reduced: bool,
    pub(super) note: String,
    /// Number of cores on which `seconds` was taken.
    pub(super) cores: usize,
    /// Wall time of each run that is trained for figures, with its products, in seconds.
    pub(super) seconds: BTreeMap<String, f64>,
    /// Runs that have settings of their own.
    #[serde(default)]
    runs: BTreeMap<String, RunSettings>,
}

/// What a preset does otherwise for one run.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct RunSettings {
    /// Settings laid over the preset, each as `key=value`.
    set: Vec<String>,
}

impl FigurePreset {
    /// The settings of a run. Most have none.
    pub(super) fn settings(&self, run: &str) -> Vec<String> {
        self.runs.get(run).map(|run| run.set.clone()).unwrap_or_default()
    }
}

impl Figures {
    /// Reads and checks data/experiments/figures.toml.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("failed to read {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let figures: Self = toml::from_str(text)?;
        ensure!(figures.format == FORMAT, "format: found {}, expected {FORMAT}", figures.format);
        for figure in &figures.figures {
            let name = &figure.name;
            ensure!(!figure.runs.is_empty(), "figures.{name}.runs: found none");
            for run in &figure.runs {
                ensure!(
                    figures.runs.contains_key(run),
                    "figures.{name}.runs: found {run}, expected the name of a run"
                );
            }
        }
        for (name, preset) in &figures.presets {
            for (run, source) in &figures.runs {
                let seconds = preset.seconds.get(run);
                match source {
                    FigureRun::Trained { .. } => ensure!(
                        seconds.is_some_and(|seconds| *seconds > 0.0),
                        "presets.{name}.seconds: no positive time for run {run}"
                    ),
                    FigureRun::OfTable { table, .. } => ensure!(
                        seconds.is_none(),
                        "presets.{name}.seconds: a time for {run}, whose time is in {table}.toml"
                    ),
                }
            }
            for run in preset.seconds.keys().chain(preset.runs.keys()) {
                let trained = matches!(figures.runs.get(run), Some(FigureRun::Trained { .. }));
                ensure!(
                    trained,
                    "presets.{name}: found {run}, expected a run that is trained for figures"
                );
            }
        }
        Ok(figures)
    }

    /// The figure of this name.
    pub(super) fn figure(&self, name: &str) -> Result<&Figure> {
        let figure = self.figures.iter().find(|figure| figure.name == name);
        figure.with_context(|| format!("figures.toml: no figure {name}"))
    }

    /// The run of this name.
    pub(super) fn run(&self, name: &str) -> Result<&FigureRun> {
        self.runs.get(name).with_context(|| format!("figures.toml: no run {name}"))
    }

    /// The preset of this name, or an error that lists the known ones.
    pub(super) fn preset(&self, name: &str) -> Result<&FigurePreset, UsageError> {
        self.presets
            .get(name)
            .ok_or_else(|| UsageError::unknown("preset", name, self.presets.keys()))
    }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::{FigureRun, Figures};
    use crate::flags::Target;
    use crate::reproduce::fixtures;

    #[test]
    fn every_figure_of_the_command_line_is_described() {
        let figures = fixtures::figures();
        let described: Vec<_> = figures.figures.iter().map(|figure| figure.name.as_str()).collect();
        let targets = Target::value_variants().iter().filter(|target| target.is_figure());
        assert_eq!(described, targets.map(|target| target.name()).collect::<Vec<_>>());
        assert_eq!(figures.presets.keys().collect::<Vec<_>>(), ["paper", "quick", "smoke"]);
        assert!(figures.presets.iter().all(|(name, preset)| preset.reduced == (name != "paper")));
    }

    #[test]
    fn no_run_is_described_in_vain() {
        let figures = fixtures::figures();
        for run in figures.runs.keys() {
            assert!(figures.figures.iter().any(|figure| figure.runs.contains(run)), "{run}");
        }
    }

    #[test]
    fn the_runs_of_tables_are_cells_of_tables() {
        for run in fixtures::figures().runs.values() {
            let FigureRun::OfTable { table, row, column, .. } = run else { continue };
            let table = fixtures::table(table);
            assert!(table.row(row).is_some() && table.column(column).is_some(), "{run:?}");
        }
    }

    #[test]
    fn the_published_gratings_are_seen_by_a_larger_sheet_than_digits() {
        let figures = fixtures::figures();
        let settings = |preset, run| figures.preset(preset).unwrap().settings(run);
        let published = ["model.cell.rows=72", "model.cell.columns=72"];
        assert_eq!(settings("paper", "gratings"), published);
        assert_eq!(settings("paper", "digits_0"), [""; 0]);
        assert!(settings("quick", "gratings").contains(&"model.cell.rows=36".to_owned()));
    }

    #[test]
    fn what_does_not_fit_together_is_refused_by_name() {
        let text = fixtures::FIGURES;
        let failure = |from: &str, to: &str| {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            format!("{:#}", Figures::parse(&changed).unwrap_err())
        };
        for (from, to, expected) in [
            ("format = 1", "format = 2", "found 2, expected 1"),
            ("seed = 2", "sed = 2", "sed"),
            ("row = \"spring\"\n", "", "either data and model"),
            ("[runs.rings]", "[runs.ring]", "rings"),
            ("products = [\"induce\"]", "products = [\"induced\"]", "induced"),
            ("runs = [\"rings\"]", "runs = []", "figures.fig5.runs: found none"),
            (
                "[presets.paper.runs.gratings]",
                "[presets.paper.runs.spring]",
                "presets.paper: found spring",
            ),
            ("seconds = { digits_0", "seconds = { spring = 1, digits_0", "table1.toml"),
            ("reduced = false", "reduced = false\ndevice = \"cpu\"", "device"),
        ] {
            let message = failure(from, to);
            assert!(message.contains(expected), "{from}: {message}");
        }
    }

    #[test]
    fn an_unknown_preset_is_answered_with_the_nearest() {
        let message = fixtures::figures().preset("papier").unwrap_err().to_string();
        assert!(message.contains("did you mean `paper`?"), "{message}");
    }
}
