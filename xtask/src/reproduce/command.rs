//! The command itself: plan, say so, run, collect.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::experiment::Experiment;
use super::interrupt::{INTERRUPTED, Interrupt};
use super::nwm::{Exit, Nwm, Training, command_line};
use super::plan::{Plan, PlannedRun};
use super::run_folder;
use super::runner::{Finished, Job, Outcome, available_cores, run_all, threads_each};
use super::selection::select;
use super::summary::{self, Machine};
use crate::console;
use crate::flags::Reproduce;
use crate::workspace::Workspace;

/// Name of the plan in its folder.
const PLAN_FILE: &str = "plan.json";

/// What a start has to do.
struct Prepared {
    plan: Plan,
    jobs: Vec<Job>,
    nwm: Nwm,
    processes: usize,
    /// Where plan.json and the run folders are.
    plan_dir: PathBuf,
    /// Where the table goes.
    table_dir: PathBuf,
}

impl Reproduce {
    /// Plans, runs what is missing, and writes the table.
    pub(crate) fn run(self) -> Result<ExitCode> {
        self.run_in(&Workspace::locate()?)
    }

    /// The same in a workspace that is known already.
    pub(crate) fn run_in(self, workspace: &Workspace) -> Result<ExitCode> {
        let Prepared { plan, jobs, nwm, processes, plan_dir, table_dir } =
            self.prepare(workspace)?;
        if self.dry_run {
            for arguments in jobs.iter().flat_map(|job| job.remaining(&nwm)) {
                console::result(&format!("nwm {}", command_line(&arguments)));
            }
            return Ok(ExitCode::SUCCESS);
        }

        workspace.build_nwm()?;
        plan.write(&plan_dir.join(PLAN_FILE))?;
        let interrupt = Interrupt::listen()?;
        let start = Instant::now();
        let finished = run_all(&jobs, processes, &nwm, &interrupt);
        console::progress(&summary::after(&finished, start.elapsed().as_secs_f64()));
        if interrupt.is_set() || collect(&nwm, &plan_dir, &table_dir)? == Exit::Interrupted {
            console::progress("interrupted; the same command continues from here");
            return Ok(ExitCode::from(INTERRUPTED));
        }
        Ok(exit_code(&finished))
    }

    /// Plans, and says what is going to be done. Writes nothing.
    fn prepare(&self, workspace: &Workspace) -> Result<Prepared> {
        let name = self.target.name();
        let root = workspace.root();
        let experiment =
            Experiment::read(&root.join("data/experiments").join(name).with_extension("toml"))?;
        let preset = experiment.preset(&self.preset)?;
        let cells = select(&experiment, self.only.as_deref())?;
        let runs = absolute(self.runs.clone().unwrap_or_else(|| root.join("runs")))?;
        let reports = absolute(self.out.clone().unwrap_or_else(|| root.join("reports")))?;
        let plan_dir = runs.join(format!("{name}-{}", self.preset));

        let commit = workspace.commit();
        let plan = Plan::new(
            &experiment,
            &self.preset,
            preset.reduced,
            commit.clone(),
            &cells,
            self.seeds,
        );
        let job = |run: &PlannedRun| job(&experiment, &self.preset, &plan_dir, run);
        let jobs = plan.runs.iter().map(job).collect::<Result<Vec<Job>>>()?;
        let plan = plan.merge(Plan::read(&plan_dir.join(PLAN_FILE))?)?;

        let processes = usize::from(self.jobs).min(jobs.len());
        let threads = threads_each(available_cores(), processes);
        console::progress(&summary::before(
            &experiment,
            &self.preset,
            preset,
            &cells,
            &jobs,
            &commit,
            Machine { processes, threads },
        ));
        let nwm = Nwm {
            program: workspace.nwm_program(),
            folder: root.to_owned(),
            threads,
            quiet: processes > 1,
        };
        Ok(Prepared { plan, jobs, nwm, processes, plan_dir, table_dir: reports.join(name) })
    }
}

/// Makes the table of all runs and prints it, with the path of its page.
fn collect(nwm: &Nwm, plan_dir: &Path, table_dir: &Path) -> Result<Exit> {
    let exit = nwm.run(&nwm.table_arguments(plan_dir, table_dir))?;
    match &exit {
        Exit::Success => {
            let path = table_dir.join("table.md");
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("failed to read {}", path.display()))?;
            console::result(text.trim_end());
            console::result(&table_dir.join("report.html").display().to_string());
        }
        Exit::Interrupted => {}
        Exit::Failed(why) => bail!("failed to write {}: {why}", table_dir.display()),
    }
    Ok(exit)
}

/// Everything that is needed to finish a planned run.
fn job(experiment: &Experiment, preset: &str, plan_dir: &Path, run: &PlannedRun) -> Result<Job> {
    let run_dir = plan_dir.join(&run.run_dir);
    let row = experiment.row(&run.row).with_context(|| format!("no row {}", run.row))?;
    let column =
        experiment.column(&run.column).with_context(|| format!("no column {}", run.column))?;
    let settings = experiment.preset(preset)?;
    Ok(Job {
        name: run.run_dir.clone(),
        column: column.name.clone(),
        time_factor: settings.time_factor(&run.row),
        state: run_folder::state(&run_dir),
        training: Training {
            preset: preset.to_owned(),
            data: row.data.clone(),
            model: column.model.clone(),
            seed: run.seed,
            set: settings.settings(&run.row, &run.column),
            run_dir,
        },
    })
}

/// A path that stays right in a process that runs in another folder.
fn absolute(path: PathBuf) -> Result<PathBuf> {
    std::path::absolute(&path).with_context(|| format!("failed to resolve {}", path.display()))
}

fn exit_code(finished: &[Finished]) -> ExitCode {
    let failed = finished.iter().any(|run| matches!(run.outcome, Outcome::Failed(_)));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
