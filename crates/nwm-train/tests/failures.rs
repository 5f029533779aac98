//! What goes wrong keeps the last good checkpoint and says what to do.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{checkpoint_bytes, request, resolved, train_all, train_until};
use nwm_models::{MODEL_FILE, Model, checkpoint_steps};
use nwm_train::{
    Error, ErrorKind, Observer, Outcome, RunStatus, StepResult, read_metrics, read_run_record,
    train,
};

#[test]
fn a_loss_that_is_not_finite_leaves_a_bundle_and_the_last_checkpoint() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let resolved = resolved(
        folder.path(),
        "nwm_2d",
        &["train.learning_rate=1e30", "train.steps=50", "train.checkpoint_every=50"],
    );
    let error = train_all(&resolved, &run).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFinite);
    let Error::NotFinite { step, bundle, .. } = &error else { panic!("{error}") };
    assert!(error.to_string().contains("train.retries=1 to go on"), "{error}");
    assert!(error.to_string().contains("lower train.learning_rate"), "{error}");
    let report = fs::read_to_string(bundle.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["step"], *step);
    assert_eq!(report["items"].as_array().unwrap().len(), 2);
    let names: Vec<_> =
        report["tensors"].as_array().unwrap().iter().map(|tensor| &tensor["name"]).collect();
    assert!(names.contains(&&"cell.coupling".into()), "{names:?}");
    Model::load(bundle.join(MODEL_FILE)).unwrap();
    let configuration = fs::read_to_string(bundle.join("resolved.toml")).unwrap();
    assert!(configuration.contains("learning_rate = 1000000000000000000"), "{configuration}");
    assert_eq!(checkpoint_steps(&run).unwrap(), [0]);
    Model::load(&run).unwrap();
    assert_eq!(read_run_record(&run).unwrap().status, RunStatus::Failed);
}

/// Remembers where a run went back to.
#[derive(Default)]
struct RollBacks(Vec<u64>);

impl Observer for RollBacks {
    fn started(&mut self, _step: u64, _steps: u64) {}
    fn stepped(&mut self, _step: u64, _result: &StepResult) {}
    fn passed_over(&mut self, _problem: &Error) {}
    fn rolled_back(&mut self, problem: &Error, step: u64) {
        assert_eq!(problem.kind(), ErrorKind::NotFinite);
        assert!(!problem.to_string().contains("train.retries"), "{problem}");
        self.0.push(step);
    }
}

#[test]
fn a_run_goes_back_and_on_with_half_the_rate_as_often_as_it_may() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    // 2^-100 of this rate is a sensible one; a rate that breaks a model does so within a few steps.
    let rate = format!("train.learning_rate={:e}", 1e-3 * 2.0_f64.powi(100));
    let settings =
        [rate.as_str(), "train.steps=12", "train.retries=100", "train.checkpoint_every=4"];
    let resolved = resolved(folder.path(), "nwm_2d", &settings);
    let mut observer = RollBacks::default();
    let never = std::sync::atomic::AtomicBool::new(false);
    let outcome = train(&resolved, &request(&run, true), &never, &mut observer).unwrap();
    assert_eq!(outcome, Outcome::Finished);
    let retries = observer.0.len();
    assert!((1..=100).contains(&retries), "{:?}", observer.0);
    let rows = read_metrics(&run.join("metrics.csv")).unwrap();
    assert!(rows.iter().all(|row| row.loss.is_finite()));
    assert!(
        rows.windows(2).all(|pair| pair[0].step < pair[1].step),
        "rows of steps taken back stay"
    );
    let last = rows.last().unwrap().learning_rate;
    let expected = 1e-3 * 2.0_f64.powi(100 - retries as i32);
    assert!((last / expected - 1.0).abs() < 1e-12, "{last:e} against {expected:e}");

    // Interrupted anywhere and resumed, also on a stretch that it has to give up, it ends with the same bits.
    for step in [2, 5, 7, 10] {
        let resumed = folder.path().join(format!("resumed-{step}"));
        train_until(&resolved, &resumed, step);
        train_all(&resolved, &resumed).unwrap();
        assert!(checkpoint_bytes(&run, 12) == checkpoint_bytes(&resumed, 12), "other bits: {step}");
    }
}

