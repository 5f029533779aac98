//! The list of stages.

use std::process::ExitCode;

use anyhow::Result;

use super::metadata::Crate;
use super::unpacked::Unpacked;
use super::{archive, contents, deny, documentation, features, manifest, origin, semver};
use crate::console;
use crate::flags::Package;
use crate::stage::{Stage, run_all};
use crate::usage::UsageError;
use crate::workspace::Workspace;

/// The crate of the command, and its program.
const PROGRAM: &str = "nwm";

impl Package {
    /// Runs the stages; exit code 1 if one fails.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let workspace = Workspace::locate()?;
        let crates = Crate::published(&workspace)?;
        let names: Vec<String> = crates.iter().map(|it| it.name.clone()).collect();
        for name in &self.only {
            if !names.contains(name) {
                return Err(UsageError::unknown("crate", name, &names).into());
            }
        }
        let passed = run_all(stages_of(&workspace, &crates, &self.only));
        console::result(&format!("order of publishing: {}", names.join(", ")));
        Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// All stages, of all crates.
pub(crate) fn stages(workspace: &Workspace) -> Result<Vec<Stage<'_>>> {
    Ok(stages_of(workspace, &Crate::published(workspace)?, &[]))
}

/// All crates are packed, since they need each other. Those that are asked for are built, or all.
fn stages_of<'a>(workspace: &'a Workspace, crates: &[Crate], only: &[String]) -> Vec<Stage<'a>> {
    let unpacked = Unpacked::new(workspace);
    let chosen: Vec<Crate> =
        crates.iter().filter(|it| only.is_empty() || only.contains(&it.name)).cloned().collect();
    let all = crates.to_vec();
    let mut stages = vec![
        Stage::new("manifests", move || manifest::check(&all)),
        Stage::command("pack", archive::packing(workspace, crates)),
        {
            let (all, unpacked) = (crates.to_vec(), unpacked.clone());
            Stage::new("contents", move || {
                unpacked.fill(&all)?;
                contents::check(workspace, &unpacked, &all)
            })
        },
    ];
    for it in &chosen {
        let name = &it.name;
        stages.push(Stage::command(&format!("test {name}"), unpacked.cargo("test", it)));
        for combination in features::combinations(it) {
            let mut command = unpacked.cargo("check", it);
            command.arg("--all-targets").args(&combination);
            let label = features::label(&combination);
            stages.push(Stage::command(&format!("check {name} {label}"), command));
        }
        if it.has_library() {
            let command = documentation::documenting(&unpacked, it);
            stages.push(Stage::command(&format!("document {name}"), command));
        }
    }
    if chosen.iter().any(|it| it.name == PROGRAM) {
        let mut question = unpacked.program(PROGRAM);
        question.arg("doctor");
        stages.push(Stage::new("commit", move || origin::check(workspace, question)));
    }
    stages.extend(deny::stages(workspace));
    stages.push(Stage::new("semver", move || semver::check(workspace, &chosen)));
    stages
}
