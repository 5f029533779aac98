//! Files of the user's own are looked at by a process of this program that may fail before they are read here.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use nwm_data::recording::{RecordingOptions, is_hdf5};
use nwm_data::{FramesFile, Split, foreign};
use nwm_train::{DataConfig, FILE_DATA, own_file};

use crate::exit::Ending;
use crate::flags::ExamineArguments;

/// The hidden command: looks at a file, in this process.
pub(super) fn run(arguments: &ExamineArguments) -> anyhow::Result<Ending> {
    let (file, dataset) = (&arguments.file, arguments.dataset.as_deref());
    foreign::examine_here(|| {
        if !arguments.recording {
            return foreign::frames(file, dataset.unwrap_or(FramesFile::DEFAULT_DATASET));
        }
        let mut options = RecordingOptions::default();
        options.dataset = dataset.map(str::to_owned);
        options.axes = arguments.axes.as_deref().map(str::parse).transpose()?;
        foreign::recording(file, &options)
    })?;
    Ok(Ending::Done)
}

/// Looks at the files that a configuration names for some splits, if it names any, in other processes.
pub(super) fn data_files(data: &DataConfig, splits: &[Split]) -> anyhow::Result<()> {
    if data.name != FILE_DATA {
        return Ok(());
    }
    for &split in splits {
        let file = own_file(data, split)?;
        // A file that is not there needs no process to say so.
        if file.is_file() {
            in_another_process(file, &[format!("--dataset={}", data.dataset)])?;
        }
    }
    Ok(())
}

/// Looks at a recording in another process, if it is in an HDF5 file.
pub(super) fn recording(file: &Path, options: &RecordingOptions) -> anyhow::Result<()> {
    if !is_hdf5(file)? {
        return Ok(());
    }
    let mut arguments = vec!["--recording".to_owned()];
    let axes = options.axes.as_ref().map(ToString::to_string);
    for (flag, value) in [("--dataset", options.dataset.clone()), ("--axes", axes)] {
        arguments.extend(value.map(|value| format!("{flag}={value}")));
    }
    in_another_process(file, &arguments)
}

fn in_another_process(file: &Path, arguments: &[String]) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("failed to find this program's own file")?;
    let mut command = Command::new(program);
    command.args(["--quiet", "examine"]).args(arguments).arg("--").arg(file);
    Ok(foreign::examine(file, &mut command)?)
}
