//! The page of the waves of a recording.

use anyhow::Result;
use maud::{Markup, PreEscaped, html};
use nwm_analysis::figures::{LineChart, PolarHistogram, Quiver, WavePlayer, phase_map};
use nwm_analysis::waves::{CriticalPoint, FramePattern};

use super::html::{chart, facts, page};
use super::scale::Scale;
use super::simulated_wave::side;
use crate::commands::waves::{Analysis, frequency_unit, sentence, short, telling_frame};

const CHART_SIZE: [u32; 2] = [760, 300];

/// Arrows of the player along the longer side of the grid, about.
const ARROWS: usize = 16;

/// What the measures mean, and what they are compared with.
const MEANINGS: [(&str, &str); 7] = [
    ("plane_wave_order", "1 if all of the grid goes one way"),
    ("synchrony", "1 if all sites have one phase"),
    ("local_coherence", "mean cosine of the phase differences of neighbours"),
    (
        "local_plane_order",
        "how much of the change from site to site is travel, 0 in standing waves",
    ),
    (
        "travel_index",
        "1 if each wave vector is met in one direction only, 0 for sources and standing waves",
    ),
    ("mode_share", "the share of all power that the strongest plane wave has"),
    (
        "rho_distance",
        "the largest correlation of phase with the distance from a source; says little in waves shorter than the grid",
    ),
];

/// The page of an analysis.
///
/// # Errors
///
/// When a figure cannot be drawn.
pub(crate) fn waves_page(analysis: &Analysis) -> Result<String> {
    let name = analysis.question.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let title = format!("Waves of {}", name.unwrap_or_else(|| "a recording".to_owned()));
    let warnings = analysis.warnings();
    let body = html! {
        p.lead { (sentence(analysis)) "." }
        @for warning in &warnings { p.notice { (warning) "." } }
        (found(analysis))
        h2 { "The waves" }
        (player(analysis)?)
        h2 { "Beside surrogates" }
        (measures(analysis))
        h2 { "Patterns" }
        (patterns(analysis))
        (still(analysis)?)
        @if !analysis.directions.is_empty() { (directions(analysis)?) }
        (course(analysis)?)
        @if let Some(spectrum) = spectrum(analysis)? { (spectrum) }
        h2 { "How to read this" }
        (advice(analysis))
    };
    Ok(page(&title, Scale::Published, &body))
}

fn optional(value: Option<f64>, unit: &str) -> String {
    value.map_or_else(String::new, |value| format!("{} {unit}", short(value)))
}

fn found(analysis: &Analysis) -> Markup {
    let (question, summary) = (&analysis.question, &analysis.summary);
    let rate = question.sampling_rate.unwrap_or(1.0);
    let unit = frequency_unit(question.sampling_rate);
    let [low, high] = question.band.edges.map(|edge| edge * rate);
    let [time, rows, columns] = analysis.shape;
    let direction = summary.direction.map_or_else(String::new, |[angle, resultant]| {
        format!("{:.0}° ({}), resultant {resultant:.2}", angle.to_degrees(), side(angle))
    });
    facts(&[
        ("verdict", summary.verdict.name().to_owned()),
        ("p", format!("{:.3}", summary.p_value)),
        ("frequency", optional(analysis.frequency(), unit)),
        ("wavelength", optional(summary.wavelength, "sites")),
        ("speed", optional(analysis.speed(), analysis.speed_unit())),
        ("direction", direction),
        ("significant frames", format!("{:.1} %", 100.0 * summary.significant_fraction)),
        ("trials", analysis.trials.to_string()),
        ("steps", time.to_string()),
        ("grid", format!("{rows} x {columns}, {}", question.grid.as_str())),
        ("sampling rate", optional(question.sampling_rate, "Hz")),
        ("band", format!("{} to {} {unit}, {}", short(low), short(high), question.band.origin)),
        ("surrogates", format!("{}, seed {}", question.surrogates, question.seed)),
        ("file", question.file.display().to_string()),
        ("program", format!("nwm {}", env!("CARGO_PKG_VERSION"))),
    ])
}

fn player(analysis: &Analysis) -> Result<Markup> {
    let clip = &analysis.clip;
    let [frames, rows, columns] = clip.shape;
    let spacing = rows.max(columns).div_ceil(ARROWS);
    let points: Vec<Vec<CriticalPoint>> = (0..frames)
        .map(|frame| clip.patterns.get(frame).map_or_else(Vec::new, critical_points))
        .collect();
    let labels = (0..frames)
        .map(|frame| clip.patterns.get(frame).map_or("none", |pattern| pattern.kind.name()));
    let (step, unit) = match analysis.question.sampling_rate {
        Some(rate) => (1.0 / rate, "s"),
        None => (1.0, "steps"),
    };
    let player = WavePlayer::new(
        format!("{frames} steps of trial {} from step {} on", clip.trial, clip.first),
        clip.shape,
        &clip.filtered,
        &clip.phase,
    )?
    .velocity(&clip.gradient.clone().negated(), spacing)?
    .critical_points(&points)?
    .labels(labels)?
    .time(clip.first as f64 * step, step, unit)?
    .unit("standard deviations")
    .caption(
        "The filtered signal, scaled at each site, or its phase. Arrows are minus the phase gradient: they point where \
         waves go, and are longer where waves are shorter. Near both ends of a trial the filter rings.",
    );
    Ok(html! {
        style { (PreEscaped(WavePlayer::STYLE)) }
        (PreEscaped(player.html()))
        script { (PreEscaped(WavePlayer::SCRIPT)) }
    })
}

