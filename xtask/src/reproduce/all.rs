//! `cargo xtask reproduce all`: every table and figure, one after the other.

use super::perform::{Ending, Session};
use super::work::Start;
use crate::console;
use crate::flags::Target;

/// Every table and figure. What takes little more comes right after what it shares runs with: a
/// reader who stops early has most of it.
pub(super) const ORDER: [Target; 11] = [
    Target::Table1,
    Target::Fig2,
    Target::Fig3,
    Target::Fig4,
    Target::Fig6,
    Target::Fig7,
    Target::Fig5,
    Target::Fig9,
    Target::Fig8,
    Target::Table2,
    Target::Adding,
];

/// Reproduces these targets. One that fails does not stop the others; an interrupt does.
pub(super) fn perform_each(session: &Session<'_>, start: &Start, targets: &[Target]) -> Ending {
    let mut endings = Vec::new();
    let mut failed = Vec::new();
    for (number, target) in targets.iter().enumerate() {
        console::progress(&format!("\n[{}/{}] {}", number + 1, targets.len(), target.name()));
        // Planned anew: the targets before have done some of its runs.
        let ending = start.plan(*target).and_then(|work| {
            session.explain(&work);
            session.perform(&work)
        });
        let ending = match ending {
            Ok(Ending::Interrupted) => return Ending::Interrupted,
            Ok(Ending::Done) => "done".to_owned(),
            Ok(Ending::Left) => "handed over".to_owned(),
            Ok(Ending::Failed(runs)) => {
                failed.push(target.name().to_owned());
                format!("without {}, which failed", runs.join(", "))
            }
            Err(error) => {
                console::progress(&format!("error: {error:#}"));
                failed.push(target.name().to_owned());
                format!("failed: {error:#}")
            }
        };
        endings.push(format!("{:<10} {ending}", target.name()));
    }
    console::progress(&format!("\n{}", endings.join("\n")));
    if failed.is_empty() { Ending::Done } else { Ending::Failed(failed) }
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::ORDER;
    use crate::flags::Target;

    #[test]
    fn everything_is_in_the_order_once() {
        let mut order: Vec<_> = ORDER.iter().map(|target| target.name()).collect();
        let targets = Target::value_variants().iter().filter(|target| **target != Target::All);
        let mut expected: Vec<_> = targets.map(|target| target.name()).collect();
        order.sort_unstable();
        expected.sort_unstable();
        assert_eq!(order, expected);
    }
}
