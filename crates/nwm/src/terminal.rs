//! The only place that prints.

use std::io::{IsTerminal, Write};

use clap::builder::Styles;

use crate::flags::Arguments;

/// Where results and messages go, and how much of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    json: bool,
    quiet: bool,
}

impl Terminal {
    /// From the flags every command has.
    pub(crate) fn new(arguments: &Arguments) -> Self {
        Self { json: arguments.json, quiet: arguments.quiet }
    }

    /// Whether progress bars may be drawn.
    pub(crate) fn draws_progress(&self) -> bool {
        !self.quiet && std::io::stderr().is_terminal()
    }

    /// The result of a command: one JSON line with `--json`, else text.
    pub(crate) fn result(&self, json: &serde_json::Value, text: &str) {
        let line = if self.json { json.to_string() } else { text.trim_end().to_owned() };
        // A closed pipe is the reader's choice, not an error of ours.
        let _ = writeln!(std::io::stdout(), "{line}");
    }

    /// A message for the person who waits.
    pub(crate) fn message(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stderr(), "{text}");
        }
    }

    /// Something unexpected that does not stop the command.
    pub(crate) fn warning(&self, text: &str) {
        marked("warning:", text);
    }

    /// The error that ends the command.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let mut text = String::new();
        for cause in error.chain() {
            let cause = cause.to_string();
            // Errors that hold their source's text would say it twice.
            if !text.contains(&cause) {
                text = if text.is_empty() { cause } else { format!("{text}: {cause}") };
            }
        }
        marked("error:", &text);
    }
}

/// A line on standard error that begins with a mark, in the style that the parser of arguments gives its errors: in colour if a
/// terminal shows it and `NO_COLOR` does not forbid it, or if `CLICOLOR_FORCE` asks for it.
fn marked(mark: &str, text: &str) {
    let styles = Styles::styled();
    let style = styles.get_error();
    let _ = writeln!(anstream::stderr(), "{style}{mark}{style:#} {text}");
}
