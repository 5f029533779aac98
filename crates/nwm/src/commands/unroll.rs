//! `nwm unroll`.

use anyhow::Context as _;
use nwm_data::Split;
use nwm_models::TaskName;
use nwm_train::{
    ChosenTrajectories, Layer, RequestedCheckpoint, Resolved, UnrollRequest, UnrolledSequences,
    unroll as unroll_run,
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
    let UnrollArguments { run_dir, out, .. } = arguments;
    let checkpoint = requested_checkpoint(arguments.checkpoint.as_deref())?;
    let written = write(arguments, checkpoint, terminal)
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
    arguments: &UnrollArguments,
    checkpoint: RequestedCheckpoint,
    terminal: &Terminal,
) -> anyhow::Result<UnrolledSequences> {
    let UnrollArguments { run_dir: run_directory, out, .. } = arguments;
    let request = UnrollRequest {
        checkpoint,
        trajectories: match &arguments.trajectories {
            Some(trajectories) => ChosenTrajectories::These(trajectories.clone()),
            None => ChosenTrajectories::First(arguments.count),
        },
        steps: arguments.steps,
        device: arguments.device.choice()?.open()?,
    };
    let resolved = Resolved::from_layers(&[Layer::of_run(run_directory)?])?;
    examine::data_files(&resolved.config().data, &[Split::Test])?;
    Ok(Progress::of(terminal, "sequence", |progress| {
        unroll_run(run_directory, &request, out, progress)
    })?)
}
