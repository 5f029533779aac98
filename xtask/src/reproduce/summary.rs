//! What is said before the runs start and after they have ended.

use super::estimate::remaining_seconds;
use super::experiment::{Experiment, Preset};
use super::run_folder::RunState;
use super::runner::{Finished, Job, Outcome};
use super::selection::{Cell, names};
use crate::console::duration;

/// How the runs are spread over the machine.
#[derive(Debug, Clone, Copy)]
pub(super) struct Machine {
    pub(super) processes: usize,
    pub(super) threads: usize,
}

/// What will be done, what is done already and how long the rest takes.
pub(super) fn before(
    experiment: &Experiment,
    preset_name: &str,
    preset: &Preset,
    cells: &[Cell],
    jobs: &[Job],
    commit: &str,
    machine: Machine,
) -> String {
    let mut lines = vec![format!("{}: {}", experiment.table, experiment.title)];
    let reduced = if preset.reduced { "reduced; " } else { "" };
    lines.push(format!("preset     {preset_name} ({reduced}{})", preset.note));
    let seeds = jobs.len() / cells.len().max(1);
    lines.push(format!(
        "cells      {} with {seeds} seed{}: {}",
        cells.len(),
        if seeds == 1 { "" } else { "s" },
        names(cells)
    ));
    lines.push(format!("runs       {}", progress(jobs, commit)));
    for job in jobs {
        if let RunState::Unusable { reason } = &job.state {
            lines.push(format!(
                "           {}/result.json cannot be used and will be made again: {reason}",
                job.run_dir().display()
            ));
        }
    }
    let Machine { processes, threads } = machine;
    lines.push(format!("processes  {processes} at once, {threads} threads each"));
    let remaining = remaining_seconds(jobs, &preset.seconds);
    let source = if jobs.iter().any(|job| job.state.is_done()) {
        "from the runs already done and".to_owned()
    } else {
        "from".to_owned()
    };
    lines.push(format!(
        "time left  about {} ({source} times on {} cores; more cores are quicker)",
        duration(remaining),
        preset.cores
    ));
    lines.join("\n")
}

/// How many runs are done, begun and fresh; results of another commit are pointed out.
fn progress(jobs: &[Job], commit: &str) -> String {
    let count =
        |test: &dyn Fn(&RunState) -> bool| jobs.iter().filter(|job| test(&job.state)).count();
    let done = count(&RunState::is_done);
    let begun = count(&|state| matches!(state, RunState::Pending { spent } if *spent > 0.0));
    let elsewhere =
        count(&|state| matches!(state, RunState::Done { commit: other, .. } if other != commit));
    let mut text = format!("{}, of which {done} done", jobs.len());
    if elsewhere > 0 {
        text += &format!(" ({elsewhere} of them at another commit)");
    }
    if begun > 0 {
        text += &format!(", {begun} begun");
    }
    text
}

/// The wall time of each run and of all of them.
pub(super) fn after(finished: &[Finished], seconds: f64) -> String {
    let width = finished.iter().map(|run| run.name.len()).max().unwrap_or(0).max("total".len());
    let mut lines: Vec<String> = finished
        .iter()
        .map(|run| {
            let outcome = match &run.outcome {
                Outcome::AlreadyDone => "done before",
                Outcome::Done => "done",
                Outcome::Failed(why) => why,
                Outcome::Interrupted => "interrupted",
                Outcome::NotStarted => "not started",
            };
            format!("{:width$}  {:>9.1} s  {outcome}", run.name, run.seconds)
        })
        .collect();
    lines.push(format!("{:width$}  {seconds:>9.1} s", "total"));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Machine, after, before, progress};
    use crate::reproduce::fixtures;
    use crate::reproduce::run_folder::RunState;
    use crate::reproduce::runner::{Finished, Outcome};
    use crate::reproduce::selection::select;

    fn done(commit: &str) -> RunState {
        RunState::Done { seconds: Some(400.0), commit: commit.to_owned(), reported: true }
    }

    #[test]
    fn the_plan_names_cells_progress_and_time() {
        let experiment = fixtures::table1();
        let cells = select(&experiment, Some("spring/ar")).unwrap();
        let jobs = [fixtures::job("ar", RunState::Pending { spent: 50.0 })];
        let text = before(
            &experiment,
            "quick",
            experiment.preset("quick").unwrap(),
            &cells,
            &jobs,
            "c0ffee",
            Machine { processes: 1, threads: 2 },
        );
        assert!(text.contains("preset     quick (reduced; "), "{text}");
        assert!(text.contains("cells      1 with 1 seed: spring/ar\n"), "{text}");
        assert!(text.contains("runs       1, of which 0 done, 1 begun"), "{text}");
        let seconds = experiment.presets["quick"].seconds["ar"] - 50.0;
        let time = crate::console::duration(seconds);
        assert!(
            text.contains(&format!("time left  about {time} (from times on 2 cores")),
            "{text}"
        );
    }

    #[test]
    fn results_of_another_commit_are_pointed_out() {
        let jobs = [fixtures::job("ar", done("c0ffee")), fixtures::job("ar", done("0ddba11"))];
        assert_eq!(progress(&jobs, "c0ffee"), "2, of which 2 done (1 of them at another commit)");
    }

    #[test]
    fn the_times_are_listed_run_by_run_with_the_total() {
        let run =
            |name: &str, outcome, seconds| Finished { name: name.to_owned(), outcome, seconds };
        let finished = [
            run("spring-ar-seed0", Outcome::Done, 61.25),
            run("pendulum-ar-seed0", Outcome::Failed("exit code 3: data".to_owned()), 0.5),
        ];
        assert_eq!(
            after(&finished, 61.75),
            "spring-ar-seed0         61.2 s  done\n\
             pendulum-ar-seed0        0.5 s  exit code 3: data\n\
             total                   61.8 s"
        );
    }
}
