//! `table.md`.

use std::fmt::Write as _;

use anyhow::Result;

use super::{
    super::number::{duration, finite_in_unit, in_unit, ratio},
    cells::{Cell, Status, Table},
    score::{Horizon, REFERENCES, Score},
    verdict::Mark,
};

/// `table.md`: what was measured, verdicts, the references, the published numbers, and what is
/// missing.
pub(super) fn markdown(table: &Table) -> Result<String> {
    let label = table.scale().label().map(|label| format!(" ({label})")).unwrap_or_default();
    let mut text = String::new();
    writeln!(text, "# {}{label}\n", table.table)?;
    if let Some(notice) = table.scale().notice() {
        writeln!(text, "> {notice}\n")?;
    }
    writeln!(
        text,
        "`{}` in units of {}, commit `{}`, device {}. Mean over seeds, with half the width of the \
         Student-t 95 % interval where there are two seeds or more. The mean image of the training \
         set and the last frame seen, each repeated, need no training; their errors differ where \
         models are scored on different frames.\n",
        table.metric,
        table.unit,
        table.commit,
        if table.device.is_empty() { "none yet" } else { &table.device }
    )?;
    for horizon in table.horizons() {
        write_measured(&mut text, table, horizon, &label)?;
    }
    write_verdicts(&mut text, table, &label)?;
    for horizon in table.horizons() {
        let at = table.horizon_name(horizon).map(|name| format!(", {name}")).unwrap_or_default();
        for (name, reference) in REFERENCES {
            writeln!(text, "\n## Measured divided by the {name}{at}{label}\n")?;
            write_matrix(&mut text, table, |cell| {
                ratio(cell.score(horizon).and_then(|score| reference(&score.references).ratio))
            })?;
        }
    }
    for measure in table.measure_tables() {
        writeln!(text, "\n## {}{label}\n\n{}\n", measure.title, measure.note)?;
        write_matrix(&mut text, table, |cell| {
            (measure.show)(&cell.measures).unwrap_or(in_unit(None))
        })?;
    }
    writeln!(text, "\n## Published (full-size training)\n")?;
    if table.reduced {
        writeln!(text, "Listed for orientation; a different experiment, not compared.\n")?;
    }
    write_matrix(&mut text, table, |cell| in_unit(cell.published))?;

    writeln!(text, "\n## Missing\n")?;
    if table.unfinished().next().is_none() {
        writeln!(text, "Nothing: every planned seed has a result.")?;
    }
    for line in missing(table) {
        writeln!(text, "- {line}")?;
    }
    write_runs(&mut text, table, &label)?;
    Ok(text)
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
    let references = REFERENCES.map(|(name, _)| name).join(" | ");
    writeln!(text, "| | {} | {references} |", table.columns.join(" | "))?;
    writeln!(text, "|---|{}", "--:|".repeat(table.columns.len() + REFERENCES.len()))?;
    for row in &table.rows {
        let own = table.row(row).map(|cell| {
            let value = measured(cell, horizon);
            match table.mark(horizon, row, &cell.column) {
                Mark::Best => format!("**{value}**"),
                Mark::Close => format!("{value} †"),
                Mark::NotCompared => format!("{value} ‡"),
                Mark::None => value,
            }
        });
        let references = REFERENCES.map(|(_, it)| table.reference_values(horizon, row, it));
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
            match summary.rank_agreement(table.reduced) {
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
    writeln!(text, "| run | seed | value | matched | steps | time | commit |")?;
    writeln!(text, "|---|--:|--:|--:|--:|--:|---|")?;
    for seed in table.cells.iter().flat_map(|cell| &cell.seeds) {
        writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {} | `{}` |",
            seed.run_dir,
            seed.seed,
            finite_in_unit(seed.value),
            in_unit(seed.matched),
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

/// Mean and half width of the interval, or why there is none.
fn measured(cell: &Cell, horizon: Horizon) -> String {
    let value = match cell.score(horizon) {
        None if cell.status == Status::Missing => return Status::Missing.name().to_owned(),
        None => return in_unit(None),
        Some(score) => with_half_width(&score),
    };
    if cell.status == Status::Partial { format!("{value} (partial)") } else { value }
}

fn with_half_width(score: &Score) -> String {
    match score.half_width() {
        None => finite_in_unit(score.mean),
        half_width => format!("{} ± {}", finite_in_unit(score.mean), in_unit(half_width)),
    }
}

/// What is not finished, in words: cells without a plan together for each row, others one by one.
pub(super) fn missing(table: &Table) -> Vec<String> {
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
