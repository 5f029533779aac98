//! What was found, as text and as JSON.

use std::fmt::Write as _;
use std::path::Path;

use nwm_analysis::waves::{PatternKind, Significance};
use serde_json::{Map, Value, json};

use super::analysis::{Analysis, Clip};
use super::band::unit;
use super::map::phase_map_text;
use crate::pages::side;

/// A number that files hold, or null.
fn number(value: impl Into<Option<f64>>) -> Value {
    value.into().filter(|value| value.is_finite()).map_or(Value::Null, Value::from)
}

impl Analysis {
    /// Every measure that is compared with surrogates, by its name in files.
    pub(crate) fn measures(&self) -> [(&'static str, &Significance); 7] {
        let summary = &self.summary;
        [
            ("plane_wave_order", &summary.plane_wave_order),
            ("synchrony", &summary.synchrony),
            ("local_coherence", &summary.local_coherence),
            ("local_plane_order", &summary.local_plane_order),
            ("travel_index", &summary.travel_index),
            ("mode_share", &summary.mode_share),
            ("rho_distance", &summary.rho_distance),
        ]
    }

    fn rate(&self) -> f64 {
        self.question.sampling_rate.unwrap_or(1.0)
    }

    /// Frequency in its unit.
    pub(crate) fn frequency(&self) -> Option<f64> {
        self.summary.frequency.map(|frequency| frequency * self.rate())
    }

    /// Speed, sites per second or step.
    pub(crate) fn speed(&self) -> Option<f64> {
        self.summary.speed.map(|speed| speed * self.rate())
    }

    /// The unit of speeds.
    pub(crate) fn speed_unit(&self) -> &'static str {
        if self.question.sampling_rate.is_some() { "sites per second" } else { "sites per step" }
    }
}

/// The object that `--json` prints and summary.json holds.
pub(super) fn json(analysis: &Analysis) -> Value {
    let (question, summary) = (&analysis.question, &analysis.summary);
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("verdict", summary.verdict.name().into());
    put("p_value", number(summary.p_value));
    put("frequency", number(analysis.frequency()));
    put("wavelength", number(summary.wavelength));
    put("speed", number(analysis.speed()));
    put("direction", number(summary.direction.map(|[angle, _]| angle)));
    put("direction_resultant", number(summary.direction.map(|[_, length]| length)));
    for (name, measure) in analysis.measures() {
        put(name, number(measure.observed));
    }
    put("significant_fraction", number(summary.significant_fraction));
    let fractions = summary.pattern_fraction.iter();
    let fractions = fractions.map(|(kind, share)| (kind.name().to_owned(), number(*share)));
    put("pattern_fraction", fractions.collect::<Map<_, _>>().into());
    let nulls = analysis.measures().map(|(name, measure)| {
        let null = json!({
            "p_value": number(measure.p_value),
            "z_score": number(measure.z_score()),
            "mean": number(measure.null_mean),
            "deviation": number(measure.null_deviation),
        });
        (name.to_owned(), null)
    });
    json!({
        "format": 1,
        "input": {
            "file": question.file,
            "trials": analysis.trials,
            "shape": analysis.shape,
            "sampling_rate": question.sampling_rate,
            "band": question.band.edges.map(|edge| edge * analysis.rate()),
            "band_origin": question.band.origin,
            "grid": question.grid.as_str(),
            "surrogates": question.surrogates,
            "seed": question.seed,
        },
        "summary": fields,
        "surrogates": nulls.into_iter().collect::<Map<_, _>>(),
        "warnings": analysis.warnings(),
        "program": env!("CARGO_PKG_VERSION"),
    })
}

/// The text of summary.json.
pub(super) fn file(analysis: &Analysis) -> String {
    format!("{:#}\n", json(analysis))
}

/// A few lines for the terminal, with a small map.
pub(super) fn text(analysis: &Analysis, out: &Path) -> String {
    let summary = &analysis.summary;
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "{} (p = {:.3} from {} surrogates)",
        sentence(analysis),
        summary.p_value,
        analysis.question.surrogates
    );
    let [time, rows, columns] = analysis.shape;
    let trials = if analysis.trials == 1 {
        String::new()
    } else {
        format!("{} trials of ", analysis.trials)
    };
    let _ = writeln!(
        text,
        "input      {trials}{time} steps of {rows} x {columns} sites ({}), band {}",
        analysis.question.grid.as_str(),
        analysis.question.band.describe(analysis.question.sampling_rate)
    );
    for (name, measure) in analysis.measures() {
        let _ = writeln!(
            text,
            "{name:<18} {:>6.3}   surrogates {:>6.3}   p = {:.3}",
            measure.observed, measure.null_mean, measure.p_value
        );
    }
    let shares = summary.pattern_fraction.iter().filter(|(_, share)| *share >= 0.005);
    let shares: Vec<String> =
        shares.map(|(kind, share)| format!("{} {:.0} %", kind.name(), 100.0 * share)).collect();
    let _ = writeln!(text, "patterns   {}", shares.join(", "));
    text.push_str(&map(&analysis.clip));
    let _ = writeln!(text, "wrote {}; open report.html", out.display());
    text
}

/// The first sentence: what is there.
pub(crate) fn sentence(analysis: &Analysis) -> String {
    let summary = &analysis.summary;
    let unit = unit(analysis.question.sampling_rate);
    let frequency =
        analysis.frequency().map(|frequency| format!(" at {} {unit}", short(frequency)));
    let mut sentence = format!("{}{}", verdict(analysis), frequency.unwrap_or_default());
    if let (Some(length), Some(speed)) = (summary.wavelength, analysis.speed()) {
        let [length, speed] = [length, speed].map(short);
        let _ = write!(sentence, ", {length} sites long, {speed} {}", analysis.speed_unit());
    }
    if let Some([angle, resultant]) = summary.direction {
        let _ = write!(
            sentence,
            ", to {:.0}° ({}; resultant {resultant:.2})",
            angle.to_degrees(),
            side(angle)
        );
    }
    sentence
}

/// A number of three or four digits.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        1.0.. => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

/// What is there, in words.
pub(crate) fn verdict(analysis: &Analysis) -> &'static str {
    match analysis.summary.verdict.name() {
        "travelling" => "travelling waves",
        "standing" => "a pattern that does not travel",
        "synchronous" => "synchrony: all sites have one phase",
        _ => "no waves that shuffled sites do not have",
    }
}

/// The frame of the clip that is most of a wave.
pub(crate) fn telling_frame(clip: &Clip) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (frame, pattern) in clip.patterns.iter().enumerate() {
        let order = pattern.measures.local_plane_order;
        let order = if pattern.kind == PatternKind::None { order - 1.0 } else { order };
        if order > best.1 {
            best = (frame, order);
        }
    }
    best.0
}

fn map(clip: &Clip) -> String {
    let [_, rows, columns] = clip.shape;
    let frame = telling_frame(clip);
    let phase = &clip.phase[frame * rows * columns..][..rows * columns];
    format!(
        "phase of step {} of trial {} (crests are full):\n{}",
        clip.first + frame,
        clip.trial,
        phase_map_text(phase, [rows, columns])
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_three_digits_or_four() {
        let numbers = [259.212, 17.286, 3.456, 0.05, -0.123456].map(short);
        assert_eq!(numbers, ["259", "17.3", "3.46", "0.0500", "-0.1235"]);
    }

    #[test]
    fn numbers_that_are_none_are_null() {
        assert_eq!(number(f64::NAN), Value::Null);
        assert_eq!(number(None), Value::Null);
        assert_eq!(number(0.5), json!(0.5));
    }
}
