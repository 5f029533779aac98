//! The section of one row: its models beside each other.

use std::path::Path;

use anyhow::{Context, Result};
use maud::{Markup, html};

use super::{
    super::{
        comparison::{energies, errors_and_losses},
        forecast::ForecastSamples,
        html as page_html,
        number::{count, duration, in_unit},
        plan::data_of_row,
        player::players,
        run_files::Evaluation,
        shown::Shown,
        strips::strips,
        training_curve::TrainingCurve,
    },
    SampleSource,
    cells::{Cell, Table},
    learning::learning_curves,
    metric::Subject,
    score::Horizon,
    verdict::verdict,
};

/// Every second frame, unmagnified, keeps a page of thirty movies to a few megabytes.
const MOVIE_STRIDE: u16 = 2;

/// The first seed of a cell with a result, and what its folder holds.
struct FirstRun<'a> {
    cell: &'a Cell,
    colour: usize,
    seed: u64,
    evaluation: Option<Evaluation>,
    curve: Option<TrainingCurve>,
    samples: Option<ForecastSamples>,
}

impl<'a> FirstRun<'a> {
    /// `None` for a cell without results.
    fn read(
        cell: &'a Cell,
        colour: usize,
        plan_dir: &Path,
        samples: SampleSource<'_>,
    ) -> Result<Option<Self>> {
        let Some(first) = cell.seeds.first() else { return Ok(None) };
        let run_dir = plan_dir.join(&first.run_dir);
        Ok(Some(Self {
            cell,
            colour,
            seed: first.seed,
            evaluation: Evaluation::read(&run_dir)?,
            curve: TrainingCurve::read(&run_dir)?,
            samples: samples(&run_dir)
                .with_context(|| format!("show forecasts of {}", run_dir.display()))?,
        }))
    }

    fn shown(&self) -> Shown<'_> {
        Shown {
            name: &self.cell.column,
            colour: self.colour,
            evaluation: self.evaluation.as_ref(),
            curve: self.curve.as_ref(),
            samples: self.samples.as_ref(),
        }
    }
}

/// A row's section, and whether it has a player; `None` for a row without results.
pub(super) fn row_section(
    table: &Table,
    row: &str,
    plan_dir: &Path,
    samples: SampleSource<'_>,
) -> Result<Option<(Markup, bool)>> {
    let runs: Vec<FirstRun<'_>> = table
        .row(row)
        .enumerate()
        .map(|(colour, cell)| FirstRun::read(cell, colour, plan_dir, samples))
        .filter_map(Result::transpose)
        .collect::<Result<_>>()?;
    if runs.is_empty() {
        return Ok(None);
    }
    let shown: Vec<Shown<'_>> = runs.iter().map(FirstRun::shown).collect();
    let why = || format!("show the forecasts of row {row}");
    let (charts_heading, charts, charts_note) = match &table.kind().subject {
        Subject::Forecasts => {
            ("Errors and training", errors_and_losses(&shown)?, seeds_shown(&runs))
        }
        Subject::Answers(learning) => (
            "Learning curves",
            learning_curves(table, row, plan_dir, learning)?,
            "Charts show every run.".to_owned(),
        ),
    };
    let players = players(&shown).with_context(why)?;
    let strips = strips(&shown).with_context(why)?;
    let data = runs.iter().find_map(|run| Some(run.evaluation.as_ref()?.data.as_str()));
    let energies = energies(data_of_row(data.unwrap_or(row)), &shown).with_context(why)?;
    let movies = movies(row, &shown).with_context(why)?;
    let heading = |text: &str| html! { h3 { (text) (page_html::label(table.scale())) } };
    let section = html! {
        section id=(anchor(row)) {
            h2 { (row) (page_html::label(table.scale())) }
            (verdicts(table, row))
            p.quiet { (charts_note) }
            @if let Some(charts) = &charts { (heading(charts_heading)) (charts) }
            @if let Some(players) = &players { (heading("Play the forecasts")) (players) }
            @if let Some(strips) = &strips { (heading("Film strips")) (strips) }
            @if let Some(energies) = &energies { (heading("Energy")) (energies) }
            @if let Some(movies) = &movies {
                details { summary { "Movies, with the difference from the truth" } (movies) }
            }
            details { summary { "Runs of " (row) } (runs_table(table, row)) }
        }
    };
    Ok(Some((section, players.is_some())))
}

/// What can be said about a row at every horizon.
fn verdicts(table: &Table, row: &str) -> Markup {
    html! { @for horizon in table.horizons() {
        @if let Some(summary) = table.summary_of(horizon, row) {
            @if horizon == Horizon::Matched {
                h3 { "At the matched horizon" (page_html::label(table.scale())) }
            }
            (verdict(table, summary))
        }
    } }
}

/// Where a row's section is on the page.
pub(super) fn anchor(row: &str) -> String {
    let plain = |it: char| if it.is_alphanumeric() || "_-.".contains(it) { it } else { '-' };
    format!("row-{}", row.chars().map(plain).collect::<String>())
}

/// Which runs the pictures of a row show.
fn seeds_shown(runs: &[FirstRun<'_>]) -> String {
    let seeds: Vec<String> =
        runs.iter().map(|run| format!("{} {}", run.cell.column, run.seed)).collect();
    match runs.iter().all(|run| run.seed == runs[0].seed) {
        true => format!("Charts and pictures show seed {}.", runs[0].seed),
        false => format!("Charts and pictures show one seed each: {}.", seeds.join(", ")),
    }
}

/// A movie of the first trajectory for every run with forecasts to show.
fn movies(row: &str, shown: &[Shown<'_>]) -> Result<Option<Markup>> {
    let mut movies = Vec::new();
    for Shown { name, samples, .. } in shown {
        let Some(samples) = *samples else { continue };
        if samples.trajectories()? == 0 {
            continue;
        }
        movies.push(page_html::picture(
            "image/gif",
            &samples.movie(0, MOVIE_STRIDE, 1)?,
            samples.columns * 12,
            &format!("Movie of {row}/{name}: true, predicted, difference"),
            &format!("{name}: true, predicted, difference"),
        ));
    }
    Ok((!movies.is_empty()).then(|| {
        html! {
            div.cards { @for movie in &movies { (movie) } }
            p.quiet {
                "The first test trajectory: true, predicted, absolute difference. The bar turns orange "
                "when the forecast begins."
            }
        }
    }))
}

/// The numbers of every seed of a row.
fn runs_table(table: &Table, row: &str) -> Markup {
    let has_matched = table.is_of_forecasts();
    html! {
        div.scroll { table {
            thead { tr {
                th { "model" } th.number { "seed" } th.number { "value" }
                @if has_matched { th.number { "matched" } }
                th.number { "steps" }
                th.number { "time" } th { "commit" }
            } }
            tbody { @for cell in table.row(row) { @for seed in &cell.seeds { tr {
                th { (cell.column) }
                td.number { (seed.seed) }
                td.number { (table.kind().show_finite(seed.value)) }
                @if has_matched { td.number { (in_unit(seed.matched)) } }
                td.number { (count(seed.steps)) }
                td.number { (duration(seed.seconds)) }
                td { (page_html::short_commit(&seed.commit)) }
            } } } }
        } }
    }
}
