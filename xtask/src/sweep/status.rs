//! How far a sweep is, told from folders alone.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::Path;
use std::time::SystemTime;

use serde::Serialize;

use super::runs::{Run, Runs};
use crate::console::duration;
use crate::runs::{Companion, RunState, run_folder};

/// Version of the JSON.
const FORMAT: u32 = 1;
/// The latest runs, whose pace is taken to go on.
const LATEST: usize = 50;
/// Failures that are listed.
const LISTED: usize = 20;

/// The runs of a sweep by what became of them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Status {
    format: u32,
    name: String,
    preset: String,
    pub(super) runs: usize,
    pub(super) done: usize,
    /// Worked on now.
    pub(super) running: usize,
    pub(super) failed: usize,
    /// Neither done nor running nor failed; some may have begun.
    pub(super) waiting: usize,
    /// Of the latest runs; null while fewer than two are done.
    runs_per_hour: Option<f64>,
    /// Until all runs that have not failed are done.
    remaining_seconds: f64,
    /// The first ones.
    failures: Vec<FailedRun>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct FailedRun {
    run: String,
    reason: String,
    attempts: u32,
    log: String,
}

impl Status {
    /// Looks at every run folder once.
    pub(super) fn of(name: &str, runs: &Runs<'_>, sweeps: &Path) -> Self {
        let mut status = Self {
            format: FORMAT,
            name: name.to_owned(),
            preset: runs.preset_name.to_owned(),
            runs: 0,
            done: 0,
            running: 0,
            failed: 0,
            waiting: 0,
            runs_per_hour: None,
            remaining_seconds: 0.0,
            failures: Vec::new(),
        };
        let mut latest = Latest::default();
        for run in runs.iter() {
            status.look_at(&run, &run.folder(sweeps), &mut latest);
        }
        let left = (status.running + status.waiting) as f64;
        let seconds_each = latest.seconds_between();
        status.runs_per_hour = seconds_each.map(|seconds| 3600.0 / seconds);
        status.remaining_seconds = left * seconds_each.unwrap_or(runs.preset.seconds);
        status
    }

    fn look_at(&mut self, run: &Run, run_dir: &Path, latest: &mut Latest) {
        self.runs += 1;
        if matches!(run_folder::state(run_dir), RunState::Done { .. }) {
            self.done += 1;
            let result = std::fs::metadata(run_dir.join("result.json"));
            if let Ok(time) = result.and_then(|metadata| metadata.modified()) {
                latest.push(time);
            }
            return;
        }
        let companion = Companion::of(run_dir);
        if companion.is_claimed() {
            self.running += 1;
        } else if let Some(failure) = companion.failure() {
            self.failed += 1;
            if self.failures.len() < LISTED {
                self.failures.push(FailedRun {
                    run: run.name(),
                    reason: failure.reason,
                    attempts: failure.attempts,
                    log: companion.log().display().to_string(),
                });
            }
        } else {
            self.waiting += 1;
        }
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let Self { name, preset, runs, done, running, failed, waiting, .. } = self;
        let percent = 100.0 * *done as f64 / (*runs).max(1) as f64;
        let mut lines = vec![
            format!("{name} ({preset}): {runs} runs"),
            format!("done       {done} ({percent:.0} %)"),
            format!("running    {running}"),
            format!("failed     {failed}"),
            format!("waiting    {waiting}"),
        ];
        if let Some(rate) = self.runs_per_hour {
            let digits = if rate < 10.0 { 1 } else { 0 };
            lines.push(format!("rate       {rate:.digits$} runs an hour, of the latest"));
        }
        let left = duration(self.remaining_seconds);
        match (running + waiting, self.runs_per_hour) {
            (0, _) => {}
            (_, Some(_)) => lines.push(format!("time left  about {left} at this rate")),
            (_, None) => lines
                .push(format!("time left  about {left} one after the other, as the file expects")),
        }
        for FailedRun { run, reason, attempts, log } in &self.failures {
            let times = if *attempts == 1 { "once" } else { &format!("{attempts} times") };
            lines.push(format!("failed {times}: {run}: {reason}; {log}"));
        }
        if *failed > self.failures.len() {
            lines.push(format!("and {} more", failed - self.failures.len()));
        }
        lines.join("\n")
    }
}

/// When the latest runs were done.
#[derive(Default)]
struct Latest {
    /// The earliest of them on top.
    times: BinaryHeap<Reverse<SystemTime>>,
}

impl Latest {
    fn push(&mut self, time: SystemTime) {
        self.times.push(Reverse(time));
        if self.times.len() > LATEST {
            self.times.pop();
        }
    }

    /// The mean time from one to the next; `None` if there is no next or all came at once.
    fn seconds_between(&self) -> Option<f64> {
        let Reverse(first) = self.times.peek()?;
        let Reverse(last) = self.times.iter().min()?;
        let seconds = last.duration_since(*first).ok()?.as_secs_f64();
        let steps = self.times.len().checked_sub(1).filter(|steps| *steps > 0)?;
        (seconds > 0.0).then(|| seconds / steps as f64)
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;
    use std::time::{Duration, SystemTime};

    use super::{LATEST, Latest, Status};
    use crate::runs::{Companion, Interrupt, fixtures};
    use crate::sweep::fixtures::TEXT;
    use crate::sweep::grid::Grid;
    use crate::sweep::runs::Runs;

    fn finish(run_dir: &Path, seconds: u64) {
        std::fs::create_dir_all(run_dir).unwrap();
        std::fs::write(run_dir.join("run.json"), r#"{"format":1,"status":"done"}"#).unwrap();
        let result = fixtures::result_json("smnist", "nwm_2d", 0);
        std::fs::write(run_dir.join("result.json"), result).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let file = File::options().write(true).open(run_dir.join("result.json")).unwrap();
        file.set_modified(time).unwrap();
    }

    #[test]
    fn every_run_counts_once_by_what_became_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let grid = Grid::parse(TEXT).unwrap();
        let (name, preset) = grid.preset(None).unwrap();
        let runs = Runs::of(&grid, name, preset);
        let status = || Status::of("demo", &runs, folder.path());
        assert_eq!((status().runs, status().waiting), (8, 8));
        assert_eq!(status().remaining_seconds, 40.0, "eight runs of five seconds");
        assert!(status().text().contains("about 40 s one after the other"));

        let dirs: Vec<_> = runs.iter().map(|run| run.folder(folder.path())).collect();
        finish(&dirs[0], 1000);
        finish(&dirs[1], 1060);
        finish(&dirs[2], 1120);
        Companion::of(&dirs[3]).note("exit code 3: data").unwrap();
        let _claim = Companion::of(&dirs[4]).claim(&Interrupt::default()).unwrap();
        let found = status();
        assert_eq!((found.done, found.failed, found.running, found.waiting), (3, 1, 1, 3));
        assert_eq!(found.runs_per_hour, Some(60.0));
        assert_eq!(found.remaining_seconds, 240.0);
        let text = found.text();
        assert!(text.contains("done       3 (38 %)\n"), "{text}");
        assert!(
            text.contains("failed once: drive_coupling 0.5 / rings, seed 1: exit code 3"),
            "{text}"
        );
    }

    #[test]
    fn the_pace_is_that_of_the_latest_runs() {
        let mut latest = Latest::default();
        let time = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(latest.seconds_between(), None);
        latest.push(time(0));
        assert_eq!(latest.seconds_between(), None);
        for index in 0..LATEST as u64 {
            latest.push(time(1_000_000 + 10 * index));
        }
        assert_eq!(latest.seconds_between(), Some(10.0));
    }
}
