//! The command's four actions.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};

use super::grid::Grid;
use super::plan;
use super::runs::Runs;
use super::status::Status;
use super::work::{self, Folders};
use crate::console;
use crate::engine::EngineOptions;
use crate::flags::{Sweep, SweepAction, SweepFile};
use crate::reproduce::Session;
use crate::runs::{Failures, Interrupt, Job};
use crate::usage::UsageError;
use crate::workspace::Workspace;

/// Folder of all sweeps within that of runs.
const SWEEPS: &str = "sweeps";

impl Sweep {
    /// Does what is asked for.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let workspace = Workspace::locate()?;
        match self.action {
            SweepAction::Plan(it) => Task::new(&workspace, &it.file, None)?.plan(),
            SweepAction::Run(it) => {
                Task::new(&workspace, &it.file, it.out.as_deref())?.run(&it.engine)
            }
            SweepAction::Status(it) => Task::new(&workspace, &it.file, None)?.status(it.json),
            SweepAction::Collect(it) => {
                Task::new(&workspace, &it.file, it.out.as_deref())?.collect()
            }
        }
    }
}

/// A grid and where its files are.
struct Task<'a> {
    workspace: &'a Workspace,
    grid: Grid,
    preset: Option<String>,
    folders: Folders,
    reports: PathBuf,
}

impl<'a> Task<'a> {
    fn new(workspace: &'a Workspace, file: &SweepFile, reports: Option<&Path>) -> Result<Self> {
        let grid = Grid::read(&file.file)?;
        let (preset, _) = grid.preset(file.preset.as_deref())?;
        let sweeps = workspace.folder(file.runs.as_deref(), "runs")?.join(SWEEPS);
        let reports = workspace.folder(reports, "reports")?;
        let name = format!("{}-{preset}", grid.name);
        let folders =
            Folders { plan: sweeps.join(&name), report: reports.join(&grid.name), sweeps };
        Ok(Self { workspace, preset: file.preset.clone(), folders, reports, grid })
    }

    /// The runs of the grid.
    fn runs(&self) -> Result<Runs<'_>, UsageError> {
        let (name, preset) = self.grid.preset(self.preset.as_deref())?;
        Ok(Runs::of(&self.grid, name, preset))
    }

    fn plan(&self) -> Result<ExitCode> {
        let runs = self.runs()?;
        let path = self.folders.plan_file();
        plan::write(&path, &self.grid, &runs, &self.workspace.commit())?;
        let status = Status::of(&self.grid.name, &runs, &self.folders.sweeps);
        console::progress(&format!("{}\n{}", self.grid.title, status.text()));
        console::result(&path.display().to_string());
        Ok(ExitCode::SUCCESS)
    }

    fn status(&self, json: bool) -> Result<ExitCode> {
        let status = Status::of(&self.grid.name, &self.runs()?, &self.folders.sweeps);
        let text = if json {
            serde_json::to_string_pretty(&status).context("failed to write JSON")?
        } else {
            status.text()
        };
        console::result(&text);
        Ok(ExitCode::SUCCESS)
    }

    fn run(&self, options: &EngineOptions) -> Result<ExitCode> {
        let runs = self.runs()?;
        self.perform(&runs, runs.jobs(&self.folders.sweeps), options)
    }

    /// Runs nothing, and so looks at no run.
    fn collect(&self) -> Result<ExitCode> {
        self.perform(&self.runs()?, Vec::new(), &EngineOptions::default())
    }

    /// Does these jobs and makes the table of all runs.
    fn perform(
        &self,
        runs: &Runs<'_>,
        jobs: Vec<Job>,
        options: &EngineOptions,
    ) -> Result<ExitCode> {
        let commit = self.workspace.commit();
        plan::write(&self.folders.plan_file(), &self.grid, runs, &commit)?;
        let only_collects = jobs.is_empty();
        let work = work::work(&self.grid, runs, jobs, &self.folders);
        let session = Session {
            commit: &commit,
            reports: &self.reports,
            workspace: self.workspace,
            options,
            only_collects,
            interrupt: Interrupt::default(),
            failures: Failures::default(),
        };
        if !only_collects {
            session.explain(&work);
        }
        self.workspace.build_nwm()?;
        let ending = Session { interrupt: Interrupt::listen()?, ..session }.perform(&work)?;
        Ok(ending.exit_code())
    }
}
