//! Takes runs to their end, several at once if asked to.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use super::companion::Companion;
use super::failures::Failures;
use super::job::Job;
use super::nwm::Nwm;
use super::run_folder::RunState;
use crate::console;

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was finished before.
    AlreadyDone,
    Done,
    /// What failed, and how.
    Failed(String),
    Interrupted,
    NotStarted,
}

/// The outcome of a job and its wall time.
#[derive(Debug, Clone)]
pub(crate) struct Finished {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    pub(crate) seconds: f64,
}

impl Finished {
    /// What others made of a job, as its folder says.
    pub(crate) fn found(job: &Job) -> Self {
        let found = job.looked_at_again();
        let outcome = if job.remaining().is_empty() {
            Outcome::AlreadyDone
        } else if found.remaining().is_empty() {
            Outcome::Done
        } else {
            let failure = Companion::of(job.run_dir()).failure();
            Outcome::Failed(failure.map_or("not done".to_owned(), |failure| failure.reason))
        };
        let seconds = match found.state {
            RunState::Done { seconds: Some(seconds), .. } => seconds,
            _ => 0.0,
        };
        Self { name: job.name.clone(), outcome, seconds }
    }
}

/// Runs all jobs, at most `processes` at once, and returns what became of them in their order.
///
/// A job that fails does not stop the others; an interrupt does, after the processes that run have
/// ended by themselves.
pub(crate) fn run_all(
    jobs: &[Job],
    processes: usize,
    nwm: &Nwm,
    failures: &Failures,
) -> Vec<Finished> {
    let next = AtomicUsize::new(0);
    let finished: Mutex<Vec<Option<Finished>>> = Mutex::new(vec![None; jobs.len()]);
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(index) else { return };
            let outcome = run_one(job, index + 1, jobs.len(), nwm, failures);
            // A thread that panicked cannot have left a half-written element.
            let mut slots = finished.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            slots[index] = Some(outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..processes.clamp(1, jobs.len().max(1)) {
            scope.spawn(work);
        }
    });
    let slots = finished.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    slots.into_iter().flatten().collect()
}

fn run_one(job: &Job, number: usize, of: usize, nwm: &Nwm, failures: &Failures) -> Finished {
    let start = Instant::now();
    let outcome = if nwm.interrupt.is_set() {
        Outcome::NotStarted
    } else if job.remaining().is_empty() {
        Outcome::AlreadyDone
    } else {
        console::progress(&format!("[{number}/{of}] {}", job.name));
        job.finish(nwm, failures).unwrap_or_else(|error| Outcome::Failed(format!("{error:#}")))
    };
    let seconds = start.elapsed().as_secs_f64();
    match &outcome {
        Outcome::Failed(why) => {
            console::progress(&format!("[{number}/{of}] {} failed: {why}", job.name));
        }
        Outcome::Done => {
            let time = console::duration(seconds);
            console::progress(&format!("[{number}/{of}] {} done in {time}", job.name));
        }
        Outcome::AlreadyDone | Outcome::Interrupted | Outcome::NotStarted => {}
    }
    Finished { name: job.name.clone(), outcome, seconds }
}

/// The threads of each of `processes` processes that share `cores` cores.
pub(crate) fn threads_each(cores: usize, processes: usize) -> usize {
    (cores / processes.max(1)).max(1)
}

/// The cores to share: what rayon would use, so the user's own limit counts.
pub(crate) fn available_cores() -> usize {
    std::env::var("RAYON_NUM_THREADS")
        .ok()
        .and_then(|text| text.parse().ok())
        .filter(|threads| *threads > 0)
        .or_else(|| std::thread::available_parallelism().ok().map(usize::from))
        .unwrap_or(1)
}

