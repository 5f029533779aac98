//! The page of what the units of a model respond to.

use std::path::Path;

use anyhow::Result;
use maud::{Markup, html};
use nwm_analysis::figures::LineChart;
use nwm_analysis::waves::Grid;
use nwm_train::{
    ChannelSelectivity, ImageNumbers, MapNumbers, MeasuredMap, MeasuredPreferences,
    PreferenceNumbers, Selectivity, SelectivityRecord,
};

use super::html::{chart, facts, label, page, picture, short_commit};
use super::number::count;
use super::scale::Scale;
use super::selectivity_figures::{ChannelFigures, MapFigures, SelectivityFigures};
use crate::commands::selectivity::sentences;

const CHART_SIZE: [u32; 2] = [760, 300];

/// Charts of d end here, or where nearly all units are: d has no upper end.
const LARGEST_D: f64 = 10.0;

/// The page of a measurement.
///
/// # Errors
///
/// When a chart cannot be drawn.
pub(crate) fn selectivity_page(
    found: &Selectivity,
    figures: &SelectivityFigures,
    run_directory: &Path,
) -> Result<String> {
    let record = &found.record;
    let name = run_directory.file_name().map(|name| name.to_string_lossy().into_owned());
    let title = format!("Selectivity of {}", name.unwrap_or_else(|| "a run".to_owned()));
    let scale = Scale::of(record.preset.as_deref(), record.published);
    let several = found.channels.len() > 1;
    let mut parts = Vec::new();
    for (number, (channel, figures)) in found.channels.iter().zip(&figures.channels).enumerate() {
        let of_channel = if several { format!(" of channel {number}") } else { String::new() };
        parts.push(html! {
            h2 { "Orientation map by modulations" (of_channel) (label(scale)) }
            p { "How much a unit responds to an orientation is here by how much the phase of the grating changes its response, the \
                 measure of simple cells: a unit that adds up what it sees has the same mean over phases for all orientations." }
            (maps(&figures.by_modulation, ""))
            (table(preference_rows, channel, |map| PreferenceNumbers::of(&map.by_modulation)))
            (by_distance(channel, record, |map| &map.by_modulation)?)
            h2 { "Orientation map by mean responses" (of_channel) (label(scale)) }
            p { "How much a unit responds to an orientation is here the mean over phases, the published measure." }
            (maps(&figures.by_mean, " Crosses are units that are not selective."))
            (table(d_rows, channel, MapNumbers::of))
            (table(preference_rows, channel, |map| PreferenceNumbers::of(&map.by_mean)))
            (distribution(channel, record)?)
            (by_distance(channel, record, |map| &map.by_mean)?)
            h2 { "Images of largest response" (of_channel) }
            (images(channel, figures, record))
        });
    }
    let body = html! {
        @for (number, channel) in found.channels.iter().enumerate() {
            @for sentence in sentences(channel, record.threshold) {
                p.lead {
                    @if several { "Channel " (number) ", " }
                    (sentence) "."
                }
            }
        }
        (about(record, run_directory))
        @for part in &parts { (part) }
        h2 { "How to read this" }
        (advice(record))
    };
    Ok(page(&title, scale, &body))
}

fn about(record: &SelectivityRecord, run_directory: &Path) -> Markup {
    let [channels, rows, columns] = record.sheet;
    let gratings = &record.gratings;
    let channels = if channels == 1 { String::new() } else { format!("{channels} channels of ") };
    facts(&[
        ("model", record.model.as_str().to_owned()),
        ("data", record.data.clone()),
        ("sheet", format!("{channels}{rows} x {columns}, {}", record.grid)),
        ("step", count(record.checkpoint.step)),
        ("seed", record.seed.to_string()),
        (
            "gratings",
            format!(
                "{} orientations, {} phases, {} px",
                gratings.orientations, gratings.phases, gratings.wavelength
            ),
        ),
        ("frames of a grating", gratings.frames.to_string()),
        ("films", format!("{} of {} frames", count(record.images as u64), record.film_frames)),
        ("largest response", if record.absolute { "by size" } else { "with its sign" }.to_owned()),
        ("shuffles", format!("{}, seed {}", record.surrogates, record.surrogate_seed)),
        ("run", run_directory.display().to_string()),
        ("commit", short_commit(&record.commit)),
        ("program", format!("nwm {}", env!("CARGO_PKG_VERSION"))),
    ])
}

