//! A slice of real training: how fast the whole of it goes, data and logging included.

use std::ffi::OsString;
use std::path::Path;

use super::child::{End, Ended};
use super::part::Part;
use super::reading::{FORMAT, Trained};
use super::run::{Outcome, Run};

/// What the page calls it.
const WHAT: &str = "nwm_2d on mass_spring, batch 32";
/// The published model and batch, and a small data set. Nothing is validated and no checkpoint is written.
const SETTINGS: [&str; 7] = [
    "data.name=mass_spring",
    "data.train_trajectories=256",
    "data.test_trajectories=8",
    "model.name=nwm_2d",
    "train.batch_size=32",
    "train.log_every=5",
    "train.checkpoint_every=1000000",
];

/// The arguments of `nwm`, which leaves everything in `folder`.
pub(super) fn arguments(folder: &Path) -> Vec<OsString> {
    let words = ["--quiet", "train", "--preset", "paper", "--device", "cuda:0"];
    let mut arguments: Vec<OsString> = words.map(OsString::from).into();
    for setting in SETTINGS {
        arguments.extend(["--set".into(), setting.into()]);
    }
    let cache = folder.join("data");
    arguments.extend(["--set".into(), format!("data.cache={}", cache.display()).into()]);
    arguments.extend(["--run-dir".into(), folder.join("run").into()]);
    arguments
}

/// What was trained until the time was over, which is how it is meant to end.
pub(super) fn judge(ended: &Ended, folder: &Path) -> Run {
    let path = folder.join("run/metrics.csv");
    let metrics = std::fs::read_to_string(path).unwrap_or_default();
    let by_itself = Ended { end: End::Exit(Some(0)), ..ended.clone() };
    let mut run = match ended.end {
        End::OutOfTime => Run::ended(Part::Training, WHAT, &by_itself),
        _ => Run::ended(Part::Training, WHAT, ended),
    };
    let Some(trained) = measure(&metrics) else {
        if matches!(ended.end, End::OutOfTime | End::Exit(Some(0))) {
            run.outcome =
                Outcome::Failed(format!("no two steps logged within {:.0} s", ended.seconds));
        }
        return run;
    };
    if matches!(ended.end, End::OutOfTime | End::Exit(Some(0))) {
        run.outcome = match trained.last_loss.is_finite() {
            true => Outcome::Passed,
            false => Outcome::Failed(format!("the loss of step {} is not finite", trained.steps)),
        };
    }
    run.lines.extend(serde_json::to_value(trained).ok());
    run
}

/// From the first row of `metrics.csv` to the last whole one, so that what comes before the first step does not count.
fn measure(metrics: &str) -> Option<Trained> {
    let (whole, _) = metrics.rsplit_once('\n')?;
    let mut rows = whole.lines();
    let names: Vec<&str> = rows.next()?.split(',').collect();
    let column = |name: &str| names.iter().position(|found| *found == name);
    let columns = [column("step")?, column("seconds")?, column("loss")?];
    let mut numbers = rows.filter_map(|row| {
        let cells: Vec<&str> = row.split(',').collect();
        let number = |column: usize| cells.get(column)?.parse::<f64>().ok();
        Some((number(columns[0])?, number(columns[1])?, number(columns[2]).unwrap_or(f64::NAN)))
    });
    let first = numbers.next()?;
    let last = numbers.next_back()?;
    let steps_per_second = (last.0 - first.0) / (last.1 - first.1);
    steps_per_second.is_finite().then(|| Trained {
        format: FORMAT,
        training: WHAT.to_owned(),
        steps: last.0 as u64,
        steps_per_second,
        first_loss: first.2,
        last_loss: last.2,
    })
}

#[cfg(test)]
mod tests {
    use super::{judge, measure};
    use crate::gpu_check::child::{End, Ended};
    use crate::gpu_check::run::Outcome;

    const METRICS: &str =
        "step,epoch,seconds,loss,mse\n1,0,3.0,0.7,0.1\n5,0,3.5,0.6,\n101,1,13.0,0.575,0.01\n10";

    #[test]
    fn the_rate_leaves_out_the_start_and_a_torn_row() {
        let trained = measure(METRICS).unwrap();
        assert_eq!((trained.steps, trained.steps_per_second), (101, 10.0));
        assert_eq!((trained.first_loss, trained.last_loss), (0.7, 0.575));
        for text in ["", "step,seconds,loss\n", "step,seconds,loss\n1,2,3\n", "a,b\n1,2\n3,4\n"] {
            assert_eq!(measure(text), None, "{text}");
        }
    }

    #[test]
    fn being_ended_in_time_is_how_it_passes() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        let outcome = |end, metrics: &str| {
            std::fs::write(folder.path().join("run/metrics.csv"), metrics).unwrap();
            let text = String::new;
            let ended = Ended { end, output: text(), messages: text(), seconds: 120.0 };
            judge(&ended, folder.path()).outcome
        };
        assert_eq!(outcome(End::OutOfTime, METRICS), Outcome::Passed);
        assert_eq!(outcome(End::Exit(Some(0)), METRICS), Outcome::Passed);
        let failed = |outcome| matches!(outcome, Outcome::Failed(_));
        assert!(failed(outcome(End::Exit(Some(5)), METRICS)));
        assert!(failed(outcome(End::OutOfTime, "step,seconds,loss\n")));
        assert!(failed(outcome(End::OutOfTime, &METRICS.replace("0.575", "NaN"))));
        assert!(failed(outcome(End::OutOfTime, &METRICS.replace("0.575", ""))));
    }
}
