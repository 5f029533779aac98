//! The runs of a grid, one after the other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::axis::{Axis, Choice};
use super::grid::{Grid, GridPreset};
use super::task_id::{self, task_id};
use crate::runs::{Job, Training, run_folder};

/// Folder of the runs of all sweeps, beside those of their plans.
const TASKS: &str = "tasks";

/// A grid with a preset, and the places of its axes.
pub(super) struct Runs<'a> {
    grid: &'a Grid,
    pub(super) preset_name: &'a str,
    pub(super) preset: &'a GridPreset,
    /// Settings of all runs, in normal form, as all settings here.
    set: Vec<String>,
    places: Vec<Vec<Choice>>,
}

/// One run: a seed of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) row: String,
    pub(super) column: String,
    pub(super) seed: u64,
    pub(super) set: Vec<String>,
    pub(super) id: String,
}

impl<'a> Runs<'a> {
    pub(super) fn of(grid: &'a Grid, preset_name: &'a str, preset: &'a GridPreset) -> Self {
        let normal =
            |set: Vec<String>| set.iter().map(|setting| task_id::normal(setting)).collect();
        let places = |axis: &Axis| {
            let places = axis.places().into_iter();
            places.map(|Choice { name, set }| Choice { name, set: normal(set) }).collect()
        };
        let set = grid.set.iter().chain(&preset.set).cloned().collect();
        Self {
            grid,
            preset_name,
            preset,
            set: normal(set),
            places: grid.axes.iter().map(places).collect(),
        }
    }

    fn cells(&self) -> usize {
        self.places.iter().map(Vec::len).product()
    }

    /// The rows of the table: the places of all axes but the last, the last of them varying fastest; the name of the
    /// grid if there is only one axis.
    pub(super) fn rows(&self) -> Vec<String> {
        let columns = self.columns().len();
        (0..self.cells() / columns).map(|row| self.row(&self.place(row * columns))).collect()
    }

    /// The columns: the places of the last axis.
    pub(super) fn columns(&self) -> Vec<String> {
        let last = self.places.last().map(Vec::as_slice).unwrap_or_default();
        last.iter().map(|choice| choice.name.clone()).collect()
    }

    /// All runs: row by row, in a row column by column, in a cell seed by seed.
    pub(super) fn iter(&self) -> impl Iterator<Item = Run> {
        (0..self.cells()).flat_map(move |cell| {
            let place = self.place(cell);
            let (row, set) = (self.row(&place), self.set(&place));
            let column = place.last().map(|choice| choice.name.clone()).unwrap_or_default();
            self.grid.seeds.0.iter().map(move |seed| Run {
                row: row.clone(),
                column: column.clone(),
                seed: *seed,
                id: task_id(self.preset_name, &set, *seed),
                set: set.clone(),
            })
        })
    }

    /// The choices of a cell, axis by axis.
    fn place(&self, cell: usize) -> Vec<&Choice> {
        let mut rest = cell;
        let mut choices: Vec<&Choice> = self
            .places
            .iter()
            .rev()
            .map(|places| {
                let choice = &places[rest % places.len()];
                rest /= places.len();
                choice
            })
            .collect();
        choices.reverse();
        choices
    }

    fn row(&self, place: &[&Choice]) -> String {
        let down = place.len().saturating_sub(1);
        let named = self.grid.axes.iter().zip(place).take(down);
        let names: Vec<String> =
            named.map(|(axis, choice)| format!("{} {}", axis.name(), choice.name)).collect();
        if names.is_empty() { self.grid.name.clone() } else { names.join(", ") }
    }

    /// What is more particular counts: a setting of an axis over one of the preset over one of the grid.
    fn set(&self, place: &[&Choice]) -> Vec<String> {
        let of_axes = place.iter().flat_map(|choice| &choice.set);
        self.set.iter().chain(of_axes).cloned().collect()
    }

    /// The jobs of all runs, as they are found in the folder of sweeps. Of runs that several cells share, each is there once.
    pub(super) fn jobs(&self, sweeps: &Path) -> Vec<Job> {
        let mut seen = BTreeSet::new();
        let once = self.iter().filter(|run| seen.insert(run.id.clone()));
        once.map(|run| self.job(&run, sweeps)).collect()
    }

    fn job(&self, run: &Run, sweeps: &Path) -> Job {
        let run_dir = run.folder(sweeps);
        Job {
            name: run.name(),
            kind: String::new(),
            expected_seconds: self.preset.seconds,
            state: run_folder::state(&run_dir),
            training: Training {
                preset: self.preset_name.to_owned(),
                seed: run.seed,
                set: run.set.clone(),
                run_dir,
            },
            products: Vec::new(),
        }
    }
}

impl Run {
    /// The folder of the run within the folder of sweeps: in 256 groups, since folders of a hundred thousand are slow on
    /// many file systems.
    pub(super) fn folder(&self, sweeps: &Path) -> PathBuf {
        sweeps.join(TASKS).join(&self.id[..2]).join(&self.id)
    }

    /// What it is, for people.
    pub(super) fn name(&self) -> String {
        format!("{} / {}, seed {}", self.row, self.column, self.seed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::Runs;
    use crate::sweep::fixtures::TEXT;
    use crate::sweep::grid::Grid;

    #[test]
    fn a_grid_is_walked_row_by_row_with_all_its_settings() {
        let grid = Grid::parse(TEXT).unwrap();
        let (name, preset) = grid.preset(None).unwrap();
        let runs = Runs::of(&grid, name, preset);
        assert_eq!(runs.rows(), ["drive_coupling 0.5", "drive_coupling 1.0"]);
        assert_eq!(runs.columns(), ["sheet", "rings"]);
        let all: Vec<_> = runs.iter().collect();
        assert_eq!(all.len(), 8);
        let names: Vec<String> = all.iter().map(super::Run::name).collect();
        assert_eq!(names[0], "drive_coupling 0.5 / sheet, seed 0");
        assert_eq!(names[3], "drive_coupling 0.5 / rings, seed 1");
        assert_eq!(names[4], "drive_coupling 1.0 / sheet, seed 0");
        assert_eq!(
            all[2].set,
            [
                "data.name=\"smnist\"",
                "train.steps=7",
                "model.cell.drive_coupling=0.5",
                "model.name=\"nwm_1d\"",
                "model.cell.rows=4"
            ]
        );
        assert_eq!(all.iter().map(|run| &run.id).collect::<BTreeSet<_>>().len(), 8);
    }

    #[test]
    fn a_grid_that_grows_keeps_its_runs() {
        let ids = |text: &str| {
            let grid = Grid::parse(text).unwrap();
            let (name, preset) = grid.preset(None).unwrap();
            Runs::of(&grid, name, preset).iter().map(|run| run.id).collect::<BTreeSet<_>>()
        };
        let grown =
            TEXT.replace("[0.5, 1.0]", "[0.25, 0.5, 1.0]").replace("seeds = 2", "seeds = 3");
        assert!(ids(&grown).is_superset(&ids(TEXT)));
        assert_eq!(ids(&grown).len(), 18);
    }

    #[test]
    fn one_axis_is_one_row() {
        let from = TEXT.find("[[axes]]\nkey").unwrap();
        let to = TEXT.find("[[axes]]\nname").unwrap();
        let grid = Grid::parse(&(TEXT[..from].to_owned() + &TEXT[to..])).unwrap();
        let (name, preset) = grid.preset(None).unwrap();
        let runs = Runs::of(&grid, name, preset);
        assert_eq!(runs.rows(), ["demo"]);
        assert_eq!(runs.iter().count(), 4);
    }
}