fn maps([trained, initial]: &[MapFigures; 2], crosses: &str) -> Markup {
    html! {
        div.charts {
            (chart(
                &trained.svg,
                "Orientation map of the trained model",
                &format!(
                    "Trained. Colours are preferred orientations, as angles of the wave vector; the bars in the key lie as the \
                     stripes of the grating do. Marks between units are pinwheels.{crosses}"
                ),
            ))
            (chart(
                &initial.svg,
                "Orientation map before training",
                "The same units before the first step of training.",
            ))
        }
    }
}

/// Name, value and meaning of a number.
type Row = (&'static str, String, &'static str);

/// Numbers of the trained model beside those before training.
fn table<N>(
    rows: impl Fn(&N) -> Vec<Row>,
    channel: &ChannelSelectivity,
    numbers: impl Fn(&MeasuredMap) -> N,
) -> Markup {
    let [trained, initial] =
        [&channel.trained, &channel.initial].map(|measured| rows(&numbers(measured)));
    html! {
        div.scroll { table {
            thead { tr {
                th { "measure" } th.number { "trained" } th.number { "before training" } th { "meaning" }
            } }
            tbody { @for ((name, trained, meaning), (_, initial, _)) in trained.into_iter().zip(initial) { tr {
                th scope="row" { (name) }
                td.number { (trained) }
                td.number { (initial) }
                td.words { (meaning) }
            } } }
        } }
    }
}

/// A number that may not be there.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:.3}") } else { "–".to_owned() }
}

/// What is told of d.
fn d_rows(numbers: &MapNumbers) -> Vec<Row> {
    let d = &numbers.largest_d;
    vec![
        (
            "units not selective",
            format!("{:.1} %", 100.0 * numbers.unselective_fraction),
            "no orientation stands out of the others by the threshold of d",
        ),
        ("largest d, median", number(d.median), "how far the preferred orientation stands out"),
        (
            "largest d, quartiles",
            format!("{} to {}", number(d.quartiles[0]), number(d.quartiles[1])),
            "half of the units are between them",
        ),
    ]
}

/// What is told of a map of preferences.
fn preference_rows(numbers: &PreferenceNumbers) -> Vec<Row> {
    let (smoothness, pinwheels) = (&numbers.smoothness, &numbers.pinwheels);
    vec![
        (
            "mean selectivity",
            number(numbers.mean_selectivity),
            "1 if units respond to one orientation alone, 0 if to all alike",
        ),
        (
            "smoothness",
            number(smoothness.value),
            "1 if neighbours prefer the same orientation, 0 if their preferences have no relation",
        ),
        (
            "smoothness of shuffled sites",
            format!("{} ± {}", number(smoothness.null_mean), number(smoothness.null_deviation)),
            "what chance makes of the same preferences",
        ),
        ("p of smoothness", number(smoothness.p_value), "how often at most chance is as smooth"),
        (
            "pinwheels, +1/2 and -1/2",
            format!("{} and {}", pinwheels.positive, pinwheels.negative),
            "places around which all orientations are preferred in turn",
        ),
        (
            "sum of charges",
            format!("{}", pinwheels.charge),
            "0 on a torus on which every unit prefers something",
        ),
        (
            "column spacing (sites)",
            numbers.column_spacing.map_or_else(|| "–".to_owned(), |it| format!("{it:.2}")),
            "the distance of columns that prefer one orientation",
        ),
        (
            "pinwheels per column spacing squared",
            number(pinwheels.density),
            "near pi in visual cortex and in random maps of one spacing",
        ),
    ]
}