fn critical_points(pattern: &FramePattern) -> Vec<CriticalPoint> {
    pattern.centres.iter().map(|centre| centre.point).collect()
}

fn measures(analysis: &Analysis) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th { "measure" } th.number { "recording" } th.number { "surrogates" } th.number { "z" } th.number { "p" }
                th { "meaning" }
            } }
            tbody { @for ((name, measure), (_, meaning)) in analysis.measures().into_iter().zip(MEANINGS) { tr {
                th scope="row" { (name.replace('_', " ")) }
                td.number { (format!("{:.3}", measure.observed)) }
                td.number { (format!("{:.3} ± {:.3}", measure.null_mean, measure.null_deviation)) }
                td.number { (format!("{:.1}", measure.z_score())) }
                td.number { (format!("{:.3}", measure.p_value)) }
                td.words { (meaning) }
            } } }
        } }
        p.quiet { "Surrogates of synchrony have their sites shifted in time, those of everything else have their sites shuffled." }
    }
}

fn patterns(analysis: &Analysis) -> Markup {
    html! {
        div.scroll { table {
            thead { tr { th { "pattern" } th.number { "share of frames" } } }
            tbody { @for (kind, share) in &analysis.summary.pattern_fraction { tr {
                th scope="row" { (kind.name().replace('_', " ")) }
                td.number { (format!("{:.1} %", 100.0 * share)) }
            } } }
        } }
    }
}

/// The most telling frame of the clip.
fn still(analysis: &Analysis) -> Result<Markup> {
    let clip = &analysis.clip;
    let [_, rows, columns] = clip.shape;
    let frame = telling_frame(clip);
    let phase = &clip.phase[frame * rows * columns..][..rows * columns];
    let travel = clip.gradient.clone().negated();
    let points = clip.patterns.get(frame).map_or_else(Vec::new, critical_points);
    let quiver = Quiver::new(phase_map(phase, [rows, columns])?, &travel, frame)?
        .unit("rad per site")
        .critical_points(&points);
    Ok(chart(
        &quiver.svg()?,
        &format!("Phase and direction of travel in step {}", clip.first + frame),
        &format!(
            "Phase of step {} of trial {}, and minus its gradient, which points where waves go.",
            clip.first + frame,
            clip.trial
        ),
    ))
}

fn directions(analysis: &Analysis) -> Result<Markup> {
    Ok(chart(
        &PolarHistogram::new(&analysis.directions).svg()?,
        "Directions of travel",
        &format!(
            "Where the waves go in the {} frames of high plane wave order, as on the screen; the arrow is the mean of the \
             unit vectors.",
            analysis.directions.len()
        ),
    ))
}

/// Measures by step, over trials.
fn course(analysis: &Analysis) -> Result<Markup> {
    let rate = analysis.question.sampling_rate;
    let label = if rate.is_some() { "time (s)" } else { "step" };
    let names = ["plane wave order", "synchrony", "local coherence", "local plane order"];
    let mut lines = LineChart::new(label, "mean over trials")
        .size(CHART_SIZE[0], CHART_SIZE[1])
        .vertical_limits(-0.2, 1.0);
    for (index, name) in names.into_iter().enumerate() {
        let points = analysis.by_step.iter().enumerate().map(|(step, (sums, count))| {
            (step as f64 / rate.unwrap_or(1.0), sums[index] / *count as f64)
        });
        lines = lines.series(name, points);
    }
    Ok(chart(&lines.svg()?, "Measures by step", "Measures of each step, averaged over trials."))
}

fn spectrum(analysis: &Analysis) -> Result<Option<Markup>> {
    let question = &analysis.question;
    let rate = question.sampling_rate.unwrap_or(1.0);
    if question.band.spectrum.is_empty() {
        return Ok(None);
    }
    let points = question.band.spectrum.iter().skip(1);
    let points = points.map(|(frequency, power)| (frequency * rate, frequency * power));
    let [low, high] = question.band.edges.map(|edge| edge * rate);
    let unit = frequency_unit(question.sampling_rate);
    let lines = LineChart::new(format!("frequency ({unit})"), "power of an octave")
        .size(CHART_SIZE[0], CHART_SIZE[1])
        .series("frequency x power", points)
        .marker(low, "band")
        .marker(high, "band");
    Ok(Some(chart(
        &lines.svg()?,
        "Power spectrum",
        "Power by frequency, times frequency, mean over sites; the band is an octave either side of the peak.",
    )))
}

fn advice(analysis: &Analysis) -> Markup {
    html! {
        ul {
            li { "p is how often at most a recording without waves looks like this: (1 + surrogates that are at least as \
                  extreme) / (1 + surrogates). With " (analysis.question.surrogates) " surrogates it is at least "
                (format!("{:.3}", 1.0 / (1.0 + analysis.question.surrogates as f64))) "." }
            li { "Shuffled sites keep the course of every site and lose where it was. What a wave and a still pattern have in \
                  common passes that test; local plane order and travel index tell them apart." }
            li { "A band-pass makes oscillations of any noise. Frequency and phase say little in a band without a peak." }
            li { "Waves shorter than four sites run backwards in differences between next but one neighbours." }
        }
    }
}
