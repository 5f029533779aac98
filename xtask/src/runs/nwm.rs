//! The `nwm` command as a process, and what its exit codes mean.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::arguments::command_line;
use super::companion::{Claim, Companion};
use super::interrupt::{INTERRUPTED, Interrupt};

/// How often a process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(20);
/// How long a process that was interrupted with us, as a whole group of processes is, has for ending by itself.
const GRACE: Duration = Duration::from_secs(3);

/// How to run `nwm`.
#[derive(Debug, Clone)]
pub(crate) struct Nwm {
    /// Path of the program.
    pub(crate) program: PathBuf,
    /// Where it runs: the repository, so that all runs share its folder of generated data.
    pub(crate) folder: PathBuf,
    /// Threads that each process may use. Results do not depend on it.
    pub(crate) threads: usize,
    pub(crate) output: Output,
    pub(crate) interrupt: Interrupt,
    /// Whether an interrupt of ours is passed on, as is needed where nobody sits at a terminal.
    pub(crate) passes_on: bool,
    /// When a run is stopped, to be continued another time.
    pub(crate) deadline: Option<Instant>,
}

/// Where what `nwm` says goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Output {
    /// Our standard error stream, since our standard output is for results.
    Terminal,
    /// The same without progress bars, which several processes would draw over each other.
    QuietTerminal,
    /// The log beside the run folder.
    Log,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Exit {
    Success,
    Interrupted,
    /// The exit code with its meaning, the signal, or the end of its time.
    Failed(String),
}

impl Nwm {
    /// Runs one command to its end.
    pub(crate) fn run(&self, arguments: &[OsString]) -> Result<Exit> {
        let mut command = self.command(arguments);
        self.end_of(command.stdin(Stdio::null()).stdout(Stdio::from(std::io::stderr())))
    }

    /// The same for a command of a run that is claimed. The process holds the claim as well, by its standard input:
    /// should we be killed, the run is not free before the process has ended.
    pub(crate) fn run_of(
        &self,
        companion: &Companion,
        claim: &Claim,
        arguments: &[OsString],
    ) -> Result<Exit> {
        let mut command = self.command(arguments);
        command.stdin(claim.share()?);
        if self.output != Output::Log {
            return self.end_of(command.stdout(Stdio::from(std::io::stderr())));
        }
        let path = companion.log();
        let context = || format!("failed to write {}", path.display());
        let mut log =
            OpenOptions::new().create(true).append(true).open(&path).with_context(context)?;
        writeln!(log, "$ nwm {}", command_line(arguments)).with_context(context)?;
        let both = log.try_clone().with_context(context)?;
        self.end_of(command.stdout(log).stderr(both))
    }

    fn command(&self, arguments: &[OsString]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .current_dir(&self.folder)
            .env("RAYON_NUM_THREADS", self.threads.to_string());
        if self.output != Output::Terminal {
            command.arg("--quiet");
        }
        command
    }

    fn end_of(&self, command: &mut Command) -> Result<Exit> {
        let context = || format!("failed to run {}", self.program.display());
        let mut child = command.spawn().with_context(context)?;
        let mut interrupted: Option<Instant> = None;
        let (mut told, mut late) = (false, false);
        loop {
            if let Some(status) = child.try_wait().with_context(context)? {
                return Ok(if late { Exit::out_of_time() } else { Exit::from_status(status) });
            }
            let now = Instant::now();
            if self.passes_on && self.interrupt.is_set() {
                interrupted.get_or_insert(now);
            }
            late |= !told && self.deadline.is_some_and(|deadline| now >= deadline);
            let ignored = interrupted.is_some_and(|since| now - since >= GRACE);
            if !told && (late || ignored) {
                // It may have ended just now, and nothing else can go wrong.
                let _ = terminate(&mut child);
                told = true;
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Asks a process to save its work and end.
pub(crate) fn terminate(child: &mut Child) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Pid, Signal, kill_process};
        Ok(kill_process(Pid::from_child(child), Signal::TERM)?)
    }
    #[cfg(not(unix))]
    child.kill()
}

impl Exit {
    fn out_of_time() -> Self {
        Self::Failed("its time was over; it goes on from there when it is started again".to_owned())
    }

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
    use crate::runs::fixtures;

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
        let nwm = fixtures::nwm(&folder.path().join("absent"), folder.path());
        assert!(nwm.run(&["train".into()]).unwrap_err().to_string().contains("absent"));
    }

    #[cfg(unix)]
    #[test]
    fn a_run_whose_time_is_over_is_asked_to_end() {
        use super::Exit;
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        std::fs::write(folder.path().join("run/slow"), "").unwrap();
        let mut nwm = fixtures::nwm(&fixtures::stand_in(), folder.path());
        nwm.deadline = Some(std::time::Instant::now() + std::time::Duration::from_millis(300));
        let exit = nwm.run(&["train".into(), "--run-dir".into(), "run".into()]).unwrap();
        let Exit::Failed(why) = exit else { panic!("{exit:?}") };
        assert!(why.starts_with("its time was over"), "{why}");
    }
}
