//! The `nwm` command as a process, and what its exit codes mean.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use super::interrupt::INTERRUPTED;

/// How to run `nwm`.
#[derive(Debug, Clone)]
pub(super) struct Nwm {
    /// Path of the program.
    pub(super) program: PathBuf,
    /// Where it runs: the repository, so that all runs share its folder of generated data.
    pub(super) folder: PathBuf,
    /// Threads that each process may use. Results do not depend on it.
    pub(super) threads: usize,
    /// Without progress bars, which several processes would draw over each other.
    pub(super) quiet: bool,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Exit {
    Success,
    Interrupted,
    /// The exit code with its meaning, or the signal.
    Failed(String),
}

impl Nwm {
    /// Runs one command to its end. Both of its streams go to our standard error stream, since our
    /// standard output is for results.
    pub(super) fn run(&self, arguments: &[OsString]) -> Result<Exit> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("RAYON_NUM_THREADS", self.threads.to_string());
        if self.quiet {
            command.arg("--quiet");
        }
        let status = command
            .stdin(Stdio::null())
            .stdout(Stdio::from(std::io::stderr()))
            .status()
            .with_context(|| format!("failed to run {}", self.program.display()))?;
        Ok(Exit::from_status(status))
    }
}

impl Exit {
    fn from_status(status: ExitStatus) -> Self {
        match status.code() {
            Some(0) => Self::Success,
            Some(code) if code == i32::from(INTERRUPTED) => Self::Interrupted,
            Some(code) => Self::Failed(format!("exit code {code}: {}", meaning(code))),
            None => Self::from_signal(status),
        }
    }

    #[cfg(unix)]
    fn from_signal(status: ExitStatus) -> Self {
        use std::os::unix::process::ExitStatusExt;
        match status.signal() {
            Some(signal) if signal == signal_hook::consts::SIGINT => Self::Interrupted,
            Some(signal) => Self::Failed(format!("killed by signal {signal}")),
            None => Self::Failed(status.to_string()),
        }
    }

    #[cfg(not(unix))]
    fn from_signal(status: ExitStatus) -> Self {
        Self::Failed(status.to_string())
    }
}

/// The documented exit codes of `nwm`.
fn meaning(code: i32) -> &'static str {
    match code {
        1 => "a result is outside its tolerance",
        2 => "usage or configuration",
        3 => "data",
        4 => "device",
        5 => "training failed, a value is not finite",
        6 => "file system",
        101 => "nwm panicked",
        _ => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::Nwm;

    #[cfg(unix)]
    #[test]
    fn exit_codes_and_signals_are_told_apart() {
        use super::Exit;
        use std::os::unix::process::ExitStatusExt;
        use std::process::ExitStatus;
        let code = |code: i32| Exit::from_status(ExitStatus::from_raw(code << 8));
        let signal = |signal: i32| Exit::from_status(ExitStatus::from_raw(signal));
        assert_eq!(code(0), Exit::Success);
        assert_eq!(code(130), Exit::Interrupted);
        assert_eq!(signal(2), Exit::Interrupted);
        assert_eq!(
            code(5),
            Exit::Failed("exit code 5: training failed, a value is not finite".to_owned())
        );
        assert_eq!(signal(9), Exit::Failed("killed by signal 9".to_owned()));
    }

    #[test]
    fn a_missing_program_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let nwm = Nwm {
            program: folder.path().join("absent"),
            folder: folder.path().to_owned(),
            threads: 1,
            quiet: true,
        };
        assert!(nwm.run(&["train".into()]).unwrap_err().to_string().contains("absent"));
    }
}
