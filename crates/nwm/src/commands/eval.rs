//! `nwm eval`.

use anyhow::Context as _;
use nwm_data::Split;
use nwm_train::{
    EvaluationRequest, EvaluationResult, ForecastResult, Layer, Metrics, RequestedCheckpoint,
    Resolved, ResultHeader, RunRecord, Scores, SequenceResult, VariationalResult, evaluate,
    read_run_record,
};

use super::examine;
use crate::compared_waves::{compared_waves, null_endings};
use crate::exit::{Ending, UsageError};
use crate::flags::EvalArguments;
use crate::pages::Scale;
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Scores one run.
pub(crate) fn run(arguments: &EvalArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let checkpoint = requested_checkpoint(arguments.checkpoint.as_deref())?;
    let result = score(arguments, checkpoint, terminal)
        .with_context(|| format!("failed to evaluate {}", arguments.run_dir.display()))?;
    let record = read_run_record(&arguments.run_dir)?;
    let asked_for_newest = match checkpoint {
        RequestedCheckpoint::Last => true,
        // Only the newest checkpoint can be replaced by an older one.
        RequestedCheckpoint::Configured => !result.checkpoint().configured,
        RequestedCheckpoint::Best | RequestedCheckpoint::Step(_) => false,
    };
    let (steps, trained_steps) = (result.checkpoint().step, result.trained_steps());
    if asked_for_newest && steps < trained_steps {
        terminal.warning(&format!(
            "scored step {steps} of {trained_steps}: newer checkpoints are missing or damaged, nwm inspect says which",
        ));
    }
    terminal.result(&serde_json::to_value(&result)?, &text(&result, &record));
    Ok(Ending::Done)
}

/// A checkpoint by the name that an argument gives it, if it is given.
pub(crate) fn requested_checkpoint(name: Option<&str>) -> Result<RequestedCheckpoint, UsageError> {
    let refused = |text| {
        UsageError(format!(
            "failed to read --checkpoint {text}: expected best, last or the step of a checkpoint"
        ))
    };
    match name {
        None => Ok(RequestedCheckpoint::Configured),
        Some("last") => Ok(RequestedCheckpoint::Last),
        Some("best") => Ok(RequestedCheckpoint::Best),
        Some(text) => text.parse().map(RequestedCheckpoint::Step).map_err(|_| refused(text)),
    }
}

fn score(
    arguments: &EvalArguments,
    checkpoint: RequestedCheckpoint,
    terminal: &Terminal,
) -> anyhow::Result<EvaluationResult> {
    let run_directory = &arguments.run_dir;
    let request = EvaluationRequest { checkpoint, device: arguments.device.choice()?.open()? };
    let resolved = Resolved::from_layers(&[Layer::of_run(run_directory)?])?;
    examine::data_files(&resolved.config().data, &[Split::Train, Split::Test])?;
    Ok(Progress::of(terminal, "trajectory", |progress| {
        evaluate(run_directory, &request, progress)
    })?)
}

/// The scores, and how far they may stand beside published ones.
fn text(result: &EvaluationResult, record: &RunRecord) -> String {
    let label = Scale::of(record.preset.as_deref(), record.published).label();
    let label = label.map(|label| format!("{label}\n")).unwrap_or_default();
    let scores = match result {
        EvaluationResult::Forecast(result) => forecast_text(result),
        EvaluationResult::Sequence(result) => sequence_text(result),
        EvaluationResult::Variational(result) => variational_text(result),
        _ => String::new(),
    };
    label + &scores
}

/// What was scored, in a line.
fn heading(about: &ResultHeader, sequences: usize) -> String {
    format!(
        "{} on {}, {sequences} sequences, step {}; {} parameters\n",
        about.model.as_str(),
        about.data,
        about.steps,
        about.parameters
    )
}

/// Scores with their intervals, and those of both rules.
fn sequence_text(result: &SequenceResult) -> String {
    let mut text = heading(&result.about, result.sequences);
    for (name, value) in &result.metrics {
        let interval = result.intervals.get(name);
        let interval =
            interval.map(|[low, high]| format!(" ({low:.4} to {high:.4})")).unwrap_or_default();
        text += &format!("{name:<12}{}{interval}\n", decimal(*value));
    }
    let rules = [("last epoch", &result.rules.last), ("best validation", &result.rules.best)];
    for (rule, scores) in rules {
        let Some(scores) = scores else { continue };
        let of_rule =
            |(name, value): (&String, &Option<f64>)| format!("{name} {}", decimal(*value));
        let metrics: Vec<String> = scores.metrics.iter().map(of_rule).collect();
        text += &format!("{rule}, step {}: {}\n", scores.checkpoint.step, metrics.join(", "));
    }
    text
}

