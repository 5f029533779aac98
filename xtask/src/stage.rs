//! One stage of the checks, and the table of all of them.

use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::console;

/// How a stage ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Ok,
    /// Not possible here, for this reason; not a failure.
    Skipped(String),
    Failed(String),
}

impl Verdict {
    /// Runs a command to its end, which is to be a good one.
    pub(crate) fn of(command: Command) -> Result<Self> {
        Self::of_ending(command, 0)
    }

    fn of_ending(mut command: Command, code: i32) -> Result<Self> {
        let status = command.status().with_context(|| format!("failed to start {command:?}"))?;
        let expected = if code == 0 { String::new() } else { format!(", expected code {code}") };
        let failed = || Self::Failed(format!("{command:?} ended with {status}{expected}"));
        Ok(if status.code() == Some(code) { Self::Ok } else { failed() })
    }
}

/// A named check.
pub(crate) struct Stage<'a> {
    name: String,
    action: Box<dyn FnOnce() -> Result<Verdict> + 'a>,
}

/// What became of a stage; no verdict if an earlier one failed.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    name: String,
    seconds: f64,
    verdict: Option<Verdict>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(name: &str, action: impl FnOnce() -> Result<Verdict> + 'a) -> Self {
        Self { name: name.to_owned(), action: Box::new(action) }
    }

    /// The name in the table.
    pub(crate) fn name(&self) -> &String {
        &self.name
    }

    /// A stage that passes if this command does. Its output goes where ours goes.
    pub(crate) fn command(name: &str, command: Command) -> Self {
        Self::ending(name, command, 0)
    }

    /// A stage that passes if this command ends with this exit code.
    pub(crate) fn ending(name: &str, command: Command, code: i32) -> Self {
        Self::new(name, move || Verdict::of_ending(command, code))
    }
}

/// Runs the stages up to the first that fails, prints their table and returns whether all passed.
pub(crate) fn run_all(stages: Vec<Stage<'_>>) -> bool {
    let start = Instant::now();
    let rows = run_until_failure(stages);
    console::result(&table(&rows, start.elapsed().as_secs_f64()));
    rows.iter().all(|row| matches!(row.verdict, Some(Verdict::Ok | Verdict::Skipped(_))))
}

fn run_until_failure(stages: Vec<Stage<'_>>) -> Vec<Row> {
    let mut failed = false;
    let mut rows = Vec::with_capacity(stages.len());
    for Stage { name, action } in stages {
        if failed {
            rows.push(Row { name, seconds: 0.0, verdict: None });
            continue;
        }
        console::progress(&format!("== {name}"));
        let start = Instant::now();
        let verdict = action().unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")));
        match &verdict {
            Verdict::Ok => {}
            Verdict::Skipped(why) => console::progress(&format!("{name} skipped: {why}")),
            Verdict::Failed(why) => console::progress(&format!("{name} failed: {why}")),
        }
        failed = matches!(verdict, Verdict::Failed(_));
        rows.push(Row { name, seconds: start.elapsed().as_secs_f64(), verdict: Some(verdict) });
    }
    rows
}

/// Name, seconds and result, one stage a line.
fn table(rows: &[Row], seconds: f64) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0).max("stage".len());
    let mut lines = vec![format!("{:width$}  {:>8}  result", "stage", "seconds")];
    for row in rows {
        let (result, time) = match &row.verdict {
            Some(Verdict::Ok) => ("ok", format!("{:.1}", row.seconds)),
            Some(Verdict::Skipped(_)) => ("skipped", format!("{:.1}", row.seconds)),
            Some(Verdict::Failed(_)) => ("failed", format!("{:.1}", row.seconds)),
            None => ("not run", "-".to_owned()),
        };
        lines.push(format!("{:width$}  {time:>8}  {result}", row.name));
    }
    lines.push(format!("{:width$}  {seconds:>8.1}", "total"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Row, Stage, Verdict, run_until_failure, table};

    fn verdicts(stages: Vec<Stage<'_>>) -> Vec<Option<Verdict>> {
        run_until_failure(stages).into_iter().map(|row| row.verdict).collect()
    }

    #[test]
    fn nothing_runs_after_a_failure() {
        let failure = Verdict::Failed("no".to_owned());
        let stages = vec![
            Stage::new("one", || Ok(Verdict::Skipped("absent".to_owned()))),
            Stage::new("two", || Ok(Verdict::Ok)),
            Stage::new("three", || Ok(Verdict::Failed("no".to_owned()))),
            Stage::new("four", || panic!("must not run")),
        ];
        assert_eq!(
            verdicts(stages),
            [Some(Verdict::Skipped("absent".to_owned())), Some(Verdict::Ok), Some(failure), None]
        );
    }

    #[test]
    fn an_error_is_a_failure() {
        let stages = vec![Stage::new("one", || anyhow::bail!("broken"))];
        assert_eq!(verdicts(stages), [Some(Verdict::Failed("broken".to_owned()))]);
    }

    #[cfg(unix)]
    #[test]
    fn a_command_ends_with_the_code_that_is_expected() {
        use std::process::Command;

        let ending = |code: &str, expected| {
            let mut command = Command::new("sh");
            command.args(["-c", &format!("exit {code}")]);
            verdicts(vec![Stage::ending("start", command, expected)]).remove(0)
        };
        assert_eq!(ending("4", 4), Some(Verdict::Ok));
        for (code, expected) in [("0", 4), ("1", 4), ("4", 0)] {
            assert!(matches!(ending(code, expected), Some(Verdict::Failed(_))), "{code}");
        }
    }

    #[test]
    fn the_table_lists_every_stage_with_time_and_result() {
        let row = |name: &str, seconds, verdict| Row { name: name.to_owned(), seconds, verdict };
        let rows = [
            row("format", 0.5, Some(Verdict::Ok)),
            row("clippy", 61.0, Some(Verdict::Failed(String::new()))),
            row("test", 0.0, None),
        ];
        assert_eq!(
            table(&rows, 61.5),
            "stage    seconds  result\n\
             format       0.5  ok\n\
             clippy      61.0  failed\n\
             test           -  not run\n\
             total       61.5"
        );
    }
}
