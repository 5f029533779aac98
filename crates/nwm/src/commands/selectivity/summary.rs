//! What was found, as text and as JSON.

use std::fmt::Write as _;
use std::path::Path;

use nwm_train::{
    ChannelSelectivity, ImageNumbers, MapNumbers, MapVerdict, PreferenceNumbers, Selectivity,
    SignificanceNumbers,
};
use serde_json::{Value, json};

/// The object that `--json` prints and summary.json holds. Numbers that are not finite are null.
pub(super) fn json(found: &Selectivity, run_directory: &Path) -> Value {
    let channels = found.channels.iter().map(|channel| {
        json!({
            "verdict_by_mean": channel.verdict_by_mean(),
            "verdict_by_modulation": channel.verdict_by_modulation(),
            "trained": MapNumbers::of(&channel.trained),
            "initial": MapNumbers::of(&channel.initial),
            "maximum_activation": ImageNumbers::of(&channel.images),
        })
    });
    json!({
        "format": 1,
        "run": run_directory,
        "input": found.record,
        "channels": channels.collect::<Vec<_>>(),
        "program": env!("CARGO_PKG_VERSION"),
    })
}

/// The text of summary.json.
pub(super) fn file(found: &Selectivity, run_directory: &Path) -> String {
    format!("{:#}\n", json(found, run_directory))
}

/// A few lines for the terminal.
pub(super) fn text(found: &Selectivity, out: &Path) -> String {
    let mut text = String::new();
    for (number, channel) in found.channels.iter().enumerate() {
        let of_channel =
            if found.channels.len() > 1 { format!("channel {number}: ") } else { String::new() };
        // Writing to a string cannot fail.
        for sentence in sentences(channel, found.record.threshold) {
            let _ = writeln!(text, "{of_channel}{sentence}");
        }
        let _ = writeln!(text, "{:<24} {:>12} {:>12}", "", "trained", "at the start");
        let [trained, initial] =
            [&channel.trained, &channel.initial].map(|measured| rows(&MapNumbers::of(measured)));
        for ((name, trained), (_, initial)) in trained.into_iter().zip(initial) {
            let _ = writeln!(text, "{name:<24} {trained:>12} {initial:>12}");
        }
        let images = ImageNumbers::of(&channel.images);
        let _ = writeln!(
            text,
            "images                   correlation of neighbours {}; {} different ones of {}",
            beside(&images.continuity),
            images.different,
            found.record.images
        );
    }
    let _ = writeln!(text, "wrote {}; open report.html", out.display());
    text
}

/// The numbers of preferences as lines.
fn rows(numbers: &MapNumbers) -> Vec<(&'static str, String)> {
    let mut rows = vec![
        ("not selective", percent(numbers.unselective_fraction)),
        ("median largest d", format!("{:.3}", numbers.largest_d.median)),
        ("by means:", String::new()),
    ];
    rows.extend(preference_rows(&numbers.by_mean));
    rows.push(("by modulations:", String::new()));
    rows.extend(preference_rows(&numbers.by_modulation));
    rows
}

fn preference_rows(numbers: &PreferenceNumbers) -> [(&'static str, String); 5] {
    let pinwheels = &numbers.pinwheels;
    [
        ("  selectivity", format!("{:.3}", numbers.mean_selectivity)),
        ("  smoothness", format!("{:.3}", numbers.smoothness.value)),
        ("  p of smoothness", format!("{:.3}", numbers.smoothness.p_value)),
        ("  pinwheels + -", format!("{} {}", pinwheels.positive, pinwheels.negative)),
        (
            "  column spacing",
            numbers.column_spacing.map_or_else(|| "none".into(), |it| format!("{it:.1}")),
        ),
    ]
}

/// The first sentences: whether there is an orientation map, by modulations and by mean responses, and by which numbers.
pub(crate) fn sentences(channel: &ChannelSelectivity, threshold: f64) -> [String; 2] {
    let what = |verdict: MapVerdict| match verdict {
        MapVerdict::Map => "an orientation map",
        MapVerdict::UntrainedMap => "an orientation map, which training did not make",
        MapVerdict::Scattered => "preferences, but no orientation map",
        _ => "no orientation map",
    };
    let [trained, initial] = [&channel.trained, &channel.initial].map(MapNumbers::of);
    let smoothness = |of: fn(&MapNumbers) -> &PreferenceNumbers| {
        format!(
            "the smoothness of preferences is {} ({:.2} before training)",
            beside(&of(&trained).smoothness),
            of(&initial).smoothness.value
        )
    };
    [
        format!(
            "by modulations {}: {}",
            what(channel.verdict_by_modulation()),
            smoothness(|numbers| &numbers.by_modulation)
        ),
        format!(
            "by mean responses {}: {} of the units are not selective (every d below {threshold}; {} before training); {}",
            what(channel.verdict_by_mean()),
            percent(trained.unselective_fraction),
            percent(initial.unselective_fraction),
            smoothness(|numbers| &numbers.by_mean)
        ),
    ]
}

/// A number beside those of shuffled sites.
fn beside(numbers: &SignificanceNumbers) -> String {
    format!(
        "{:.2} (shuffled {:.2} ± {:.2}, p = {:.3})",
        numbers.value, numbers.null_mean, numbers.null_deviation, numbers.p_value
    )
}

/// A share as a reader wants it.
fn percent(share: f64) -> String {
    if share.is_finite() { format!("{:.1} %", 100.0 * share) } else { "none".into() }
}