#[test]
fn a_failed_run_goes_on_when_it_may_retry() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let rate = format!("train.learning_rate={:e}", 1e-3 * 2.0_f64.powi(100));
    let failing = resolved(folder.path(), "nwm_2d", &[rate.as_str()]);
    assert_eq!(train_all(&failing, &run).unwrap_err().kind(), ErrorKind::NotFinite);
    let retrying = resolved(folder.path(), "nwm_2d", &[rate.as_str(), "train.retries=100"]);
    assert_eq!(train_all(&retrying, &run).unwrap(), Outcome::Finished);
}

#[test]
fn a_window_longer_than_the_users_trajectories_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("frames.h5");
    let frames = nwm_data::DatasetSpec {
        frames: 7,
        ..nwm_data::DatasetSpec::new(nwm_data::System::MassSpring, nwm_data::Split::Train, 3)
    };
    let trajectories = std::sync::Arc::new(nwm_data::generate(&frames).unwrap());
    let options = nwm_data::store::WriteOptions { frames: true };
    nwm_data::store::write(&file, &trajectories, options).unwrap();
    let file = format!("data.train_file={:?}", file.display());
    let resolved = resolved(folder.path(), "nwm_2d", &["data.name=file", &file]);
    let error = train_all(&resolved, &folder.path().join("run")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Configuration);
    assert!(error.to_string().contains("windows of 8 frames"), "{error}");
}

#[test]
fn a_batch_beyond_the_memory_is_refused_before_it_is_allocated() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let resolved = resolved(folder.path(), "nwm_2d", &["train.batch_size=1000000000"]);
    let error = train_all(&resolved, &run).unwrap_err();
    let Error::Memory { needed_gib, free_gib, knob } = error else { panic!("{error}") };
    assert!(needed_gib > 1e5 && free_gib > 0.0, "{needed_gib} {free_gib}");
    assert_eq!((knob, error.kind()), ("train.batch_size", ErrorKind::Configuration));
    // It was no run yet.
    assert!(!run.join("run.json").exists() && !run.join("checkpoints").exists());
}

#[test]
fn a_damaged_data_file_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let resolved = resolved(folder.path(), "nwm_2d", &[]);
    train_until(&resolved, &folder.path().join("first"), 1);
    let cached = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|extension| extension == "h5"))
        .unwrap();
    let content = fs::read(&cached).unwrap();
    fs::write(&cached, &content[..content.len() / 2]).unwrap();
    let error = train_all(&resolved, &folder.path().join("second")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Data);
    assert!(error.to_string().contains(cached.to_str().unwrap()), "{error}");
}

/// A file system of one megabyte, if this process may mount one.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(path: &'a Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=1m", "nwm-test"])
            .arg(path)
            .output()
            .is_ok_and(|output| output.status.success());
        mounted.then_some(Self(path))
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).output();
    }
}

#[test]
fn a_full_disk_during_a_checkpoint_keeps_the_last_good_one() {
    let folder = tempfile::tempdir().unwrap();
    let mount = folder.path().join("disk");
    fs::create_dir(&mount).unwrap();
    let Some(_disk) = SmallDisk::mount(&mount) else {
        eprintln!("skipped: a small file system cannot be mounted here");
        return;
    };
    let run = mount.join("run");
    let resolved = resolved(folder.path(), "nwm_2d", &[]);
    train_until(&resolved, &run, 3);
    // Room for the records of a start, not for a checkpoint.
    let filler = mount.join("filler");
    fs::write(&filler, vec![1; 1 << 20]).unwrap_err();
    let size = fs::metadata(&filler).unwrap().len();
    fs::File::options().write(true).open(&filler).unwrap().set_len(size - 40_000).unwrap();

    let error = train_all(&resolved, &run).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FileSystem, "{error}");
    assert!(error.to_string().contains("free some space"), "{error}");
    assert_eq!(checkpoint_steps(&run).unwrap(), [0, 2, 3]);
    assert!(fs::read_dir(run.join("checkpoints")).unwrap().count() == 3, "no scratch is left");

    fs::remove_file(&filler).unwrap();
    assert_eq!(train_all(&resolved, &run).unwrap(), Outcome::Finished);
    let straight = folder.path().join("straight");
    train_all(&resolved, &straight).unwrap();
    assert!(checkpoint_bytes(&run, 6) == checkpoint_bytes(&straight, 6), "other bits");
}
