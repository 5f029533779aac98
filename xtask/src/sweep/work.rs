//! A sweep as what `reproduce` runs: jobs, and a table made of them.

use std::path::PathBuf;

use super::grid::Grid;
use super::runs::Runs;
use crate::reproduce::{Preset, Work};
use crate::runs::{Arguments, Job, arguments};

/// Folders of one sweep.
pub(super) struct Folders {
    /// Folder of the plans and runs of all sweeps.
    pub(super) sweeps: PathBuf,
    /// Folder of the plan, named after grid and preset.
    pub(super) plan: PathBuf,
    pub(super) report: PathBuf,
}

impl Folders {
    pub(super) fn plan_file(&self) -> PathBuf {
        self.plan.join("plan.json")
    }

    /// Makes the table.
    pub(super) fn collect(&self) -> Arguments {
        arguments::table(&self.plan, &self.report)
    }

    pub(super) fn text(&self) -> PathBuf {
        self.report.join("table.md")
    }

    pub(super) fn page(&self) -> PathBuf {
        self.report.join("report.html")
    }
}

/// These jobs, and the table of all runs. Its plan is written already.
pub(super) fn work(grid: &Grid, runs: &Runs<'_>, jobs: Vec<Job>, folders: &Folders) -> Work {
    Work {
        name: grid.name.clone(),
        title: grid.title.clone(),
        preset: Preset {
            name: runs.preset_name.to_owned(),
            reduced: runs.preset.reduced,
            note: runs.preset.note.clone(),
            cores: grid.resources.cores,
        },
        contents: (
            "cells",
            format!(
                "{} by {}, with seeds {}",
                runs.rows().len(),
                runs.columns().len(),
                grid.seeds.0.iter().map(u64::to_string).collect::<Vec<_>>().join(", ")
            ),
        ),
        is_published: false,
        jobs,
        plan: None,
        engine_dir: folders.plan.join("engine"),
        resources: grid.resources.clone(),
        collect: folders.collect(),
        text: folders.text(),
        page: folders.page(),
    }
}
