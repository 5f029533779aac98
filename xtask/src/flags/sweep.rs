//! The command line of `cargo xtask sweep`, and of `task`, which engines call.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::engine::EngineOptions;

/// Run a grid of trainings of your own, and make a table of it.
///
/// A TOML file states axes, seeds and what a run needs of a machine; docs/guides/sweep.md explains it, and
/// data/experiments/coupling.toml is an example. Runs have folders that are named after what is computed, so that a grid
/// that grows, or another one with the same runs, shares what is done.
///
/// Exit codes: 0 ok, 1 a run failed, 2 usage, 6 file system, 130 interrupted.
#[derive(Debug, Args)]
pub(crate) struct Sweep {
    #[command(subcommand)]
    pub(crate) action: SweepAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SweepAction {
    /// Write which runs the grid consists of, and say what they are and how long they take.
    Plan(SweepPlan),
    /// Run what is missing, and make the table. Starting it again continues.
    Run(SweepRun),
    /// Say how far the runs are, which failed and how long the rest takes; reads folders only.
    Status(SweepStatus),
    /// Make the table of what is done. Cells with missing runs are marked.
    Collect(SweepCollect),
}

/// Which grid, and where its runs are.
#[derive(Debug, Clone, Args)]
pub(crate) struct SweepFile {
    /// The grid: a TOML file.
    #[arg(value_name = "FILE.toml")]
    pub(crate) file: PathBuf,

    /// One of the file's presets [default: quick, or the only one].
    #[arg(long, value_name = "PRESET")]
    pub(crate) preset: Option<String>,

    /// Folder of runs [default: runs in the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) runs: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct SweepPlan {
    #[command(flatten)]
    pub(crate) file: SweepFile,
}

#[derive(Debug, Args)]
pub(crate) struct SweepRun {
    #[command(flatten)]
    pub(crate) file: SweepFile,

    /// Folder of reports [default: reports in the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) engine: EngineOptions,
}

#[derive(Debug, Args)]
pub(crate) struct SweepStatus {
    #[command(flatten)]
    pub(crate) file: SweepFile,

    /// As JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SweepCollect {
    #[command(flatten)]
    pub(crate) file: SweepFile,

    /// Folder of reports [default: reports in the repository].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Take runs of a list to their end. Engines call this; it may be started twice and killed at any time.
///
/// What the runs say is in logs beside their folders. SIGTERM, SIGINT and SIGUSR1 let a run save its work first.
///
/// Exit codes: 0 the runs are done, 1 one failed, 2 usage, 6 file system, 130 interrupted.
#[derive(Debug, Args)]
pub(crate) struct Task {
    /// The list that an engine was given: tasks.jsonl.
    pub(crate) list: PathBuf,

    /// Names of tasks in the list.
    #[arg(required_unless_present = "share")]
    pub(crate) ids: Vec<String>,

    /// Instead of names: the tasks K, K + N, K + 2 N, ... of the list, counted from 0.
    #[arg(long, value_name = "K", requires = "of", conflicts_with = "ids")]
    pub(crate) share: Option<usize>,

    /// How many shares there are.
    #[arg(long, value_name = "N", requires = "share")]
    pub(crate) of: Option<usize>,
}
