//! `nwm eval`.

use std::path::Path;

use anyhow::Context as _;
use nwm_data::Split;
use nwm_train::{
    EvaluationRequest, EvaluationResult, Layer, RequestedCheckpoint, Resolved, RunRecord, Scores,
    evaluate, read_run_record,
};

use super::examine;
use crate::exit::{Ending, UsageError};
use crate::flags::EvalArguments;
use crate::pages::Scale;
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Scores one run.
pub(crate) fn run(arguments: &EvalArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let checkpoint = requested_checkpoint(arguments.checkpoint.as_deref())?;
    let result = score(&arguments.run_dir, &EvaluationRequest { checkpoint }, terminal)
        .with_context(|| format!("failed to evaluate {}", arguments.run_dir.display()))?;
    let record = read_run_record(&arguments.run_dir)?;
    let asked_for_newest = match checkpoint {
        RequestedCheckpoint::Last => true,
        // Only the newest checkpoint can be replaced by an older one.
        RequestedCheckpoint::Configured => !result.checkpoint.configured,
        RequestedCheckpoint::Best | RequestedCheckpoint::Step(_) => false,
    };
    if asked_for_newest && result.steps < result.trained_steps {
        terminal.warning(&format!(
            "scored step {} of {}: newer checkpoints are missing or damaged, nwm inspect says which",
            result.steps, result.trained_steps
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
    run_directory: &Path,
    request: &EvaluationRequest,
    terminal: &Terminal,
) -> anyhow::Result<EvaluationResult> {
    let resolved = Resolved::from_layers(&[Layer::read(&run_directory.join("resolved.toml"))?])?;
    examine::data_files(&resolved.config().data, &[Split::Train, Split::Test])?;
    Ok(Progress::of(terminal, "trajectory", |progress| evaluate(run_directory, request, progress))?)
}

/// The scores beside the reference predictors, and how far they may stand beside published ones.
fn text(result: &EvaluationResult, record: &RunRecord) -> String {
    let label = Scale::of(record.preset.as_deref(), record.published).label();
    let label = label.map(|label| format!("{label}\n")).unwrap_or_default();
    let mut text = format!(
        "{label}{} on {}, {} trajectories, step {}; {} parameters\n{:<12}{:>22}{:>22}{:>22}{:>22}\n",
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
