//! The command itself: a run that is left alone, the same one disturbed, and their comparison.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use super::compare::differences;
use super::disturbance::{Disturbance, Schedule};
use super::layer::Layer;
use super::memory;
use super::plan::Plan;
use super::round::{Disturbed, Ending};
use super::summary::Summary;
use super::training::Training;
use crate::bench::Machine;
use crate::console;
use crate::files;
use crate::flags::Soak;
use crate::runs::Interrupt;
use crate::workspace::Workspace;

/// Version of `soak.json`.
const FORMAT: u32 = 1;
/// Samples of memory.
const SAMPLES: u32 = 600;

impl Soak {
    /// Trains twice and compares; exit code 1 if something was lost or memory grew.
    pub(crate) fn run(self) -> Result<ExitCode> {
        self.run_in(&Workspace::locate()?)
    }

    /// The same in a workspace that is known already.
    pub(crate) fn run_in(self, workspace: &Workspace) -> Result<ExitCode> {
        ensure!(cfg!(unix), "a soak sends signals, which only Unix has");
        let commit = workspace.commit();
        workspace.build_nwm()?;
        let out = self.out.clone().unwrap_or_else(|| workspace.target().join("soak"));
        let program = prepare(&out, &workspace.nwm_program())?;
        let interrupt = Interrupt::listen()?;
        let started = jiff::Timestamp::now().to_string();
        let layer = Layer::compile(workspace, &out)?;
        console::progress("measuring how long a step takes");
        let plan = Plan::measure(&program, &out.join("measured"), self.minutes)?;
        console::progress(&format!(
            "training {} steps of preset {}, undisturbed",
            plan.steps, plan.preset
        ));
        let undisturbed = Training::new(&program, &out.join("undisturbed"), &plan)?;
        let (undisturbed_seconds, memory) = self.leave_alone(&undisturbed, &out)?;
        console::progress(&format!(
            "took {}; the same disturbed",
            console::duration(undisturbed_seconds)
        ));
        let disturbed = Training::new(&program, &out.join("disturbed"), &plan)?;
        let intervals = (plan.steps / plan.checkpoint_every) as f64;
        let mut run = Disturbed {
            training: &disturbed,
            layer: layer.as_ref().ok(),
            schedule: Schedule::new(self.seed),
            checkpoint_every: plan.checkpoint_every,
            interval: Duration::from_secs_f64(undisturbed_seconds / intervals),
            folder: out.clone(),
            interrupt: &interrupt,
            safe: None,
            damaged: None,
            passed_over: false,
        };
        let Disturbances { seconds, starts, counts } = disturb(&mut run)?;
        for training in [&undisturbed, &disturbed] {
            training.evaluate()?;
        }
        let (first, second) = (undisturbed.run_directory(), disturbed.run_directory());
        let summary = Summary {
            format: FORMAT,
            commit,
            started,
            machine: Machine::this(),
            minutes: self.minutes,
            seed: self.seed,
            plan,
            command: undisturbed.command_line(),
            undisturbed_seconds,
            memory,
            disturbed_seconds: seconds,
            starts,
            disturbances: counts,
            left_out: layer
                .err()
                .map(|reason| (Disturbance::DiskFull.name().to_owned(), reason))
                .into_iter()
                .collect(),
            undisturbed_weights: weights(&first)?,
            disturbed_weights: weights(&second)?,
            differences: differences(&first, &second)?,
        };
        files::write(&out.join("soak.json"), &(serde_json::to_string_pretty(&summary)? + "\n"))?;
        let page = summary.page();
        files::write(&out.join("soak.md"), &page)?;
        console::result(page.trim_end());
        Ok(if summary.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Trains to the end; seconds, and what its memory did.
    fn leave_alone(
        &self,
        training: &Training,
        out: &Path,
    ) -> Result<(f64, Option<memory::Memory>)> {
        let start = Instant::now();
        let every = Duration::from_secs(u64::from(self.minutes) * 30) / SAMPLES;
        let mut process =
            Training::spawn(training.command(), &out.join("undisturbed-messages.txt"))?;
        let samples = memory::watch(&mut process, every)?;
        memory::write(&out.join("memory.csv"), &samples)?;
        Ok((start.elapsed().as_secs_f64(), memory::judge(&samples)))
    }
}

/// Empties the folder and puts the program there: a build must not replace it meanwhile.
fn prepare(out: &Path, program: &Path) -> Result<PathBuf> {
    files::make_empty(out)?;
    let out = out.canonicalize().with_context(|| format!("failed to find {}", out.display()))?;
    files::copy_program(program, &out)
}

/// What was done to a run until it was finished.
struct Disturbances {
    seconds: f64,
    starts: u32,
    counts: BTreeMap<String, u32>,
}

/// Starts a run and disturbs it until it is finished.
fn disturb(run: &mut Disturbed<'_>) -> Result<Disturbances> {
    let possible: Vec<Disturbance> = Disturbance::ALL
        .into_iter()
        .filter(|&kind| kind != Disturbance::DiskFull || run.layer.is_some())
        .collect();
    let mut all = Disturbances { seconds: 0.0, starts: 0, counts: BTreeMap::new() };
    // A run that loses on average more than it gains would never end.
    let limit = Duration::from_secs_f64(run.interval.as_secs_f64() * 1000.0 + 3600.0);
    loop {
        let wanted = run.schedule.next(&possible);
        let start = Instant::now();
        let ending = run.round(wanted)?;
        all.seconds += start.elapsed().as_secs_f64();
        all.starts += 1;
        let Ending::Disturbed(done) = ending else { return Ok(all) };
        *all.counts.entry(done.name().to_owned()).or_default() += 1;
        console::progress(&format!(
            "{:4} {:18} after {:7.1} s: safe up to step {}",
            all.starts,
            done.name(),
            start.elapsed().as_secs_f64(),
            run.safe.map_or_else(|| "-".to_owned(), |step| step.to_string())
        ));
        if all.seconds > limit.as_secs_f64() {
            bail!("the run is not finished after {}", console::duration(all.seconds));
        }
    }
}

/// SHA-256 of the model that was evaluated.
fn weights(run: &Path) -> Result<String> {
    let path = run.join("result.json");
    let context = || format!("failed to read {}", path.display());
    let text = fs::read_to_string(&path).with_context(context)?;
    let result: Value = serde_json::from_str(&text).with_context(context)?;
    let digest = result["checkpoint"]["sha256"].as_str();
    Ok(digest.with_context(context)?.to_owned())
}
