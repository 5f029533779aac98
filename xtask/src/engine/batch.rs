//! Jobs on their way to an engine.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::options::{Engine, EngineOptions};
use super::resources::Resources;
use super::task_list::{self, Header, Task};
use super::{commands, hyperqueue, slurm};
use crate::files;
use crate::runs::{Interrupt, Job};
use crate::workspace::Workspace;

/// Jobs for an engine other than this machine's own processes, with what it must know of them.
pub(crate) struct Batch<'a> {
    /// Name of the whole, for lists of a scheduler.
    pub(super) name: &'a str,
    /// Folder of the files that engines read.
    pub(super) folder: PathBuf,
    pub(super) tasks: Vec<Task>,
    pub(super) resources: Resources,
    pub(super) options: &'a EngineOptions,
    /// The copies of the programs that are run, so that a build in between does not change them.
    xtask: PathBuf,
}

/// How a submission ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The engine has worked on all jobs; which are done is said by their folders.
    Worked,
    Interrupted,
    /// Others work on them, or will; this says who and what to do.
    Left(String),
}

impl<'a> Batch<'a> {
    /// Copies the programs and writes the list of those of the jobs that are not done.
    pub(crate) fn write(
        name: &'a str,
        folder: PathBuf,
        jobs: &[Job],
        resources: Resources,
        options: &'a EngineOptions,
        workspace: &Workspace,
    ) -> Result<Self> {
        resources.check()?;
        let unfinished = jobs.iter().filter(|job| !job.remaining().is_empty());
        let tasks: Vec<Task> = unfinished.map(Task::of).collect();
        let this = std::env::current_exe().context("failed to find the path of this program")?;
        let nwm = files::copy_program(&workspace.nwm_program(), &folder.join("bin"))?;
        let xtask = files::copy_program(&this, &folder.join("bin"))?;
        let batch = Self { name, folder, tasks, resources, options, xtask };
        let Resources { cores, minutes, .. } = batch.resources;
        let header = Header::new(nwm, workspace.root(), cores, minutes);
        task_list::write(&batch.list(), &header, &batch.tasks)?;
        Ok(batch)
    }

    /// Hands the jobs to the engine and waits if it is one that can be waited for.
    pub(crate) fn submit(&self, interrupt: &Interrupt) -> Result<Ending> {
        match self.options.engine {
            // Its jobs need no list; see `runs::run_all`.
            Engine::Local => Ok(Ending::Worked),
            Engine::Hyperqueue => hyperqueue::submit(self, interrupt),
            Engine::Slurm => slurm::submit(self),
            Engine::Commands => commands::write(self),
        }
    }

    /// The list of tasks.
    pub(super) fn list(&self) -> PathBuf {
        self.folder.join("tasks.jsonl")
    }

    /// The command that takes one task to its end.
    pub(super) fn command(&self, task: &Task) -> Vec<String> {
        let mut command = self.task_command();
        command.push(task.id.clone());
        command
    }

    /// The same without the task.
    pub(super) fn task_command(&self) -> Vec<String> {
        let list = self.list();
        [self.xtask.as_path(), Path::new("task"), &list]
            .map(|word| word.to_string_lossy().into_owned())
            .into()
    }
}
