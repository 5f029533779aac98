//! What the numbers of a row allow to say about its models, in words and marks.

use maud::{Markup, html};

use super::{
    super::number::in_unit,
    cells::{Comparison, RowSummary, Table},
};

/// How a cell stands in its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The smallest error.
    Best,
    /// Not distinguishable from the best.
    Close,
    /// Neither, or nobody knows.
    None,
}

impl Table {
    /// What is known about a row beyond its numbers.
    pub(super) fn summary_of(&self, row: &str) -> Option<&RowSummary> {
        self.summaries.iter().find(|summary| summary.row == row)
    }

    /// How a cell stands in its row.
    pub(super) fn mark(&self, row: &str, column: &str) -> Mark {
        let Some(summary) = self.summary_of(row) else { return Mark::None };
        let is_close =
            |comparison: &Comparison| comparison.column == column && !comparison.distinguishable;
        match summary.best.as_deref() {
            None => Mark::None,
            Some(best) if best == column => Mark::Best,
            Some(_) if summary.comparisons.iter().any(is_close) => Mark::Close,
            Some(_) => Mark::None,
        }
    }
}

/// What the marks of a table mean; nothing where nothing is marked.
pub(super) fn legend(table: &Table) -> Markup {
    let has_marks = table.summaries.iter().any(|summary| summary.best.is_some());
    html! { @if has_marks {
        p.quiet {
            strong { "Bold" } ": the smallest error of its row. " strong { "†" }
            ": not distinguishable from it (paired bootstrap over test trajectories, 95 %)."
            @if table.summaries.iter().any(|summary| summary.conditional_on_seed) {
                " Where a model was trained with one seed, this says nothing about other seeds."
            }
        }
    } }
}

/// The verdict of a row: its sentence, and below it what it rests on.
pub(super) fn verdict(table: &Table, summary: &RowSummary) -> Markup {
    html! {
        div.verdict {
            p { (summary.sentence) }
            @if summary.conditional_on_seed {
                p.quiet {
                    "Conditional on the training seed: the intervals cover the choice of test "
                    "trajectories, not how much another training would differ."
                }
            }
            @if let (Some(best), false) = (&summary.best, summary.comparisons.is_empty()) {
                (comparisons(table, best, &summary.comparisons))
            }
            @if let Some(tau) = summary.kendall_tau {
                p.quiet {
                    "Order of the models against that of the published numbers: Kendall's τ = "
                    (format!("{tau:.2}")) " (1 is the same order, −1 the reverse)."
                    @if table.reduced {
                        " The order alone, since this is a reduced experiment and its errors are not "
                        "comparable with published ones."
                    }
                }
            }
        }
    }
}

fn comparisons(table: &Table, best: &str, comparisons: &[Comparison]) -> Markup {
    html! {
        div.scroll { table {
            thead { tr {
                th { "model" } th.number { "error − " (best) } th.number { "95 % interval" }
                th.number { "p" } th { "against " (best) }
            } }
            tbody { @for comparison in comparisons {
                @let [low, high] = comparison.interval95;
                tr {
                    th { (comparison.column) }
                    td.number { (in_unit(Some(comparison.difference))) }
                    td.number { (in_unit(Some(low))) " to " (in_unit(Some(high))) }
                    td.number { (probability(comparison.p_value)) }
                    td { @if comparison.distinguishable { "worse" } @else { "not distinguishable †" } }
                }
            } }
        } }
        p.quiet { "Differences in units of " (table.unit) ", paired by test trajectory." }
    }
}

/// A probability: three decimals, and no claim below a thousandth.
fn probability(value: f64) -> String {
    match value {
        value if !value.is_finite() => "–".to_owned(),
        value if value < 0.001 => "< 0.001".to_owned(),
        value => format!("{value:.3}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::fixtures::three_seeds;

    fn compared(column: &str, difference: f64, distinguishable: bool) -> Comparison {
        Comparison {
            column: column.to_owned(),
            difference,
            interval95: [difference - 1.0, difference + 1.5],
            p_value: if distinguishable { 1e-4 } else { 0.25 },
            distinguishable,
        }
    }

    fn table(conditional_on_seed: bool) -> Table {
        let mut table = Table::collect(three_seeds().path()).unwrap();
        table.summaries = vec![RowSummary {
            row: "spring".to_owned(),
            best: Some("nwm_1d".to_owned()),
            comparisons: vec![compared("nwm_2d", 0.4, false), compared("ar", 12.0, true)],
            conditional_on_seed,
            kendall_tau: Some(0.6),
            sentence: "nwm_1d has the smallest error; nwm_2d is not distinguishable.".to_owned(),
        }];
        table
    }

    #[test]
    fn cells_are_marked_by_the_comparison_with_the_best() {
        let table = table(false);
        let marks = ["nwm_1d", "nwm_2d", "ar", "hgn"].map(|column| table.mark("spring", column));
        assert_eq!(marks, [Mark::Best, Mark::Close, Mark::None, Mark::None]);
        assert_eq!(table.mark("pendulum", "nwm_1d"), Mark::None);
        let mut nobody = table;
        nobody.summaries[0].best = None;
        assert_eq!(nobody.mark("spring", "nwm_2d"), Mark::None, "close to nothing");
        assert_eq!(legend(&nobody).into_string(), "");
    }

    #[test]
    fn a_verdict_shows_what_it_rests_on() {
        let table = table(true);
        let page = verdict(&table, &table.summaries[0]).into_string();
        for expected in [
            "nwm_1d has the smallest error; nwm_2d is not distinguishable.",
            "Conditional on the training seed",
            "error − nwm_1d",
            "<td class=\"number\">0.40</td><td class=\"number\">-0.60 to 1.90</td>",
            "<td class=\"number\">0.250</td><td>not distinguishable †</td>",
            "<td class=\"number\">&lt; 0.001</td><td>worse</td>",
            "τ = 0.60",
            "The order alone, since this is a reduced experiment",
        ] {
            assert!(page.contains(expected), "{expected:?} is missing in {page}");
        }
        assert!(legend(&table).into_string().contains("nothing about other seeds"));
    }

    #[test]
    fn a_row_without_a_best_model_has_a_sentence_alone() {
        let mut table = table(false);
        let summary = &mut table.summaries[0];
        (summary.best, summary.kendall_tau) = (None, None);
        let page = verdict(&table, &table.summaries[0]).into_string();
        assert!(page.contains("<p>") && !page.contains("<table") && !page.contains('τ'));
        assert!(!page.contains("Conditional"));
    }
}
