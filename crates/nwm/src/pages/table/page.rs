//! `report.html` of a table.

use std::path::Path;

use anyhow::Result;
use maud::{Markup, html};

use super::{
    super::{
        html as page_html,
        number::{duration, finite_in_unit, in_unit, quotient, ratio},
        player::script,
    },
    SampleSource,
    cells::{Cell, Status, Table},
    markdown::missing,
    measures::MeasureTable,
    row::{anchor, row_section},
    score::{Horizon, REFERENCES, Reference},
    verdict::Mark,
};

/// The page: measured values with their verdicts, references, published values, what is missing,
/// and a section for every row with a result.
pub(super) fn table_page(
    table: &Table,
    plan_dir: &Path,
    samples: SampleSource<'_>,
) -> Result<String> {
    let (mut rows, mut has_players) = (Vec::new(), false);
    for row in &table.rows {
        if let Some((section, has_player)) = row_section(table, row, plan_dir, samples)? {
            rows.push(section);
            has_players |= has_player;
        }
    }
    let label = page_html::label(table.scale());
    let body = html! {
        (summary(table))
        @for horizon in table.horizons() {
            section {
                h2 { (table.heading(horizon)) (label) }
                (measured_table(table, horizon))
                @if let (Horizon::Planned, Some(note)) = (horizon, table.marks_note()) {
                    p.quiet { (note) }
                }
            }
        }
        section {
            h2 { "Measured, divided by reference predictors" (label) }
            (reference_tables(table))
        }
        @if table.measure_tables().next().is_some() {
            section {
                h2 { "Further measures" (label) }
                @for measure in table.measure_tables() { (measure_table(table, measure)) }
            }
        }
        section { h2 { "Published (full-size training)" } (published_table(table)) }
        section { h2 { "Missing" (label) } (missing_list(table)) }
        @for row in &rows { (row) }
        @if has_players { (script()) }
    };
    Ok(page_html::page(&table.table, table.scale(), &body))
}

fn summary(table: &Table) -> Markup {
    let seeds: Vec<_> = table.cells.iter().flat_map(|cell| &cell.seeds).collect();
    let seconds: f64 = seeds.iter().map(|seed| seed.seconds).sum();
    let done = table.cells.len() - table.unfinished().count();
    page_html::facts(&[
        ("metric", table.metric.clone()),
        ("unit", table.unit.clone()),
        ("preset", table.preset.clone()),
        ("cells done", format!("{done} of {}", table.cells.len())),
        ("runs", seeds.len().to_string()),
        ("training time", duration(seconds)),
        ("device", table.device.clone()),
        ("commit", page_html::short_commit(&table.commit)),
    ])
}

/// A table of the shape of the printed one.
fn matrix(table: &Table, show: impl Fn(&Cell) -> Markup) -> Markup {
    extended_matrix(table, &[], show, |_| html! {})
}

/// A table of the shape of the printed one with further columns, which `extra` fills for a row.
fn extended_matrix(
    table: &Table,
    extra_columns: &[&str],
    show: impl Fn(&Cell) -> Markup,
    extra: impl Fn(&str) -> Markup,
) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th { }
                @for column in &table.columns { th.number { (column) } }
                @for column in extra_columns { th.number.reference { (column) } }
            } }
            tbody { @for row in &table.rows {
                @let has_section = table.row(row).any(|cell| !cell.seeds.is_empty());
                tr {
                    th { @if has_section { a href={ "#" (anchor(row)) } { (row) } } @else { (row) } }
                    @for cell in table.row(row) { (show(cell)) }
                    (extra(row))
                }
            } }
        } }
    }
}

fn measured_table(table: &Table, horizon: Horizon) -> Markup {
    let value = |cell: &Cell| {
        let Some(score) = cell.score(horizon) else {
            let text = if cell.status == Status::Missing { "missing" } else { "–" };
            return html! { td.number.missing { (text) } };
        };
        let mark = table.mark(horizon, &cell.row, &cell.column);
        html! { td.number.best[mark == Mark::Best] {
            (finite_in_unit(score.mean))
            @if mark == Mark::Close { span.mark { "†" } }
            @if mark == Mark::NotCompared { span.mark { "‡" } }
            @if let Some(half_width) = score.half_width() {
                br; small { "± " (in_unit(Some(half_width))) }
            }
            @if cell.status == Status::Partial { br; small { "partial" } }
        } }
    };
    let references = |row: &str| {
        html! { @for (_, which) in REFERENCES {
            td.number.reference { (table.reference_values(horizon, row, which)) }
        } }
    };
    html! {
        (extended_matrix(table, &REFERENCES.map(|(name, _)| name), value, references))
        @let note = table.horizon_note(horizon);
        @if !note.is_empty() { p.quiet { (note) } }
        @if horizon == Horizon::Planned {
            p.quiet {
                code { (table.metric) } " in units of " (table.unit) ": mean over seeds, ± half the "
                "width of the Student-t 95 % interval where there are two seeds or more. To the "
                "right, predictors that need no training; their errors differ where models are "
                "scored on different frames."
            }
        }
    }
}

fn reference_tables(table: &Table) -> Markup {
    let show = |reference: Option<Reference>| {
        let Reference { value, ratio: quotient } = reference.unwrap_or_default();
        html! { td.number {
            (ratio(quotient))
            @if value.is_some() { br; small { "of " (in_unit(value)) } }
        } }
    };
    let both = |horizon| {
        let at = table.horizon_name(horizon).map(|name| format!(", {name}")).unwrap_or_default();
        html! { @for (name, which) in REFERENCES {
            h3 { "Against the " (name) (at) (page_html::label(table.scale())) }
            (matrix(table, |cell| show(cell.score(horizon).map(|it| which(&it.references)))))
        } }
    };
    html! {
        (both(Horizon::Planned))
        @for horizon in table.horizons().filter(|&it| it != Horizon::Planned) {
            details { summary { "The same at the matched horizon" } (both(horizon)) }
        }
        p.quiet {
            "The error divided by that of a predictor that knows no dynamics, on the same test "
            "trajectories and frames; below it, that predictor's error. A ratio below 1 beats the "
            "reference."
        }
    }
}

/// One further measure of every cell.
fn measure_table(table: &Table, measure: &MeasureTable) -> Markup {
    html! {
        h3 { (measure.title) (page_html::label(table.scale())) }
        (matrix(table, |cell| match (measure.show)(&cell.measures) {
            Some(text) => html! { td.number { (text) } },
            None => html! { td.number.missing { "–" } },
        }))
        p.quiet { (measure.note) }
    }
}

fn published_table(table: &Table) -> Markup {
    html! {
        @if table.reduced {
            p.notice {
                "Published numbers, for orientation. They come from full-size training and are not "
                "compared with the reduced numbers above."
            }
        }
        (matrix(table, |cell| html! { td.number { (in_unit(cell.published)) } }))
        @if !table.reduced {
            h3 { "Measured divided by published" }
            (matrix(table, |cell| {
                html! { td.number { (ratio(quotient(cell.mean, cell.published))) } }
            }))
        }
    }
}

fn missing_list(table: &Table) -> Markup {
    html! {
        @if table.unfinished().next().is_none() {
            p { "Nothing: every planned seed has a result." }
        } @else {
            ul { @for line in missing(table) { li { (line) } } }
        }
    }
}
