//! Doing the parts, each within its share of the whole time.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::child::{self, Ended};
use super::libraries::Libraries;
use super::part::Part;
use super::programs::{Name, Programs};
use super::run::Run;
use super::{peers, sanitizer, step, training};
use crate::console;
use crate::runs::Interrupt;

/// The most time of one case, and of one tool.
const MOST_OF_A_CASE: Duration = Duration::from_secs(150);
const MOST_OF_A_TOOL: Duration = Duration::from_secs(45);
/// With less it is not worth starting a process.
const LEAST: Duration = Duration::from_secs(1);

/// One check.
pub(super) struct Check<'a> {
    pub(super) programs: &'a Programs,
    /// Whether there is no card, only the emulation.
    pub(super) is_emulated: bool,
    pub(super) libraries: Libraries,
    pub(super) stop: &'a Interrupt,
    /// When the whole must be over.
    pub(super) deadline: Instant,
    pub(super) threads: usize,
    pub(super) scratch: Scratch,
}

impl Check<'_> {
    /// Does a part as far as time allows. `earlier` is what was done before.
    pub(super) fn part(&self, part: Part, earlier: &[Run]) -> Vec<Run> {
        let left_out = |why: &str| vec![Run::left_out(part, "all", why)];
        let left = self.deadline.saturating_duration_since(Instant::now());
        let allowance = match self.is_emulated {
            true if !part.is_emulated() => return left_out("there is no GPU"),
            // Slower by orders of magnitude: as long as there is.
            true => Some(left).filter(|left| *left > LEAST),
            false => part.allowance(left),
        };
        let Some(allowance) = allowance else {
            return left_out(&format!("too little time left: {:.0} s", left.as_secs_f64()));
        };
        if self.stop.is_set() {
            return left_out("interrupted");
        }
        let name = Name::of(part);
        let program = name.and_then(|name| self.programs.path(name));
        if let (Some(name), None) = (name, program) {
            return left_out(&format!("the pack has no `{}`", name.file()));
        }
        let slot = Slot { check: self, part, until: Instant::now() + allowance };
        match (part, program) {
            (Part::Agreement | Part::Determinism | Part::Timing, Some(program)) => {
                slot.cases(program)
            }
            (Part::Step, Some(program)) => vec![slot.step(program)],
            (Part::Sanitizer, Some(program)) => slot.sanitizer(program),
            (Part::Training, Some(program)) => vec![slot.training(program)],
            _ => slot.peers(earlier),
        }
    }

    /// What the peers of the training step start from.
    fn inputs(&self) -> PathBuf {
        self.scratch.path.join("inputs")
    }

    fn device(&self) -> &'static str {
        if self.is_emulated { "emulation" } else { "cuda" }
    }

    /// A command that finds CUDA's libraries.
    fn with_libraries(&self, mut command: Command) -> Command {
        const VARIABLE: &str = "LD_LIBRARY_PATH";
        let users = std::env::var_os(VARIABLE);
        command.env(VARIABLE, self.libraries.search_path(users.as_deref()));
        command
    }
}

/// A part while it is being done.
struct Slot<'a> {
    check: &'a Check<'a>,
    part: Part,
    until: Instant,
}

