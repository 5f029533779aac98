//! `report.html` of a table.

use std::path::Path;

use anyhow::{Context, Result};
use maud::{Markup, html};

use super::{
    super::{
        figures::loss_chart,
        html as page_html,
        number::{count, duration, finite_in_unit, in_unit, quotient, ratio},
        run_files::TrainingCurve,
    },
    SampleSource,
    cells::{Cell, Reference, Status, Table},
    files::{half_width, missing},
};

/// Charts of a card are small: there are up to thirty.
const CHART_SIZE: [u32; 2] = [440, 250];
/// Every second frame, unmagnified, keeps a page of thirty movies to a few megabytes.
const MOVIE_STRIDE: u16 = 2;

/// The page: measured values, references, published values, what is missing, and a card with
/// pictures for every cell with a result.
pub(super) fn table_page(
    table: &Table,
    plan_dir: &Path,
    samples: SampleSource<'_>,
) -> Result<String> {
    let cards = table
        .cells
        .iter()
        .filter(|cell| !cell.seeds.is_empty())
        .map(|cell| card(table, cell, plan_dir, samples))
        .collect::<Result<Vec<_>>>()?;
    let label = page_html::label(table.scale());
    let body = html! {
        (summary(table))
        section { h2 { "Measured" (label) } (measured_table(table)) }
        section {
            h2 { "Measured, divided by reference predictors" (label) }
            (reference_tables(table))
        }
        section { h2 { "Published (full-size training)" } (published_table(table)) }
        section { h2 { "Missing" } (missing_list(table)) }
        section { h2 { "Cells" (label) } div.cards { @for card in &cards { (card) } } }
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
                tr { th { (row) } @for cell in table.row(row) { (show(cell)) } }
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
                td.number {
                    (finite_in_unit(cell.mean))
                    @if let Some(half_width) = half_width(cell) {
                        br; small { "± " (in_unit(Some(half_width))) }
                    }
                    @if cell.status == Status::Partial { br; small { "partial" } }
                }
            }
        }))
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
        h3 { "Mean image" }
        (matrix(table, |cell| show(cell.references.mean_image)))
        h3 { "Last frame seen" }
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

/// The pictures of the first seed of a cell, and the numbers of every seed.
fn card(table: &Table, cell: &Cell, plan_dir: &Path, samples: SampleSource<'_>) -> Result<Markup> {
    let Some(first) = cell.seeds.first() else { return Ok(html! {}) };
    let run_dir = plan_dir.join(&first.run_dir);
    let name = format!("{}/{}", cell.row, cell.column);
    let movie = movie(&name, &run_dir, samples)
        .with_context(|| format!("show forecasts of {}", run_dir.display()))?;
    let chart = match TrainingCurve::read(&run_dir)? {
        Some(curve) => loss_chart(&curve, CHART_SIZE)?,
        None => None,
    };
    Ok(html! {
        article.card {
            h3 { (name) (page_html::label(table.scale())) }
            @if let Some(movie) = &movie { (movie) }
            @if let Some(svg) = &chart {
                (page_html::chart(svg, &format!("Loss of {name} against training step"),
                    &format!("Training loss, seed {}.", first.seed)))
            }
            div.scroll { table {
                thead { tr {
                    th.number { "seed" } th.number { "value" } th.number { "steps" }
                    th.number { "time" } th { "commit" }
                } }
                tbody { @for seed in &cell.seeds { tr {
                    td.number { (seed.seed) }
                    td.number { (finite_in_unit(seed.value)) }
                    td.number { (count(seed.steps)) }
                    td.number { (duration(seed.seconds)) }
                    td { (page_html::short_commit(&seed.commit)) }
                } } }
            } }
        }
    })
}

/// A movie of the first trajectory, when the run has forecasts to show.
fn movie(name: &str, run_dir: &Path, samples: SampleSource<'_>) -> Result<Option<Markup>> {
    let Some(samples) = samples(run_dir)? else { return Ok(None) };
    if samples.trajectories()? == 0 {
        return Ok(None);
    }
    Ok(Some(page_html::picture(
        "image/gif",
        &samples.movie(0, MOVIE_STRIDE, 1)?,
        samples.columns * 12,
        &format!("Movie of {name}: true, predicted, difference"),
        "True, predicted, absolute difference; the bar turns orange when the forecast begins.",
    )))
}
