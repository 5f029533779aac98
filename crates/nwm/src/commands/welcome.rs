//! `nwm` without a command.

use serde_json::json;

use crate::exit::Ending;
use crate::terminal::Terminal;

/// What to try first: the command, and what it does.
const FIRST: &[(&str, &str)] = &[
    (
        "nwm simulate --out first",
        "an untrained cell and its waves, in a second: open first/report.html",
    ),
    (
        "nwm waves recording.npy --out found",
        "is there a wave in your recording, of which kind, length and speed",
    ),
    ("nwm data list", "the data sets to train on"),
    (
        "nwm config nwm_2d --preset quick > run.toml",
        "a configuration to start from, every key explained",
    ),
    (
        "nwm train --config run.toml --run-dir run",
        "trains it; stop at any time, and go on with --resume",
    ),
    ("nwm doctor", "what this machine has, and what is missing"),
];

/// Names a few commands; nothing is run.
pub(super) fn run(terminal: &Terminal) -> Ending {
    let width = FIRST.iter().map(|(command, _)| command.len()).max().unwrap_or(0);
    let lines: Vec<_> =
        FIRST.iter().map(|(command, does)| format!("  {command:<width$}  {does}")).collect();
    let text = format!(
        "Neural wave machines: recurrent networks that compute with travelling waves. To try first:\n\n{}\n\n\
         nwm --help lists all commands, nwm COMMAND --help explains one.",
        lines.join("\n")
    );
    let commands: Vec<_> =
        FIRST.iter().map(|(command, does)| json!({"command": command, "does": does})).collect();
    terminal.result(&json!({"format": 1, "first": commands}), &text);
    Ending::Done
}
