//! The description of a grid: axes, seeds, presets, and what a run needs of a machine.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::axis::Axis;
use crate::engine::Resources;
use crate::usage::UsageError;

/// Version of the file format that this program reads.
const FORMAT: u32 = 1;
/// The preset where nobody names one and the file has it.
const USUAL_PRESET: &str = "quick";
/// Most runs of a grid: beyond, somebody has mistaken a number.
const MOST_RUNS: u64 = 10_000_000;

/// A grid of runs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Grid {
    format: u32,
    /// Names folders.
    pub(super) name: String,
    pub(super) title: String,
    /// Key of result.json that the table shows.
    pub(super) metric: String,
    /// The unit in which it does.
    #[serde(default = "one")]
    pub(super) unit: f64,
    pub(super) seeds: Seeds,
    /// Settings of all runs, each as `key=value`.
    #[serde(default)]
    pub(super) set: Vec<String>,
    /// The last one is across the table, the others are down.
    pub(super) axes: Vec<Axis>,
    pub(super) presets: BTreeMap<String, GridPreset>,
    #[serde(default)]
    pub(super) resources: Resources,
}

fn one() -> f64 {
    1.0
}

fn yes() -> bool {
    true
}

/// Which seeds each cell is repeated with.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) struct Seeds(pub(super) Vec<u64>);

impl TryFrom<toml::Value> for Seeds {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let seed = |value: &toml::Value| value.as_integer().and_then(|it| u64::try_from(it).ok());
        let seeds = match &value {
            toml::Value::Array(values) => values.iter().map(seed).collect(),
            _ => seed(&value).map(|count| (0..count).collect::<Vec<u64>>()),
        };
        seeds
            .filter(|seeds| !seeds.is_empty())
            .map(Self)
            .ok_or(format!("found {value}, expected how many seeds, or a list of them"))
    }
}

/// What a preset means for a grid.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GridPreset {
    /// Whether runs are smaller than published ones, which pages then say.
    #[serde(default = "yes")]
    pub(super) reduced: bool,
    #[serde(default)]
    pub(super) note: String,
    /// Wall time of one run on the cores that it needs, for the estimate before the first ones are done.
    pub(super) seconds: f64,
    /// Further settings of all runs.
    #[serde(default)]
    pub(super) set: Vec<String>,
}

impl Grid {
    /// Reads and checks a file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        Self::parse(&text).map_err(|error| {
            let problem = format!("{error:#}").trim_end().to_owned();
            UsageError::Grid { path: path.display().to_string(), problem }.into()
        })
    }

    pub(super) fn parse(text: &str) -> Result<Self> {
        let grid: Self = toml::from_str(text)?;
        ensure!(grid.format == FORMAT, "format: found {}, expected {FORMAT}", grid.format);
        let is_plain = |it: char| it.is_ascii_alphanumeric() || "_-".contains(it);
        ensure!(
            !grid.name.is_empty() && grid.name.chars().all(is_plain),
            "name: found {:?}, expected letters, digits, _ and -: it names folders",
            grid.name
        );
        ensure!(
            grid.unit.is_finite() && grid.unit > 0.0,
            "unit: found {}, expected a number above 0",
            grid.unit
        );
        ensure!(!grid.axes.is_empty(), "axes: found none, expected at least one");
        for axis in &grid.axes {
            axis.check().context("axes")?;
        }
        ensure!(!grid.presets.is_empty(), "presets: found none, expected at least one");
        for (name, preset) in &grid.presets {
            ensure!(
                preset.seconds.is_finite() && preset.seconds > 0.0,
                "presets.{name}.seconds: found {}, expected a number above 0",
                preset.seconds
            );
        }
        let of_axes = grid.axes.iter().flat_map(Axis::places).flat_map(|choice| choice.set);
        let of_presets = grid.presets.values().flat_map(|preset| preset.set.iter().cloned());
        for setting in grid.set.iter().cloned().chain(of_presets).chain(of_axes) {
            ensure!(
                setting.split_once('=').is_some_and(|(key, _)| !key.trim().is_empty()),
                "set: found {setting:?}, expected \"key=value\""
            );
        }
        grid.resources.check()?;
        let places = grid.axes.iter().map(|axis| axis.places().len() as u64);
        let runs = places.fold(grid.seeds.0.len() as u64, u64::saturating_mul);
        ensure!(runs <= MOST_RUNS, "axes: found {runs} runs, expected at most {MOST_RUNS}");
        Ok(grid)
    }

    /// The preset that is asked for, by its name.
    pub(super) fn preset(&self, asked: Option<&str>) -> Result<(&str, &GridPreset), UsageError> {
        let only = if self.presets.len() == 1 { self.presets.keys().next() } else { None };
        let name = asked.or(only.map(String::as_str)).unwrap_or(USUAL_PRESET);
        self.presets
            .get_key_value(name)
            .map(|(name, preset)| (name.as_str(), preset))
            .ok_or_else(|| UsageError::unknown("preset", name, self.presets.keys()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Grid, Seeds};
    use crate::sweep::fixtures::TEXT;

    #[test]
    fn the_grids_of_this_repository_are_read() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../data/experiments");
        let grid = Grid::read(&std::path::Path::new(folder).join("coupling.toml")).unwrap();
        assert_eq!(grid.name, "coupling");
    }

    #[test]
    fn seeds_are_counted_or_listed() {
        let seeds =
            |text: &str| Grid::parse(&TEXT.replace("seeds = 2", text)).map(|grid| grid.seeds);
        assert_eq!(seeds("seeds = 3").unwrap(), Seeds(vec![0, 1, 2]));
        assert_eq!(seeds("seeds = [7, 3]").unwrap(), Seeds(vec![7, 3]));
        for text in ["seeds = 0", "seeds = []", "seeds = -1", "seeds = [0.5]", "seeds = \"all\""] {
            let message = format!("{:#}", seeds(text).unwrap_err());
            assert!(message.contains("expected how many seeds"), "{message}");
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_key() {
        for (from, to, expected) in [
            ("format = 1", "format = 2", "format: found 2"),
            ("name = \"demo\"", "name = \"a/b\"", "name: found \"a/b\""),
            ("unit = 0.01", "unit = 0", "unit: found 0"),
            ("unit = 0.01", "uint = 0.01", "unknown field `uint`"),
            ("seconds = 5", "seconds = 0", "presets.smoke.seconds"),
            ("set = [\"data.name=", "set = [\"data.name ", "expected \"key=value\""),
            ("cores = 1", "cores = 0", "resources.cores"),
        ] {
            assert!(TEXT.contains(from), "{from}");
            let message = format!("{:#}", Grid::parse(&TEXT.replace(from, to)).unwrap_err());
            assert!(message.contains(expected), "{to}: {message}");
        }
    }

    #[test]
    fn the_preset_is_the_named_one_the_usual_one_or_the_only_one() {
        let grid = Grid::parse(TEXT).unwrap();
        assert_eq!(grid.preset(None).unwrap().0, "smoke");
        let two = Grid::parse(&format!("{TEXT}\n[presets.quick]\nseconds = 60\n")).unwrap();
        assert_eq!(two.preset(None).unwrap().0, "quick");
        assert_eq!(two.preset(Some("smoke")).unwrap().0, "smoke");
        let message = two.preset(Some("smok")).unwrap_err().to_string();
        assert!(message.contains("did you mean `smoke`?"), "{message}");
    }
}
