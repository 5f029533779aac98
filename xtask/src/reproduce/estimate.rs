//! How much longer a plan takes.

use std::collections::BTreeMap;

use super::run_folder::RunState;
use super::runner::Job;

/// Seconds of wall time that all these jobs still need, one after the other.
///
/// `preset_seconds` is the time of a whole run by column. Runs of the same column that are already
/// done replace it, since they were measured here, and what an interrupted run has spent is taken
/// off. An evaluation is small beside a training and not counted alone. Sharing the cores between
/// several processes is assumed to save nothing.
pub(super) fn remaining_seconds(jobs: &[Job], preset_seconds: &BTreeMap<String, f64>) -> f64 {
    jobs.iter()
        .map(|job| match job.state {
            RunState::Pending { spent } => measured_seconds(jobs, &job.column)
                .or_else(|| preset_seconds.get(&job.column).copied())
                .map_or(f64::NAN, |whole| (whole * job.time_factor - spent).max(0.0)),
            RunState::Trained | RunState::Done { .. } | RunState::Unusable { .. } => 0.0,
        })
        .sum()
}

/// The mean time of the runs of a column that are done, as if their rows had no settings of their own, if any says how
/// long it took.
fn measured_seconds(jobs: &[Job], column: &str) -> Option<f64> {
    let measured: Vec<f64> = jobs
        .iter()
        .filter(|job| job.column == column)
        .filter_map(|job| match job.state {
            RunState::Done { seconds, .. } => seconds.map(|seconds| seconds / job.time_factor),
            RunState::Pending { .. } | RunState::Trained | RunState::Unusable { .. } => None,
        })
        .collect();
    (!measured.is_empty()).then(|| measured.iter().sum::<f64>() / measured.len() as f64)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::remaining_seconds;
    use crate::reproduce::fixtures;
    use crate::reproduce::run_folder::RunState;

    fn remaining(states: &[(&str, RunState)]) -> f64 {
        let jobs: Vec<_> =
            states.iter().map(|(column, state)| fixtures::job(column, state.clone())).collect();
        let preset = BTreeMap::from([("ar".to_owned(), 100.0), ("nwm_1d".to_owned(), 600.0)]);
        remaining_seconds(&jobs, &preset)
    }

    fn done(seconds: Option<f64>) -> RunState {
        RunState::Done { seconds, commit: String::new(), reported: true }
    }

    fn pending(spent: f64) -> RunState {
        RunState::Pending { spent }
    }

    #[test]
    fn a_row_that_takes_longer_counts_longer_done_or_not() {
        let mut jobs = vec![
            fixtures::job("ar", done(Some(300.0))),
            fixtures::job("ar", pending(0.0)),
            fixtures::job("ar", pending(50.0)),
        ];
        jobs[0].time_factor = 1.5;
        jobs[2].time_factor = 2.0;
        assert_eq!(remaining_seconds(&jobs, &BTreeMap::new()), 200.0 + 350.0);
    }

    #[test]
    fn fresh_runs_take_what_the_preset_says() {
        assert_eq!(remaining(&[("ar", pending(0.0)), ("nwm_1d", pending(0.0))]), 700.0);
    }

    #[test]
    fn what_is_done_takes_no_time() {
        assert_eq!(remaining(&[("ar", done(Some(90.0)))]), 0.0);
    }

    #[test]
    fn runs_done_here_replace_the_figures_of_their_column_only() {
        let states = [
            ("ar", done(Some(40.0))),
            ("ar", done(Some(60.0))),
            ("ar", pending(0.0)),
            ("nwm_1d", pending(0.0)),
        ];
        assert_eq!(remaining(&states), 650.0);
    }

    #[test]
    fn a_result_that_does_not_say_its_time_does_not_count() {
        assert_eq!(remaining(&[("ar", done(None)), ("ar", pending(0.0))]), 100.0);
    }

    #[test]
    fn time_spent_is_taken_off_but_never_below_zero() {
        assert_eq!(remaining(&[("ar", pending(30.0)), ("ar", pending(500.0))]), 70.0);
    }

    #[test]
    fn a_column_without_a_figure_makes_the_estimate_unknown() {
        let jobs = [fixtures::job("hgn", pending(0.0))];
        assert!(remaining_seconds(&jobs, &BTreeMap::new()).is_nan());
    }
}
