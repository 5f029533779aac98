//! What a page shows of a model that answers sequences: its scores, by both rules, and which classes it confuses.

use anyhow::Result;
use maud::{Markup, html};
use nwm_analysis::figures::HeatMap;

use super::html::chart;
use super::number;
use super::run_files::{Evaluation, RuleScores};

/// Scores with their intervals, at the checkpoint that was evaluated and at those of both rules.
pub(super) fn answer_table(result: &Evaluation) -> Markup {
    let rules = result.rules.as_ref();
    let of_rule = |name, scores: Option<&RuleScores>| {
        scores.map(|scores| (name, scores.checkpoint.step, scores.clone()))
    };
    let evaluated = RuleScores {
        checkpoint: result.checkpoint.clone(),
        metrics: result.metrics.clone(),
        intervals: result.intervals.clone(),
    };
    let rows = [
        Some(("evaluated", result.checkpoint.step, evaluated)),
        of_rule("last", rules.and_then(|rules| rules.last.as_ref())),
        of_rule("least validation error", rules.and_then(|rules| rules.best.as_ref())),
    ];
    let keys: Vec<&String> = result.metrics.keys().collect();
    html! {
        div.scroll { table {
            thead { tr {
                th { "checkpoint" } th.number { "step" }
                @for key in &keys { th.number { (key) } th { "95 % interval" } }
            } }
            tbody { @for (name, step, scores) in rows.iter().flatten() {
                tr {
                    th { (name) } td.number { (step) }
                    @for key in &keys {
                        td.number { (decimal(scores.metrics.get(*key).copied().flatten())) }
                        td.quiet { (interval(scores.intervals.get(*key))) }
                    }
                }
            } }
        } }
        p.quiet {
            (result.trajectories) " test sequences. Intervals are over sequences: Wilson's of the accuracy, Student's of \
             means. Published are the accuracy after the last epoch for smnist, and that of the checkpoint with the least \
             validation error for psmnist."
        }
    }
}

/// How often each class was answered with each; nothing of numbers.
///
/// # Errors
///
/// When the counts are no square, or the picture cannot be drawn.
pub(super) fn confusion(result: &Evaluation) -> Result<Option<Markup>> {
    let Some(counts) = result.confusion.as_ref().filter(|counts| !counts.is_empty()) else {
        return Ok(None);
    };
    let classes = counts.len();
    // Shares of a row, in which the few errors are seen better than in counts.
    let shares: Vec<f64> = counts
        .iter()
        .flat_map(|row| {
            let total = row.iter().sum::<u64>().max(1) as f64;
            row.iter().map(move |&count| count as f64 / total)
        })
        .collect();
    let svg = HeatMap::new(&shares, [classes, classes])?
        .range(0.0, 1.0)
        .quantity("share of the class")
        .svg()?;
    Ok(Some(html! {
        (chart(&svg, "Right class by row, given class by column",
            "Which class (row) was answered with which (column)."))
        div.scroll { table {
            thead { tr { th { "class" } @for class in 0..classes { th.number { (class) } } } }
            tbody { @for (class, row) in counts.iter().enumerate() {
                tr { th { (class) } @for count in row { td.number { (count) } } }
            } }
        } }
    }))
}

/// The score that stands for a result where there is room for one.
pub(super) fn headline(result: &Evaluation) -> Option<String> {
    let value = |key: &str| Some(decimal(Some((*result.metrics.get(key)?)?)));
    match result.task.as_str() {
        "sequence" => value("accuracy")
            .map(|it| format!("accuracy {it}"))
            .or_else(|| value("mse").map(|it| format!("mse {it}"))),
        "variational" => value("negative_bound").map(|it| format!("bound {it}")),
        _ => None,
    }
}

fn interval(interval: Option<&[f64; 2]>) -> String {
    interval
        .map(|[low, high]| format!("{} to {}", decimal(Some(*low)), decimal(Some(*high))))
        .unwrap_or_default()
}

/// A score, whose absence means that it was not finite.
fn decimal(value: Option<f64>) -> String {
    number::decimal(value.or(Some(f64::NAN)))
}
