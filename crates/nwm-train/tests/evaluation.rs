//! Evaluation of whole runs, of generated data and of a user's own frames.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::sync::Arc;

use common::{resolved, train_all};
use nwm_data::{DatasetSpec, Split, System, generate, store};
use nwm_train::{
    EvaluationRequest, ForecastResult, ForecastSamples, Layer, RESULT_FILE, RequestedCheckpoint,
    Resolved, SAMPLES_FILE, Slice, evaluate_forecasts, read_metrics,
};

#[test]
fn a_run_is_scored_beside_its_references() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), "nwm_1d", &[]), &run).unwrap();
    let mut calls = Vec::new();
    let result = evaluate_forecasts(&run, &EvaluationRequest::default(), &mut |done, total| {
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
    let score = result.metrics.get("forward_extrapolation_l2_norm").unwrap();
    assert!((mean - score).abs() < 1e-12 * score, "{mean} against {score}");
    // A repeated frame is exact where it comes from: frame 3 is the last one seen.
    assert_eq!(result.per_step.last_frame_l2_norm[2], 0.0);
    assert!(result.per_step.last_frame_l2_norm[12] > 0.0);

    let stored = std::fs::read_to_string(run.join(RESULT_FILE)).unwrap();
    let stored: ForecastResult = serde_json::from_str(&stored).unwrap();
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
    let score = || evaluate_forecasts(&run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap();
    assert_eq!(score(), score());
}

#[test]
fn an_older_checkpoint_can_be_scored_and_a_missing_one_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), "cornn", &[]), &run).unwrap();
    let at = |step| {
        let checkpoint = RequestedCheckpoint::Step(step);
        evaluate_forecasts(
            &run,
            &EvaluationRequest { checkpoint, ..EvaluationRequest::default() },
            &mut |_, _| {},
        )
    };
    let result = at(4).unwrap();
    assert_eq!((result.checkpoint.step, result.checkpoint.configured), (4, false));
    assert!(at(6).unwrap().checkpoint.configured);
    assert!(at(5).unwrap_err().to_string().contains("step-00000005"));
}

#[test]
fn a_result_of_an_older_checkpoint_than_the_damaged_last_one_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&resolved(folder.path(), "cornn", &[]), &run).unwrap();
    let last = nwm_models::checkpoint_directory(&run, 6);
    let score = || evaluate_forecasts(&run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap();
    std::fs::write(last.join(nwm_models::MODEL_FILE), b"damaged").unwrap();
    let result = score();
    assert_eq!((result.steps, result.trained_steps, result.checkpoint.configured), (4, 6, false));
    std::fs::remove_dir_all(last).unwrap();
    let result = score();
    assert_eq!((result.steps, result.trained_steps, result.checkpoint.configured), (4, 6, false));
    // Training takes the steps again.
    train_all(&resolved(folder.path(), "cornn", &[]), &run).unwrap();
    let result = score();
    assert_eq!((result.steps, result.trained_steps, result.checkpoint.configured), (6, 6, true));
}

#[test]
fn positions_alone_are_no_canonical_coordinates() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [
        "data.test_trajectories=5",
        "model.cell.rows=4",
        "eval.symetric_order=1",
        "model.decoder.input=x",
    ];
    for (count, measured) in [(settings.len() - 1, true), (settings.len(), false)] {
        let run = folder.path().join(format!("run-{count}"));
        train_all(&resolved(folder.path(), "nwm_2d", &settings[..count]), &run).unwrap();
        let result =
            evaluate_forecasts(&run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap();
        assert_eq!(result.symplecticity.is_some(), measured);
    }
}

