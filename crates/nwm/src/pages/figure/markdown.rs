//! `figure.md`.

use std::fmt::Write as _;

use anyhow::Result;

use super::super::number::duration;
use super::figure_file::Figure;
use super::finding::Measured;
use super::published::{MEASURES, VIDEOS};

/// What stands where there is no number.
const NONE: &str = "–";

/// `figure.md`: what was found, checks, numbers, files, runs, and what is missing.
pub(super) fn markdown(figure: &Figure) -> Result<String> {
    let label = figure.scale().label().map(|label| format!(" ({label})")).unwrap_or_default();
    let mut text = String::new();
    writeln!(text, "# {}: {}{label}\n", figure.figure, figure.title)?;
    if let Some(notice) = figure.scale().notice() {
        writeln!(text, "> {notice}\n")?;
    }
    writeln!(text, "{}\n", figure.sentence)?;
    writeln!(text, "Commit `{}`, {}.\n", figure.commit, figure.status.name())?;
    writeln!(text, "## Checks{label}\n")?;
    writeln!(
        text,
        "| check | run | value | result | expected | p | chance | before training | others |"
    )?;
    writeln!(text, "|---|---|--:|---|---|--:|--:|--:|---|")?;
    for check in &figure.checks {
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            check.name,
            check.run.as_deref().unwrap_or("all"),
            value(&check.measured),
            answer(check.holds),
            check.expected,
            beside(&check.measured).join(" | "),
            check.reference.unwrap_or_default()
        )?;
    }
    if !figure.numbers.is_empty() {
        writeln!(text, "\n## Further numbers{label}\n")?;
        writeln!(text, "| number | run | value | unit | p | chance | before training | others |")?;
        writeln!(text, "|---|---|--:|---|--:|--:|--:|---|")?;
        for number in &figure.numbers {
            writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                number.name,
                number.run.as_deref().unwrap_or("all"),
                value(&number.measured),
                number.unit,
                beside(&number.measured).join(" | "),
                number.reference.unwrap_or_default()
            )?;
        }
    }
    if figure.has_published_waves {
        writeln!(text, "\n## Measured on the authors' videos\n")?;
        writeln!(text, "| videos | {} |", MEASURES.join(" | "))?;
        writeln!(text, "|---|{}", "--:|".repeat(MEASURES.len()))?;
        for (name, values) in VIDEOS {
            writeln!(text, "| {name} | {} |", values.join(" | "))?;
        }
    }
    writeln!(text, "\n## Files{label}\n")?;
    for file in &figure.files {
        writeln!(text, "- [{0}]({0}): {1}, {2}", file.name, file.run, file.shows)?;
    }
    writeln!(text, "\n## Missing\n")?;
    if figure.missing.is_empty() {
        writeln!(text, "Nothing.")?;
    }
    for line in &figure.missing {
        writeln!(text, "- {line}")?;
    }
    writeln!(text, "\n## Runs{label}\n")?;
    writeln!(text, "| run | folder | data | model | seed | steps | time | commit |")?;
    writeln!(text, "|---|---|---|---|--:|--:|--:|---|")?;
    for run in &figure.runs {
        writeln!(
            text,
            "| {} | `{}` | {} | {} | {} | {} | {} | {} |",
            run.name,
            run.run_dir,
            run.data,
            run.model,
            run.seed,
            run.steps.map_or(NONE.to_owned(), |steps| steps.to_string()),
            run.seconds.map_or(NONE.to_owned(), duration),
            run.commit.as_ref().map_or(NONE.to_owned(), |commit| format!("`{commit}`"))
        )?;
    }
    Ok(text)
}

/// Whether a check holds, in words.
pub(super) fn answer(holds: Option<bool>) -> &'static str {
    match holds {
        Some(true) => "holds",
        Some(false) => "does not hold",
        None => "not measured",
    }
}

/// A number, with its interval if it has one.
pub(super) fn value(measured: &Measured) -> String {
    match measured.interval95 {
        Some([low, high]) => {
            format!("{} ({} to {})", short(measured.value), short(Some(low)), short(Some(high)))
        }
        None => short(measured.value),
    }
}

/// p-value, chance, and what was there before training.
pub(super) fn beside(measured: &Measured) -> [String; 3] {
    [measured.p_value, measured.chance, measured.before_training].map(short)
}

/// Whole numbers as they are, others with three decimals.
pub(super) fn short(value: Option<f64>) -> String {
    match value {
        Some(value) if !value.is_finite() => NONE.to_owned(),
        Some(value) if value.fract() == 0.0 && value.abs() < 1e6 => format!("{value}"),
        Some(value) => format!("{value:.3}"),
        None => NONE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let numbers = [Some(14.0), Some(0.00412), Some(-0.5), Some(f64::NAN), None].map(short);
        assert_eq!(numbers, ["14", "0.004", "-0.500", "–", "–"]);
        let measured = Measured {
            value: Some(0.78),
            interval95: Some([0.7, 0.85]),
            p_value: Some(0.005),
            ..Measured::default()
        };
        assert_eq!(value(&measured), "0.780 (0.700 to 0.850)");
        assert_eq!(beside(&measured), ["0.005", "–", "–"]);
    }
}
