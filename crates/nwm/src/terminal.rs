//! The only place that prints.

use std::io::{IsTerminal, Write};

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
        let _ = writeln!(std::io::stderr(), "warning: {text}");
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
        let _ = writeln!(std::io::stderr(), "error: {text}");
    }
}
