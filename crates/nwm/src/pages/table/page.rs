//! `report.html` of a table.

use std::path::Path;

use anyhow::Result;
use maud::{Markup, html};

use super::{
    super::{
        html as page_html,
        number::{duration, ratio},
        player::script,
    },
    SampleSource,
    cells::{Cell, Status, Table},
    markdown::{NOTHING_PUBLISHED, missing},
    metric::ReferencePredictor,
    row::{anchor, row_section},
    score::{Horizon, Reference},
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
    let detailed = table.rows.iter().filter(|_| table.is_shown_in_detail());
    for row in detailed {
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
        @if let Some(note) = table.kind().ratios_note {
            section {
                h2 { "Measured, divided by reference predictors" (label) }
                (reference_tables(table, note))
            }
        }
        @if table.measure_tables().next().is_some() || table.answer_tables().next().is_some() {
            section {
                h2 { "Further measures" (label) }
                @for measure in table.measure_tables() {
                    (measure_table(table, measure.title, measure.note, |cell| {
                        (measure.show)(&cell.measures)
                    }))
                }
                @for answers in table.answer_tables() {
                    (measure_table(table, answers.title, answers.note, |cell| {
                        answers.text(table, cell)
                    }))
                }
            }
        }
        @if !table.is_sweep() {
            section { h2 { "Published (full-size training)" } (published_table(table)) }
        }
        section { h2 { "Missing" (label) } (missing_list(table)) }
        @if !table.is_shown_in_detail() {
            p.quiet {
                "In a table of so many cells models are not compared and runs are not shown one by one; "
                "table.csv has every cell, and nwm report makes the page of a run."
            }
        }
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
        ("unit", table.kind().unit_name(&table.unit)),
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
                @let has_section = table.is_shown_in_detail()
                    && table.row(row).any(|cell| !cell.seeds.is_empty());
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
    let kind = table.kind();
    let value = |cell: &Cell| {
        let Some(score) = cell.score(horizon) else {
            let text = if cell.status == Status::Missing { "missing" } else { "–" };
            return html! { td.number.missing { (text) } };
        };
        let mark = table.mark(horizon, &cell.row, &cell.column);
        html! { td.number.best[mark == Mark::Best] {
            (kind.show_finite(score.mean))
            @if mark == Mark::Close { span.mark { "†" } }
            @if mark == Mark::NotCompared { span.mark { "‡" } }
            @if let Some(spread) = cell.spread(kind, horizon) { br; small { (spread) } }
            @if cell.status == Status::Partial { br; small { "partial" } }
        } }
    };
    let references = |row: &str| {
        html! { @for predictor in kind.references {
            td.number.reference { (table.reference_values(horizon, row, predictor.of)) }
        } }
    };
    let names: Vec<&str> = kind.references.iter().map(|predictor| predictor.name).collect();
    html! {
        (extended_matrix(table, &names, value, references))
        @let note = table.horizon_note(horizon);
        @if !note.is_empty() { p.quiet { (note) } }
        @if horizon == Horizon::Planned {
            p.quiet {
                code { (table.metric) } (kind.unit_phrase(&table.unit)) ": " (kind.page_note)
            }
        }
    }
}

fn reference_tables(table: &Table, note: &str) -> Markup {
    let kind = table.kind();
    let show = |reference: Option<Reference>| {
        let Reference { value, ratio: quotient } = reference.unwrap_or_default();
        html! { td.number {
            (ratio(quotient))
            @if value.is_some() { br; small { "of " ((kind.show)(value)) } }
        } }
    };
    let both = |horizon| {
        let at = table.horizon_name(horizon).map(|name| format!(", {name}")).unwrap_or_default();
        html! { @for ReferencePredictor { phrase, of, .. } in kind.references {
            h3 { "Against " (phrase) (at) (page_html::label(table.scale())) }
            (matrix(table, |cell| show(cell.score(horizon).map(|it| of(&it.references)))))
        } }
    };
    html! {
        (both(Horizon::Planned))
        @for horizon in table.horizons().filter(|&it| it != Horizon::Planned) {
            details { summary { "The same at the matched horizon" } (both(horizon)) }
        }
        p.quiet { (note) }
    }
}

/// One further measure of every cell.
fn measure_table(
    table: &Table,
    title: &str,
    note: &str,
    show: impl Fn(&Cell) -> Option<String>,
) -> Markup {
    html! {
        h3 { (title) (page_html::label(table.scale())) }
        (matrix(table, |cell| match show(cell) {
            Some(text) => html! { td.number { (text) } },
            None => html! { td.number.missing { "–" } },
        }))
        p.quiet { (note) }
    }
}

fn published_table(table: &Table) -> Markup {
    let kind = table.kind();
    let (heading, against) = kind.against_published;
    if !table.has_published_section() {
        return html! { p { (NOTHING_PUBLISHED) } };
    }
    html! {
        @if table.reduced {
            p.notice {
                "Published numbers, for orientation. They come from full-size training and are not "
                "compared with the reduced numbers above."
            }
        }
        (matrix(table, |cell| {
            html! { td.number { (kind.published(cell.published, cell.published_std)) } }
        }))
        @if !table.reduced {
            h3 { (heading) }
            (matrix(table, |cell| {
                html! { td.number { (against(cell.mean, cell.published)) } }
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
