//! The benchmark programs of the crates.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::line::{Line, parse};
use super::process;
use crate::workspace::Workspace;

/// A benchmark program, by the crate it belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Peak,
    Cell,
    Convolution,
    Step,
    Data,
    Waves,
    /// The cell on a GPU, or in the emulation: measured by `gpu-check`.
    Gpu,
}

/// A built program.
#[derive(Debug, Clone)]
pub(crate) struct Built(PathBuf);

/// The part of cargo's messages that is used.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl Program {
    /// The name of the program, which is also what its lines call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Peak => "peak",
            Self::Cell => "cell",
            Self::Convolution => "convolution",
            Self::Step => "step",
            Self::Data => "data",
            Self::Waves => "waves",
            Self::Gpu => "gpu",
        }
    }

    /// What its table is about.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Peak => "Peak arithmetic",
            Self::Cell => "The cell over a sequence",
            Self::Convolution => "Convolution",
            Self::Step => "One training step",
            Self::Data => "Data sets",
            Self::Waves => "Wave analysis",
            Self::Gpu => "The cell on a GPU",
        }
    }

    fn package(self) -> &'static str {
        match self {
            Self::Peak => "nwm-simd",
            Self::Cell | Self::Gpu => "nwm-core",
            Self::Convolution => "nwm-models",
            Self::Step => "nwm-train",
            Self::Data => "nwm-data",
            Self::Waves => "nwm-analysis",
        }
    }

    /// Arguments that are always given to it.
    fn arguments(self) -> &'static [&'static str] {
        match self {
            // The tensor library's own convolution is a peer that needs no process of its own.
            Self::Convolution => &["--json", "--beside", "candle"],
            _ => &["--json"],
        }
    }

    /// Builds it, optimised.
    pub(crate) fn build(self, workspace: &Workspace) -> Result<Built> {
        self.build_with(workspace, |_| {})
    }

    /// The same after something was added to the call of cargo: features, an environment.
    pub(crate) fn build_with(
        self,
        workspace: &Workspace,
        add: impl FnOnce(&mut Command),
    ) -> Result<Built> {
        let mut command = workspace.cargo();
        command.args(["bench", "--no-run", "--message-format=json-render-diagnostics"]).args([
            "--package",
            self.package(),
            "--bench",
            self.name(),
        ]);
        add(&mut command);
        let output =
            command.stderr(Stdio::inherit()).output().context("failed to run cargo bench")?;
        let (name, status) = (self.name(), output.status);
        ensure!(status.success(), "failed to build {name}: cargo ended with {status}");
        let text = String::from_utf8_lossy(&output.stdout);
        Ok(Built(executable(&text, name).with_context(|| format!("cargo built no {name}"))?))
    }
}

impl Built {
    /// A command that runs it, without arguments.
    pub(super) fn command(&self) -> Command {
        Command::new(&self.0)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &PathBuf {
        &self.0
    }

    /// The names of the cases that it runs by default.
    pub(super) fn cases(&self) -> Result<Vec<String>> {
        let output = process::output(self.command().arg("--list"))?;
        Ok(output.lines().map(str::to_owned).collect())
    }

    /// Runs it and reads its lines.
    pub(super) fn lines(&self, program: Program, arguments: &[String]) -> Result<Vec<Line>> {
        let mut command = self.command();
        command.args(program.arguments()).args(arguments);
        parse(&process::output(&mut command)?)
    }
}

/// The executable of a program in cargo's messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter(|message| message.target.as_ref().is_some_and(|target| target.name == name))
        .find_map(|message| message.executable)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::executable;

    #[test]
    fn the_executable_is_found_by_the_name_of_its_target() {
        let messages = r#"{"reason":"compiler-artifact","target":{"name":"other"},"executable":"a/other"}
{"reason":"compiler-artifact","target":{"name":"cell"},"executable":null}
{"reason":"compiler-artifact","target":{"name":"cell"},"executable":"a/cell-1"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "cell").as_deref(), Some(Path::new("a/cell-1")));
        assert_eq!(executable(messages, "step"), None);
    }
}
