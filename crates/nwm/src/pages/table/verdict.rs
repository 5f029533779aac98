//! What the numbers of a row allow to say about its models, in words and marks.

use maud::{Markup, html};

use super::{
    super::number::{count, in_unit},
    cells::Table,
    comparison::{RowSummary, Verdict},
    metric::Subject,
    score::Horizon,
};

/// How a cell stands in its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The best value.
    Best,
    /// Not distinguishable from the best.
    Close,
    /// Not compared with the best.
    NotCompared,
    /// Worse, or nobody knows.
    None,
}

impl Table {
    /// How a cell stands in its row.
    pub(super) fn mark(&self, horizon: Horizon, row: &str, column: &str) -> Mark {
        let Some(summary) = self.summary_of(horizon, row) else { return Mark::None };
        let verdict = summary.comparisons.iter().find(|it| it.column == column);
        match (summary.best.as_deref(), verdict.map(|it| it.verdict)) {
            (None, _) => Mark::None,
            (Some(best), _) if best == column => Mark::Best,
            (_, Some(Verdict::NotDistinguishable)) => Mark::Close,
            (_, Some(Verdict::NotCompared)) => Mark::NotCompared,
            _ => Mark::None,
        }
    }

    /// The verdict on a cell as `table.csv` has it; empty where there is none.
    pub(super) fn verdict_name(&self, horizon: Horizon, row: &str, column: &str) -> &'static str {
        if self.mark(horizon, row, column) == Mark::Best {
            return "best";
        }
        let summary = self.summary_of(horizon, row);
        let verdict = summary.and_then(|it| it.comparisons.iter().find(|it| it.column == column));
        verdict.map_or("", |it| it.verdict.name())
    }
}

/// The verdict of a row: its sentence, and below it what it rests on.
pub(super) fn verdict(table: &Table, summary: &RowSummary) -> Markup {
    html! {
        div.verdict {
            p { (summary.sentence) }
            @if summary.conditional_on_seed {
                p.quiet {
                    "The intervals of models trained once cover the choice of test " (items(table))
                    ", not how much another training would differ."
                }
            }
            @if let (Some(best), false) = (&summary.best, summary.comparisons.is_empty()) {
                (comparisons(table, best, summary))
            }
            @if let Some(agreement) = summary.rank_agreement(table.kind(), table.reduced) {
                p.quiet { (agreement) }
            }
        }
    }
}

/// What the test set consists of.
fn items(table: &Table) -> &'static str {
    if table.is_of_forecasts() { "trajectories" } else { "sequences" }
}

fn comparisons(table: &Table, best: &str, summary: &RowSummary) -> Markup {
    let kind = table.kind();
    let has_p_values = table.is_of_forecasts();
    html! {
        div.scroll { table {
            thead { tr {
                th { "model" } th.number { (kind.quantity) " − " (best) } th.number { "95 % interval" }
                @if has_p_values { th.number { "p" } th.number { "adjusted p" } }
                th { "against " (best) }
            } }
            tbody { @for comparison in &summary.comparisons { tr {
                th { (comparison.column) }
                td.number { ((kind.show)(comparison.difference)) }
                td.number { (kind.interval(comparison.interval95)) }
                @if has_p_values {
                    td.number { (probability(comparison.p_value)) }
                    td.number { (probability(comparison.adjusted_p_value)) }
                }
                td { (match comparison.verdict {
                    Verdict::Distinguishable => "worse",
                    Verdict::NotDistinguishable => "not distinguishable †",
                    Verdict::Diverged => "worse: not finite",
                    Verdict::NotCompared => "not compared ‡",
                }) }
            } } }
        } }
        p.quiet {
            "Differences" (kind.unit_phrase(&table.unit))
            @match (&kind.subject, summary.trajectories) {
                (_, None) => {}
                (Subject::Forecasts, Some(trajectories)) => {
                    ", paired by test trajectory (" (count(trajectories as u64)) ")"
                }
                (Subject::Answers(_), Some(sequences)) => {
                    ", unpaired, over test sequences (" (count(sequences as u64)) ")"
                }
            }
            @match kind.subject {
                Subject::Forecasts => ". The adjusted p decides.",
                Subject::Answers(_) => ". An interval that excludes 0 decides.",
            }
        }
    }
}

