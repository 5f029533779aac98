//! The list of stages.

use std::process::{Command, ExitCode, Stdio};

use anyhow::Result;

use super::stage::{Stage, Verdict, run_all};
use super::{checks, cuda, dependencies, engines, guides, kernels, smoke};
use crate::flags::Ci;
use crate::usage::UsageError;
use crate::workspace::Workspace;

impl Ci {
    /// Runs the stages; exit code 1 if one fails.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let workspace = Workspace::locate()?;
        let mut stages = if self.cuda { cuda::stages(&workspace) } else { self.stages(&workspace) };
        if let Some(name) = &self.stage {
            if !stages.iter().any(|stage| stage.name() == name) {
                return Err(
                    UsageError::unknown("stage", name, stages.iter().map(Stage::name)).into()
                );
            }
            stages.retain(|stage| stage.name() == name);
        }
        Ok(if run_all(stages) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// What every change must pass, and with `--full` or to choose a stage from the rest.
    fn stages<'a>(&self, workspace: &'a Workspace) -> Vec<Stage<'a>> {
        let cargo = move |arguments: &[&str]| {
            let mut command = workspace.cargo();
            command.args(arguments);
            command
        };
        // Cheap stages first, so that a slip costs seconds.
        let mut stages = vec![
            Stage::command("format", cargo(&["fmt", "--all", "--check"])),
            Stage::new("repository", move || checks::run(workspace.root())),
            Stage::new("dependencies", move || dependencies::run(workspace)),
            Stage::new("kernels", move || kernels::run(workspace)),
            Stage::command(
                "clippy",
                cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]),
            ),
            Stage::command("test", cargo(&["test", "--workspace"])),
            Stage::command("doc", {
                let mut command = cargo(&["doc", "--workspace", "--no-deps"]);
                command.env("RUSTDOCFLAGS", "-D warnings");
                command
            }),
            Stage::new("smoke", move || smoke::run(workspace)),
        ];
        // A stage that is named is meant, whatever it takes.
        if self.full || self.stage.is_some() {
            for package in workspace.packages() {
                stages.push(Stage::command(
                    &format!("build {package}"),
                    cargo(&["build", "--package", package]),
                ));
                stages.push(Stage::command(
                    &format!("test {package}"),
                    cargo(&["test", "--package", package]),
                ));
            }
            stages.extend(engines::stages(workspace));
            stages.push(Stage::new("guides", move || guides::run(workspace)));
            stages.push(deny(cargo));
        }
        stages
    }
}

/// Licences and advisories of the dependencies, where cargo-deny is installed.
fn deny<'a>(cargo: impl Fn(&[&str]) -> Command + 'a) -> Stage<'a> {
    Stage::new("deny", move || {
        let mut probe = cargo(&["deny", "--version"]);
        let installed =
            probe.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|it| it.success());
        if !installed {
            return Ok(Verdict::Skipped("cargo-deny is not installed".to_owned()));
        }
        let status = cargo(&["deny", "check"]).status()?;
        let failed = || Verdict::Failed(format!("cargo deny check ended with {status}"));
        Ok(if status.success() { Verdict::Ok } else { failed() })
    })
}
