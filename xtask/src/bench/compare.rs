//! Lines of ours and of peers, joined by case.

use std::collections::BTreeSet;

use super::line::{Line, Mode};

/// The largest relative difference of two losses of the same case.
pub(super) const LOSS_TOLERANCE: f64 = 1e-3;
/// The same of the norms of gradients, which the rounding errors of a long sequence reach more easily.
pub(super) const GRADIENT_TOLERANCE: f64 = 1e-2;

/// One time of one case of ours, with what belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row<'a> {
    pub(super) line: &'a Line,
    pub(super) mode: &'a Mode,
    /// Milliseconds at the peak rate, if the operations are counted.
    pub(super) floor: Option<f64>,
    /// One per peer: its fastest formulation.
    pub(super) peers: Vec<Option<Best<'a>>>,
    /// The largest relative difference of the loss to that of any peer.
    pub(super) loss_difference: Option<f64>,
}

/// The fastest formulation of a peer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Best<'a> {
    pub(super) line: &'a Line,
    pub(super) mode: &'a Mode,
}

/// One row per time of ours. `peers` are the names of the columns, `peak` is in 10⁹ operations per second.
pub(super) fn rows<'a>(lines: &'a [Line], peers: &[&str], peak: Option<f64>) -> Vec<Row<'a>> {
    let ours = lines.iter().filter(|line| line.by == "nwm");
    ours.flat_map(|line| line.modes.iter().map(move |mode| (line, mode)))
        .map(|(line, mode)| {
            let best_of = |peer: &&str| best(of(lines, line, peer), &mode.mode);
            Row {
                line,
                mode,
                floor: peak.filter(|_| mode.flop > 0.0).map(|peak| mode.flop / peak * 1e-6),
                peers: peers.iter().map(best_of).collect(),
                loss_difference: peers
                    .iter()
                    .flat_map(|peer| of(lines, line, peer))
                    .filter_map(|other| Some(relative_difference(line.loss?, other.loss?)))
                    .reduce(larger),
            }
        })
        .collect()
}

/// What is wrong with the numbers that were computed: one sentence per disagreement.
pub(crate) fn disagreements(lines: &[Line], peers: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for line in lines.iter().filter(|line| line.by == "nwm") {
        for other in peers.iter().flat_map(|peer| of(lines, line, peer)) {
            let mut check = |what: &str, ours: f64, theirs: f64, tolerance: f64| {
                let difference = relative_difference(ours, theirs);
                if difference > tolerance || difference.is_nan() {
                    let Line { bench, case, .. } = line;
                    let Line { by, variant, .. } = other;
                    found.push(format!(
                        "{bench} {case}: {what} is {ours:e} here and {theirs:e} by {by} ({variant}); \
                         the relative difference is {difference:.1e}, at most {tolerance:e} is allowed"
                    ));
                }
            };
            // What is missing on one side is not a number, and so disagrees. JSON writes the latter as the former, too.
            let number = |value: Option<f64>| value.unwrap_or(f64::NAN);
            check("the loss", number(line.loss), number(other.loss), LOSS_TOLERANCE);
            let names: BTreeSet<&String> =
                line.gradient_norms.keys().chain(other.gradient_norms.keys()).collect();
            for name in names {
                let norm = |line: &Line| number(line.gradient_norms.get(name).copied());
                let what = format!("the norm of the gradient of {name}");
                check(&what, norm(line), norm(other), GRADIENT_TOLERANCE);
            }
        }
    }
    found
}

/// A peer's lines of the same case.
fn of<'a>(lines: &'a [Line], line: &Line, peer: &str) -> impl Iterator<Item = &'a Line> {
    let same = |other: &&Line| {
        other.by == peer
            && other.bench == line.bench
            && other.case == line.case
            && other.threads == line.threads
    };
    lines.iter().filter(same).collect::<Vec<_>>().into_iter()
}

fn best<'a>(lines: impl Iterator<Item = &'a Line>, mode: &str) -> Option<Best<'a>> {
    lines
        .filter_map(|line| Some(Best { line, mode: line.mode(mode)? }))
        .min_by(|a, b| a.mode.median.total_cmp(&b.mode.median))
}

fn relative_difference(ours: f64, theirs: f64) -> f64 {
    if ours == theirs { 0.0 } else { (ours - theirs).abs() / ours.abs().max(theirs.abs()) }
}

/// The larger one, and not a number if either is not.
fn larger(a: f64, b: f64) -> f64 {
    if a.is_nan() || a > b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::{disagreements, rows};
    use crate::bench::line::tests::line;

    #[test]
    fn a_row_takes_the_fastest_formulation_of_each_peer() {
        let lines = [
            line("nwm", "a", "avx2", 2.0),
            line("torch", "a", "eager", 30.0),
            line("torch", "a", "stacked", 20.0),
            line("torch", "b", "stacked", 1.0),
            line("nwm", "c", "avx2", 3.0),
        ];
        let rows = rows(&lines, &["torch", "jax"], Some(100.0));
        assert_eq!(rows.len(), 2);
        let torch = rows[0].peers[0].unwrap();
        assert_eq!((&*torch.line.variant, torch.mode.median), ("stacked", 20.0));
        assert_eq!(rows[0].peers[1], None);
        assert_eq!(rows[0].floor, Some(0.01));
        assert_eq!(rows[0].loss_difference, Some(0.0));
        assert_eq!((rows[1].peers[0], rows[1].loss_difference), (None, None));
    }

    #[test]
    fn another_loss_is_a_disagreement_that_names_both() {
        let mut lines = [line("nwm", "a", "avx2", 2.0), line("jax", "a", "shift", 30.0)];
        assert!(disagreements(&lines, &["jax"]).is_empty());
        lines[1].loss = Some(0.5 * 1.0009);
        assert!(disagreements(&lines, &["jax"]).is_empty());
        lines[1].loss = Some(0.5 * 1.002);
        let found = disagreements(&lines, &["jax"]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("cell a: the loss is 5e-1 here"), "{found:?}");
        assert!(found[0].contains("by jax (shift)"), "{found:?}");
        assert!(disagreements(&lines, &["torch"]).is_empty(), "only peers that were asked for");
    }

    #[test]
    fn a_loss_that_is_not_a_number_disagrees() {
        let mut lines = [line("nwm", "a", "avx2", 2.0), line("jax", "a", "shift", 30.0)];
        lines[0].loss = Some(f64::NAN);
        assert_eq!(disagreements(&lines, &["jax"]).len(), 1);
        assert!(rows(&lines, &["jax"], None)[0].loss_difference.unwrap().is_nan());
    }

    #[test]
    fn what_only_one_side_has_is_a_disagreement() {
        let mut lines = [line("nwm", "a", "avx2", 2.0), line("torch", "a", "eager", 30.0)];
        lines[1].loss = None;
        lines[1].gradient_norms.insert("bias".to_owned(), 0.1);
        let found = disagreements(&lines, &["torch"]);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains("the loss") && found[1].contains("bias"), "{found:?}");
    }

    #[test]
    fn another_gradient_is_a_disagreement() {
        let mut lines = [line("nwm", "a", "avx2", 2.0), line("torch", "a", "eager", 30.0)];
        lines[1].gradient_norms.insert("drive".to_owned(), 0.26);
        let found = disagreements(&lines, &["torch"]);
        assert!(found[0].contains("the norm of the gradient of drive"), "{found:?}");
    }
}