/// Scores beside those of reference predictors, and the waves of the hidden state beside chance and the start.
fn variational_text(result: &VariationalResult) -> String {
    let mut text = heading(&result.about, result.sequences);
    text += &format!("{:<18}{:>14}{:>14}{:>14}\n", "", "model", "mean image", "last frame");
    let none = Metrics::new();
    let reference = |name: &str| result.references.get(name).unwrap_or(&none);
    let of = |metrics: &Metrics, key: &str| metrics.get(key).map(|value| decimal(*value));
    let cell = |metrics: &Metrics, key: &str| of(metrics, key).unwrap_or_default();
    let (mean_image, last_frame) = (reference("mean_image"), reference("last_frame"));
    for key in ["negative_bound", "bernoulli_cost", "divergence", "mse"] {
        let cells = [&result.metrics, mean_image, last_frame].map(|metrics| cell(metrics, key));
        let [model, mean_image, last_frame] = cells;
        text += &format!("{key:<18}{model:>14}{mean_image:>14}{last_frame:>14}\n");
    }
    if let Some(waves) = &result.waves {
        text += &format!(
            "waves of {} films, {} frames each, {} surrogates of each kind\n{:<22}{:>12}{:>12}{:>10}{:>12}{:>10}{:>12}\n",
            waves.sequences,
            waves.frames,
            waves.surrogates,
            "",
            "model",
            "shuffled",
            "p",
            "shifted",
            "p",
            "untrained"
        );
        let untrained = reference("untrained");
        for name in compared_waves(&result.metrics) {
            let key = format!("waves_{name}");
            let of_model = |ending: &str| cell(&result.metrics, &format!("{key}{ending}"));
            let [shuffled, shifted] = null_endings(name).map(|endings| {
                endings.map_or_else(Default::default, |endings| endings.map(of_model))
            });
            text += &format!(
                "{name:<22}{:>12}{:>12}{:>10}{:>12}{:>10}{:>12}\n",
                of_model(""),
                shuffled[0],
                shuffled[1],
                shifted[0],
                shifted[1],
                cell(untrained, &key)
            );
        }
    }
    text
}

fn decimal(value: Option<f64>) -> String {
    match value {
        None => "not finite".to_owned(),
        Some(value) if value != 0.0 && value.abs() < 1e-3 => format!("{value:.3e}"),
        Some(value) => format!("{value:.4}"),
    }
}

/// The scores beside the reference predictors.
fn forecast_text(result: &ForecastResult) -> String {
    let mut text = format!(
        "{} on {}, {} trajectories, step {}; {} parameters\n{:<12}{:>22}{:>22}{:>22}{:>22}\n",
        result.model.as_str(),
        result.data,
        result.trajectories,
        result.steps,
        result.parameters,
        format!("{:e}", result.unit),
        "l2_norm train",
        "l2_norm extrapolation",
        "l2_norm matched",
        "l2 extrapolation",
    );
    let score = |scores: &Scores, key| scores.get(key).unwrap_or(f64::NAN);
    let rows: [(&str, &Scores); 3] = [
        ("model", &result.metrics),
        ("mean image", &result.references.mean_image),
        ("last frame", &result.references.last_frame),
    ];
    for (name, scores) in rows {
        text += &format!(
            "{name:<12}{:>22.1}{:>22.1}{:>22.1}{:>22.3e}\n",
            score(scores, "forward_train_l2_norm") / result.unit,
            score(scores, "forward_extrapolation_l2_norm") / result.unit,
            score(scores, "forward_matched_l2_norm") / result.unit,
            score(scores, "forward_extrapolation_l2"),
        );
    }
    if let Some(valid) = &result.valid_time {
        text += &format!(
            "valid prediction time: {:.1} of {} frames, over {} trajectories\n",
            valid.frames, valid.longest, valid.trajectories
        );
    }
    if let Some(found) = &result.symplecticity {
        text += &format!(
            "SyMetric: {:.2}, with R2 {:.2} and deviation {:.3} over {} groups\n",
            found.symetric, found.r_squared, found.sym, found.groups
        );
    }
    text
}
