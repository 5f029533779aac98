//! The command.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::outcomes::Outcomes;
use super::sample::{draw, literally};
use super::subjects::{SUBJECTS, Subject};
use crate::console;
use crate::flags::Mutants;
use crate::workspace::Workspace;

/// Seconds that the tests of a mutant have at least: the machine may be busy.
const LEAST_SECONDS: u32 = 120;

/// The end of cargo-mutants where mutants were missed (2) or did not end (3).
const SURVIVORS: [i32; 2] = [2, 3];

#[derive(Deserialize)]
struct Listed {
    name: String,
}

impl Mutants {
    /// Draws mutants, tries them, and prints what became of them; exit code 1 if one is missed.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let workspace = Workspace::locate()?;
        let folders: Vec<(&Subject, &str)> = SUBJECTS
            .iter()
            .flat_map(|subject| subject.folders.iter().map(move |&folder| (subject, folder)))
            .collect();
        let groups = folders.iter().map(|(subject, folder)| list(&workspace, subject, folder));
        let groups = groups.collect::<Result<Vec<_>>>()?;
        let drawn = draw(&groups, self.count, self.seed);
        for (((_, folder), group), names) in folders.iter().zip(&groups).zip(&drawn) {
            console::progress(&format!("{folder}: {} of {} mutants", names.len(), group.len()));
        }
        if self.list {
            drawn.iter().flatten().for_each(|name| console::result(name));
            return Ok(ExitCode::SUCCESS);
        }
        let mut complete = true;
        for subject in &SUBJECTS {
            if self.package.as_ref().is_some_and(|package| package != subject.package) {
                continue;
            }
            let own =
                folders.iter().zip(&drawn).filter(|((it, _), _)| it.package == subject.package);
            let names: Vec<&String> = own.flat_map(|(_, names)| names).collect();
            let output = output_folder(&workspace, self.seed, subject);
            test(&workspace, subject, &names, &output)?;
            let outcomes = Outcomes::read(&output.join("mutants.out"), &names)?;
            console::result(&format!("{}: {}", subject.package, outcomes.line()));
            outcomes.missed.iter().for_each(|name| console::result(&format!("  missed {name}")));
            complete &= outcomes.missed.is_empty();
        }
        Ok(if complete { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn output_folder(workspace: &Workspace, seed: u64, subject: &Subject) -> PathBuf {
    workspace.target().join("mutants").join(format!("{}-{seed}", subject.package))
}

fn cargo_mutants(workspace: &Workspace, subject: &Subject) -> Command {
    let mut command = workspace.cargo();
    command.args(["mutants", "--package", subject.package]);
    command
}

/// The names of all mutants of a folder.
fn list(workspace: &Workspace, subject: &Subject, folder: &str) -> Result<Vec<String>> {
    let output = cargo_mutants(workspace, subject)
        .args(["--list", "--json", "--file", &format!("{folder}/**")])
        .stderr(Stdio::inherit())
        .output()
        .context("failed to run cargo mutants")?;
    ensure!(
        output.status.success(),
        "failed to list the mutants of {folder}: cargo mutants ended with {}; install it with \
         cargo install cargo-mutants --locked",
        output.status
    );
    let listed: Vec<Listed> = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("failed to read the mutants of {folder}"))?;
    Ok(listed.into_iter().map(|mutant| mutant.name).collect())
}

/// Tries these mutants, without those that an earlier run has seen caught.
fn test(workspace: &Workspace, subject: &Subject, names: &[&String], output: &Path) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    std::fs::create_dir_all(output)
        .with_context(|| format!("failed to create {}", output.display()))?;
    let mut command = cargo_mutants(workspace, subject);
    // What is left after an interruption should say something of all.
    command.args(["--shuffle", "--iterate", "--caught", "--unviable", "--output"]).arg(output);
    command.arg(format!("--minimum-test-timeout={LEAST_SECONDS}"));
    // One line changes at a time, so most of a crate need not be compiled again, nor optimised much.
    command.env("CARGO_INCREMENTAL", "1");
    let level = format!("profile.dev.package.{}.opt-level=1", subject.package);
    command.arg(format!("--cargo-arg=--config={level}"));
    for folder in subject.folders {
        command.arg(format!("--file={folder}/**"));
    }
    for name in names {
        command.args(["--re", &literally(name)]);
    }
    command.arg("--").args(subject.tests);
    let status = command.status().context("failed to run cargo mutants")?;
    let is_done = status.success() || status.code().is_some_and(|code| SURVIVORS.contains(&code));
    ensure!(
        is_done,
        "failed to try the mutants of {}: cargo mutants ended with {status}",
        subject.package
    );
    Ok(())
}