#[test]
fn other_sets_of_the_suite_train_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let settings = ["data.name=pendulum_colors_friction"];
    train_all(&resolved(folder.path(), "nwm_2d", &settings), &run).unwrap();
    let result = evaluate_forecasts(&run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap();
    assert_eq!(result.data, "pendulum_colors_friction");
    let cached = std::fs::read_dir(folder.path()).unwrap();
    let names: Vec<_> = cached.map(|entry| entry.unwrap().file_name()).collect();
    let is_of_set =
        |name: &std::ffi::OsString| name.to_string_lossy().contains("pendulum-colors_friction-");
    assert!(names.iter().any(is_of_set), "{names:?}");
    let unknown = Layer::assignment("data.name=two_body_colors_friction").unwrap();
    let problem = Resolved::from_layers(&[unknown]).unwrap_err().to_string();
    assert!(problem.contains("expected one of plain, colors"), "{problem}");
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
    let score = |run| {
        evaluate_forecasts(run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap().metrics
    };
    assert_eq!(score(&own), score(&generated));
}

#[test]
fn every_model_is_scored_in_every_direction_it_has() {
    for (model, first, directions) in [
        ("ar", 1, 1),
        ("hgn", 0, 3),
        ("ode_tr", 0, 3),
        ("rgn", 2, 1),
        ("cornn", 1, 1),
        ("nwm_2d", 1, 1),
        ("nwm_1d", 1, 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let run = folder.path().join("run");
        let settings = ["data.test_trajectories=5", "data.name=pendulum", "eval.symetric_order=1"];
        train_all(&resolved(folder.path(), model, &settings), &run).unwrap();
        let result =
            evaluate_forecasts(&run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap();
        assert_eq!(result.metrics.iter().count(), 8 * directions, "{model}");
        assert!(result.metrics.iter().all(|(_, score)| score.is_finite() && score > 0.0));
        assert_eq!((result.per_step.first_frame, result.slices.full), (first, Slice(first, 14)));
        assert_eq!(result.per_step.l2.len(), 14 - first);
        // One number for each trajectory, whose mean is the score.
        let each = &result.per_trajectory.forward_extrapolation_l2_norm;
        let mean = each.iter().sum::<f64>() / 5.0;
        let score = result.metrics.get("forward_extrapolation_l2_norm").unwrap();
        assert!((mean - score).abs() < 1e-12 * score, "{model}: {mean} against {score}");
        let valid = result.valid_time.unwrap();
        assert_eq!((valid.longest, valid.trajectories), (32, 5));
        assert_eq!(valid.backward.is_some(), directions == 3);
        assert_eq!(result.symplecticity.unwrap().groups, 1);
        let samples = ForecastSamples::read(&run.join(SAMPLES_FILE)).unwrap();
        assert_eq!((samples.first_frame, samples.frames), (first, 14 - first));
        let sheet = samples.sheet(2).map(<[f32]>::len);
        let oscillates = ["cornn", "nwm_2d", "nwm_1d"].contains(&model);
        assert_eq!(sheet, oscillates.then_some(13 * 9), "{model}");
    }
}

#[test]
fn the_best_checkpoint_is_kept_and_scored_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    // A rate so large that the first checkpoints are the best.
    let settings = [
        "data.validation_trajectories=2",
        "train.learning_rate=0.3",
        "train.steps=12",
        "train.keep_last=1",
    ];
    train_all(&resolved(folder.path(), "nwm_2d", &settings), &run).unwrap();
    let rows = read_metrics(&run.join("metrics.csv")).unwrap();
    let validated: Vec<_> =
        rows.iter().filter_map(|row| row.validation.map(|value| (row.step, value))).collect();
    assert_eq!(validated.len(), 6);
    let (best, least) =
        validated.iter().copied().min_by(|one, other| one.1.total_cmp(&other.1)).unwrap();
    assert!(best < 12, "the last checkpoint is the best: {validated:?}");
    let of = |checkpoint| {
        evaluate_forecasts(
            &run,
            &EvaluationRequest { checkpoint, ..EvaluationRequest::default() },
            &mut |_, _| {},
        )
    };
    assert_eq!(of(RequestedCheckpoint::Best).unwrap().steps, best);
    assert_eq!(of(RequestedCheckpoint::Last).unwrap().steps, 12);
    assert_eq!(of(RequestedCheckpoint::Configured).unwrap().steps, 12);
    assert_eq!(nwm_models::checkpoint_steps(&run).unwrap(), [best, 12]);
    assert!(least > 0.0);

    let plain = folder.path().join("plain");
    train_all(&resolved(folder.path(), "nwm_2d", &[]), &plain).unwrap();
    let request =
        EvaluationRequest { checkpoint: RequestedCheckpoint::Best, ..EvaluationRequest::default() };
    let message = evaluate_forecasts(&plain, &request, &mut |_, _| {}).unwrap_err().to_string();
    assert!(message.contains("data.validation_trajectories"), "{message}");
}
