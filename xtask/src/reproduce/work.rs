//! What a target takes, once it is planned: the same for tables and figures.

use std::path::PathBuf;

use anyhow::Result;

use super::{figure, table};
use crate::engine::Resources;
use crate::files;
use crate::flags::Target;
use crate::runs::{Arguments, Job};

/// One start of the command: what holds for all its targets.
#[derive(Debug, Clone)]
pub(super) struct Start {
    /// Folder of the descriptions.
    pub(super) experiments: PathBuf,
    /// Folder of the runs of all tables and figures.
    pub(super) runs: PathBuf,
    /// Folder of all reports.
    pub(super) reports: PathBuf,
    pub(super) preset: String,
    pub(super) commit: String,
    /// Seeds of each cell of a table.
    pub(super) seeds: u64,
    /// The part of the target that is asked for.
    pub(super) only: Option<String>,
}

/// A table or a figure, planned.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) preset: Preset,
    /// What is made of which runs: a label and a line for people.
    pub(crate) contents: (&'static str, String),
    /// Whether it is one of the paper's, which the gallery of reports shows.
    pub(crate) is_published: bool,
    pub(crate) jobs: Vec<Job>,
    /// The plan, if it is still to be written.
    pub(crate) plan: Option<PlanFile>,
    /// Folder of the files of an engine.
    pub(crate) engine_dir: PathBuf,
    /// What each run needs of a machine.
    pub(crate) resources: Resources,
    /// The `nwm` command that makes the reports of the runs.
    pub(crate) collect: Arguments,
    /// What it leaves: a page of text, which is printed, and one with pictures.
    pub(crate) text: PathBuf,
    pub(crate) page: PathBuf,
}

/// A preset as it is explained to people.
#[derive(Debug, Clone)]
pub(crate) struct Preset {
    pub(crate) name: String,
    pub(crate) reduced: bool,
    pub(crate) note: String,
    /// Number of cores on which its times were taken.
    pub(crate) cores: usize,
}

/// A plan that is not written yet.
#[derive(Debug, Clone)]
pub(crate) struct PlanFile {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
}

impl Start {
    /// Folder of the runs of a table, or of all figures, with this start's preset.
    pub(super) fn runs_of(&self, what: &str) -> PathBuf {
        self.runs.join(self.folder_of(what))
    }

    /// Its name.
    pub(super) fn folder_of(&self, what: &str) -> String {
        format!("{what}-{}", self.preset)
    }

    /// Plans a table or a figure. Writes nothing.
    pub(super) fn plan(&self, target: Target) -> Result<Work> {
        let name = target.name();
        if target.is_figure() { figure::plan(self, name) } else { table::plan(self, name) }
    }
}

impl PlanFile {
    /// Writes it, for the command that collects.
    pub(super) fn write(&self) -> Result<()> {
        files::write(&self.path, &self.text)
    }
}
