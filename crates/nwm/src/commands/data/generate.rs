//! Generating a data set.

use anyhow::Context as _;
use nwm_data::DatasetSpec;
use nwm_data::store::{self, Stage};
use serde_json::json;

use super::set_name;
use crate::exit::Ending;
use crate::flags::GenerateArguments;
use crate::interrupt::{unless_set, watch_signals};
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Generates a data set into a file.
pub(super) fn generate(
    arguments: &GenerateArguments,
    terminal: &Terminal,
) -> anyhow::Result<Ending> {
    let out = &arguments.out;
    let failed = || format!("failed to generate {}", out.display());
    let (system, variant) =
        set_name::parse(&arguments.name, arguments.variant.as_deref()).with_context(failed)?;
    let spec = DatasetSpec {
        variant,
        seed: arguments.seed,
        frames: arguments.steps,
        dt: arguments.dt.unwrap_or_else(|| system.default_dt()),
        ..DatasetSpec::new(system, arguments.split.into(), arguments.count)
    };
    write(&spec, arguments, terminal).with_context(failed)?;
    terminal.result(
        &json!({"format": 1, "file": out, "dataset": spec}),
        &format!(
            "wrote {}: {} trajectories of {} frames of {system}, {variant}, {}, seed {}",
            out.display(),
            spec.trajectories,
            spec.frames,
            spec.split,
            spec.seed
        ),
    );
    Ok(Ending::Done)
}

fn write(
    spec: &DatasetSpec,
    arguments: &GenerateArguments,
    terminal: &Terminal,
) -> anyhow::Result<()> {
    let interrupt = watch_signals()?;
    let options = store::WriteOptions { frames: arguments.frames };
    let total = spec.trajectories as u64;
    // Every trajectory is computed once and assembled once.
    let mut progress = Progress::new(terminal, "trajectories", 0, 2 * total);
    let outcome = store::generate(spec, &arguments.out, options, |now| {
        let (before, what) = match now.stage {
            Stage::Generating => (0, "computing"),
            _ => (total, "assembling"),
        };
        progress.advance(before + now.trajectories as u64, || what.to_owned());
        unless_set(&interrupt)
    });
    progress.finish();
    Ok(outcome?)
}
