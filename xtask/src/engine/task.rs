//! `cargo xtask task`: what an engine calls for each run.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::task_list::{Task, TaskList};
use crate::console;
use crate::flags;
use crate::runs::{Failures, INTERRUPTED, Interrupt, Nwm, Outcome, Output};
use crate::usage::UsageError;

impl flags::Task {
    /// Takes the tasks to their end, one after the other.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let interrupt = Interrupt::listen_without_terminal()?;
        let list = TaskList::open(&self.list)?;
        let header = list.header.clone();
        let failures = Failures::default();
        let mut failed = false;
        for task in self.select(list)? {
            let limit = header.minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes)));
            let nwm = Nwm {
                program: header.program.clone(),
                folder: header.folder.clone(),
                threads: header.threads,
                output: Output::Log,
                interrupt: interrupt.clone(),
                passes_on: true,
                deadline: limit.and_then(|limit| Instant::now().checked_add(limit)),
            };
            match task.job().finish(&nwm, &failures)? {
                Outcome::Done => console::progress(&format!("{}: done", task.name)),
                Outcome::AlreadyDone => console::progress(&format!("{}: done before", task.name)),
                Outcome::Failed(why) => {
                    console::progress(&format!("{}: failed: {why}", task.name));
                    failed = true;
                }
                Outcome::Interrupted | Outcome::NotStarted => {
                    console::progress(&format!("{}: interrupted", task.name));
                    return Ok(ExitCode::from(INTERRUPTED));
                }
            }
        }
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    /// The tasks that are asked for: by their names, or a share of the list.
    fn select(&self, list: TaskList) -> Result<Vec<Task>> {
        let tasks = list.tasks();
        if let (Some(share), Some(of)) = (self.share, self.of) {
            // Neighbours in the list are of one kind, so that every share has some of each.
            let mine = tasks.skip(share).step_by(of.max(1));
            return mine.collect();
        }
        let mut wanted: BTreeSet<&str> = self.ids.iter().map(String::as_str).collect();
        let mut found = Vec::new();
        for task in tasks {
            let task = task?;
            if wanted.remove(task.id.as_str()) {
                found.push(task);
            }
            if wanted.is_empty() {
                return Ok(found);
            }
        }
        let missing = wanted.into_iter().collect::<Vec<_>>().join(", ");
        Err(UsageError::NoTask { missing, list: self.list.display().to_string() }.into())
    }
}
