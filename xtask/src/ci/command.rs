//! The list of stages.

use std::process::ExitCode;

use anyhow::Result;

use super::{checks, cuda, dependencies, engines, examples, guides, kernels, smoke};
use crate::flags::{Ci, Soak};
use crate::package;
use crate::stage::{Stage, Verdict, run_all};
use crate::usage::UsageError;
use crate::workspace::Workspace;

impl Ci {
    /// Runs the stages; exit code 1 if one fails.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let workspace = Workspace::locate()?;
        let mut stages =
            if self.cuda { cuda::stages(&workspace) } else { self.stages(&workspace)? };
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
    fn stages<'a>(&self, workspace: &'a Workspace) -> Result<Vec<Stage<'a>>> {
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
            stages.push(Stage::new("examples", move || examples::run(workspace)));
            stages.push(Stage::new("guides", move || guides::run(workspace)));
            stages.extend(engines::stages(workspace));
            stages.push(Stage::command("faults", {
                let mut command = cargo(&["test", "--release", "--package=nwm", "--test=faults"]);
                command.env("NWM_FAULTS", "all");
                command
            }));
            stages.push(Stage::new("soak", move || soak(workspace)));
            // Each crate alone, as its users get it.
            stages.extend(package::stages(workspace)?);
        }
        Ok(stages)
    }
}

/// A minute of disturbed training.
fn soak(workspace: &Workspace) -> Result<Verdict> {
    let soak = Soak { minutes: 1, seed: 0, out: Some(workspace.target().join("ci-soak")) };
    Ok(match soak.run_in(workspace)? {
        ExitCode::SUCCESS => Verdict::Ok,
        _ => Verdict::Failed("the disturbed run differs".to_owned()),
    })
}
