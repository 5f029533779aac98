//! The files of a table: JSON and CSV for programs, Markdown and HTML for people.

use std::{fmt::Write as _, fs, path::Path};

use anyhow::{Context, Result};
use nwm_data::atomic::write_atomically;

use super::{
    super::number::{duration, finite_in_unit, in_unit, ratio},
    SampleSource,
    cells::{Cell, Status, Table},
    page::table_page,
};

/// Writes `table.json`, `table.csv`, `table.md` and `report.html` to `out_dir`, which is made when
/// it does not exist. Each file is replaced atomically. `samples` hands over forecasts to show.
///
/// # Errors
///
/// When a run's files are broken, its forecasts have a wrong shape, or writing fails.
pub(crate) fn write_table(
    table: &Table,
    plan_dir: &Path,
    out_dir: &Path,
    samples: SampleSource<'_>,
) -> Result<()> {
    let files = [
        ("table.json", json(table)?),
        ("table.csv", comma_separated(table)?),
        ("table.md", markdown(table)?),
        ("report.html", table_page(table, plan_dir, samples)?),
    ];
    fs::create_dir_all(out_dir).with_context(|| format!("create {}", out_dir.display()))?;
    for (name, text) in &files {
        let path = out_dir.join(name);
        write_atomically(&path, |scratch| {
            fs::write(scratch, text).with_context(|| format!("write {}", path.display()))
        })?;
    }
    Ok(())
}

/// `table.json`, with a line break at the end.
pub(super) fn json(table: &Table) -> Result<String> {
    let mut text = serde_json::to_string_pretty(table).context("encode table.json")?;
    text.push('\n');
    Ok(text)
}

/// `table.csv`: one line for each cell, empty fields where there is no number.
pub(super) fn comma_separated(table: &Table) -> Result<String> {
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record([
        "row",
        "column",
        "status",
        "preset",
        "reduced",
        "metric",
        "unit",
        "mean",
        "std",
        "ci95_low",
        "ci95_high",
        "seeds",
        "missing_seeds",
        "inference_steps",
        "mean_image",
        "ratio_to_mean_image",
        "last_frame",
        "ratio_to_last_frame",
        "published_full_size_training",
        "commit",
    ])?;
    for cell in &table.cells {
        let [low, high] = cell.ci95.map_or([None; 2], |interval| interval.map(Some));
        let references = &cell.references;
        writer.write_record([
            cell.row.clone(),
            cell.column.clone(),
            cell.status.name().to_owned(),
            table.preset.clone(),
            table.reduced.to_string(),
            table.metric.clone(),
            table.unit.clone(),
            number(cell.mean),
            number(cell.std),
            number(low),
            number(high),
            cell.seeds.len().to_string(),
            cell.missing_seeds.len().to_string(),
            cell.inference_steps.map(|steps| steps.to_string()).unwrap_or_default(),
            number(references.mean_image.value),
            number(references.mean_image.ratio),
            number(references.last_frame.value),
            number(references.last_frame.ratio),
            number(cell.published),
            table.commit.clone(),
        ])?;
    }
    let bytes = writer.into_inner().context("encode table.csv")?;
    String::from_utf8(bytes).context("encode table.csv")
}

/// `table.md`: what was measured, the references, the published numbers, and what is missing.
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
         Student-t 95 % interval where there are two seeds or more.\n",
        table.metric,
        table.unit,
        table.commit,
        if table.device.is_empty() { "none yet" } else { &table.device }
    )?;

    writeln!(text, "## Measured{label}\n")?;
    write_matrix(&mut text, table, measured)?;
    if !table.summaries.is_empty() {
        writeln!(text, "\n## Verdicts{label}\n")?;
    }
    for summary in &table.summaries {
        writeln!(text, "- {}: {}", summary.row, summary.sentence)?;
    }
    writeln!(text, "\n## Measured divided by the mean image{label}\n")?;
    write_matrix(&mut text, table, |cell| ratio(cell.references.mean_image.ratio))?;
    writeln!(text, "\n## Measured divided by the last frame seen{label}\n")?;
    write_matrix(&mut text, table, |cell| ratio(cell.references.last_frame.ratio))?;
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

    writeln!(text, "\n## Runs{label}\n")?;
    writeln!(text, "| run | seed | value | steps | time | commit |")?;
    writeln!(text, "|---|--:|--:|--:|--:|---|")?;
    for seed in table.cells.iter().flat_map(|cell| &cell.seeds) {
        writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | `{}` |",
            seed.run_dir,
            seed.seed,
            finite_in_unit(seed.value),
            seed.steps,
            duration(seed.seconds),
            seed.commit
        )?;
    }
    Ok(text)
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

/// Mean and half width of the interval, or the status of a cell without a mean.
pub(super) fn measured(cell: &Cell) -> String {
    let value = match (cell.status, cell.mean, half_width(cell)) {
        (Status::Missing, _, _) => return Status::Missing.name().to_owned(),
        (_, mean, None) => finite_in_unit(mean),
        (_, mean, half_width) => format!("{} ± {}", finite_in_unit(mean), in_unit(half_width)),
    };
    if cell.status == Status::Partial { format!("{value} (partial)") } else { value }
}

/// Half the width of the 95 % interval.
pub(super) fn half_width(cell: &Cell) -> Option<f64> {
    cell.ci95.map(|[low, high]| (high - low) / 2.0)
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
            format!("{row}/{column}: {status}, no result of seed {}", seeds.join(", "))
        }));
    }
    lines
}
