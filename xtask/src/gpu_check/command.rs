//! The command itself: find the card, build or open the programs, do the parts, print, keep.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::card::Card;
use super::libraries::Libraries;
use super::part::Part;
use super::perform::{Check, Scratch};
use super::programs::Programs;
use super::record::Record;
use super::run::exit_code;
use super::{pack, page};
use crate::console;
use crate::files;
use crate::flags::GpuCheck;
use crate::runs::{INTERRUPTED, Interrupt};
use crate::workspace::Workspace;

/// Where numbers are left unless something else is asked for.
const NUMBERS: &str = "gpu-check.json";

impl GpuCheck {
    /// Packs, or checks and prints the page; exit code 1 if something that ran did not pass.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let parts = Part::chosen(&self.only);
        if let Some(folder) = &self.pack {
            pack::pack(&Workspace::locate()?, &parts, folder)?;
            return Ok(ExitCode::SUCCESS);
        }
        // Before anything is built.
        let card = if self.emulated { None } else { Some(Card::this()?) };
        let (programs, root) = self.programs(&parts)?;
        let mut record = Record::new(programs.commit.clone(), self.command(), card, self.limit);
        let kept = self.save.then(|| record.kept(&root)).transpose()?;
        let numbers = self.json.clone().unwrap_or_else(|| programs.folder.join(NUMBERS));
        let stop = Interrupt::listen()?;
        let start = Instant::now();
        let toolkits: Vec<&Path> = programs.toolkit.as_deref().into_iter().collect();
        let check = Check {
            programs: &programs,
            is_emulated: self.emulated,
            libraries: Libraries::find(&toolkits),
            stop: &stop,
            deadline: start + Duration::from_secs(self.limit.into()),
            threads: std::thread::available_parallelism()
                .context("failed to count the cores")?
                .get(),
            scratch: Scratch::new()?,
        };
        for part in parts {
            let runs = check.part(part, &record.runs);
            record.runs.extend(runs);
            record.seconds = start.elapsed().as_secs_f64();
            // After every part, so that nothing is lost if the machine goes away.
            record.write(&numbers)?;
        }
        let page = page::page(&record);
        console::result(&page);
        console::progress(&format!("numbers: {}", numbers.display()));
        if let Some(path) = kept {
            files::write(&path, &page)?;
            record.write(&path.with_extension("json"))?;
            console::progress(&format!("kept as {}", path.display()));
        }
        Ok(ExitCode::from(if stop.is_set() { INTERRUPTED } else { exit_code(&record.runs) }))
    }

    /// The programs, and the folder in which pages are kept.
    fn programs(&self, parts: &[Part]) -> Result<(Programs, PathBuf)> {
        if let Some(folder) = &self.from {
            // A pack knows no repository: the one that it is run in, if any.
            return Ok((Programs::carried(folder)?, PathBuf::from(".")));
        }
        let workspace = Workspace::locate()?;
        let programs = match self.emulated {
            true => Programs::build_emulated(&workspace)?,
            false => Programs::build(&workspace, parts)?,
        };
        Ok((programs, workspace.root().to_owned()))
    }

    /// The command as one would type it to repeat the check.
    fn command(&self) -> String {
        let mut words = vec![match self.from {
            Some(_) => "DIR/xtask gpu-check --from DIR".to_owned(),
            None => "cargo xtask gpu-check".to_owned(),
        }];
        words.extend(self.emulated.then(|| "--emulated".to_owned()));
        if !self.only.is_empty() {
            let only: Vec<&str> = self.only.iter().map(|part| part.name()).collect();
            words.push(format!("--only {}", only.join(",")));
        }
        words.push(format!("--limit {}", self.limit));
        words.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::flags::{Command, Flags, GpuCheck};

    fn gpu_check(line: &str) -> GpuCheck {
        let Command::GpuCheck(check) = Flags::parse_from(line.split(' ')).command else {
            panic!("not gpu-check")
        };
        check
    }

    #[test]
    fn the_command_is_recorded_without_folders_of_a_machine() {
        let check = gpu_check("xtask gpu-check --from some/folder --only timing,peers --save");
        assert_eq!(
            check.command(),
            "DIR/xtask gpu-check --from DIR --only timing,peers --limit 780"
        );
        let check = gpu_check("xtask gpu-check --emulated --limit 60");
        assert_eq!(check.command(), "cargo xtask gpu-check --emulated --limit 60");
    }
}
