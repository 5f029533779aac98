//! The training loop: steps, validations and checkpoints, from wherever a run was left.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use candle_core::Device;
use nwm_data::Cursor;
use nwm_models::{
    Checkpoint, MODEL_FILE, checkpoint_directory, checkpoint_steps, latest_checkpoint,
};

use crate::checkpoint::{
    Best, CheckpointFiles, OPTIMIZER_FILE, Retention, TrainingState, read_state, remove_later,
    remove_scratch, retain_last, write_checkpoint,
};
use crate::config::{Config, Resolved, TrainConfig};
use crate::error::{Error, Result};
use crate::guard::{Failure, diagnose, not_finite};
use crate::metrics::{METRICS_FILE, MetricsLog, MetricsRow};
use crate::optimizer::Optimizer;
use crate::run::{Observer, Outcome};
use crate::schedule::learning_rate;
use crate::step::StepResult;
use crate::task::{Task, open_task};
use crate::tensorboard::EventLog;

/// Everything that changes from step to step.
pub(crate) struct Trainer<'a> {
    config: &'a Config,
    run_directory: &'a Path,
    task: Box<dyn Task + 'a>,
    optimizer: Optimizer,
    /// What the last checkpoint holds, kept up to date.
    state: TrainingState,
    seconds_before: f64,
    started: Instant,
    saved_step: Option<u64>,
    metrics: MetricsLog,
    events: EventLog,
}

impl<'a> Trainer<'a> {
    pub(crate) fn open(
        resolved: &'a Resolved,
        run_directory: &'a Path,
        device: &Device,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let config = resolved.config();
        remove_scratch(run_directory)?;
        let (checkpoint, damaged) = latest_checkpoint(run_directory)?;
        for error in damaged {
            // Starting over would in time replace what may still be saved.
            if checkpoint.is_none() {
                return Err(error.into());
            }
            observer.passed_over(&error.into());
        }
        let task = open_task(config, checkpoint.as_ref(), device, observer)?;
        let mut optimizer = Optimizer::new(task.parameters(), &config.train)?;
        let state = match &checkpoint {
            None => TrainingState::start(config.train.seed),
            Some(checkpoint) => {
                let state = read_state(checkpoint)?;
                let content = checkpoint.read(OPTIMIZER_FILE)?;
                optimizer.load(task.parameters(), &content, state.optimizer_steps)?;
                state
            }
        };
        let kept = checkpoint.as_ref().map(kept_metrics).transpose()?.flatten();
        let metrics = MetricsLog::open(run_directory, kept, state.step, task.measures_waves())?;
        Ok(Self {
            config,
            run_directory,
            task,
            optimizer,
            seconds_before: state.seconds,
            state,
            started: Instant::now(),
            saved_step: checkpoint.map(|checkpoint| checkpoint.step()),
            metrics,
            events: EventLog::create(run_directory)?,
        })
    }

    fn is_finished(&self) -> bool {
        self.state.is_finished(&self.config.train)
    }

    /// Optimiser steps taken.
    pub(crate) fn steps(&self) -> u64 {
        self.state.step
    }

    /// Seconds of training, over all starts.
    pub(crate) fn seconds(&self) -> f64 {
        self.seconds_before + self.started.elapsed().as_secs_f64()
    }

    pub(crate) fn run(
        &mut self,
        interrupt: &AtomicBool,
        observer: &mut dyn Observer,
    ) -> Result<Outcome> {
        let train = &self.config.train;
        observer.started(self.state.step, train.steps);
        self.save()?;
        // A start that could not remove what it should has left it for this one.
        retain_last(self.run_directory, self.state.step, self.retention())?;
        while !self.is_finished() {
            if interrupt.load(Ordering::Relaxed) {
                self.save()?;
                return Ok(Outcome::Interrupted);
            }
            let result = match self.advance() {
                Err(error @ Error::NotFinite { .. }) => {
                    if self.state.retries >= train.retries {
                        return Err(self.with_advice(error)?);
                    }
                    if !self.roll_back()? {
                        return Err(error);
                    }
                    observer.rolled_back(&error, self.state.step);
                    continue;
                }
                result => result?,
            };
            let step = self.state.step;
            observer.stepped(step, &result);
            let last = step == train.steps;
            let regular = self.retention().is_regular(step);
            let saves = last || regular;
            let validation = if saves { self.task.validate()? } else { None };
            if let Some(value) = validation.filter(|_| regular) {
                self.count_validation(value);
            }
            let measures =
                self.task.measures_waves() && step.is_multiple_of(self.config.analysis.every);
            let waves = if measures { self.task.measure_waves()? } else { Vec::new() };
            let logs = last || step == 1 || step.is_multiple_of(train.log_every);
            if logs || validation.is_some() || !waves.is_empty() {
                self.log(&result, validation, waves)?;
            }
            if saves {
                self.save()?;
            }
        }
        Ok(Outcome::Finished)
    }

    fn advance(&mut self) -> Result<StepResult> {
        let (result, items) = self.task.step(self.state.step)?;
        if let Some(what) = not_finite(&result) {
            let model = self.task.model_bytes()?;
            let failure = Failure {
                step: self.state.step + 1,
                items: &items,
                what,
                parameters: self.task.parameters(),
                model: &model,
            };
            return Err(diagnose(self.run_directory, failure, &result));
        }
        let rate = self.learning_rate(self.state.step);
        self.optimizer.step(self.task.parameters(), &result.gradients, rate)?;
        self.state.step += 1;
        Ok(result)
    }

