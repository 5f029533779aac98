//! One start of a run, and what is done to it.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::damage::{damage, damage_end};
use super::disturbance::{Disturbance, Schedule};
use super::layer::Layer;
use super::training::{Process, Training};
use crate::runs::{Interrupt, terminate};

/// How often a process is looked at.
const POLL: Duration = Duration::from_millis(20);
/// How long a process may take to open a run, or to end after it was asked to.
const PATIENCE: Duration = Duration::from_secs(300);
/// New checkpoints that a process may write at most before it is disturbed.
const MOST_CHECKPOINTS: u64 = 2;
/// Changes of files between two checkpoints, about, rows of the log included.
const CHANGES_PER_CHECKPOINT: u64 = 40;
/// Files of a checkpoint.
const CHECKPOINT_FILES: [&str; 4] =
    ["model.safetensors", "optimizer.safetensors", "metrics.csv", "state.json"];

/// The run that is disturbed.
pub(super) struct Disturbed<'a> {
    pub(super) training: &'a Training,
    pub(super) layer: Option<&'a Layer>,
    pub(super) schedule: Schedule,
    /// Steps between two checkpoints, and about how long they take.
    pub(super) checkpoint_every: u64,
    pub(super) interval: Duration,
    /// Folder of the messages of processes, which no fault may touch.
    pub(super) folder: PathBuf,
    pub(super) interrupt: &'a Interrupt,
    /// The step of a checkpoint that must never be lost.
    pub(super) safe: Option<u64>,
    /// The step of a checkpoint that is damaged and not written again yet.
    pub(super) damaged: Option<u64>,
    /// Whether a start has said so.
    pub(super) passed_over: bool,
}

/// How a start ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// All steps were taken before anything was done to it.
    Finished,
    /// This was done to it.
    Disturbed(Disturbance),
}

