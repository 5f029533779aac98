//! `table.md`.

use std::fmt::Write as _;

use anyhow::Result;

use super::{
    super::number::{duration, in_unit, ratio},
    cells::{Cell, Status, Table},
    metric::{Metric, Subject},
    score::Horizon,
    verdict::Mark,
};

/// `table.md`: what was measured, verdicts, the references, the published numbers, and what is
/// missing.
pub(super) fn markdown(table: &Table) -> Result<String> {
    let label = table.scale().label().map(|label| format!(" ({label})")).unwrap_or_default();
    let kind = table.kind();
    let mut text = String::new();
    writeln!(text, "# {}{label}\n", table.table)?;
    if let Some(notice) = table.scale().notice() {
        writeln!(text, "> {notice}\n")?;
    }
    writeln!(
        text,
        "`{}`{}, commit `{}`, device {}. {}\n",
        table.metric,
        kind.unit_phrase(&table.unit),
        table.commit,
        if table.device.is_empty() { "none yet" } else { &table.device },
        kind.text_note
    )?;
    for horizon in table.horizons() {
        write_measured(&mut text, table, horizon, &label)?;
    }
    write_verdicts(&mut text, table, &label)?;
    for horizon in table.horizons().filter(|_| kind.ratios_note.is_some()) {
        let at = table.horizon_name(horizon).map(|name| format!(", {name}")).unwrap_or_default();
        for predictor in kind.references {
            writeln!(text, "\n## Measured divided by {}{at}{label}\n", predictor.phrase)?;
            write_matrix(&mut text, table, |cell| {
                ratio(cell.score(horizon).and_then(|score| (predictor.of)(&score.references).ratio))
            })?;
        }
    }
    for measure in table.measure_tables() {
        writeln!(text, "\n## {}{label}\n\n{}\n", measure.title, measure.note)?;
        write_matrix(&mut text, table, |cell| {
            (measure.show)(&cell.measures).unwrap_or(in_unit(None))
        })?;
    }
    for answers in table.answer_tables() {
        writeln!(text, "\n## {}{label}\n\n{}\n", answers.title, answers.note)?;
        write_matrix(&mut text, table, |cell| answers.text(table, cell).unwrap_or(in_unit(None)))?;
    }
    if !table.is_sweep() {
        write_published(&mut text, table, kind)?;
    }

    writeln!(text, "\n## Missing\n")?;
    if table.unfinished().next().is_none() {
        writeln!(text, "Nothing: every planned seed has a result.")?;
    }
    for line in missing(table) {
        writeln!(text, "- {line}")?;
    }
    if table.is_shown_in_detail() {
        write_runs(&mut text, table, &label)?;
    }
    Ok(text)
}

fn write_published(text: &mut String, table: &Table, kind: &Metric) -> Result<()> {
    writeln!(text, "\n## Published (full-size training)\n")?;
    if !table.has_published_section() {
        return Ok(writeln!(text, "{NOTHING_PUBLISHED}")?);
    }
    if table.reduced {
        writeln!(text, "Listed for orientation; a different experiment, not compared.\n")?;
    }
    write_matrix(text, table, |cell| kind.published(cell.published, cell.published_std))
}

/// The values at one horizon, the best of each row in bold, and reference predictors.
fn write_measured(text: &mut String, table: &Table, horizon: Horizon, label: &str) -> Result<()> {
    if horizon == Horizon::Matched {
        writeln!(text)?;
    }
    writeln!(text, "## {}{label}\n", table.heading(horizon))?;
    let note = table.horizon_note(horizon);
    if !note.is_empty() {
        writeln!(text, "{note}\n")?;
    }
    let kind = table.kind();
    let references: Vec<&str> = kind.references.iter().map(|it| it.name).collect();
    writeln!(text, "| | {} | {} |", table.columns.join(" | "), references.join(" | "))?;
    writeln!(text, "|---|{}", "--:|".repeat(table.columns.len() + references.len()))?;
    for row in &table.rows {
        let own = table.row(row).map(|cell| {
            let value = measured(kind, cell, horizon);
            match table.mark(horizon, row, &cell.column) {
                Mark::Best => format!("**{value}**"),
                Mark::Close => format!("{value} †"),
                Mark::NotCompared => format!("{value} ‡"),
                Mark::None => value,
            }
        });
        let references =
            kind.references.iter().map(|it| table.reference_values(horizon, row, it.of));
        let values: Vec<String> = own.chain(references).collect();
        writeln!(text, "| {row} | {} |", values.join(" | "))?;
    }
    Ok(())
}

