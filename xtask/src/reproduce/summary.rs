//! What is said before the runs start and after they have ended.

use std::collections::BTreeMap;
use std::path::Path;

use super::work::Work;
use crate::console::duration;
use crate::engine::Resources;
use crate::runs::{Finished, Job, Outcome, RunState, remaining_seconds};

/// How the runs are spread over machines.
#[derive(Debug, Clone)]
pub(super) enum Machine {
    /// Over processes on this one.
    This { processes: usize, threads: usize },
    /// By an engine, which is told this much of each run.
    Engine { name: String, resources: Resources },
}

impl Machine {
    fn text(&self) -> String {
        match self {
            Self::This { processes, threads } => {
                format!("processes  {processes} at once, {threads} threads each")
            }
            Self::Engine { name, resources } => {
                let Resources { cores, gpus, memory, minutes, .. } = resources;
                let mut needs = vec![format!("cores: {cores}")];
                needs.extend((*gpus > 0.0).then(|| format!("GPUs: {gpus}")));
                needs.extend(memory.map(|gib| format!("memory: {gib} GiB")));
                needs.extend(minutes.map(|minutes| format!("minutes: {minutes}")));
                format!("engine     {name}; of each run, {}", needs.join(", "))
            }
        }
    }
}

/// What will be done, what is done already and how long the rest takes.
pub(super) fn before(work: &Work, commit: &str, machine: Machine) -> String {
    let Work { name, title, preset, contents: (label, contents), jobs, .. } = work;
    let reduced = preset.reduced.then_some("reduced");
    let about: Vec<&str> = reduced.into_iter().chain([preset.note.as_str()]).collect();
    let about: Vec<&str> = about.into_iter().filter(|it| !it.is_empty()).collect();
    let mut lines = vec![
        format!("{name}: {title}"),
        format!("preset     {} ({})", preset.name, about.join("; ")),
        format!("{label:<10} {contents}"),
        format!("runs       {}", progress(jobs, commit)),
    ];
    for job in jobs {
        if let RunState::Unusable { reason } = &job.state {
            lines.push(format!(
                "           {}/result.json cannot be used and will be made again: {reason}",
                job.run_dir().display()
            ));
        }
    }
    let products: usize = jobs.iter().map(|job| job.products.len()).sum();
    if products > 0 {
        let done: usize = jobs.iter().map(Job::products_done).sum();
        lines.push(format!("products   {products}, of which {done} done"));
    }
    lines.push(machine.text());
    lines.push(time_left(jobs.iter(), preset.cores));
    lines.join("\n")
}

/// The same for several targets at a glance. Runs that they share count once.
pub(super) fn overview(works: &[Work]) -> String {
    let mut lines = Vec::new();
    let mut shared: BTreeMap<&Path, &Job> = BTreeMap::new();
    for work in works {
        let done = work.jobs.iter().filter(|job| job.state.is_done()).count();
        let Work { name, title, jobs, .. } = work;
        lines.push(format!("{name:<10} {title}: {} runs, of which {done} done", jobs.len()));
        shared.extend(jobs.iter().map(|job| (job.run_dir(), job)));
    }
    let done = shared.values().filter(|job| job.state.is_done()).count();
    lines.push(format!("together   {} runs, of which {done} done", shared.len()));
    let cores = works.first().map_or(1, |work| work.preset.cores);
    lines.push(time_left(shared.values().copied(), cores));
    lines.join("\n")
}

