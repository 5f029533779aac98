//! A process whose standard output is its result.

use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Lines of a failed process's messages that are repeated.
const REPEATED_LINES: usize = 3;

/// Runs a command to its end and returns what it wrote to its standard output stream. Its messages are kept
/// back, and the last of them are the error if it fails.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    Ok(run(command)?.0)
}

/// The same for a command whose result is its messages.
pub(super) fn messages(command: &mut Command) -> Result<String> {
    Ok(run(command)?.1)
}

/// Both streams: result and messages.
fn run(command: &mut Command) -> Result<(String, String)> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("failed to run {program}"))?;
    let messages = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        bail!("{program} ended with {}: {}", output.status, last_lines(&messages));
    }
    let result = String::from_utf8(output.stdout);
    Ok((result.with_context(|| format!("{program} did not write text"))?, messages))
}

/// The end of a process's messages, on one line.
pub(crate) fn last_lines(messages: &str) -> String {
    let lines: Vec<&str> = messages.lines().map(str::trim).filter(|it| !it.is_empty()).collect();
    lines[lines.len().saturating_sub(REPEATED_LINES)..].join("; ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::{last_lines, messages, output};

    #[test]
    fn the_end_of_the_messages_is_kept() {
        assert_eq!(last_lines("a\nb\n\n c\nd\n"), "b; c; d");
        assert_eq!(last_lines(""), "");
    }

    #[cfg(unix)]
    #[test]
    fn a_failure_says_what_the_process_said() {
        let shell = |script: &str| output(Command::new("sh").args(["-c", script]));
        assert_eq!(shell("echo out; echo err >&2").unwrap(), "out\n");
        let script = ["-c", "echo out; echo err >&2"];
        assert_eq!(messages(Command::new("sh").args(script)).unwrap(), "err\n");
        let error = shell("echo lost >&2; exit 3").unwrap_err().to_string();
        assert!(error.contains("lost") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = output(&mut Command::new("no-such-program-here")).unwrap_err();
        assert!(error.to_string().contains("no-such-program-here"));
    }
}