fn write_verdicts(text: &mut String, table: &Table, label: &str) -> Result<()> {
    if table.summaries.is_empty() && table.matched_summaries.is_empty() {
        return Ok(());
    }
    writeln!(text, "\n## Verdicts{label}\n")?;
    for row in &table.rows {
        for horizon in table.horizons() {
            let Some(summary) = table.summary_of(horizon, row) else { continue };
            let at = if horizon == Horizon::Matched { ", matched horizon" } else { "" };
            write!(text, "- {row}{at}: {}", summary.sentence)?;
            match summary.rank_agreement(table.kind(), table.reduced) {
                Some(agreement) => writeln!(text, " {agreement}")?,
                None => writeln!(text)?,
            }
        }
    }
    if let Some(note) = table.marks_note() {
        writeln!(text, "\n{note}")?;
    }
    Ok(())
}

fn write_runs(text: &mut String, table: &Table, label: &str) -> Result<()> {
    writeln!(text, "\n## Runs{label}\n")?;
    let kind = table.kind();
    let (heading, rule) = match kind.subject {
        Subject::Forecasts => (" matched |", "--:|"),
        Subject::Answers(_) => ("", ""),
    };
    writeln!(text, "| run | seed | value |{heading} steps | time | commit |")?;
    writeln!(text, "|---|--:|--:|{rule}--:|--:|---|")?;
    for seed in table.cells.iter().flat_map(|cell| &cell.seeds) {
        let matched = match kind.subject {
            Subject::Forecasts => format!(" {} |", in_unit(seed.matched)),
            Subject::Answers(_) => String::new(),
        };
        writeln!(
            text,
            "| `{}` | {} | {} |{matched} {} | {} | `{}` |",
            seed.run_dir,
            seed.seed,
            kind.show_finite(seed.value),
            seed.steps,
            duration(seed.seconds),
            seed.commit
        )?;
    }
    Ok(())
}

/// A Markdown table with one line for each row and one column for each column of `table`.
fn write_matrix(text: &mut String, table: &Table, show: impl Fn(&Cell) -> String) -> Result<()> {
    writeln!(text, "| | {} |", table.columns.join(" | "))?;
    writeln!(text, "|---|{}", "--:|".repeat(table.columns.len()))?;
    for row in &table.rows {
        let values: Vec<String> = table.row(row).map(&show).collect();
        writeln!(text, "| {row} | {} |", values.join(" | "))?;
    }
    Ok(())
}

/// What stands for a list of published numbers that nobody printed.
pub(super) const NOTHING_PUBLISHED: &str = "No numbers were published.";

/// A mean and how exactly it is known, or why there is none.
fn measured(kind: &Metric, cell: &Cell, horizon: Horizon) -> String {
    let value = match cell.score(horizon) {
        None if cell.status == Status::Missing => return Status::Missing.name().to_owned(),
        None => return in_unit(None),
        Some(score) => {
            let spread = cell.spread(kind, horizon).map(|spread| format!(" {spread}"));
            kind.show_finite(score.mean) + &spread.unwrap_or_default()
        }
    };
    if cell.status == Status::Partial { format!("{value} (partial)") } else { value }
}

/// What is not finished, in words: cells without a plan together for each row, others one by one.
pub(super) fn missing(table: &Table) -> Vec<String> {
    if !table.is_shown_in_detail() && table.unfinished().next().is_some() {
        let count = |status| table.cells.iter().filter(|cell| cell.status == status).count();
        let (partial, missing) = (count(Status::Partial), count(Status::Missing));
        return vec![format!(
            "{partial} cells are partial, {missing} missing; table.csv says which"
        )];
    }
    let mut lines = Vec::new();
    for row in &table.rows {
        let (planned, unplanned): (Vec<&Cell>, Vec<&Cell>) = table
            .unfinished()
            .filter(|cell| cell.row == *row)
            .partition(|cell| !cell.missing_seeds.is_empty());
        if !unplanned.is_empty() {
            let columns: Vec<&str> = unplanned.iter().map(|cell| cell.column.as_str()).collect();
            lines.push(format!("{row}, not planned: {}", columns.join(", ")));
        }
        lines.extend(planned.into_iter().map(|cell| {
            let seeds: Vec<String> = cell.missing_seeds.iter().map(u64::to_string).collect();
            let (column, status) = (&cell.column, cell.status.name());
            format!("{row}/{column}: {status}, no final result of seed {}", seeds.join(", "))
        }));
    }
    lines
}
