//! Every model of Table 1 learns: a few hundred steps on a tiny set must beat predictors that need no training by far, which
//! a wrong gradient anywhere would prevent.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use common::{resolved, train_all};
use nwm_train::{EvaluationRequest, evaluate_forecasts, read_metrics};

/// Steps at the end of which the mean training error is taken.
const LAST: usize = 20;

/// What a model needs to learn, and what its error has to fall below in terms of the mean image's.
struct Lesson {
    model: &'static str,
    settings: &'static [&'static str],
    fraction: f64,
}

/// Those that read frame after frame.
const READING: [&str; 3] = ["train.learning_rate=3e-3", "train.steps=300", "train.schedule=cosine"];

/// Those that draw a trajectory from one latent state.
const DRAWING: [&str; 5] = [
    "train.learning_rate=2e-3",
    "train.steps=450",
    "train.batch_size=12",
    "data.train_trajectories=8",
    "model.initial_gain=1.5",
];

fn learn(lesson: Lesson) {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let mut settings = vec![
        "model.initial_gain=1.4",
        "model.encoder.channels=8",
        "model.decoder.channels=8",
        "model.cell.rows=5",
        "model.cell.columns=5",
        "model.ar.latent=16",
        "model.ar.layers=[32]",
        "model.latent.size=16",
        "model.latent.hidden=[32, 32]",
        "model.latent.initial_deviation=0.05",
        "train.batch_size=8",
        "train.log_every=1",
        "train.checkpoint_every=500",
        "train.warmup_steps=20",
        "train.window=14",
        "eval.vpt_batches=0",
        "data.train_trajectories=32",
    ];
    settings.extend(lesson.settings);
    train_all(&resolved(folder.path(), lesson.model, &settings), &run).unwrap();
    let rows = read_metrics(&run.join("metrics.csv")).unwrap();
    let last = &rows[rows.len() - LAST..];
    let error = last.iter().map(|row| row.mse.unwrap()).sum::<f64>() / LAST as f64;
    let result = evaluate_forecasts(&run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap();
    let mean_image = result.references.mean_image.get("forward_full_l2").unwrap();
    assert!(
        error < lesson.fraction * mean_image,
        "{}: {:.3} of the mean image's error, expected less than {}",
        lesson.model,
        error / mean_image,
        lesson.fraction
    );
}

#[test]
fn ar_learns() {
    learn(Lesson { model: "ar", settings: &READING, fraction: 0.3 });
}

#[test]
fn hgn_learns() {
    learn(Lesson { model: "hgn", settings: &DRAWING, fraction: 0.6 });
}

#[test]
fn ode_tr_learns() {
    learn(Lesson { model: "ode_tr", settings: &DRAWING, fraction: 0.6 });
}

#[test]
fn cornn_learns() {
    learn(Lesson { model: "cornn", settings: &READING, fraction: 0.3 });
}

#[test]
fn nwm_2d_learns() {
    learn(Lesson { model: "nwm_2d", settings: &READING, fraction: 0.3 });
}

#[test]
fn nwm_1d_learns() {
    learn(Lesson { model: "nwm_1d", settings: &READING, fraction: 0.3 });
}
