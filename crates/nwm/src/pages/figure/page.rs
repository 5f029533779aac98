//! `report.html` of a figure.

use std::path::{Component, Path, PathBuf};

use maud::{Markup, html};

use super::super::html as page_html;
use super::super::number::duration;
use super::figure_file::{Figure, FigureRun};
use super::finding::Measured;
use super::markdown::{answer, beside, short, value};
use super::pictures::{Content, Picture};
use super::published::{MEASURES, VIDEOS};

/// CSS pixels of a picture that is shown as large as there is room.
const WIDE: usize = 900;
/// Those of a movie.
const MOVIE_WIDTH: usize = 240;

/// The page: what was found, checks, pictures, numbers, runs.
pub(super) fn figure_page(figure: &Figure, out_dir: &Path) -> String {
    let label = page_html::label(figure.scale());
    let body = html! {
        p.lead { (figure.sentence) }
        (about(figure))
        section { h2 { "Checks" (label) } (checks(figure)) }
        @for run in &figure.runs { (pictures(figure, run)) }
        @if !figure.numbers.is_empty() {
            section { h2 { "Further numbers" (label) } (numbers(figure)) }
        }
        @if figure.has_published_waves {
            section { h2 { "Measured on the authors' videos" } (published(figure.reduced)) }
        }
        section { h2 { "Runs" (label) } (runs(figure, out_dir)) }
        section { h2 { "Missing" } (missing(figure)) }
    };
    page_html::page(&format!("{}: {}", figure.figure, figure.title), figure.scale(), &body)
}

fn about(figure: &Figure) -> Markup {
    let with_result = figure.runs.iter().filter(|run| run.steps.is_some());
    let seconds: f64 = with_result.clone().filter_map(|run| run.seconds).sum();
    let holding = figure.checks.iter().filter(|check| check.holds == Some(true)).count();
    page_html::facts(&[
        ("status", figure.status.name().to_owned()),
        ("checks that hold", format!("{holding} of {}", figure.checks.len())),
        ("runs with a result", format!("{} of {}", with_result.count(), figure.runs.len())),
        ("training time", duration(seconds)),
        ("preset", figure.preset.clone()),
        ("commit", page_html::short_commit(&figure.commit)),
        ("note", figure.note.clone()),
    ])
}

fn of_run(run: Option<&String>) -> &str {
    run.map_or("all", String::as_str)
}

fn measured_cells(measured: &Measured) -> Markup {
    html! { @for text in beside(measured) { td.number { (text) } } }
}

fn checks(figure: &Figure) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th { "check" } th { "run" } th.number { "value" } th { "result" } th { "expected" }
                th.number { "p" } th.number { "chance" } th.number { "before training" } th { "others" }
            } }
            tbody { @for check in &figure.checks { tr {
                th.wraps scope="row" { (check.name) }
                td { (of_run(check.run.as_ref())) }
                td.number { (value(&check.measured)) }
                td.best[check.holds == Some(true)].missing[check.holds.is_none()] { (answer(check.holds)) }
                td.wraps { (check.expected) }
                (measured_cells(&check.measured))
                td.words.reference { (check.reference.unwrap_or_default()) }
            } } }
        } }
        p.quiet {
            "Limits were set before anything was measured. Chance is the mean of recordings or maps whose sites were shuffled, and "
            "p is how often at most these reach the value, one-sided: for waves the larger of that and of the same with sites "
            "shifted in time. Before training is the same model with its initial parameters."
        }
    }
}

fn numbers(figure: &Figure) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th { "number" } th { "run" } th.number { "value" } th { "unit" }
                th.number { "p" } th.number { "chance" } th.number { "before training" } th { "others" }
            } }
            tbody { @for number in &figure.numbers { tr {
                th scope="row" { (number.name) }
                td { (of_run(number.run.as_ref())) }
                td.number { (value(&number.measured)) }
                td { (number.unit) }
                (measured_cells(&number.measured))
                td.words.reference { (number.reference.unwrap_or_default()) }
            } } }
        } }
    }
}

