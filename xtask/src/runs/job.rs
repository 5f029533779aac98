//! One run, with everything needed to finish it.

use std::path::Path;

use super::arguments::{self, Arguments, Training};
use super::product::Product;
use super::run_folder::{self, RunState};

/// One run: a training, its result and its page, and what a figure needs beside them.
#[derive(Debug, Clone)]
pub(crate) struct Job {
    /// Name for people.
    pub(crate) name: String,
    /// Runs of one kind are as much quicker or slower here than expected as each other.
    pub(crate) kind: String,
    /// Wall time of the whole run that the preset expects.
    pub(crate) expected_seconds: f64,
    pub(crate) training: Training,
    pub(crate) state: RunState,
    pub(crate) products: Vec<Product>,
}

impl Job {
    /// The folder of this run.
    pub(crate) fn run_dir(&self) -> &Path {
        &self.training.run_dir
    }

    /// The `nwm` commands that are still needed, in order. Products of an earlier result are made again.
    pub(crate) fn remaining(&self) -> Vec<Arguments> {
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

    /// The same job with what is found of it now.
    pub(crate) fn looked_at_again(&self) -> Self {
        Self {
            state: run_folder::state(self.run_dir()),
            products: self.products.iter().map(Product::looked_at_again).collect(),
            ..self.clone()
        }
    }

    /// How many of the products need not be made again.
    pub(crate) fn products_done(&self) -> usize {
        let done = self.products.iter().filter(|product| product.done).count();
        if self.state.is_done() { done } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::runs::fixtures;
    use crate::runs::job::Job;
    use crate::runs::product::{Product, ProductKind};
    use crate::runs::run_folder::RunState;

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