/// A probability: three decimals, and no claim below a thousandth.
fn probability(value: Option<f64>) -> String {
    match value {
        None => in_unit(None),
        Some(value) if value < 0.001 => "< 0.001".to_owned(),
        Some(value) => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::{fixtures::three_seeds, table::comparison::Comparison};

    fn compared(column: &str, difference: f64, verdict: Verdict) -> Comparison {
        let p_value = if verdict == Verdict::Distinguishable { 1e-4 } else { 0.25 };
        Comparison {
            column: column.to_owned(),
            verdict,
            difference: Some(difference),
            interval95: Some([difference - 1.0, difference + 1.5]),
            p_value: Some(p_value),
            adjusted_p_value: Some(2.0 * p_value),
            reason: None,
        }
    }

    fn unknown(column: &str, verdict: Verdict) -> Comparison {
        Comparison {
            difference: None,
            interval95: None,
            p_value: None,
            adjusted_p_value: None,
            ..compared(column, 0.0, verdict)
        }
    }

    fn table(conditional_on_seed: bool) -> Table {
        let mut table = Table::collect(three_seeds().path()).unwrap();
        table.summaries = vec![RowSummary {
            row: "spring".to_owned(),
            best: Some("nwm_1d".to_owned()),
            comparisons: vec![
                compared("nwm_2d", 0.4, Verdict::NotDistinguishable),
                compared("ar", 12.0, Verdict::Distinguishable),
                unknown("hgn", Verdict::NotCompared),
                unknown("cornn", Verdict::Diverged),
            ],
            trajectories: Some(1200),
            conditional_on_seed,
            kendall_tau: Some(0.6),
            kendall_p: Some(0.1333),
            ranked: 6,
            sentence: "nwm_1d has the smallest error; not distinguishable from nwm_2d.".to_owned(),
        }];
        table
    }

    #[test]
    fn cells_are_marked_by_the_comparison_with_the_best() {
        let table = table(false);
        let columns = ["nwm_1d", "nwm_2d", "ar", "hgn", "cornn", "ode_tr"];
        let at = Horizon::Planned;
        let marks = columns.map(|column| table.mark(at, "spring", column));
        let (best, close, not_compared, none) =
            (Mark::Best, Mark::Close, Mark::NotCompared, Mark::None);
        assert_eq!(marks, [best, close, none, not_compared, none, none]);
        assert_eq!(
            columns.map(|column| table.verdict_name(at, "spring", column)),
            ["best", "not_distinguishable", "distinguishable", "not_compared", "diverged", ""]
        );
        assert_eq!(table.mark(at, "pendulum", "nwm_1d"), Mark::None);
        assert_eq!(table.mark(Horizon::Matched, "spring", "nwm_1d"), Mark::None);
        let mut nobody = table;
        nobody.summaries[0].best = None;
        assert_eq!(nobody.mark(at, "spring", "nwm_2d"), Mark::None, "close to nothing");
        assert_eq!(nobody.marks_note(), None);
    }

    #[test]
    fn a_verdict_shows_what_it_rests_on() {
        let table = table(true);
        let page = verdict(&table, &table.summaries[0]).into_string();
        for expected in [
            "nwm_1d has the smallest error; not distinguishable from nwm_2d.",
            "not how much another training would differ",
            "error − nwm_1d",
            "<td class=\"number\">0.40</td><td class=\"number\">-0.60 to 1.90</td>",
            "<td class=\"number\">0.250</td><td class=\"number\">0.500</td>",
            "<td>not distinguishable †</td>",
            "<td class=\"number\">&lt; 0.001</td><td>worse</td>",
            "<td>not compared ‡</td>",
            "<td class=\"number\">–</td><td>worse: not finite</td>",
            "paired by test trajectory (1\u{202f}200)",
            "τ = 0.60 (exact p = 0.133; 1 is",
            "the order alone, since errors of a reduced experiment",
        ] {
            assert!(page.contains(expected), "{expected:?} is missing in {page}");
        }
        let note = table.marks_note().unwrap();
        for expected in ["flatters it", "Holm's method", "nothing about other seeds"] {
            assert!(note.contains(expected), "{expected:?} is missing in {note}");
        }
    }

    #[test]
    fn a_row_without_a_best_model_has_a_sentence_alone() {
        let mut table = table(false);
        let summary = &mut table.summaries[0];
        (summary.best, summary.kendall_tau) = (None, None);
        let page = verdict(&table, &table.summaries[0]).into_string();
        assert!(page.contains("<p>") && !page.contains("<table") && !page.contains('τ'));
        assert!(!page.contains("another training"));
    }
}
