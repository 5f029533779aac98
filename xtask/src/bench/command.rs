//! The command itself: build, measure, compare, print, keep.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::ValueEnum;

use super::compare::{disagreements, rows};
use super::line::Line;
use super::peer::Peers;
use super::program::{Built, Program};
use super::record::Record;
use super::table::{counts, layout, table};
use super::{instructions, scaling};
use crate::console;
use crate::flags::{Bench, Subject};
use crate::usage::UsageError;
use crate::workspace::Workspace;

/// Where results are kept.
pub(crate) const KEPT_IN: &str = "docs/benchmarks";

impl Bench {
    /// Measures and prints; exit code 1 if a program or a peer failed or computed something else.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let workspace = Workspace::locate()?;
        let threads = match self.threads {
            Some(threads) => usize::from(threads),
            None => {
                std::thread::available_parallelism().context("failed to count the cores")?.get()
            }
        };
        self.check_cases()?;
        let (commit, command) = (workspace.commit(), self.command());
        let mut ends = self.subject_names();
        ends.extend(self.cases.iter().cloned());
        let mut record = Record::new(commit, command, threads, &ends);
        let kept_in = workspace.root().join(KEPT_IN);
        if self.save {
            record.check_absent(&kept_in)?;
        }
        let mut session = Session {
            arguments: self.arguments(threads),
            peers: self.against.iter().map(|peer| peer.name()).collect(),
            bench: &self,
            workspace: &workspace,
            threads,
            record: &mut record,
        };
        session.measure()?;
        for problem in &record.problems {
            console::progress(&format!("problem: {problem}"));
        }
        if self.save {
            let page = record.save(&kept_in)?;
            console::result(&page.display().to_string());
        }
        Ok(if record.problems.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    /// Cases belong to one table.
    fn check_cases(&self) -> Result<(), UsageError> {
        let with_cases = [
            Subject::Cell,
            Subject::Conv,
            Subject::Train,
            Subject::Data,
            Subject::Waves,
            Subject::Instructions,
        ];
        match self.subjects.as_slice() {
            _ if self.cases.is_empty() => Ok(()),
            [subject] if with_cases.contains(subject) => Ok(()),
            _ => Err(UsageError::CaseOfSeveral),
        }
    }

    fn wants(&self, subject: Subject) -> bool {
        let usual = !matches!(subject, Subject::Scaling | Subject::Instructions);
        let all = self.subjects.is_empty() || self.subjects.contains(&Subject::All);
        self.subjects.contains(&subject) || (all && usual)
    }

    /// What every program and peer is told.
    fn arguments(&self, threads: usize) -> Vec<String> {
        let mut arguments = vec!["--threads".to_owned(), threads.to_string()];
        if let Some(repeats) = self.repeats {
            arguments.extend(["--repeats".to_owned(), repeats.to_string()]);
        }
        arguments
    }

    fn subject_names(&self) -> Vec<String> {
        let values = self.subjects.iter().filter_map(ValueEnum::to_possible_value);
        values.map(|value| value.get_name().to_owned()).collect()
    }

    /// The command as one would type it to repeat the measurement.
    fn command(&self) -> String {
        let mut words = vec!["cargo xtask bench".to_owned()];
        words.extend(self.subject_names());
        words.extend(self.cases.iter().map(|case| format!("--case {case}")));
        if !self.against.is_empty() {
            let peers: Vec<&str> = self.against.iter().map(|peer| peer.name()).collect();
            words.push(format!("--against {}", peers.join(",")));
        }
        words.extend(self.threads.map(|it| format!("--threads {it}")));
        words.extend(self.repeats.map(|it| format!("--repeats {it}")));
        words.extend(self.save.then(|| "--save".to_owned()));
        words.join(" ")
    }
}

/// One call of the command.
struct Session<'a> {
    bench: &'a Bench,
    workspace: &'a Workspace,
    threads: usize,
    /// What every program and peer is told.
    arguments: Vec<String>,
    /// Columns of the tables.
    peers: Vec<&'static str>,
    record: &'a mut Record,
}

