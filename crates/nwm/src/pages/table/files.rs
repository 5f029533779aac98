//! The files of a table: JSON and CSV for programs, Markdown and HTML for people.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use nwm_data::atomic::write_atomically;

use super::{
    SampleSource,
    answers::AnswerMeasures,
    cells::{Cell, Table},
    markdown::markdown,
    measures::Measures,
    page::table_page,
    score::{Horizon, References, Score},
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
fn json(table: &Table) -> Result<String> {
    let mut text = serde_json::to_string_pretty(table).context("encode table.json")?;
    text.push('\n');
    Ok(text)
}

/// Names of the columns of `table.csv`; further ones are added at the end.
const COLUMNS: [&str; 37] = [
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
    "verdict",
    "matched_mean",
    "matched_std",
    "matched_ci95_low",
    "matched_ci95_high",
    "matched_mean_image",
    "matched_ratio_to_mean_image",
    "matched_last_frame",
    "matched_ratio_to_last_frame",
    "matched_verdict",
    "l2",
    "backward",
    "combined",
    "valid_time_frames",
    "valid_time_longest",
    "symetric",
    "r_squared",
];

/// Columns after these in tables of answers.
const ANSWER_COLUMNS: [&str; 9] = [
    "published_std",
    "no_skill",
    "ratio_to_no_skill",
    "interval95_low",
    "interval95_high",
    "sequences",
    "parameters",
    "last",
    "best",
];

/// `table.csv`: one line for each cell, empty fields where there is no number.
fn comma_separated(table: &Table) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let has_answers = !table.is_of_forecasts();
    let further = if has_answers { &ANSWER_COLUMNS[..] } else { &[] };
    writer.write_record(COLUMNS.iter().chain(further))?;
    for cell in &table.cells {
        let mut fields = record(table, cell);
        if has_answers {
            fields.extend(answer_fields(cell));
        }
        writer.write_record(fields)?;
    }
    let bytes = writer.into_inner().context("encode table.csv")?;
    String::from_utf8(bytes).context("encode table.csv")
}

/// The line of a cell.
fn record(table: &Table, cell: &Cell) -> Vec<String> {
    let [planned, matched] = Horizon::BOTH.map(|horizon| cell.score(horizon).unwrap_or_default());
    let spread = |score: &Score| {
        let [low, high] = score.ci95.map_or([None; 2], |interval| interval.map(Some));
        [score.mean, score.std, low, high].map(number)
    };
    let references = |score: &Score| {
        let References { mean_image, last_frame, .. } = score.references;
        [mean_image.value, mean_image.ratio, last_frame.value, last_frame.ratio].map(number)
    };
    let verdict = |horizon| table.verdict_name(horizon, &cell.row, &cell.column).to_owned();
    let Measures { l2, backward, combined, valid_time, symplecticity } = cell.measures;

    let mut fields = vec![
        cell.row.clone(),
        cell.column.clone(),
        cell.status.name().to_owned(),
        table.preset.clone(),
        table.reduced.to_string(),
        table.metric.clone(),
        table.unit.clone(),
    ];
    fields.extend(spread(&planned));
    fields.extend([
        cell.seeds.len().to_string(),
        cell.missing_seeds.len().to_string(),
        cell.inference_steps.map(|steps| steps.to_string()).unwrap_or_default(),
    ]);
    fields.extend(references(&planned));
    fields.extend([number(cell.published), table.commit.clone(), verdict(Horizon::Planned)]);
    fields.extend(spread(&matched));
    fields.extend(references(&matched));
    fields.push(verdict(Horizon::Matched));
    fields.extend([l2, backward, combined, valid_time.map(|it| it.frames)].map(number));
    fields.push(valid_time.map(|it| it.longest.to_string()).unwrap_or_default());
    fields.push(number(symplecticity.map(|it| it.symetric)));
    fields.push(number(symplecticity.and_then(|it| it.r_squared)));
    fields
}

/// What the line of a cell of answers has beyond that.
fn answer_fields(cell: &Cell) -> Vec<String> {
    let no_skill = cell.references.no_skill;
    let [low, high] = cell
        .answers
        .and_then(|answers| answers.interval95)
        .map_or([None; 2], |interval| interval.map(Some));
    let count = |of: fn(&AnswerMeasures) -> u64| {
        cell.answers.as_ref().map(|answers| of(answers).to_string()).unwrap_or_default()
    };
    let rule = |of: fn(&AnswerMeasures) -> Option<f64>| number(cell.answers.as_ref().and_then(of));
    let mut fields: Vec<String> =
        [cell.published_std, no_skill.value, no_skill.ratio, low, high].map(number).into();
    fields.extend([count(|it| it.sequences), count(|it| it.parameters)]);
    fields.extend([rule(|it| it.last), rule(|it| it.best)]);
    fields
}

fn number(value: Option<f64>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}
