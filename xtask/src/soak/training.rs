//! One run, as a process that can be started again.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};

use super::plan::Plan;

/// A run in a folder of its own, which also has the data that it is trained on.
#[derive(Debug)]
pub(super) struct Training {
    program: PathBuf,
    folder: PathBuf,
    arguments: Vec<String>,
}

/// A process that is ended when nobody waits for it any more.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) child: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail if it has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Training {
    /// A run that has not begun.
    pub(super) fn new(program: &Path, folder: &Path, plan: &Plan) -> Result<Self> {
        fs::create_dir_all(folder)
            .with_context(|| format!("failed to make {}", folder.display()))?;
        let folder = folder
            .canonicalize()
            .with_context(|| format!("failed to find {}", folder.display()))?;
        let mut arguments: Vec<String> =
            ["train", "--run-dir", "run", "--preset", &plan.preset].map(str::to_owned).into();
        for setting in plan.settings() {
            arguments.extend(["--set".to_owned(), setting]);
        }
        Ok(Self { program: program.to_owned(), folder, arguments })
    }

    /// The folder in which the processes run.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn run_directory(&self) -> PathBuf {
        self.folder.join("run")
    }

    /// What is typed.
    pub(super) fn command_line(&self) -> String {
        format!("nwm {}", self.arguments.join(" "))
    }

    /// The program with other arguments, on one thread, without a terminal.
    fn nwm(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .current_dir(&self.folder)
            .env("RAYON_NUM_THREADS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// The command that starts the run or continues it.
    pub(super) fn command(&self) -> Command {
        let mut command = self.nwm();
        command.args(&self.arguments).arg("--resume");
        command
    }

    /// Starts a command whose messages go to the file of that name, outside of the folder.
    pub(super) fn spawn(mut command: Command, messages: &Path) -> Result<Process> {
        let file = File::create(messages)
            .with_context(|| format!("failed to write {}", messages.display()))?;
        let child = command.stderr(file).spawn().context("failed to start nwm")?;
        Ok(Process { child })
    }

    /// Trains to the end.
    pub(super) fn finish(&self) -> Result<()> {
        let status = self.command().status().context("failed to start nwm")?;
        ensure!(status.success(), "{}: {status}", self.command_line());
        Ok(())
    }

    /// Writes `result.json`.
    pub(super) fn evaluate(&self) -> Result<()> {
        let status = self.nwm().args(["eval", "run"]).status().context("failed to start nwm")?;
        ensure!(status.success(), "nwm eval run in {}: {status}", self.folder.display());
        Ok(())
    }

    /// Whether `nwm inspect` calls a file or a folder intact.
    pub(super) fn is_intact(&self, path: &Path) -> Result<bool> {
        let status = self
            .nwm()
            .arg("inspect")
            .arg(path)
            .stderr(Stdio::null())
            .status()
            .context("failed to start nwm")?;
        Ok(status.success())
    }

    /// Folders of checkpoints with their steps, oldest first; nothing is verified.
    pub(super) fn checkpoints(&self) -> Result<Vec<(u64, PathBuf)>> {
        let folder = self.run_directory().join("checkpoints");
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let mut checkpoints = Vec::new();
        for entry in
            fs::read_dir(&folder).with_context(|| format!("failed to list {}", folder.display()))?
        {
            let path =
                entry.with_context(|| format!("failed to list {}", folder.display()))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let step = name.strip_prefix("step-").and_then(|digits| digits.parse().ok());
            checkpoints.extend(step.map(|step| (step, path)));
        }
        checkpoints.sort();
        Ok(checkpoints)
    }

    /// Those of them that are intact, oldest first.
    pub(super) fn intact_checkpoints(&self) -> Result<Vec<(u64, PathBuf)>> {
        let mut intact = Vec::new();
        for (step, path) in self.checkpoints()? {
            if self.is_intact(&path)? {
                intact.push((step, path));
            }
        }
        Ok(intact)
    }

    /// Whether a process has opened the run: it has made its file of events.
    pub(super) fn is_opened_by(&self, process: u32) -> bool {
        let end = format!(".nwm.{process}");
        fs::read_dir(self.run_directory()).is_ok_and(|entries| {
            entries.flatten().any(|entry| entry.file_name().to_string_lossy().ends_with(&end))
        })
    }
}