    /// The rate of the step that follows `steps_taken` ones: half of what the schedule says for each time that the run had to
    /// go back.
    fn learning_rate(&self, steps_taken: u64) -> f64 {
        let retries = i32::try_from(self.state.retries).unwrap_or(i32::MAX);
        learning_rate(&self.config.train, steps_taken) * 0.5_f64.powi(retries)
    }

    /// Takes everything but the number of retries from the newest intact checkpoint; from the one before if the run has
    /// not come as far as another checkpoint since it went back, for then that one may be what is wrong. Whether there is
    /// one to go back to.
    fn roll_back(&mut self) -> Result<bool> {
        let retries = self.state.retries + 1;
        let seconds = self.seconds();
        let mut steps = self.ways_back()?;
        let in_vain = self.state.rolled_back_to == steps.last().copied();
        if in_vain && steps.len() > 1 {
            steps.pop();
        }
        let directories = steps.iter().rev().map(|&s| checkpoint_directory(self.run_directory, s));
        let Some(checkpoint) = directories.into_iter().find_map(|d| Checkpoint::open(&d).ok())
        else {
            return Ok(false);
        };
        self.saved_step = Some(checkpoint.step());
        self.state = read_state(&checkpoint)?;
        self.state.retries = retries;
        self.state.rolled_back_to = self.saved_step;
        self.task.parameters().load_bytes(&checkpoint.read(MODEL_FILE)?)?;
        let moments = checkpoint.read(OPTIMIZER_FILE)?;
        self.optimizer.load(self.task.parameters(), &moments, self.state.optimizer_steps)?;
        // Those of the way that was given up would be taken for its end.
        remove_later(self.run_directory, self.state.step)?;
        if self
            .state
            .best
            .is_some_and(|best| !checkpoint_directory(self.run_directory, best.step).is_dir())
        {
            self.state.best = None;
        }
        let (kept, measures_waves) = (kept_metrics(&checkpoint)?, self.task.measures_waves());
        self.metrics = MetricsLog::open(self.run_directory, kept, self.state.step, measures_waves)?;
        (self.seconds_before, self.started) = (seconds, Instant::now());
        Ok(true)
    }

    /// Steps of the checkpoints that a roll-back may go to.
    fn ways_back(&self) -> Result<Vec<u64>> {
        let mut steps = checkpoint_steps(self.run_directory)?;
        // What an interrupt has left is passed over: without it the run would go the same way.
        steps.retain(|&step| self.retention().is_regular(step) && Some(step) <= self.saved_step);
        Ok(steps)
    }

    /// The error that ends the run, with the number of retries that would help, if any would.
    fn with_advice(&self, error: Error) -> Result<Error> {
        let has_way_back = !self.ways_back()?.is_empty();
        Ok(match error {
            Error::NotFinite { step, what, bundle, .. } if has_way_back => {
                let more_retries = Some(self.state.retries + 1);
                Error::NotFinite { step, what, bundle, more_retries }
            }
            other => other,
        })
    }

    /// Keeps account of the least error. Only regular checkpoints count, so that a run that was made longer is the same as
    /// one that was as long from the start.
    fn count_validation(&mut self, value: f64) {
        // What is not a number is no improvement.
        if self.state.best.is_none_or(|best| value < best.value) && value.is_finite() {
            self.state.best = Some(Best { step: self.state.step, value });
            self.state.stale = 0;
        } else {
            self.state.stale += 1;
        }
    }

    fn log(
        &mut self,
        result: &StepResult,
        validation: Option<f64>,
        waves: Vec<(String, f64)>,
    ) -> Result<()> {
        let scalars = self.task.cell_scalars()?;
        let step = self.state.step;
        let samples = step * self.config.train.batch_size as u64;
        let row = MetricsRow {
            step,
            epoch: samples as f64 / self.task.samples() as f64,
            seconds: self.seconds(),
            loss: result.loss,
            mse: result.mean_squared_error,
            accuracy: result.accuracy,
            divergence: result.divergence,
            gradient_norm: result.gradient_norm,
            learning_rate: self.learning_rate(step - 1),
            dt: scalars.map(|scalars| scalars.dt),
            gamma: scalars.map(|scalars| scalars.gamma),
            alpha: scalars.map(|scalars| scalars.alpha),
            validation,
            waves,
        };
        self.metrics.append(&row)?;
        self.events.append(&row)
    }

    /// Writes the checkpoint of this step, unless it is there.
    fn save(&mut self) -> Result<()> {
        let step = self.state.step;
        if self.saved_step == Some(step) {
            return Ok(());
        }
        self.state.cursor = Cursor { step };
        self.state.optimizer_steps = self.optimizer.steps();
        self.state.seconds = self.seconds();
        let model = self.task.model_bytes()?;
        let optimizer = self.optimizer.to_bytes(self.task.parameters())?;
        let metrics = self.metrics.content()?;
        let files = CheckpointFiles { model: &model, optimizer: &optimizer, metrics: &metrics };
        write_checkpoint(self.run_directory, files, &self.state)?;
        self.saved_step = Some(step);
        retain_last(self.run_directory, step, self.retention())
    }

    fn retention(&self) -> Retention {
        let TrainConfig { keep_last, checkpoint_every, .. } = self.config.train;
        let best = self.state.best.map(|best| best.step);
        Retention { keep: keep_last, every: checkpoint_every, best }
    }
}

/// The metrics that a checkpoint has saved; those of earlier versions have none.
fn kept_metrics(checkpoint: &Checkpoint) -> Result<Option<Vec<u8>>> {
    let is_kept = checkpoint.sha256_of(METRICS_FILE).is_some();
    Ok(if is_kept { Some(checkpoint.read(METRICS_FILE)?) } else { None })
}
