//! `nwm export`.

use anyhow::Context as _;
use nwm_train::{ExportRequest, export};
use serde_json::json;

use super::eval::requested_checkpoint;
use crate::exit::Ending;
use crate::flags::ExportArguments;
use crate::terminal::Terminal;

/// Keeps one checkpoint of a run.
pub(crate) fn run(arguments: &ExportArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let ExportArguments { run_dir, out, half, checkpoint } = arguments;
    let request = ExportRequest {
        checkpoint: requested_checkpoint(checkpoint.as_deref())?,
        half_precision: *half,
    };
    let exported = export(run_dir, &request, out)
        .with_context(|| format!("failed to export {}", run_dir.display()))?;
    let (step, kilobytes) = (exported.step, exported.bytes as f64 / 1e3);
    let text = format!("wrote {}: step {step}, {kilobytes:.0} kB of parameters", out.display());
    terminal.result(&json!({"format": 1, "exported": exported}), &text);
    Ok(Ending::Done)
}
