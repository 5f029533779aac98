//! Does what was planned: runs what is missing, then collects.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;

use super::summary::{self, Machine};
use super::work::Work;
use crate::console;
use crate::engine::{self, Batch, Engine, EngineOptions};
use crate::runs::{
    Arguments, Exit, Failures, Finished, INTERRUPTED, Interrupt, Job, Nwm, Outcome, Output,
    arguments, available_cores, digits, run_all, threads_each,
};
use crate::workspace::Workspace;

/// Bytes of a page of text that is printed; a longer one is named.
const LONGEST_PRINTED: usize = 1 << 16;

/// What one start has at hand for each of its targets.
pub(crate) struct Session<'a> {
    /// The commit of this repository.
    pub(crate) commit: &'a str,
    /// Folder of all reports.
    pub(crate) reports: &'a Path,
    pub(crate) workspace: &'a Workspace,
    pub(crate) options: &'a EngineOptions,
    /// Whether nothing is run.
    pub(crate) only_collects: bool,
    pub(crate) interrupt: Interrupt,
    pub(crate) failures: Failures,
}

/// How a target ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Done,
    /// Names of the runs that failed; what could be collected without them is there.
    Failed(Vec<String>),
    Interrupted,
    /// Others work on the runs now.
    Left,
}

impl Ending {
    /// The exit code of a command that ended like this; after an interrupt it says how to go on.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Done | Self::Left => ExitCode::SUCCESS,
            Self::Failed(_) => ExitCode::FAILURE,
            Self::Interrupted => {
                console::progress("interrupted; the same command continues from here");
                ExitCode::from(INTERRUPTED)
            }
        }
    }
}