impl Disturbed<'_> {
    /// Starts or continues the run and disturbs it.
    ///
    /// An error is a failure of what is tested: something was lost, or a process ended in another way than it should.
    pub(super) fn round(&mut self, wanted: Disturbance) -> Result<Ending> {
        let messages = self.folder.join("messages.txt");
        let ending = self.disturb(wanted, &messages);
        let text = fs::read_to_string(&messages).unwrap_or_default();
        self.keep(&text, &ending)?;
        let ending = ending.with_context(|| format!("{}: {}", wanted.name(), text.trim()))?;
        ensure!(!text.contains("panicked"), "nwm panicked: {text}");
        let newest = self.check_what_is_left(wanted)?;
        if text.contains("passed over a damaged checkpoint") {
            self.passed_over = true;
        }
        match self.damaged {
            Some(step) if newest >= Some(step) => {
                ensure!(
                    self.passed_over,
                    "nothing was said of the damaged checkpoint of step {step}"
                );
                self.damaged = None;
            }
            _ => {}
        }
        Ok(ending)
    }

    fn disturb(&mut self, wanted: Disturbance, messages: &Path) -> Result<Ending> {
        let mut command = self.training.command();
        if let (Disturbance::DiskFull, Some(layer)) = (wanted, self.layer) {
            let at = 1 + self.schedule.below((MOST_CHECKPOINTS + 1) * CHANGES_PER_CHECKPOINT);
            layer.fill_disk(&mut command, self.training.folder(), at);
            let mut process = Training::spawn(command, messages)?;
            let status = self.wait_for_end(&mut process, None)?;
            if status.success() {
                return Ok(Ending::Finished);
            }
            ensure!(status.code() == Some(6), "found {status}, expected code 6");
            let text = fs::read_to_string(messages).unwrap_or_default();
            ensure!(text.contains("No space left on device"), "the error does not say why");
            return Ok(Ending::Disturbed(wanted));
        }
        let mut process = Training::spawn(command, messages)?;
        if let Some(ending) = self.let_it_train(&mut process, wanted)? {
            return Ok(ending);
        }
        match wanted {
            Disturbance::Terminate => {
                terminate(&mut process.child).context("failed to send SIGTERM")?;
                let status = self.wait_for_end(&mut process, Some(PATIENCE))?;
                if status.success() {
                    return Ok(Ending::Finished);
                }
                ensure!(status.code() == Some(130), "found {status}, expected code 130");
            }
            Disturbance::SecondProcess => {
                self.start_another()?;
                ensure!(
                    process.child.try_wait().context("failed to wait for nwm")?.is_none(),
                    "the first process ended with the second"
                );
                kill(&mut process)?;
            }
            Disturbance::Kill | Disturbance::DiskFull => kill(&mut process)?,
            Disturbance::DamageCheckpoint => {
                kill(&mut process)?;
                return Ok(Ending::Disturbed(match self.damage_newest()? {
                    true => wanted,
                    false => Disturbance::Kill,
                }));
            }
            Disturbance::DamageMetrics => {
                kill(&mut process)?;
                let path = self.training.run_directory().join("metrics.csv");
                if !path.is_file() {
                    return Ok(Ending::Disturbed(Disturbance::Kill));
                }
                damage_end(&path, &mut self.schedule)?;
            }
        }
        Ok(Ending::Disturbed(wanted))
    }

    /// Waits for a number of new checkpoints, then for a part of the time to the next. Something if the process ends meanwhile.
    fn let_it_train(
        &mut self,
        process: &mut Process,
        wanted: Disturbance,
    ) -> Result<Option<Ending>> {
        let newest = self.newest()?;
        let checkpoints = self.schedule.below(MOST_CHECKPOINTS + 1);
        let target = (newest / self.checkpoint_every + checkpoints) * self.checkpoint_every;
        let pause = self.interval.mul_f64(self.schedule.share());
        // Before it has opened the run a process has no signal to handle and no lock.
        let must_be_open = matches!(wanted, Disturbance::Terminate | Disturbance::SecondProcess);
        let mut since_target = None;
        let start = Instant::now();
        loop {
            ensure!(!self.interrupt.is_set(), "interrupted");
            if let Some(status) = process.child.try_wait().context("failed to wait for nwm")? {
                ensure!(status.success(), "found {status} before anything was done");
                return Ok(Some(Ending::Finished));
            }
            let reached = checkpoints == 0 || self.newest()? >= target;
            let open = !must_be_open || self.training.is_opened_by(process.child.id());
            if must_be_open && !open && start.elapsed() > PATIENCE {
                bail!("the run is not opened after {} s", PATIENCE.as_secs());
            }
            if reached && open {
                let since = *since_target.get_or_insert_with(Instant::now);
                if since.elapsed() >= pause {
                    return Ok(None);
                }
            }
            std::thread::sleep(POLL);
        }
    }

    fn newest(&self) -> Result<u64> {
        Ok(self.training.checkpoints()?.last().map_or(0, |(step, _)| *step))
    }

    fn wait_for_end(&self, process: &mut Process, limit: Option<Duration>) -> Result<ExitStatus> {
        let start = Instant::now();
        loop {
            ensure!(!self.interrupt.is_set(), "interrupted");
            if let Some(status) = process.child.try_wait().context("failed to wait for nwm")? {
                return Ok(status);
            }
            if limit.is_some_and(|limit| start.elapsed() > limit) {
                bail!("it has not ended after {} s", PATIENCE.as_secs());
            }
            std::thread::sleep(POLL);
        }
    }

    /// Another process in the same folder is refused.
    fn start_another(&self) -> Result<()> {
        let output = self.training.command().output().context("failed to start nwm")?;
        let text = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(6) && text.contains("another process holds the lock"),
            "a second process ended with {}, expected code 6: {text}",
            output.status
        );
        Ok(())
    }

    /// Damages a file of the newest checkpoint, if there is another one to fall back to; whether it did.
    fn damage_newest(&mut self) -> Result<bool> {
        let intact = self.training.intact_checkpoints()?;
        let newest = self.newest()?;
        let [.., (before, _), (step, path)] = intact.as_slice() else { return Ok(false) };
        if *step != newest {
            return Ok(false);
        }
        let name = CHECKPOINT_FILES[self.schedule.below(CHECKPOINT_FILES.len() as u64) as usize];
        damage(&path.join(name), &mut self.schedule)?;
        ensure!(!self.training.is_intact(path)?, "nwm inspect does not see damage to {name}");
        self.safe = Some(*before);
        (self.damaged, self.passed_over) = (Some(*step), false);
        Ok(true)
    }

    /// The newest intact checkpoint is at least as new as before.
    fn check_what_is_left(&mut self, done: Disturbance) -> Result<Option<u64>> {
        let newest = self.training.intact_checkpoints()?.last().map(|(step, _)| *step);
        ensure!(
            newest >= self.safe,
            "{}: the newest intact checkpoint is of step {newest:?}, before of {:?}",
            done.name(),
            self.safe
        );
        self.safe = newest;
        Ok(newest)
    }

    /// Appends what a process has said to the log of all.
    fn keep(&self, text: &str, ending: &Result<Ending>) -> Result<()> {
        let path = self.folder.join("disturbed.log");
        let context = || format!("failed to write {}", path.display());
        let mut log =
            OpenOptions::new().create(true).append(true).open(&path).with_context(context)?;
        writeln!(log, "{} {ending:?}\n{text}", jiff::Timestamp::now()).with_context(context)
    }
}

fn kill(process: &mut Process) -> Result<()> {
    process.child.kill().context("failed to kill nwm")?;
    process.child.wait().context("failed to wait for nwm")?;
    Ok(())
}
