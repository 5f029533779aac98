//! The `nwm` command as a process: its arguments and what its exit codes mean.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
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

/// What `nwm train` needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Training {
    pub(super) preset: String,
    pub(super) data: String,
    pub(super) model: String,
    pub(super) seed: u64,
    /// Settings of the row, each as `key=value`.
    pub(super) set: Vec<String>,
    pub(super) run_dir: PathBuf,
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
    /// Trains, or goes on training: `--resume` on a fresh folder just starts.
    pub(super) fn train_arguments(&self, training: &Training) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec![
            "train".into(),
            "--preset".into(),
            training.preset.clone().into(),
            "--run-dir".into(),
            training.run_dir.clone().into(),
            "--seed".into(),
            training.seed.to_string().into(),
            "--set".into(),
            format!("data.name=\"{}\"", training.data).into(),
            "--set".into(),
            format!("model.name=\"{}\"", training.model).into(),
        ];
        arguments.extend(training.set.iter().flat_map(|it| ["--set".into(), it.into()]));
        arguments.push("--resume".into());
        arguments
    }

    /// Evaluates the trained model: result.json.
    pub(super) fn eval_arguments(&self, run_dir: &Path) -> Vec<OsString> {
        vec!["eval".into(), run_dir.into()]
    }

    /// Draws the page of one run: report.html.
    pub(super) fn report_arguments(&self, run_dir: &Path) -> Vec<OsString> {
        vec!["report".into(), run_dir.into(), "--out".into(), run_dir.join("report.html").into()]
    }

    /// Collects the runs of a plan into a table and its pages.
    pub(super) fn table_arguments(&self, plan_dir: &Path, out: &Path) -> Vec<OsString> {
        vec!["table".into(), plan_dir.into(), "--out".into(), out.into()]
    }

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

/// Arguments as one would type them, for reading.
pub(super) fn command_line(arguments: &[OsString]) -> String {
    let word = |argument: &OsString| {
        let text = argument.to_string_lossy();
        if text.contains([' ', '"']) { format!("'{text}'") } else { text.into_owned() }
    };
    arguments.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{Nwm, Training, command_line};

    #[test]
    fn a_run_is_trained_with_its_preset_seed_data_and_model() {
        let nwm = Nwm { program: "nwm".into(), folder: ".".into(), threads: 2, quiet: false };
        let training = Training {
            preset: "quick".to_owned(),
            data: "mass_spring".to_owned(),
            model: "nwm_2d".to_owned(),
            seed: 3,
            set: vec!["train.steps=7".to_owned()],
            run_dir: "runs/table1-quick/spring-nwm_2d-seed3".into(),
        };
        assert_eq!(
            command_line(&nwm.train_arguments(&training)),
            "train --preset quick --run-dir runs/table1-quick/spring-nwm_2d-seed3 --seed 3 \
             --set 'data.name=\"mass_spring\"' --set 'model.name=\"nwm_2d\"' --set train.steps=7 --resume"
        );
    }

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
