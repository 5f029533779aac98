//! The page, in Markdown that is also aligned for a terminal.

mod sections;
#[cfg(test)]
mod tests;

use super::part::Part;
use super::reading::Reading;
use super::record::Record;
use super::run::{Outcome, Run};
use super::times::Times;
use crate::bench::layout;

/// The whole page.
pub(super) fn page(record: &Record) -> String {
    let readings: Vec<Reading> = record.runs.iter().flat_map(Run::readings).collect();
    // The tools of compute-sanitizer repeat checks, of fewer cases.
    let is_check = |run: &&Run| matches!(run.part, Part::Agreement | Part::Determinism);
    let checks: Vec<Reading> =
        record.runs.iter().filter(is_check).flat_map(Run::readings).collect();
    let times = Times::of(&record.runs);
    let mut page = head(record, &times);
    page.push_str(&format!("\n## Result\n\n{}\n", results(&record.runs)));
    let notes = notes(&record.runs);
    if !notes.is_empty() {
        page.push_str(&format!("\n{notes}\n"));
    }
    let sections = [
        ("Targets", sections::targets(&times)),
        ("Agreement with the cpu in double precision", sections::agreement(&checks)),
        ("The same bits twice", sections::determinism(&checks)),
        ("compute-sanitizer, errors", sections::sanitizer(&readings)),
        ("The cell over a sequence", sections::cell(&readings, &times)),
        ("One training step of Table 1", sections::step(&times)),
        ("Training", sections::training(&readings)),
    ];
    for (title, text) in sections {
        // What was not measured has its reason above.
        if let Some(text) = text {
            page.push_str(&format!("\n## {title}\n\n{text}\n"));
        }
    }
    page
}

/// On what, of what and how this was made.
fn head(record: &Record, times: &Times) -> String {
    let Record { date, commit, command, card, machine, limit, seconds, .. } = record;
    let card =
        card.as_ref().map_or("none, the kernels were emulated".to_owned(), |it| it.describe());
    let mut text = format!(
        "# GPU check of {date}\n\n- card: {card}\n- machine: {}\n- commit: {commit}\n- command: `{command}`\n\
         - time: {seconds:.0} s of at most {limit} s\n",
        machine.describe()
    );
    let versions = times.versions();
    if !versions.is_empty() {
        text.push_str(&format!("- peers: {}\n", versions.join(", ")));
    }
    text.push_str("\nHow to read the tables: [performance.md](../performance.md).\n");
    text
}

/// A row for every part.
fn results(runs: &[Run]) -> String {
    let head = ["part", "result", "passed", "failed", "left out", "seconds"].map(str::to_owned);
    let row = |part: Part| {
        let of_part: Vec<&Run> = runs.iter().filter(|run| run.part == part).collect();
        let count =
            |is: fn(&Outcome) -> bool| of_part.iter().filter(|run| is(&run.outcome)).count();
        let passed = count(|it| *it == Outcome::Passed);
        let failed = count(|it| matches!(it, Outcome::Failed(_)));
        let result = match (failed, passed) {
            (0, 0) => "left out",
            (0, _) => "passed",
            _ => "FAILED",
        };
        let seconds: f64 = of_part.iter().map(|run| run.seconds).sum();
        (!of_part.is_empty()).then(|| {
            let left_out = of_part.len() - passed - failed;
            let counts = [passed, failed, left_out].map(|count| count.to_string());
            let mut cells = vec![part.name().to_owned(), result.to_owned()];
            cells.extend(counts);
            cells.push(format!("{seconds:.0}"));
            cells
        })
    };
    layout(&head, &Part::ALL.into_iter().filter_map(row).collect::<Vec<_>>())
}

/// Why something failed or was left out.
fn notes(runs: &[Run]) -> String {
    let note = |run: &Run| {
        let name = format!("{} {}", run.part.name(), run.what);
        match &run.outcome {
            Outcome::Passed => None,
            Outcome::Failed(why) => Some(format!("- **{name} failed**: {why}")),
            Outcome::LeftOut(why) => Some(format!("- {name} left out: {why}")),
        }
    };
    runs.iter().filter_map(note).collect::<Vec<_>>().join("\n")
}
