//! How the command line chooses an engine.

use std::path::PathBuf;

use clap::{Args, ValueEnum, value_parser};

use super::resources::Resources;

/// Who runs the jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Engine {
    /// Processes on this machine, `--jobs` at once.
    #[default]
    Local,
    /// HyperQueue, by its Python package: a cluster on this machine, or a server that `--server-dir` names.
    Hyperqueue,
    /// A Slurm job array, submitted with sbatch where there is one.
    Slurm,
    /// Nobody: a file of commands, one a line, for any other tool.
    Commands,
}

/// What the engine is told beyond the jobs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Engine")]
pub(crate) struct EngineOptions {
    /// Who runs the jobs. What is needed of a machine is stated by the options below, of a sweep by its file.
    #[arg(long, value_enum, default_value = "local")]
    pub(crate) engine: Engine,

    /// Run so many processes at once on this machine and share the cores between them (local).
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: u16,

    /// Cores of each run (all but local).
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1024))]
    pub(crate) cores: Option<u16>,

    /// GPUs of each run; 0.5 lets two runs share one where the engine can (all but local).
    #[arg(long, value_name = "X")]
    pub(crate) gpus: Option<f64>,

    /// Main memory of each run in GiB (all but local).
    #[arg(long, value_name = "GIB")]
    pub(crate) memory: Option<f64>,

    /// Time limit of each run in minutes; it saves its work then, and the next start goes on from there (all but
    /// local).
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    pub(crate) minutes: Option<u32>,

    /// How often a run that failed is started again (hyperqueue).
    #[arg(long, value_name = "N")]
    pub(crate) retries: Option<u32>,

    /// Folder of a HyperQueue server that is running, as `hq server start --server-dir` was given it. Without it a
    /// cluster is started on this machine, with all its cores, for as long as the runs take.
    #[arg(long, value_name = "DIR")]
    pub(crate) server_dir: Option<PathBuf>,

    /// Write the files that the engine reads, and submit nothing (hyperqueue, slurm).
    #[arg(long)]
    pub(crate) no_submit: bool,

    /// An option for sbatch, such as `--partition=gpu`; may be repeated.
    #[arg(long, value_name = "OPTION", allow_hyphen_values = true)]
    pub(crate) slurm_option: Vec<String>,
}

impl EngineOptions {
    /// What each run needs: these, with what the options say instead.
    pub(crate) fn resources(&self, stated: &Resources) -> Resources {
        Resources {
            cores: self.cores.map_or(stated.cores, usize::from),
            gpus: self.gpus.unwrap_or(stated.gpus),
            memory: self.memory.or(stated.memory),
            minutes: self.minutes.or(stated.minutes),
            retries: self.retries.unwrap_or(stated.retries),
        }
    }
}

impl Default for EngineOptions {
    /// One process after the other.
    fn default() -> Self {
        Self {
            engine: Engine::Local,
            jobs: 1,
            cores: None,
            gpus: None,
            memory: None,
            minutes: None,
            retries: None,
            server_dir: None,
            no_submit: false,
            slurm_option: Vec::new(),
        }
    }
}