fn time_left<'a>(jobs: impl Iterator<Item = &'a Job> + Clone, cores: usize) -> String {
    let source = if jobs.clone().any(|job| job.state.is_done()) {
        "from the runs already done and from"
    } else {
        "from"
    };
    let remaining = duration(remaining_seconds(jobs));
    format!(
        "time left  about {remaining} ({source} times on {cores} cores; more cores are quicker)"
    )
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

/// Runs that are listed one by one; of more, those that failed.
const MOST_LISTED: usize = 100;

/// The wall time of each run and of all of them.
pub(super) fn after(finished: &[Finished], seconds: f64) -> String {
    let is_listed = |run: &&Finished| {
        finished.len() <= MOST_LISTED || matches!(run.outcome, Outcome::Failed(_))
    };
    let width = finished.iter().map(|run| run.name.len()).max().unwrap_or(0).max("total".len());
    let mut lines: Vec<String> = finished
        .iter()
        .filter(is_listed)
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
    use super::{Machine, after, before, overview, progress};
    use crate::console::duration;
    use crate::engine::Resources;
    use crate::reproduce::fixtures;
    use crate::reproduce::{figure, table};
    use crate::runs::RunState;
    use crate::runs::fixtures::job;
    use crate::runs::{Finished, Outcome};

    const MACHINE: Machine = Machine::This { processes: 1, threads: 2 };

    fn done(commit: &str) -> RunState {
        RunState::Done { seconds: Some(400.0), commit: commit.to_owned(), reported: true }
    }

    #[test]
    fn the_plan_of_a_table_names_cells_progress_and_time() {
        let mut start = fixtures::start("quick");
        start.only = Some("spring/ar".to_owned());
        let mut work = table::plan(&start, "table1").unwrap();
        work.jobs[0].state = RunState::Pending { spent: 50.0 };
        let text = before(&work, "c0ffee", MACHINE);
        assert!(text.starts_with("table1: Forward extrapolation error"), "{text}");
        assert!(text.contains("\npreset     quick (reduced; "), "{text}");
        assert!(text.contains("\ncells      1 with 1 seed: spring/ar\n"), "{text}");
        assert!(text.contains("\nruns       1, of which 0 done, 1 begun\n"), "{text}");
        assert!(!text.contains("products"), "{text}");
        let time = duration(work.jobs[0].expected_seconds - 50.0);
        assert!(
            text.contains(&format!("\ntime left  about {time} (from times on 2 cores")),
            "{text}"
        );
    }

    #[test]
    fn an_engine_is_named_with_what_it_is_told() {
        let resources = Resources { gpus: 0.5, minutes: Some(30), ..Resources::default() };
        let machine = Machine::Engine { name: "slurm".to_owned(), resources };
        assert_eq!(
            machine.text(),
            "engine     slurm; of each run, cores: 1, GPUs: 0.5, minutes: 30"
        );
    }

    #[test]
    fn the_plan_of_a_figure_names_runs_and_products() {
        let mut work = figure::plan(&fixtures::start("quick"), "fig3").unwrap();
        work.jobs[1].state = done("c0ffee");
        work.jobs[1].products[0].done = true;
        let text = before(&work, "c0ffee", MACHINE);
        assert!(text.contains("\nshows      selectivity of gratings, digits_0\n"), "{text}");
        assert!(text.contains("\nruns       2, of which 1 done\n"), "{text}");
        assert!(text.contains("\nproducts   2, of which 1 done\n"), "{text}");
        assert!(text.contains("(from the runs already done and from times on"), "{text}");
    }

    #[test]
    fn runs_that_figures_share_count_once() {
        let start = fixtures::start("quick");
        let works = ["fig3", "fig4", "fig8"].map(|name| figure::plan(&start, name).unwrap());
        let text = overview(&works);
        assert!(text.contains("\ntogether   4 runs, of which 0 done\n"), "{text}");
        let gratings = works[0].jobs[0].expected_seconds;
        let digits: f64 = works[2].jobs.iter().map(|job| job.expected_seconds).sum();
        assert!(text.contains(&format!("about {} (", duration(gratings + digits))), "{text}");
        assert_eq!(text.lines().count(), 5);
    }

    #[test]
    fn results_of_another_commit_are_pointed_out() {
        let jobs = ["c0ffee", "0ddba11"].map(|commit| job("ar", done(commit)));
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