impl Session<'_> {
    /// Everything that was asked for, in the order of the page.
    fn measure(&mut self) -> Result<()> {
        let tabled = [
            (Subject::Cell, Program::Cell),
            (Subject::Conv, Program::Convolution),
            (Subject::Train, Program::Step),
            (Subject::Data, Program::Data),
            (Subject::Waves, Program::Waves),
        ];
        let tabled: Vec<Program> = tabled
            .into_iter()
            .filter(|(subject, _)| self.bench.wants(*subject))
            .map(|(_, program)| program)
            .collect();
        let scaling = self.bench.wants(Subject::Scaling);
        // Before anything is measured, so that no compiler runs beside a measurement.
        let built = tabled.iter().map(|program| program.build(self.workspace));
        let built = built.collect::<Result<Vec<Built>>>()?;
        let cell = if scaling || self.bench.wants(Subject::Instructions) {
            Some(Program::Cell.build(self.workspace)?)
        } else {
            None
        };

        let mut peak = None;
        if self.bench.wants(Subject::Peak) || scaling || !tabled.is_empty() {
            match self.peak() {
                Ok(found) => peak = found,
                Err(error) => self.problem(Program::Peak.name(), &error),
            }
        }
        for (program, built) in tabled.into_iter().zip(&built) {
            self.table(program, built, peak);
        }
        let Some(cell) = cell else { return Ok(()) };
        if scaling && let Err(error) = self.scaling(&cell) {
            self.problem("scaling", &error);
        }
        if self.bench.wants(Subject::Instructions) {
            match instructions::count(&cell, &self.bench.cases) {
                Ok(text) => self.section("Instructions of the cell (AVX2)", &text),
                Err(error) => self.problem("callgrind", &error),
            }
        }
        Ok(())
    }

    /// The peak rate of all threads together, in 10⁹ operations per second.
    fn peak(&mut self) -> Result<Option<f64>> {
        let built = Program::Peak.build(self.workspace)?;
        console::progress("measuring peak");
        let lines =
            built.lines(Program::Peak, &["--threads".to_owned(), self.threads.to_string()])?;
        let rate = |line: &Line| line.modes.first().map_or(0.0, |mode| mode.best_gflops());
        let body: Vec<Vec<String>> = lines
            .iter()
            .map(|line| {
                let rate = format!("{:.0}", rate(line));
                vec![line.case.clone(), line.threads.to_string(), rate]
            })
            .collect();
        let head = ["instruction set", "threads", "GFLOP/s"].map(str::to_owned);
        let best = lines.iter().filter(|line| line.threads == self.threads).map(rate);
        let best = best.reduce(f64::max);
        let alone = lines.iter().filter(|line| line.threads == 1).map(rate).reduce(f64::max);
        let mut text = layout(&head, &body);
        if let (Some(best), Some(alone)) = (best, alone.filter(|_| self.threads > 1)) {
            // A shared machine shows here, before anything is compared.
            let threads = self.threads;
            text.push_str(&format!(
                "\n\n{threads} threads together reach {:.2} times the rate of one.",
                best / alone
            ));
        }
        self.section(Program::Peak.title(), &text);
        self.record.lines.extend(lines);
        Ok(best)
    }

    fn scaling(&mut self, cell: &Built) -> Result<()> {
        let measured = scaling::measure(cell, &self.arguments)?;
        self.section("Scaling of the cell", &measured.table());
        self.record.attach("scaling.csv", measured.csv());
        self.record.attach("scaling.svg", measured.chart()?);
        self.record.lines.extend(measured.into_lines());
        Ok(())
    }

    /// Runs a program and its peers and prints their table. What fails is a problem, not an end.
    ///
    /// Every case runs in processes of its own, ours and the peers' one after the other: none finds the memory of
    /// another case, and what is compared was measured within the same minutes.
    fn table(&mut self, program: Program, built: &Built, peak: Option<f64>) {
        let cases = match self.bench.cases.is_empty() {
            true => built.cases(),
            false => Ok(self.bench.cases.clone()),
        };
        let mut lines = Vec::new();
        match cases {
            Ok(cases) => {
                cases.iter().for_each(|case| lines.extend(self.case(program, built, case)));
            }
            Err(error) => self.problem(program.name(), &error),
        }
        let peers = self.columns(&lines);
        self.record.problems.extend(disagreements(&lines, &peers));
        let text = match program {
            Program::Data => counts(&lines),
            _ => table(&rows(&lines, &peers, peak), &peers),
        };
        self.section(program.title(), &text);
        self.record.lines.extend(lines);
    }

    /// The lines of one case: ours, then the peers'.
    fn case(&mut self, program: Program, built: &Built, case: &str) -> Vec<Line> {
        let name = format!("{} {case}", program.name());
        let mut arguments = self.arguments.clone();
        arguments.extend(["--case".to_owned(), case.to_owned()]);
        console::progress(&format!("measuring {name}"));
        let mut lines = match built.lines(program, &self.own_arguments(program, &arguments)) {
            Ok(lines) => lines,
            Err(error) => {
                self.problem(&name, &error);
                return Vec::new();
            }
        };
        let environment = Peers::new(self.workspace);
        if program == Program::Step {
            let inputs = self.inputs().display().to_string();
            arguments.extend(["--inputs".to_owned(), inputs]);
        }
        for &peer in &self.bench.against {
            let name = format!("{name} by {}", peer.name());
            console::progress(&format!("measuring {name}"));
            match environment.lines(peer, program, &arguments) {
                Ok(found) => lines.extend(found.unwrap_or_default()),
                Err(error) => self.problem(&name, &error),
            }
        }
        lines
    }

    /// The arguments of our own program.
    fn own_arguments(&self, program: Program, arguments: &[String]) -> Vec<String> {
        let mut own = arguments.to_vec();
        if program == Program::Step && !self.bench.against.is_empty() {
            own.extend(["--write".to_owned(), self.inputs().display().to_string()]);
        }
        own
    }

    /// Where the parameters and frames lie from which the peers of a training step start.
    fn inputs(&self) -> std::path::PathBuf {
        self.workspace.target().join("bench-inputs")
    }

    /// Peers of a table: what our own program compares with, then those asked for.
    fn columns(&self, lines: &[Line]) -> Vec<&'static str> {
        const WITHIN: &str = "candle";
        let within = lines.iter().any(|line| line.by == WITHIN).then_some(WITHIN);
        within.into_iter().chain(self.peers.iter().copied()).collect()
    }

    fn section(&mut self, title: &str, text: &str) {
        console::result(&format!("\n{title}\n\n{text}"));
        self.record.sections.push((title.to_owned(), text.to_owned()));
    }

    /// Notes a failure, without the folders of this machine, which are nobody else's.
    fn problem(&mut self, what: &str, error: &anyhow::Error) {
        let mut text = format!("{error:#}");
        for (folder, name) in [(self.workspace.root(), ""), (self.workspace.target(), "target/")] {
            text = text.replace(&format!("{}/", folder.display()), name);
        }
        self.record.problems.push(format!("{what}: {text}"));
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::flags::{Bench, Command, Flags, Subject};

    fn bench(line: &str) -> Bench {
        let Command::Bench(bench) = Flags::parse_from(line.split(' ').skip(1)).command else {
            panic!("not bench")
        };
        bench
    }

    #[test]
    fn the_command_is_recorded_as_it_was_given() {
        for line in [
            "cargo xtask bench",
            "cargo xtask bench cell --case rings --against torch,jax --threads 2 --repeats 5 --save",
            "cargo xtask bench scaling --save",
        ] {
            assert_eq!(bench(line).command(), line);
        }
    }

    #[test]
    fn cases_need_one_table() {
        for line in
            ["bench cell --case a", "bench instructions --case a", "bench cell conv", "bench"]
        {
            assert!(bench(&format!("cargo xtask {line}")).check_cases().is_ok(), "{line}");
        }
        for line in ["bench --case a", "bench cell conv --case a", "bench scaling --case a"] {
            assert!(bench(&format!("cargo xtask {line}")).check_cases().is_err(), "{line}");
        }
    }

    #[test]
    fn all_are_the_tables_alone() {
        for line in ["cargo xtask bench", "cargo xtask bench all"] {
            let bench = bench(line);
            assert!(bench.wants(Subject::Train) && bench.wants(Subject::Peak));
            assert!(!bench.wants(Subject::Scaling) && !bench.wants(Subject::Instructions));
        }
        let bench = bench("cargo xtask bench all scaling");
        assert!(bench.wants(Subject::Scaling) && bench.wants(Subject::Cell));
    }
}