impl Slot<'_> {
    /// Runs a process and judges what it left behind.
    fn run(
        &self,
        what: &str,
        command: Command,
        most: Duration,
        judge: impl FnOnce(&Ended) -> Run,
    ) -> Run {
        let part = self.part;
        let left = self.until.saturating_duration_since(Instant::now()).min(most);
        if self.check.stop.is_set() {
            return Run::left_out(part, what, "interrupted");
        }
        if left < LEAST {
            return Run::left_out(part, what, "the time of this part is over");
        }
        console::progress(&format!("{} {what}", part.name()));
        match child::run(&mut self.check.with_libraries(command), left, self.check.stop) {
            Ok(ended) => judge(&ended),
            Err(error) => Run::failed(part, what, format!("{error:#}")),
        }
    }

    /// The program on every case, each in a process of its own, so that none takes the others with it.
    fn cases(&self, program: &Path) -> Vec<Run> {
        let mut list = self.check.with_libraries(Command::new(program));
        list.arg("--list");
        let names = match child::run(&mut list, MOST_OF_A_TOOL, self.check.stop) {
            Ok(ended) if ended.end == child::End::Exit(Some(0)) => ended.output,
            Ok(ended) => return vec![Run::ended(self.part, "list of cases", &ended)],
            Err(error) => return vec![Run::failed(self.part, "all", format!("{error:#}"))],
        };
        let run = |case: &str| {
            let mut command = Command::new(program);
            command.args(["--device", self.check.device(), "--case", case, "--json"]);
            command.args(["--part", self.part.name()]);
            self.run(case, command, MOST_OF_A_CASE, |ended| Run::ended(self.part, case, ended))
        };
        names.lines().map(run).collect()
    }

    fn step(&self, program: &Path) -> Run {
        let mut command = Command::new(program);
        command.args(step::arguments(&self.check.inputs(), self.check.threads));
        let judge = |ended: &Ended| Run::ended(self.part, step::CASE, ended);
        self.run(step::CASE, command, MOST_OF_A_CASE, judge)
    }

    fn sanitizer(&self, program: &Path) -> Vec<Run> {
        let Some(tool_path) = self.check.libraries.sanitizer() else {
            return vec![Run::left_out(self.part, "all", "there is no compute-sanitizer")];
        };
        let run = |(tool, case): (&str, &str)| {
            let command = sanitizer::command(&tool_path, tool, program, case);
            let judge = |ended: &Ended| sanitizer::judge(tool, case, ended);
            self.run(&format!("{tool} {case}"), command, MOST_OF_A_TOOL, judge)
        };
        sanitizer::combinations().map(run).collect()
    }

    fn peers(&self, earlier: &[Run]) -> Vec<Run> {
        let (folder, inputs) = (&self.check.programs.peers, self.check.inputs());
        let run = |script: peers::Script| {
            if script.needs_inputs && !inputs.is_dir() {
                let why = "it starts from what the part `step` leaves behind, and there is nothing";
                return Run::left_out(self.part, script.what, why);
            }
            let command = script.command(folder, &inputs, self.check.threads);
            self.run(script.what, command, script.most, |ended| script.judge(ended, earlier))
        };
        peers::SCRIPTS.into_iter().map(run).collect()
    }

    fn training(&self, program: &Path) -> Run {
        let folder = self.check.scratch.path.join("training");
        let mut command = Command::new(program);
        command.args(training::arguments(&folder));
        self.run("training", command, Duration::MAX, |ended| training::judge(ended, &folder))
    }
}

/// A folder for what nobody needs afterwards.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub(super) fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("nwm-gpu-check-{}", std::process::id()));
        std::fs::create_dir_all(&path)
            .with_context(|| format!("failed to make {}", path.display()))?;
        Ok(Self { path })
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What remains is in the system's folder for such files.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Check, Libraries, Scratch};
    use crate::gpu_check::part::Part;
    use crate::gpu_check::programs::Programs;
    use crate::gpu_check::run::{Outcome, Run};
    use crate::runs::Interrupt;

    fn why(check: &Check<'_>, part: Part) -> String {
        let runs = check.part(part, &[]);
        match &runs[..] {
            [Run { outcome: Outcome::LeftOut(why), .. }] => why.clone(),
            _ => format!("not left out: {runs:?}"),
        }
    }

    #[test]
    fn what_cannot_be_done_is_left_out_with_its_reason() {
        let folder = tempfile::tempdir().unwrap();
        let programs = Programs::stand_ins(Vec::new(), folder.path());
        let stop = Interrupt::default();
        let mut check = Check {
            programs: &programs,
            is_emulated: false,
            libraries: Libraries::default(),
            stop: &stop,
            deadline: Instant::now() + Duration::from_secs(780),
            threads: 1,
            scratch: Scratch { path: folder.path().join("scratch") },
        };
        assert_eq!(why(&check, Part::Step), "the pack has no `step`");
        check.deadline = Instant::now() + Duration::from_secs(5);
        assert!(why(&check, Part::Agreement).starts_with("too little time left"));
        check.is_emulated = true;
        assert_eq!(why(&check, Part::Sanitizer), "there is no GPU");
        stop.set();
        assert_eq!(why(&check, Part::Agreement), "interrupted");
    }
}
