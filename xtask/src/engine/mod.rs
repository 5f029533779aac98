//! Who runs jobs: processes on this machine, or a scheduler that knows others.
//!
//! Nothing here schedules. Jobs are written to a `task_list`, one a line, and an engine is told one command for each:
//! `xtask task LIST ID`, which takes that job to its end. The command may be started twice, killed at any time and
//! started again; the job is done when its run folder says so, whatever the engine believes.

mod batch;
mod commands;
mod hyperqueue;
mod job_file;
mod options;
mod resources;
mod slurm;
mod task;
mod task_list;

pub(crate) use batch::{Batch, Ending};
pub(crate) use options::{Engine, EngineOptions};
pub(crate) use resources::Resources;
