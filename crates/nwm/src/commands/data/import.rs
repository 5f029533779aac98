//! The suite's published files.

use std::path::Path;

use anyhow::Context as _;
use nwm_data::store::{self, ImportOptions};
use nwm_data::{Split, System, Variant};
use serde_json::json;

use crate::exit::{Ending, UsageError};
use crate::flags::{ImportArguments, SplitName};
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Copies records into a file of ours.
pub(super) fn import(arguments: &ImportArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let system = System::parse(&arguments.set)?;
    let options = ImportOptions {
        system,
        variant: Variant::parse(&arguments.variant)?,
        split: split(arguments)?,
        dt: arguments.dt.unwrap_or_else(|| system.default_dt()),
        frames: arguments.frames,
    };
    let out = &arguments.out;
    let mut progress: Option<Progress> = None;
    let spec = store::import(&arguments.files, options, out, |done, total| {
        progress
            .get_or_insert_with(|| Progress::new(terminal, "records", 0, total as u64))
            .advance(done as u64, String::new);
    });
    if let Some(progress) = progress {
        progress.finish();
    }
    let spec = spec.with_context(|| format!("failed to import into {}", out.display()))?;
    terminal.result(
        &json!({"format": 1, "file": out, "dataset": spec}),
        &format!(
            "wrote {}: {} trajectories of {} frames of {system}, {}, {}, dt {}",
            out.display(),
            spec.trajectories,
            spec.frames,
            spec.variant,
            spec.split,
            spec.dt
        ),
    );
    Ok(Ending::Done)
}

/// The split that was named, or the one by which all files are named.
fn split(arguments: &ImportArguments) -> Result<Split, UsageError> {
    if let Some(split) = arguments.split {
        return Ok(split.into());
    }
    let of = |file: &Path| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Split::ALL.into_iter().find(|split| name.contains(split.name()))
    };
    match arguments.files.first().and_then(|file| of(file)) {
        Some(split) if arguments.files.iter().all(|file| of(file) == Some(split)) => Ok(split),
        _ => {
            let names = SplitName::NAMES.join(", ");
            Err(UsageError(format!(
                "the names of the files do not agree on a split; say which with --split ({names})"
            )))
        }
    }
}