impl Session<'_> {
    /// Says what is going to be done.
    pub(crate) fn explain(&self, work: &Work) {
        let text = summary::before(work, self.commit, self.machine(work));
        console::progress(&text);
        if self.lacks_digits(&work.jobs) {
            console::progress(&digits::plan());
        }
    }

    /// Writes the plan, runs what is missing, and writes and prints the reports.
    pub(crate) fn perform(&self, work: &Work) -> Result<Ending> {
        let (processes, threads) = self.processes(work);
        let nwm = Nwm {
            program: self.workspace.nwm_program(),
            folder: self.workspace.root().to_owned(),
            threads,
            output: if processes > 1 { Output::QuietTerminal } else { Output::Terminal },
            interrupt: self.interrupt.clone(),
            passes_on: false,
            deadline: None,
        };
        if let Some(plan) = &work.plan {
            plan.write()?;
        }
        let clock = Instant::now();
        let wanted = if self.only_collects { &[][..] } else { &work.jobs };
        let (jobs, stopped) = self.with_digits(&nwm, wanted)?;
        let mut finished = match self.options.engine {
            Engine::Local => run_all(&jobs, processes, &nwm, &self.failures),
            _ => match self.hand_over(work, &jobs)? {
                engine::Ending::Worked => jobs.iter().map(Finished::found).collect(),
                engine::Ending::Interrupted => return Ok(Ending::Interrupted),
                engine::Ending::Left(message) => {
                    console::progress(&message);
                    return Ok(Ending::Left);
                }
            },
        };
        finished.extend(stopped);
        if !finished.is_empty() {
            console::progress(&summary::after(&finished, clock.elapsed().as_secs_f64()));
        }
        if self.interrupt.is_set() || collect(&nwm, work, self.reports)? == Exit::Interrupted {
            return Ok(Ending::Interrupted);
        }
        let failed = finished.iter().filter(|run| matches!(run.outcome, Outcome::Failed(_)));
        let failed: Vec<String> = failed.map(|run| run.name.clone()).collect();
        Ok(if failed.is_empty() { Ending::Done } else { Ending::Failed(failed) })
    }

    /// Gives the jobs to the engine that was chosen.
    fn hand_over(&self, work: &Work, jobs: &[Job]) -> Result<engine::Ending> {
        if jobs.iter().all(|job| job.remaining().is_empty()) {
            return Ok(engine::Ending::Worked);
        }
        let resources = self.options.resources(&work.resources);
        let folder = work.engine_dir.clone();
        Batch::write(&work.name, folder, jobs, resources, self.options, self.workspace)?
            .submit(&self.interrupt)
    }

    /// Whether runs need digits that are not there.
    pub(crate) fn lacks_digits<'a>(&self, jobs: impl IntoIterator<Item = &'a Job>) -> bool {
        digits::are_missing(self.workspace.root(), jobs)
    }

    /// Fetches the digits if they are needed. Returns the jobs that can run, and those that cannot since that failed.
    fn with_digits(&self, nwm: &Nwm, jobs: &[Job]) -> Result<(Vec<Job>, Vec<Finished>)> {
        let Some(problem) = self.fetch_digits(nwm, jobs)? else {
            return Ok((jobs.to_vec(), Vec::new()));
        };
        console::progress(&problem);
        let (stopped, others): (Vec<Job>, Vec<Job>) =
            jobs.iter().cloned().partition(digits::are_needed_by);
        let stop = |job: Job| Finished {
            name: job.name,
            outcome: Outcome::Failed(problem.clone()),
            seconds: 0.0,
        };
        Ok((others, stopped.into_iter().map(stop).collect()))
    }

    /// Why the digits that these jobs need are not there; `None` if they are, or nobody needs them.
    fn fetch_digits(&self, nwm: &Nwm, jobs: &[Job]) -> Result<Option<String>> {
        if self.interrupt.is_set() || !self.lacks_digits(jobs) {
            return Ok(None);
        }
        let fetch = arguments::fetch_digits();
        if let Some(why) = self.failures.reason(&fetch) {
            return Ok(Some(digits::problem(&format!("not tried again, {why}"))));
        }
        match nwm.run(&fetch)? {
            Exit::Success => Ok(None),
            Exit::Interrupted => {
                self.interrupt.set();
                Ok(None)
            }
            Exit::Failed(why) => {
                self.failures.note(&fetch, &why);
                Ok(Some(digits::problem(&why)))
            }
        }
    }

    fn machine(&self, work: &Work) -> Machine {
        match self.options.engine.to_possible_value() {
            Some(engine) if self.options.engine != Engine::Local => Machine::Engine {
                name: engine.get_name().to_owned(),
                resources: self.options.resources(&work.resources),
            },
            _ => {
                let (processes, threads) = self.processes(work);
                Machine::This { processes, threads }
            }
        }
    }

    /// How many processes run at once on this machine, and the threads of each.
    fn processes(&self, work: &Work) -> (usize, usize) {
        let processes = usize::from(self.options.jobs).min(work.jobs.len());
        (processes, threads_each(available_cores(), processes))
    }
}

/// Makes the reports of all runs, prints the text with the path of the page, and has the page that
/// leads to all reports made anew.
fn collect(nwm: &Nwm, work: &Work, reports: &Path) -> Result<Exit> {
    if make(nwm, &work.collect, &work.page)? == Exit::Interrupted {
        return Ok(Exit::Interrupted);
    }
    let text = std::fs::read_to_string(&work.text)
        .with_context(|| format!("failed to read {}", work.text.display()))?;
    if text.len() <= LONGEST_PRINTED {
        console::result(text.trim_end());
    } else {
        console::result(&work.text.display().to_string());
    }
    console::result(&work.page.display().to_string());
    if !work.is_published {
        return Ok(Exit::Success);
    }
    make(nwm, &arguments::gallery(reports), &reports.join("index.html"))
}

/// Runs a command that makes a file; an error if it fails.
fn make(nwm: &Nwm, arguments: &Arguments, file: &Path) -> Result<Exit> {
    let exit = nwm.run(arguments)?;
    if let Exit::Failed(why) = &exit {
        bail!("failed to write {}: {why}", file.display());
    }
    Ok(exit)
}
