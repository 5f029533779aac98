//! How much longer a plan takes.

use super::job::Job;
use super::run_folder::RunState;

/// Seconds of wall time that all these jobs still need, one after the other.
///
/// Each is expected to take as long as its preset says, times how much slower those of its kind were
/// that are already done, since they were measured here; what an interrupted run has spent is taken
/// off. Evaluations and products are small beside a training and not counted alone. Sharing the
/// cores between several processes is assumed to save nothing.
pub(crate) fn remaining_seconds<'a>(jobs: impl IntoIterator<Item = &'a Job>) -> f64 {
    let jobs: Vec<&Job> = jobs.into_iter().collect();
    jobs.iter()
        .map(|job| match job.state {
            RunState::Pending { spent } => {
                (job.expected_seconds * slowness(&jobs, &job.kind) - spent).max(0.0)
            }
            RunState::Trained | RunState::Done { .. } | RunState::Unusable { .. } => 0.0,
        })
        .sum()
}

/// The time of the runs of a kind that are done in terms of what was expected, on average; 1 if none
/// says how long it took.
fn slowness(jobs: &[&Job], kind: &str) -> f64 {
    let measured: Vec<f64> = jobs
        .iter()
        .filter(|job| job.kind == kind)
        .filter_map(|job| match job.state {
            RunState::Done { seconds, .. } => seconds.map(|seconds| seconds / job.expected_seconds),
            RunState::Pending { .. } | RunState::Trained | RunState::Unusable { .. } => None,
        })
        .collect();
    if measured.is_empty() { 1.0 } else { measured.iter().sum::<f64>() / measured.len() as f64 }
}

#[cfg(test)]
mod tests {
    use super::remaining_seconds;
    use crate::runs::fixtures;
    use crate::runs::run_folder::RunState;

    fn remaining(states: &[(&str, RunState)]) -> f64 {
        let jobs = states.iter().map(|(kind, state)| {
            let expected_seconds = if *kind == "ar" { 100.0 } else { 600.0 };
            let mut job = fixtures::job(kind, state.clone());
            job.expected_seconds = expected_seconds;
            job
        });
        remaining_seconds(&jobs.collect::<Vec<_>>())
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
        jobs[0].expected_seconds = 150.0;
        jobs[2].expected_seconds = 200.0;
        assert_eq!(remaining_seconds(&jobs), 200.0 + 350.0);
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
    fn runs_done_here_replace_the_times_of_their_kind_only() {
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
}
