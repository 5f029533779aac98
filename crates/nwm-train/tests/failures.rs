//! What goes wrong keeps the last good checkpoint and says what to do.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{checkpoint_bytes, resolved, train_all, train_until};
use nwm_models::{MODEL_FILE, Model, checkpoint_steps};
use nwm_train::{Error, ErrorKind, Outcome, RunStatus, read_run_record};

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
    assert!(error.to_string().contains("lower train.learning_rate"), "{error}");
    let report = fs::read_to_string(bundle.join("report.json")).unwrap();
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(report["step"], *step);
    assert_eq!(report["items"].as_array().unwrap().len(), 2);
    let names: Vec<_> =
        report["tensors"].as_array().unwrap().iter().map(|tensor| &tensor["name"]).collect();
    assert!(names.contains(&&"cell.coupling".into()), "{names:?}");
    Model::load(bundle.join(MODEL_FILE)).unwrap();
    assert_eq!(checkpoint_steps(&run).unwrap(), [0]);
    Model::load(&run).unwrap();
    assert_eq!(read_run_record(&run).unwrap().status, RunStatus::Failed);
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
    assert_eq!(checkpoint_steps(&run).unwrap(), [2, 3]);
    assert!(fs::read_dir(run.join("checkpoints")).unwrap().count() == 2, "no scratch is left");

    fs::remove_file(&filler).unwrap();
    assert_eq!(train_all(&resolved, &run).unwrap(), Outcome::Finished);
    let straight = folder.path().join("straight");
    train_all(&resolved, &straight).unwrap();
    assert_eq!(checkpoint_bytes(&run, 6), checkpoint_bytes(&straight, 6));
}