fn published(reduced: bool) -> Markup {
    html! {
        @if reduced {
            p.notice { "Of models of full size; for orientation, not to be compared with the reduced ones above." }
        }
        div.scroll { table {
            thead { tr { th { "videos" } @for name in MEASURES { th.number { (name.replace('_', " ")) } } } }
            tbody { @for (name, values) in VIDEOS { tr {
                th scope="row" { (name) }
                @for value in values { td.number { (value) } }
            } } }
        } }
        p.quiet { "Videos of 8 bits, filtered to 0.1 to 0.2 cycles per frame, the last 36 frames where nothing else is said." }
    }
}

fn pictures(figure: &Figure, run: &FigureRun) -> Markup {
    let of_run: Vec<&Picture> =
        figure.pictures.iter().filter(|picture| picture.run == run.name).collect();
    let is_movie = |picture: &&&Picture| picture.name.ends_with(".gif");
    let (movies, others): (Vec<_>, Vec<_>) = of_run.iter().partition(|it| is_movie(it));
    html! { @if !of_run.is_empty() { section {
        h2 { (run.name) ": " (run.model) " on " (run.data) (page_html::label(figure.scale())) }
        @if !movies.is_empty() { div.cards { @for picture in movies { (shown(picture)) } } }
        @for picture in others { (shown(picture)) }
    } } }
}

/// A picture as a part of the page, or a link to a file that lies beside it.
fn shown(picture: &Picture) -> Markup {
    let Picture { name, shows, content, .. } = picture;
    let media_type = match name.rsplit('.').next() {
        Some("gif") => "image/gif",
        _ => "image/png",
    };
    match content {
        Content::Bytes(bytes) if name.ends_with(".svg") => {
            page_html::chart(&String::from_utf8_lossy(bytes), shows, &format!("{shows} ({name})"))
        }
        Content::Bytes(bytes) => {
            let width = if media_type == "image/gif" { MOVIE_WIDTH } else { WIDE };
            page_html::picture(media_type, bytes, width, shows, &format!("{shows} ({name})"))
        }
        Content::Copied(_) => html! { p.quiet { a href=(name) { (name) } ": " (shows) } },
    }
}

fn runs(figure: &Figure, out_dir: &Path) -> Markup {
    html! { div.scroll { table {
        thead { tr {
            th { "run" } th { "page" } th { "data" } th { "model" } th.number { "seed" } th.number { "steps" }
            th.number { "time" } th { "commit" }
        } }
        tbody { @for run in &figure.runs { tr {
            th scope="row" { (run.name) }
            td { @match &run.report {
                Some(report) => a href=(address(report, out_dir)) { "report" },
                None => "–",
            } }
            td { (run.data) }
            td { (run.model) }
            td.number { (run.seed) }
            td.number { (short(run.steps.map(|steps| steps as f64))) }
            td.number { (run.seconds.map_or("–".to_owned(), duration)) }
            td { (run.commit.as_deref().map_or("–".to_owned(), page_html::short_commit)) }
        } } }
    } } }
}

fn missing(figure: &Figure) -> Markup {
    html! {
        @if figure.missing.is_empty() { p { "Nothing." } }
        @else { ul { @for line in &figure.missing { li { (line) } } } }
    }
}

/// The address of a file for pages in a folder: relative, so that both can be moved together.
fn address(file: &Path, folder: &Path) -> String {
    let whole = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
    relative(&whole(file), &whole(folder)).to_string_lossy().replace('\\', "/")
}

/// One path as seen from another, both of them whole.
fn relative(file: &Path, folder: &Path) -> PathBuf {
    let shared = file.components().zip(folder.components()).take_while(|(a, b)| a == b).count();
    let up = folder.components().skip(shared).map(|_| Component::ParentDir);
    up.chain(file.components().skip(shared)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_go_up_as_far_as_they_must() {
        let of = |file: &str, folder: &str| relative(Path::new(file), Path::new(folder));
        let found = of("/a/runs/figures/digits_0/report.html", "/a/reports/fig4");
        assert_eq!(found, Path::new("../../runs/figures/digits_0/report.html"));
        assert_eq!(of("/a/b/c.html", "/a/b"), Path::new("c.html"));
    }
}
