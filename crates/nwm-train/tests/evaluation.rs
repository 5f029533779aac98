//! Evaluation of whole runs, of generated data and of a user's own frames.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::sync::Arc;

use common::{resolved, train_all};
use nwm_data::{DatasetSpec, Split, System, generate, store};
use nwm_train::{
    EvaluationRequest, EvaluationResult, ForecastSamples, RESULT_FILE, SAMPLES_FILE, Slice,
    evaluate,
};

#[test]
fn a_run_is_scored_beside_its_references() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), "nwm_1d", &[]), &run).unwrap();
    let mut calls = Vec::new();
    let result = evaluate(&run, &EvaluationRequest::default(), &mut |done, total| {
        calls.push((done, total));
    })
    .unwrap();
    assert_eq!(calls, [(0, 3), (2, 3), (3, 3)]);
    assert_eq!((result.steps, result.trajectories, result.inference_steps), (6, 3, 4));
    assert_eq!(result.slices.extrapolation, Slice(8, 14));
    assert_eq!(result.per_step.l2_norm.len(), 13);

    // The slice's score is the mean of its frames.
    let frames = &result.per_step.l2_norm[7..13];
    let mean = frames.iter().sum::<f64>() / frames.len() as f64;
    let score = result.metrics.forward_extrapolation_l2_norm;
    assert!((mean - score).abs() < 1e-12 * score, "{mean} against {score}");
    // A repeated frame is exact where it comes from: frame 3 is the last one seen.
    assert_eq!(result.per_step.last_frame_l2_norm[2], 0.0);
    assert!(result.per_step.last_frame_l2_norm[12] > 0.0);

    let stored = std::fs::read_to_string(run.join(RESULT_FILE)).unwrap();
    let stored: EvaluationResult = serde_json::from_str(&stored).unwrap();
    assert_eq!(stored.model, result.model);
    let samples = ForecastSamples::read(&run.join(SAMPLES_FILE)).unwrap();
    assert_eq!((samples.count, samples.frames, samples.shape), (3, 13, [32, 32, 3]));
    // Untouched background of the spring's picture, in the true frames.
    assert_eq!(samples.trajectory(0).unwrap().0[..3], [81, 88, 93]);
}

#[test]
fn evaluating_twice_gives_the_same_numbers() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), "ar", &["data.name=pendulum"]), &run).unwrap();
    let score = || evaluate(&run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap();
    assert_eq!(score(), score());
}

#[test]
fn an_older_checkpoint_can_be_scored_and_a_missing_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), "cornn", &[]), &run).unwrap();
    let at = |step| evaluate(&run, &EvaluationRequest { step: Some(step) }, &mut |_, _| {});
    assert_eq!(at(4).unwrap().checkpoint.step, 4);
    assert!(at(5).unwrap_err().to_string().contains("step-00000005"));
}

#[test]
fn a_users_own_frames_train_and_score_like_generated_ones() {
    let folder = tempfile::tempdir().unwrap();
    let file = |split: Split, count| {
        let spec = DatasetSpec { frames: 40, ..DatasetSpec::new(System::MassSpring, split, count) };
        let path = folder.path().join(format!("{split}.h5"));
        let options = store::WriteOptions { frames: true };
        store::write(&path, &Arc::new(generate(&spec).unwrap()), options).unwrap();
        path.display().to_string()
    };
    let train_file = format!("data.train_file={:?}", file(Split::Train, 6));
    let test_file = format!("data.test_file={:?}", file(Split::Test, 3));
    let own = folder.path().join("own");
    let settings = ["data.name=file", train_file.as_str(), test_file.as_str()];
    train_all(&resolved(folder.path(), "nwm_2d", &settings), &own).unwrap();
    let generated = folder.path().join("generated");
    train_all(&resolved(folder.path(), "nwm_2d", &[]), &generated).unwrap();
    assert_eq!(common::checkpoint_bytes(&own, 6), common::checkpoint_bytes(&generated, 6));
    let score = |run| evaluate(run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap().metrics;
    assert_eq!(score(&own), score(&generated));
}
