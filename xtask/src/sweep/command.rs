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
use crate::reproduce::{Ending, Session};
use crate::runs::{Failures, INTERRUPTED, Interrupt};
use crate::workspace::Workspace;

/// Folder of all sweeps within that of runs.
const SWEEPS: &str = "sweeps";

impl Sweep {
    /// Does what is asked for.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let workspace = Workspace::locate()?;
        match self.action {
            SweepAction::Plan(it) => Task::new(&workspace, &it.file, None)?.plan(),
            SweepAction::Run(it) => Task::new(&workspace, &it.file, it.out)?.run(&it.engine, false),
            SweepAction::Status(it) => Task::new(&workspace, &it.file, None)?.status(it.json),
            SweepAction::Collect(it) => {
                Task::new(&workspace, &it.file, it.out)?.run(&EngineOptions::default(), true)
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
    fn new(workspace: &'a Workspace, file: &SweepFile, reports: Option<PathBuf>) -> Result<Self> {
        let grid = Grid::read(&file.file)?;
        let (preset, _) = grid.preset(file.preset.as_deref())?;
        // Paths that stay right in a process that runs in another folder.
        let absolute = |given: Option<PathBuf>, name: &str| {
            let path = given.unwrap_or_else(|| workspace.root().join(name));
            std::path::absolute(&path)
                .with_context(|| format!("failed to resolve {}", path.display()))
        };
        let sweeps = absolute(file.runs.clone(), "runs")?.join(SWEEPS);
        let reports = absolute(reports, "reports")?;
        let name = format!("{}-{preset}", grid.name);
        let folders =
            Folders { plan: sweeps.join(&name), report: reports.join(&grid.name), sweeps };
        Ok(Self { workspace, preset: file.preset.clone(), folders, reports, grid })
    }

    /// Calls `with` with the runs of the grid.
    fn with_runs<T>(&self, with: impl FnOnce(&Runs<'_>) -> Result<T>) -> Result<T> {
        let (name, preset) = self.grid.preset(self.preset.as_deref())?;
        with(&Runs::of(&self.grid, name, preset))
    }

    fn plan(&self) -> Result<ExitCode> {
        self.with_runs(|runs| {
            let path = self.write_plan(runs, &self.workspace.commit())?;
            let status = Status::of(&self.grid.name, runs, &self.folders.sweeps);
            console::progress(&format!("{}\n{}", self.grid.title, status.text()));
            console::result(&path.display().to_string());
            Ok(ExitCode::SUCCESS)
        })
    }

    fn write_plan(&self, runs: &Runs<'_>, commit: &str) -> Result<PathBuf> {
        let path = self.folders.plan_file();
        plan::write(&path, &self.grid, runs, commit)?;
        Ok(path)
    }

    fn status(&self, json: bool) -> Result<ExitCode> {
        self.with_runs(|runs| {
            let status = Status::of(&self.grid.name, runs, &self.folders.sweeps);
            let text = if json {
                serde_json::to_string_pretty(&status).context("failed to write JSON")?
            } else {
                status.text()
            };
            console::result(&text);
            Ok(ExitCode::SUCCESS)
        })
    }

    fn run(&self, options: &EngineOptions, only_collects: bool) -> Result<ExitCode> {
        let commit = self.workspace.commit();
        let ending = self.with_runs(|runs| {
            self.write_plan(runs, &commit)?;
            let mut work = work::work(&self.grid, runs, &self.folders);
            let session = self.session(&commit, options, Interrupt::default());
            if only_collects {
                work.jobs.clear();
            } else {
                session.explain(&work);
            }
            self.workspace.build_nwm()?;
            self.session(&commit, options, Interrupt::listen()?).perform(&work)
        })?;
        Ok(match ending {
            Ending::Done | Ending::Left => ExitCode::SUCCESS,
            Ending::Failed(_) => ExitCode::FAILURE,
            Ending::Interrupted => {
                console::progress("interrupted; the same command continues from here");
                ExitCode::from(INTERRUPTED)
            }
        })
    }

    fn session<'s>(
        &'s self,
        commit: &'s str,
        options: &'s EngineOptions,
        interrupt: Interrupt,
    ) -> Session<'s> {
        let reports: &Path = &self.reports;
        Session {
            commit,
            reports,
            workspace: self.workspace,
            options,
            only_collects: false,
            interrupt,
            failures: Failures::default(),
        }
    }
}