// The stand-in for nwm is a shell script.
#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Outcome, run_all, threads_each};
    use crate::runs::failures::Failures;
    use crate::runs::fixtures;
    use crate::runs::job::Job;
    use crate::runs::nwm::Nwm;
    use crate::runs::run_folder::state;

    fn jobs(folder: &Path, names: &[&str]) -> Vec<Job> {
        let job = |name: &&str| {
            let run_dir = folder.join(name);
            let mut job = fixtures::job("ar", state(&run_dir));
            job.name = (*name).to_owned();
            job.training.run_dir = run_dir;
            job
        };
        names.iter().map(job).collect()
    }

    fn nwm(folder: &Path) -> Nwm {
        Nwm { threads: 3, ..fixtures::nwm(&fixtures::stand_in(), folder) }
    }

    fn outcomes(folder: &Path, names: &[&str], processes: usize) -> Vec<Outcome> {
        outcomes_after(folder, names, processes, &Failures::default())
    }

    fn outcomes_after(
        folder: &Path,
        names: &[&str],
        processes: usize,
        failures: &Failures,
    ) -> Vec<Outcome> {
        let nwm = nwm(folder);
        run_all(&jobs(folder, names), processes, &nwm, failures)
            .into_iter()
            .map(|finished| finished.outcome)
            .collect()
    }

    fn fail_with(folder: &Path, name: &str, code: i32) {
        std::fs::create_dir_all(folder.join(name)).unwrap();
        std::fs::write(folder.join(name).join("fail"), code.to_string()).unwrap();
    }

    fn verbs(folder: &Path) -> Vec<String> {
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        log.lines().map(|line| line.split(' ').nth(3).unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_run_is_trained_evaluated_and_reported_with_its_share_of_threads() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(outcomes(folder.path(), &["a"], 1), [Outcome::Done]);
        assert_eq!(verbs(folder.path()), ["train", "eval", "report"]);
        let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert!(log.lines().all(|line| line.starts_with("3 threads: ")), "{log}");
    }

    #[test]
    fn a_finished_run_is_not_started_again() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(outcomes(folder.path(), &["a"], 1), [Outcome::Done]);
        assert_eq!(outcomes(folder.path(), &["a"], 1), [Outcome::AlreadyDone]);
        assert_eq!(verbs(folder.path()).len(), 3);
    }

    #[test]
    fn a_lost_report_is_drawn_again_without_training() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(outcomes(folder.path(), &["a"], 1), [Outcome::Done]);
        std::fs::remove_file(folder.path().join("a/report.html")).unwrap();
        assert_eq!(outcomes(folder.path(), &["a"], 1), [Outcome::Done]);
        assert_eq!(verbs(folder.path())[3..], ["report"]);
    }

    #[test]
    fn a_failed_run_says_why_and_the_others_go_on() {
        let folder = tempfile::tempdir().unwrap();
        fail_with(folder.path(), "a", 5);
        let outcomes = outcomes(folder.path(), &["a", "b"], 1);
        let Outcome::Failed(why) = &outcomes[0] else { panic!("{outcomes:?}") };
        assert!(why.starts_with("exit code 5: training failed"), "{why}");
        assert_eq!(outcomes[1], Outcome::Done);
    }

    #[test]
    fn a_command_that_failed_is_not_repeated_in_the_same_start() {
        let folder = tempfile::tempdir().unwrap();
        fail_with(folder.path(), "a", 5);
        let failures = Failures::default();
        for start in ["first", "second"] {
            let outcomes = outcomes_after(folder.path(), &["a"], 1, &failures);
            let Outcome::Failed(why) = &outcomes[0] else { panic!("{start}: {outcomes:?}") };
            assert!(why.contains("exit code 5"), "{start}: {why}");
            assert_eq!(why.starts_with("not tried again"), start == "second", "{why}");
        }
        assert_eq!(verbs(folder.path()), ["train"]);
    }

    #[test]
    fn an_interrupted_run_stops_everything() {
        let folder = tempfile::tempdir().unwrap();
        fail_with(folder.path(), "a", 130);
        assert_eq!(
            outcomes(folder.path(), &["a", "b"], 1),
            [Outcome::Interrupted, Outcome::NotStarted]
        );
        assert_eq!(verbs(folder.path()), ["train"]);
    }

    #[test]
    fn several_processes_keep_the_order_of_the_jobs() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["a", "b", "c", "d", "e"];
        let nwm = nwm(folder.path());
        let finished = run_all(&jobs(folder.path(), &names), 3, &nwm, &Failures::default());
        assert_eq!(finished.iter().map(|job| job.name.as_str()).collect::<Vec<_>>(), names);
        assert!(finished.iter().all(|job| job.outcome == Outcome::Done));
    }

    #[test]
    fn cores_are_shared_and_never_zero() {
        assert_eq!(threads_each(8, 1), 8);
        assert_eq!(threads_each(8, 3), 2);
        assert_eq!(threads_each(2, 5), 1);
    }
}
