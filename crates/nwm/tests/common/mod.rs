//! Running the program on a model small enough for tests.
#![allow(clippy::unwrap_used, reason = "tests may panic")]
#![allow(dead_code, reason = "each test file uses a part")]

use std::path::Path;
use std::process::{Command, Output};

/// Two maps, a sheet of 3 x 3, windows of 8 frames.
pub(crate) const SMALL: &str = "\
[data]\ntrain_trajectories = 6\ntest_trajectories = 3\nframes = 40\n\
[model]\nname = \"nwm_2d\"\ninference_steps = 4\n\
[model.encoder]\nchannels = 2\n[model.decoder]\nchannels = 2\n\
[model.cell]\nrows = 3\ncolumns = 3\n\
[train]\nsteps = 12\nbatch_size = 2\nwindow = 8\nlearning_rate = 1e-2\nlog_every = 2\n\
checkpoint_every = 2\nkeep_last = 2\n\
[eval]\nextrapolation_steps = 6\nbatch_size = 2\n";

/// The program, started in `folder`, where its data cache goes.
pub(crate) fn nwm(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nwm"));
    command.current_dir(folder);
    command
}

/// Writes the small configuration and returns the command that trains it in `run_dir`.
pub(crate) fn train(folder: &Path, run_dir: &str) -> Command {
    std::fs::write(folder.join("small.toml"), SMALL).unwrap();
    let mut command = nwm(folder);
    command.args(["train", "--config", "small.toml", "--run-dir", run_dir]);
    command
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(crate) fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap()
}
