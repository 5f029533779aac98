//! MNIST, without which runs on digits cannot start: fetched once, before them.

use std::path::Path;

use super::arguments::{self, command_line};
use super::job::Job;

/// Data sets that are made of digits.
const MADE_OF_DIGITS: [&str; 3] = ["smnist", "psmnist", "rotating_mnist"];

/// Where `nwm` looks for the digits and `nwm data fetch` puts them, in the folder that both run in.
const FOLDER: &str = "data/cache/mnist";

/// The files of MNIST. One that has its final name is complete: a download in progress has another.
const FILES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// Whether a job still has commands to run that read digits.
pub(crate) fn are_needed_by(job: &Job) -> bool {
    let reads = job.training.data().is_some_and(|data| MADE_OF_DIGITS.contains(&data));
    reads && !job.remaining().is_empty()
}

/// Whether one of these jobs needs digits that are not there, in the repository `root`.
pub(crate) fn are_missing<'a>(root: &Path, jobs: impl IntoIterator<Item = &'a Job>) -> bool {
    let folder = root.join(FOLDER);
    jobs.into_iter().any(are_needed_by) && !FILES.iter().all(|name| folder.join(name).is_file())
}

/// What is said of it before anything starts.
pub(crate) fn plan() -> String {
    format!(
        "digits     MNIST is not in {FOLDER}: nwm {} downloads it first (12 MB)",
        command_line(&arguments::fetch_digits())
    )
}

/// Why runs cannot start whose digits could not be fetched, and what to do.
pub(crate) fn problem(why: &str) -> String {
    let fetch = command_line(&arguments::fetch_digits());
    format!(
        "MNIST could not be downloaded ({why}); \
         run `nwm {fetch} --from DIR` with a folder that has {}",
        FILES.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::{FILES, FOLDER, are_missing, are_needed_by, plan, problem};
    use crate::runs::fixtures;
    use crate::runs::job::Job;
    use crate::runs::run_folder::RunState;

    fn job(data: &str, state: RunState) -> Job {
        let mut job = fixtures::job("nwm_2d", state);
        job.training.set.push(format!("data.name=\"{data}\""));
        job
    }

    const PENDING: RunState = RunState::Pending { spent: 0.0 };

    #[test]
    fn digits_are_needed_by_runs_on_them_that_are_not_done() {
        for data in ["smnist", "psmnist", "rotating_mnist"] {
            assert!(are_needed_by(&job(data, PENDING)), "{data}");
            assert!(are_needed_by(&job(data, RunState::Trained)), "{data}: scored on test digits");
        }
        for data in ["mass_spring", "gratings", "noise", "adding"] {
            assert!(!are_needed_by(&job(data, PENDING)), "{data}");
        }
        let done = RunState::Done { seconds: None, commit: String::new(), reported: true };
        assert!(!are_needed_by(&job("smnist", done)));
    }

    #[test]
    fn digits_are_missing_until_all_four_files_are_there() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(FOLDER);
        std::fs::create_dir_all(&folder).unwrap();
        let jobs = [job("noise", PENDING), job("psmnist", PENDING)];
        for name in FILES {
            assert!(are_missing(root.path(), &jobs), "before {name}");
            std::fs::write(folder.join(format!("{name}.part")), "").unwrap();
            assert!(are_missing(root.path(), &jobs), "a part of {name}");
            std::fs::write(folder.join(name), "").unwrap();
        }
        assert!(!are_missing(root.path(), &jobs));
        std::fs::remove_file(folder.join(FILES[3])).unwrap();
        assert!(are_missing(root.path(), &jobs) && !are_missing(root.path(), &jobs[..1]));
    }

    #[test]
    fn words_say_what_happens_and_what_to_do() {
        assert!(plan().contains("nwm data fetch mnist downloads it first"), "{}", plan());
        let problem = problem("exit code 6: file system");
        assert!(problem.contains("(exit code 6: file system)"), "{problem}");
        assert!(problem.contains("run `nwm data fetch mnist --from DIR`"), "{problem}");
    }
}