/// The share of units whose largest d is at most so much.
fn distribution(channel: &ChannelSelectivity, record: &SelectivityRecord) -> Result<Markup> {
    let [trained, initial] = [&channel.trained, &channel.initial].map(|measured| {
        let mut values: Vec<f64> =
            measured.cohens_d.largest().into_iter().flatten().map(|largest| largest.1).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    });
    let nearly_all = [&channel.trained, &channel.initial]
        .map(|measured| measured.cohens_d.largest_quantile(0.99));
    // The threshold is to be seen, and values that are endless are not.
    let end = nearly_all[0].max(nearly_all[1]).clamp(2.0 * record.threshold, LARGEST_D);
    let cumulative = |values: &[f64]| -> Vec<(f64, f64)> {
        let total = values.len() as f64;
        let shares = values.iter().enumerate().map(|(rank, &d)| (d, (rank + 1) as f64 / total));
        shares.take_while(|(d, _)| *d <= end).collect()
    };
    let [trained, initial] = [cumulative(&trained), cumulative(&initial)];
    if trained.is_empty() && initial.is_empty() {
        return Ok(html! {});
    }
    let lines = LineChart::new("largest d of a unit", "share of units at or below")
        .size(CHART_SIZE[0], CHART_SIZE[1])
        .vertical_limits(0.0, 1.0)
        .series("trained", trained)
        .reference("before training", initial)
        .marker(record.threshold, "selective from here on");
    Ok(chart(
        &lines.svg()?,
        "Distribution of the largest d",
        "How selective units are: the share of units whose largest d is at most so much.",
    ))
}

fn by_distance(
    channel: &ChannelSelectivity,
    record: &SelectivityRecord,
    preferences: impl Fn(&MeasuredMap) -> &MeasuredPreferences,
) -> Result<Markup> {
    let grid = if record.grid == "rings" { Grid::Rings } else { Grid::Torus };
    let points = |measured: &MeasuredMap| -> Vec<(f64, f64)> {
        let bins = preferences(measured).map.correlation_by_distance(grid);
        bins.into_iter().map(|bin| (bin.distance, bin.correlation)).collect()
    };
    let (trained, initial) = (points(&channel.trained), points(&channel.initial));
    if trained.is_empty() && initial.is_empty() {
        return Ok(html! {});
    }
    let lines = LineChart::new("distance (sites)", "likeness of preferences")
        .size(CHART_SIZE[0], CHART_SIZE[1])
        .series("trained", trained)
        .reference("before training", initial);
    Ok(chart(
        &lines.svg()?,
        "Likeness of preferences by distance",
        "Mean of cos 2 (theta - theta') over pairs of units by their distance: columns are waves of this curve.",
    ))
}

fn images(
    channel: &ChannelSelectivity,
    figures: &ChannelFigures,
    record: &SelectivityRecord,
) -> Markup {
    let numbers = ImageNumbers::of(&channel.images);
    let continuity = &numbers.continuity;
    html! {
        p {
            "The correlation of the images of neighbours is " (format!("{:.3}", continuity.value))
            ", of shuffled sites " (format!("{:.3} ± {:.3}", continuity.null_mean, continuity.null_deviation))
            " (p = " (format!("{:.3}", continuity.p_value)) "). "
            (count(numbers.different as u64)) " different images stand for "
            (count(channel.images.best.len() as u64)) " units."
        }
        (picture(
            "image/png",
            &figures.images,
            figures.images_width,
            "The image of largest response of every unit",
            &format!(
                "Where a unit is on the sheet, the last frame of the film, of {}, after which its position is largest.",
                count(record.images as u64)
            ),
        ))
    }
}

fn advice(record: &SelectivityRecord) -> Markup {
    html! {
        ul {
            li { "The modulation by an orientation is the standard deviation over phases of the response to it. By modulations, a map \
                  is called one if p of smoothness is at most 0.05, and was not before training." }
            li { "d of an orientation is the difference of the mean response to it and to all others, in units of their \
                  standard deviation over phases. Selective are units with a d of " (record.threshold) " or more." }
            li { "By mean responses, a map is called one if at most half of the units are not selective, p of smoothness is at most 0.05, and not \
                  both were so before training. This is a convention of this page." }
            li { "Smoothness and pinwheels count all units that prefer something, however little: coupled neighbours can be alike \
                  in an untrained sheet, too." }
            li { "p is (1 + shuffles that are at least as smooth) / (1 + shuffles): with " (record.surrogates) " it is at least "
                 (format!("{:.3}", 1.0 / (1.0 + record.surrogates as f64))) "." }
            li { "summary.json has these numbers, units.csv a line for every unit, selectivity.h5 all responses and images." }
        }
    }
}
