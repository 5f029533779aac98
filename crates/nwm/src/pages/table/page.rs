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
    cells::{Cell, Reference, Status, Table},
    files::{half_width, missing},
    row::{anchor, row_section},
    verdict::{Mark, legend},
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
        section { h2 { "Measured" (label) } (measured_table(table)) }
        section {
            h2 { "Measured, divided by reference predictors" (label) }
            (reference_tables(table))
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
    html! {
        div.scroll { table {
            thead { tr { th { } @for column in &table.columns { th.number { (column) } } } }
            tbody { @for row in &table.rows {
                @let has_section = table.row(row).any(|cell| !cell.seeds.is_empty());
                tr {
                    th { @if has_section { a href={ "#" (anchor(row)) } { (row) } } @else { (row) } }
                    @for cell in table.row(row) { (show(cell)) }
                }
            } }
        } }
    }
}

fn measured_table(table: &Table) -> Markup {
    html! {
        (matrix(table, |cell| html! {
            @if cell.status == Status::Missing {
                td.number.missing { "missing" }
            } @else {
                @let mark = table.mark(&cell.row, &cell.column);
                td.number.best[mark == Mark::Best] {
                    (finite_in_unit(cell.mean))
                    @if mark == Mark::Close { span.mark { "†" } }
                    @if let Some(half_width) = half_width(cell) {
                        br; small { "± " (in_unit(Some(half_width))) }
                    }
                    @if cell.status == Status::Partial { br; small { "partial" } }
                }
            }
        }))
        (legend(table))
        p.quiet {
            code { (table.metric) } " in units of " (table.unit) ": mean over seeds, ± half the "
            "width of the Student-t 95 % interval where there are two seeds or more. "
            @let steps = frames_seen(table);
            @if !steps.is_empty() {
                "Frames seen before the forecast: " (steps) ". Models that see different numbers of "
                "frames forecast different stretches, so columns compare like with like only where "
                "these agree."
            }
        }
    }
}

/// Frames seen by each model, such as `ar 5, cornn 31`.
fn frames_seen(table: &Table) -> String {
    let of_column = |column: &String| {
        let mut cells = table.cells.iter().filter(|cell| cell.column == *column);
        cells.find_map(|cell| cell.inference_steps).map(|steps| format!("{column} {steps}"))
    };
    table.columns.iter().filter_map(of_column).collect::<Vec<_>>().join(", ")
}

fn reference_tables(table: &Table) -> Markup {
    let show = |reference: Reference| {
        html! { td.number {
            (ratio(reference.ratio))
            @if reference.value.is_some() { br; small { "of " (in_unit(reference.value)) } }
        } }
    };
    html! {
        h3 { "Mean image" (page_html::label(table.scale())) }
        (matrix(table, |cell| show(cell.references.mean_image)))
        h3 { "Last frame seen" (page_html::label(table.scale())) }
        (matrix(table, |cell| show(cell.references.last_frame)))
        p.quiet {
            "The error divided by that of a predictor that knows no dynamics, on the same test "
            "trajectories; below it, that predictor's error. A ratio below 1 beats the reference."
        }
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
