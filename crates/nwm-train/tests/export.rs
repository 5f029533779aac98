//! Exported runs: what they hold, that they answer as the run does, and what is refused.
#![allow(clippy::unwrap_used, reason = "helpers of tests stop the test")]

mod common;

use std::path::{Path, PathBuf};

use candle_core::Tensor;
use common::{request, train_all};
use nwm_models::SequenceModel;
use nwm_train::{
    Error, ExportRequest, Layer, RequestedCheckpoint, Resolved, Silent, TrainedRun, export, train,
};

const SMALL: &str = "\
[data]\nname = \"adding\"\nsteps = 6\nvalidation_trajectories = 0\ntest_trajectories = 4\n\
[model]\nname = \"nwm_2d\"\n[model.cell]\nrows = 4\ncolumns = 4\n\
[train]\nsteps = 4\nbatch_size = 4\ncheckpoint_every = 2\n";

fn resolved() -> Resolved {
    Resolved::from_layers(&[Layer::parse("small", SMALL).unwrap()]).unwrap()
}

fn trained(folder: &Path) -> PathBuf {
    let run = folder.join("run");
    train_all(&resolved(), &run).unwrap();
    run
}

fn answers(model: &SequenceModel) -> Vec<f32> {
    let inputs: Vec<f32> = (0..24).map(|n| (0.3 * n as f32).sin()).collect();
    let inputs = Tensor::from_vec(inputs, (6, 2, 2), &candle_core::Device::Cpu).unwrap();
    model.answer(&inputs).unwrap().flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn an_exported_run_answers_as_the_run_does() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let out = folder.path().join("kept");
    let exported = export(&run, &ExportRequest::default(), &out).unwrap();
    assert_eq!((exported.step, exported.directory.as_path()), (4, out.as_path()));
    let kept = TrainedRun::open(&out, RequestedCheckpoint::default()).unwrap();
    let whole = TrainedRun::open(&run, RequestedCheckpoint::default()).unwrap();
    assert_eq!(kept.config(), whole.config());
    assert_eq!((&kept.record.commit, kept.record.steps), (&whole.record.commit, 4));
    assert_eq!(answers(&kept.sequence_model().unwrap()), answers(&whole.sequence_model().unwrap()));
    let mut files: Vec<_> = std::fs::read_dir(&out)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort_unstable();
    assert_eq!(files, ["checkpoints", "resolved.toml", "run.json"]);
}

#[test]
fn half_precision_takes_half_the_space_and_changes_little() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let size = |half_precision| {
        let out = folder.path().join(format!("half-{half_precision}"));
        let earlier = RequestedCheckpoint::Step(2);
        let request = ExportRequest { checkpoint: earlier, half_precision };
        let exported = export(&run, &request, &out).unwrap();
        assert_eq!(exported.step, 2);
        let kept = TrainedRun::open(&out, RequestedCheckpoint::default()).unwrap();
        (exported.bytes, answers(&kept.sequence_model().unwrap()))
    };
    let ((whole, expected), (half, found)) = (size(false), size(true));
    let parameters = SequenceModel::load(folder.path().join("half-true")).unwrap();
    let numbers = parameters.parameters().count() as u64;
    // The header has shorter numbers in it, too.
    assert!((2 * numbers..2 * numbers + 100).contains(&(whole - half)), "{whole} {half}");
    assert_ne!(expected, found);
    for (expected, found) in expected.iter().zip(&found) {
        assert!((expected - found).abs() < 1e-3, "{found} {expected}");
    }
}

#[test]
fn no_run_goes_on_from_an_exported_one_and_none_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let run = trained(folder.path());
    let out = folder.path().join("kept");
    export(&run, &ExportRequest::default(), &out).unwrap();
    let again = export(&run, &ExportRequest::default(), &out).unwrap_err();
    assert!(matches!(again, Error::RunExists { .. }), "{again}");

    let longer =
        [Layer::parse("small", SMALL).unwrap(), Layer::assignment("train.steps=6").unwrap()];
    let longer = Resolved::from_layers(&longer).unwrap();
    let stop = std::sync::atomic::AtomicBool::new(false);
    let refused = train(&longer, &request(&out, true), &stop, &mut Silent).unwrap_err();
    assert!(refused.to_string().contains("optimizer.safetensors"), "{refused}");
}
