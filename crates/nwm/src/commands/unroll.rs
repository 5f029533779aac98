//! `nwm unroll`.

use std::path::Path;

use anyhow::Context as _;
use nwm_data::Split;
use nwm_models::TaskName;
use nwm_train::{
    ChosenTrajectories, Layer, Resolved, UnrollRequest, UnrolledSequences, unroll as unroll_run,
};
use serde_json::json;

use super::eval::requested_checkpoint;
use super::examine;
use crate::exit::Ending;
use crate::flags::UnrollArguments;
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Writes hidden states, inputs and predictions of some test sequences.
pub(crate) fn run(arguments: &UnrollArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let UnrollArguments { run_dir, out, count, steps, .. } = arguments;
    let request = UnrollRequest {
        checkpoint: requested_checkpoint(arguments.checkpoint.as_deref())?,
        trajectories: match &arguments.trajectories {
            Some(trajectories) => ChosenTrajectories::These(trajectories.clone()),
            None => ChosenTrajectories::First(*count),
        },
        steps: *steps,
    };
    let written = write(run_dir, &request, out, terminal)
        .with_context(|| format!("failed to unroll {}", run_dir.display()))?;
    if written.task == TaskName::Forecast && written.true_frames < written.window() {
        terminal.message(&format!(
            "true frames end after {} of {}; predictions go on",
            written.true_frames,
            written.window()
        ));
    }
    let text = format!(
        "wrote {}: {} sequences of {}, {} {} each, {} step {}",
        out.display(),
        written.sequences,
        written.data,
        written.steps,
        if written.task == TaskName::Sequence { "states" } else { "predictions" },
        written.model.as_str(),
        written.checkpoint.step
    );
    terminal.result(&json!({"format": 1, "file": out, "content": written}), &text);
    Ok(Ending::Done)
}

fn write(
    run_directory: &Path,
    request: &UnrollRequest,
    out: &Path,
    terminal: &Terminal,
) -> anyhow::Result<UnrolledSequences> {
    let resolved = Resolved::from_layers(&[Layer::read(&run_directory.join("resolved.toml"))?])?;
    examine::data_files(&resolved.config().data, &[Split::Test])?;
    Ok(Progress::of(terminal, "sequence", |progress| {
        unroll_run(run_directory, request, out, progress)
    })?)
}
