//! The verdict of a row in words.

use super::{
    comparison::{Comparison, Contender, RowSummary, SIGNIFICANT, Verdict},
    metric::{Metric, Subject},
};

/// What the values of a row allow to say, and on what condition. `one_seed` are the compared models
/// that were trained once.
pub(super) fn sentence(
    kind: &Metric,
    contenders: &[Contender<'_>],
    best: Option<&Contender<'_>>,
    comparisons: &[Comparison],
    one_seed: &[&str],
) -> String {
    let Some(best) = best else {
        return match contenders {
            [alone] => {
                format!(
                    "Only {} has results, and its {} are not finite.",
                    alone.column, kind.plural
                )
            }
            _ => format!("No model has finite {}.", kind.plural),
        };
    };
    let mut sentences = vec![match contenders {
        [alone] => format!("Only {} has results.", alone.column),
        _ => order(kind, best.column, comparisons),
    }];
    let diverged = columns(comparisons, Verdict::Diverged);
    if !diverged.is_empty() {
        sentences.push(format!(
            "{} not finite: {}.",
            capitalised(kind.plural),
            diverged.join(", ")
        ));
    }
    let not_compared: Vec<String> = comparisons
        .iter()
        .filter(|it| it.verdict == Verdict::NotCompared)
        .map(|it| format!("{} ({})", it.column, it.reason.as_deref().unwrap_or("unknown")))
        .collect();
    if !not_compared.is_empty() {
        sentences.push(format!("Not compared: {}.", not_compared.join(", ")));
    }
    let compared = comparisons.iter().filter(|it| it.difference.is_some()).count();
    if compared > 0 {
        sentences.push(method(kind, best.column, compared));
        if one_seed.len() == compared + 1 {
            sentences.push("Conditional on one training seed of each model.".to_owned());
        } else if !one_seed.is_empty() {
            sentences.push(format!("Conditional on one training seed of {}.", one_seed.join(", ")));
        }
    }
    if let Some((predictor, reference)) = kind.hardest_reference(&best.score.references)
        && reference.ratio.is_some_and(|ratio| kind.direction.is_no_better(ratio))
    {
        sentences.push(format!("No better than {}, which needs no training.", predictor.phrase));
    }
    sentences.join(" ")
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// The columns with a verdict, in their order.
fn columns(comparisons: &[Comparison], verdict: Verdict) -> Vec<&str> {
    let with = comparisons.iter().filter(|it| it.verdict == verdict);
    with.map(|it| it.column.as_str()).collect()
}

/// Which model leads, and which ones it leads for certain.
fn order(kind: &Metric, best: &str, comparisons: &[Comparison]) -> String {
    let worse = columns(comparisons, Verdict::Distinguishable).join(", ");
    let close = columns(comparisons, Verdict::NotDistinguishable).join(", ");
    let head = match columns(comparisons, Verdict::Diverged).len() {
        diverged if diverged == comparisons.len() => {
            format!("is the only one with finite {}", kind.plural)
        }
        _ => format!("has {}", kind.leading),
    };
    match (worse.as_str(), close.as_str()) {
        ("", "") => format!("{best} {head}."),
        (worse, "") => format!("{best} {head}; distinguishable from {worse}."),
        ("", close) => format!("{best} {head}; not distinguishable from {close}."),
        (worse, close) => format!("{best} {head}; distinguishable from {worse}; not from {close}."),
    }
}

/// How the comparisons were made.
fn method(kind: &Metric, best: &str, compared: usize) -> String {
    if let Subject::Answers(_) = kind.subject {
        return "Unpaired 95 % intervals of the differences over test sequences: distinguishable are \
                those that exclude 0."
            .to_owned();
    }
    let correction = match compared {
        1 => "one comparison".to_owned(),
        _ => format!("adjusted for {compared} comparisons (Holm)"),
    };
    format!(
        "{best} was picked by the errors it is compared by; paired bootstrap over test \
         trajectories, p ≤ {SIGNIFICANT}, {correction}."
    )
}

impl RowSummary {
    /// How far the order of the models is that of the published numbers; `None` where it is unknown.
    pub(super) fn rank_agreement(&self, kind: &Metric, reduced: bool) -> Option<String> {
        let tau = self.kendall_tau?;
        let p = self.kendall_p.map(|p| format!("exact p = {p:.3}; ")).unwrap_or_default();
        let limit = match reduced {
            true => format!(
                "; the order alone, since {} of a reduced experiment are not comparable",
                kind.plural
            ),
            false => String::new(),
        };
        Some(format!(
            "Agreement with the published order of {} models: Kendall's τ = {tau:.2} ({p}1 is the \
             same, −1 the reverse){limit}.",
            self.ranked
        ))
    }
}
