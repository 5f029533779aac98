//! `nwm eval`.

use std::path::Path;

use anyhow::Context as _;
use nwm_data::Split;
use nwm_train::{
    EvaluationRequest, EvaluationResult, Layer, Resolved, Scores, evaluate, read_run_record,
};

use super::examine;
use crate::exit::{Ending, UsageError};
use crate::flags::EvalArguments;
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Scores one run.
pub(crate) fn run(arguments: &EvalArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let step = match arguments.checkpoint.as_str() {
        "last" => None,
        text => Some(text.parse().map_err(|_| {
            UsageError(format!(
                "failed to read --checkpoint {text}: expected last or the step of a checkpoint"
            ))
        })?),
    };
    let result = score(&arguments.run_dir, &EvaluationRequest { step }, terminal)
        .with_context(|| format!("failed to evaluate {}", arguments.run_dir.display()))?;
    let trained = read_run_record(&arguments.run_dir)?.steps;
    if step.is_none() && result.steps < trained {
        terminal.warning(&format!(
            "scored step {} of {trained}: newer checkpoints are missing or damaged, nwm inspect says which",
            result.steps
        ));
    }
    terminal.result(&serde_json::to_value(&result)?, &text(&result));
    Ok(Ending::Done)
}

fn score(
    run_directory: &Path,
    request: &EvaluationRequest,
    terminal: &Terminal,
) -> anyhow::Result<EvaluationResult> {
    let resolved = Resolved::from_layers(&[Layer::read(&run_directory.join("resolved.toml"))?])?;
    examine::data_files(&resolved.config().data, &[Split::Train, Split::Test])?;
    let mut progress: Option<Progress> = None;
    let result = evaluate(run_directory, request, &mut |done, total| {
        progress
            .get_or_insert_with(|| Progress::new(terminal, "trajectory", 0, total as u64))
            .advance(done as u64, String::new);
    });
    if let Some(progress) = &progress {
        progress.finish();
    }
    Ok(result?)
}

/// The scores beside the reference predictors.
fn text(result: &EvaluationResult) -> String {
    let mut text = format!(
        "{} on {}, {} trajectories, step {}; {} parameters\n{:<12}{:>22}{:>22}{:>22}\n",
        result.model.as_str(),
        result.data,
        result.trajectories,
        result.steps,
        result.parameters,
        format!("{:e}", result.unit),
        "l2_norm train",
        "l2_norm extrapolation",
        "l2 extrapolation",
    );
    let rows: [(&str, &Scores); 3] = [
        ("model", &result.metrics),
        ("mean image", &result.references.mean_image),
        ("last frame", &result.references.last_frame),
    ];
    for (name, scores) in rows {
        text += &format!(
            "{name:<12}{:>22.1}{:>22.1}{:>22.3e}\n",
            scores.forward_train_l2_norm / result.unit,
            scores.forward_extrapolation_l2_norm / result.unit,
            scores.forward_extrapolation_l2,
        );
    }
    text
}
