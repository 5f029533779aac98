//! `nwm train`.

use std::path::Path;

use anyhow::Context as _;
use nwm_data::Split;
use nwm_train::{
    Error, Layer, Observer, Outcome, Resolved, RunRequest, StepResult, command_line,
    read_run_record, train,
};
use serde_json::json;

use super::device::features;
use super::examine;
use crate::exit::{Ending, UsageError};
use crate::flags::TrainArguments;
use crate::interrupt::watch_signals;
use crate::presets;
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Trains one model.
pub(crate) fn run(arguments: &TrainArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let directory = arguments.run_dir.display();
    train_in_folder(arguments, terminal).with_context(|| format!("failed to train {directory}"))
}

fn train_in_folder(arguments: &TrainArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let device = arguments.device.choice()?.open()?;
    let recorded = arguments.run_dir.join("resolved.toml");
    let names_settings = arguments.preset.is_some() || arguments.config.is_some();
    let (mut stack, preset) = if arguments.resume && !names_settings && recorded.is_file() {
        let record = read_run_record(&arguments.run_dir).ok();
        (vec![Layer::read(&recorded)?], record.and_then(|record| record.preset))
    } else {
        (Vec::new(), arguments.preset.clone())
    };
    stack.extend(layers(arguments)?);
    let resolved = Resolved::from_layers(&stack)?;
    let config = resolved.config();
    let splits = [Some(Split::Train), config.has_validation().then_some(Split::Validation)];
    examine::data_files(&config.data, &splits.into_iter().flatten().collect::<Vec<_>>())?;
    let request = RunRequest {
        run_directory: arguments.run_dir.clone(),
        resume: arguments.resume,
        device,
        given: given_text(arguments)?,
        commit: env!("NWM_COMMIT").into(),
        version: env!("CARGO_PKG_VERSION").into(),
        features: features(),
        preset,
        command: command_line(),
    };
    let interrupt = watch_signals()?;
    let mut observer =
        Watcher { terminal: *terminal, generating: None, progress: None, last: None };
    let outcome = train(&resolved, &request, &interrupt, &mut observer);
    if let Some(progress) = &observer.progress {
        progress.finish();
    }
    summarise(&arguments.run_dir, outcome?, observer.last, terminal)
}

/// What was asked for, weakest first.
fn layers(arguments: &TrainArguments) -> anyhow::Result<Vec<Layer>> {
    let mut layers = Vec::new();
    if let Some(path) = &arguments.config {
        if !path.exists() {
            return Err(UsageError(format!(
                "--config {}: found no such file, expected TOML; nwm config prints one to start from",
                path.display()
            ))
            .into());
        }
        layers.push(Layer::read(path)?);
    }
    for assignment in &arguments.set {
        layers.push(Layer::assignment(assignment)?);
    }
    if let Some(seed) = arguments.seed {
        let mut layer = Layer::assignment(&format!("train.seed={seed}"))?;
        layer.origin = format!("--seed {seed}");
        layers.push(layer);
    }
    if let Some(preset) = &arguments.preset {
        layers.insert(0, presets::layer(preset, presets::task_of(&layers))?);
    }
    Ok(layers)
}

/// Text of `config.toml`: the file that was given, and the arguments laid over it as comments.
fn given_text(arguments: &TrainArguments) -> anyhow::Result<String> {
    let mut text = String::from("# What nwm train was given; resolved.toml has every key.\n");
    if let Some(preset) = &arguments.preset {
        text += &format!("# --preset {preset}\n");
    }
    for assignment in &arguments.set {
        text += &format!("# --set {}\n", assignment.replace(char::is_control, " "));
    }
    if let Some(seed) = arguments.seed {
        text += &format!("# --seed {seed}\n");
    }
    if let Some(path) = &arguments.config {
        let content = std::fs::read_to_string(path)
            .map_err(|source| Error::Io { path: path.clone(), source })?;
        text += &format!("# --config {}\n{content}", path.display());
    }
    Ok(text)
}

struct Watcher {
    terminal: Terminal,
    generating: Option<Progress>,
    progress: Option<Progress>,
    last: Option<LastStep>,
}

/// What the last step says of the model.
#[derive(Clone, Copy)]
struct LastStep {
    loss: f64,
    mse: Option<f64>,
    accuracy: Option<f64>,
}

impl LastStep {
    /// The name of the most telling number, and the number.
    fn score(self) -> (&'static str, String) {
        match self {
            Self { mse: Some(mse), .. } => ("mse", format!("{mse:.3e}")),
            Self { accuracy: Some(accuracy), .. } => ("accuracy", format!("{accuracy:.3}")),
            Self { loss, .. } => ("loss", format!("{loss:.3e}")),
        }
    }
}

impl Observer for Watcher {
    fn generated(&mut self, trajectories: usize, total: usize) {
        self.generating
            .get_or_insert_with(|| Progress::new(&self.terminal, "trajectory", 0, total as u64))
            .advance(trajectories as u64, String::new);
        if trajectories == total
            && let Some(progress) = self.generating.take()
        {
            progress.finish();
        }
    }

    fn started(&mut self, step: u64, steps: u64) {
        self.progress = Some(Progress::new(&self.terminal, "step", step, steps));
    }

    fn stepped(&mut self, step: u64, result: &StepResult) {
        let StepResult { loss, mean_squared_error: mse, accuracy, .. } = *result;
        let last = LastStep { loss, mse, accuracy };
        self.last = Some(last);
        if let Some(progress) = &mut self.progress {
            progress.advance(step, || {
                let (name, value) = last.score();
                format!("{name} {value}")
            });
        }
    }

    fn moved(&mut self, from: &str, to: &str) {
        self.terminal.warning(&format!(
            "the run was on {from} and goes on on {to}: its numbers are not, bit for bit, those of a run on one device"
        ));
    }

    fn passed_over(&mut self, problem: &Error) {
        self.terminal.warning(&format!("passed over a damaged checkpoint: {problem}"));
    }

    fn rolled_back(&mut self, problem: &Error, step: u64) {
        let next = format!("went back to step {step}, half the learning rate from here");
        self.terminal.warning(&format!("{problem}; {next}"));
    }
}

fn summarise(
    run_directory: &Path,
    outcome: Outcome,
    last: Option<LastStep>,
    terminal: &Terminal,
) -> anyhow::Result<Ending> {
    let record = read_run_record(run_directory)?;
    let json = json!({
        "format": 1, "run_dir": run_directory, "status": record.status, "steps": record.steps,
        "seconds": record.seconds, "mse": last.and_then(|last| last.mse),
        "accuracy": last.and_then(|last| last.accuracy),
    });
    let state = match outcome {
        Outcome::Finished => "trained",
        Outcome::Interrupted => "interrupted, continue with --resume:",
    };
    let score = last.map(LastStep::score);
    let score =
        score.map(|(name, value)| format!(", {name} of the last step {value}")).unwrap_or_default();
    terminal.result(
        &json,
        &format!(
            "{state} {}: {} steps, {:.0} s{score}",
            run_directory.display(),
            record.steps,
            record.seconds
        ),
    );
    Ok(match outcome {
        Outcome::Finished => Ending::Done,
        Outcome::Interrupted => Ending::Interrupted,
    })
}
