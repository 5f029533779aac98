//! One run, with everything needed to finish it.

use std::path::Path;

use super::arguments::{self, Arguments, Training};
use super::product::Product;
use super::run_folder::RunState;

/// One run: a training, its result and its page, and what a figure needs beside them.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// Name for people.
    pub(super) name: String,
    /// Runs of one kind are as much quicker or slower here than expected as each other.
    pub(super) kind: String,
    /// Wall time of the whole run that the preset expects.
    pub(super) expected_seconds: f64,
    pub(super) training: Training,
    pub(super) state: RunState,
    pub(super) products: Vec<Product>,
}

impl Job {
    /// The folder of this run.
    pub(super) fn run_dir(&self) -> &Path {
        &self.training.run_dir
    }

    /// The `nwm` commands that are still needed, in order. Products of an earlier result are made again.
    pub(super) fn remaining(&self) -> Vec<Arguments> {
        let train = || self.training.arguments();
        let eval = || arguments::eval(self.run_dir());
        let report = || arguments::report(self.run_dir());
        let (mut commands, stale) = match &self.state {
            RunState::Done { reported: true, .. } => (Vec::new(), false),
            RunState::Done { reported: false, .. } => (vec![report()], false),
            RunState::Trained | RunState::Unusable { .. } => (vec![eval(), report()], true),
            RunState::Pending { .. } => (vec![train(), eval(), report()], true),
        };
        let missing = self.products.iter().filter(|product| stale || !product.done);
        commands.extend(missing.flat_map(Product::commands));
        commands
    }

    /// How many of the products need not be made again.
    pub(super) fn products_done(&self) -> usize {
        let done = self.products.iter().filter(|product| product.done).count();
        if self.state.is_done() { done } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::reproduce::fixtures;
    use crate::reproduce::job::Job;
    use crate::reproduce::product::{Product, ProductKind};
    use crate::reproduce::run_folder::RunState;

    fn verbs(job: &Job) -> Vec<String> {
        job.remaining().iter().map(|command| command[0].to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn each_state_needs_the_rest_of_the_commands() {
        let done = |reported| RunState::Done { seconds: None, commit: String::new(), reported };
        let unusable = RunState::Unusable { reason: String::new() };
        for (state, expected) in [
            (RunState::Pending { spent: 1.0 }, &["train", "eval", "report"][..]),
            (RunState::Trained, &["eval", "report"]),
            (unusable, &["eval", "report"]),
            (done(false), &["report"]),
            (done(true), &[]),
        ] {
            assert_eq!(verbs(&fixtures::job("ar", state.clone())), expected, "{state:?}");
        }
    }

    #[test]
    fn products_come_last_and_are_made_again_with_the_result() {
        let mut job = fixtures::job("nwm_2d", RunState::Trained);
        let product = |kind| Product::find(kind, Path::new("r"), "nwm_2d", Path::new("products/r"));
        job.products = vec![product(ProductKind::Selectivity), product(ProductKind::Waves)];
        job.products[0].done = true;
        assert_eq!(verbs(&job), ["eval", "report", "selectivity", "unroll", "waves"]);
        assert_eq!(job.products_done(), 0);
        job.state = RunState::Done { seconds: None, commit: String::new(), reported: true };
        assert_eq!(verbs(&job), ["unroll", "waves"]);
        assert_eq!(job.products_done(), 1);
    }
}
