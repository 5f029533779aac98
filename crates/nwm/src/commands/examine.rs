//! Files of the user's own are looked at by a process of this program that may fail before they are read here.

use std::path::Path;
use std::process::Command;

use anyhow::Context as _;
use nwm_data::{Split, foreign};
use nwm_train::{DataConfig, FILE_DATA, own_file};

use crate::exit::Ending;
use crate::flags::ExamineArguments;

/// The hidden command: looks at a file, in this process.
pub(super) fn run(arguments: &ExamineArguments) -> anyhow::Result<Ending> {
    foreign::examine_here(&arguments.file, &arguments.dataset)?;
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
            in_another_process(file, &data.dataset)?;
        }
    }
    Ok(())
}

fn in_another_process(file: &Path, dataset: &str) -> anyhow::Result<()> {
    let program = std::env::current_exe().context("failed to find this program's own file")?;
    let mut command = Command::new(program);
    command.args(["--quiet", "examine", "--dataset", dataset, "--"]).arg(file);
    Ok(foreign::examine(file, &mut command)?)
}
