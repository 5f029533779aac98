//! The command itself: plan, say so, run, collect.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Result;

use super::all::{ORDER, perform_each};
use super::perform::Session;
use super::summary;
use super::work::{Start, Work};
use crate::console;
use crate::flags::{Reproduce, Target};
use crate::runs::{Failures, Interrupt, arguments, arguments::command_line, digits};
use crate::usage::UsageError;
use crate::workspace::Workspace;

impl Reproduce {
    /// Plans, runs what is missing, and writes tables or figures.
    pub(crate) fn run(self) -> Result<ExitCode> {
        self.run_in(&Workspace::locate()?)
    }

    /// The same in a workspace that is known already.
    pub(crate) fn run_in(self, workspace: &Workspace) -> Result<ExitCode> {
        self.check()?;
        let start = self.start(workspace)?;
        let all = self.target == Target::All;
        let targets = if all { ORDER.to_vec() } else { vec![self.target] };
        // Before anything runs: what cannot be planned is found at once, not after hours.
        let plan = |target: &Target| start.plan(*target);
        let works = targets.iter().map(plan).collect::<Result<Vec<Work>>>()?;
        let session = Session {
            commit: &start.commit,
            reports: &start.reports,
            workspace,
            options: &self.engine,
            only_collects: self.collect,
            interrupt: Interrupt::default(),
            failures: Failures::default(),
        };
        if all {
            console::progress(&summary::overview(&works));
            if session.lacks_digits(works.iter().flat_map(|work| &work.jobs)) {
                console::progress(&digits::plan());
            }
        } else {
            works.iter().for_each(|work| session.explain(work));
        }
        if self.dry_run {
            list_commands(&session, &works);
            return Ok(ExitCode::SUCCESS);
        }

        workspace.build_nwm()?;
        let session = Session { interrupt: Interrupt::listen()?, ..session };
        let ending = match works.as_slice() {
            [work] => session.perform(work)?,
            _ => perform_each(&session, &start, &targets),
        };
        Ok(ending.exit_code())
    }

    /// Refuses options that mean nothing for the target.
    fn check(&self) -> Result<(), UsageError> {
        if self.target.is_figure() && self.seeds.is_some() {
            return Err(UsageError::SeedsOfFigure { target: self.target.name() });
        }
        if self.target == Target::All && self.only.is_some() {
            return Err(UsageError::PartOfAll);
        }
        Ok(())
    }

    /// What holds for all targets.
    fn start(&self, workspace: &Workspace) -> Result<Start> {
        Ok(Start {
            experiments: workspace.root().join("data/experiments"),
            runs: workspace.folder(self.runs.as_deref(), "runs")?,
            reports: workspace.folder(self.out.as_deref(), "reports")?,
            preset: self.preset.clone(),
            commit: workspace.commit(),
            seeds: self.seeds.unwrap_or(1),
            only: self.only.clone(),
        })
    }
}

/// Prints the commands that are still needed, each once.
fn list_commands(session: &Session<'_>, works: &[Work]) {
    if session.lacks_digits(works.iter().flat_map(|work| &work.jobs)) {
        console::result(&format!("nwm {}", command_line(&arguments::fetch_digits())));
    }
    let mut listed = BTreeSet::new();
    for arguments in works.iter().flat_map(|work| &work.jobs).flat_map(|job| job.remaining()) {
        let line = command_line(&arguments);
        if listed.insert(arguments) {
            console::result(&format!("nwm {line}"));
        }
    }
}
