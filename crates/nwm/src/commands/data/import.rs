//! The suite's published files.

use std::path::PathBuf;

use anyhow::Context as _;
use nwm_data::Split;
use nwm_data::store::{self, ImportOptions};
use serde_json::json;

use super::set_name;
use crate::exit::{Ending, UsageError};
use crate::flags::ImportArguments;
use crate::interrupt::{unless_set, watch_signals};
use crate::progress::Progress;
use crate::terminal::Terminal;

/// Copies records into a file of ours.
pub(super) fn import(arguments: &ImportArguments, terminal: &Terminal) -> anyhow::Result<Ending> {
    let out = &arguments.out;
    let failed = || format!("failed to import into {}", out.display());
    let (system, variant) =
        set_name::parse(&arguments.set, arguments.variant.as_deref()).with_context(failed)?;
    let split = match arguments.split {
        Some(split) => split.into(),
        None => split_of_names(&arguments.files).with_context(failed)?.unwrap_or_else(|| {
            terminal.message("the names of the files say no split: taken as train (--split)");
            Split::Train
        }),
    };
    let (dt, frames) = (arguments.dt, arguments.frames);
    let options = ImportOptions { system, variant, split, dt, frames };
    let interrupt = watch_signals()?;
    let mut progress: Option<Progress> = None;
    let spec = store::import(&arguments.files, options, out, |done, total| {
        progress
            .get_or_insert_with(|| Progress::new(terminal, "records", 0, total as u64))
            .advance(done as u64, String::new);
        unless_set(&interrupt)
    });
    if let Some(progress) = progress {
        progress.finish();
    }
    let spec = spec.with_context(failed)?;
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

/// The split by which all files are named, as a word of its own: `train.tfrecord`, `pendulum_test-00001.tfrecord`.
fn split_of_names(files: &[PathBuf]) -> Result<Option<Split>, UsageError> {
    let of = |file: &PathBuf| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let words: Vec<&str> = name.split(|letter: char| !letter.is_alphanumeric()).collect();
        let mut splits = Split::ALL.into_iter().filter(|split| words.contains(&split.name()));
        splits.next().filter(|_| splits.next().is_none())
    };
    let mut splits: Vec<Option<Split>> = files.iter().map(of).collect();
    splits.dedup();
    match splits.as_slice() {
        &[split] => Ok(split),
        _ => Err(UsageError(
            "the names of the files do not agree on a split; say which with --split (train, validation, test)".into(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_are_words_of_the_names() {
        let of = |names: &[&str]| {
            split_of_names(&names.iter().map(PathBuf::from).collect::<Vec<_>>()).ok()
        };
        assert_eq!(of(&["a/train.tfrecord"]), Some(Some(Split::Train)));
        assert_eq!(of(&["pendulum_test-1.tfrecord", "test-2"]), Some(Some(Split::Test)));
        assert_eq!(of(&["constrained.tfrecord"]), Some(None));
        assert_eq!(of(&["latest.tfrecord", "contest.tfrecord"]), Some(None));
        assert_eq!(of(&["train-test.tfrecord"]), Some(None));
        assert_eq!(of(&["train.tfrecord", "test.tfrecord"]), None);
        assert_eq!(of(&["train.tfrecord", "more.tfrecord"]), None);
    }
}
