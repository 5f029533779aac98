//! Scores of a forecast of the future and of the past, valid times and the loss against the same numbers written plainly.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

mod common;

use std::f64::consts::PI;
use std::sync::Arc;

use candle_core::{DType, Device, IndexOp, Tensor};
use common::{resolved, train_all};
use nwm_data::{DatasetSpec, FrameSource, RenderedTrajectories, Split, System, Window, generate};
use nwm_models::{FrameShape, Model};
use nwm_train::{
    EvaluationRequest, ForecastResult, Resolved, evaluate_forecasts, noise_of_step, training_step,
};

const TRAJECTORIES: usize = 5;
const FRAMES: usize = 40;
const WINDOW: usize = 8;
/// The training window and what is extrapolated.
const EVALUATED: usize = WINDOW + 6;
const SEEN: usize = 3;
const VALUES: usize = 32 * 32 * 3;

fn settings(folder: &std::path::Path, more: &[&str]) -> Resolved {
    let mut all = vec!["data.test_trajectories=5", "data.name=pendulum", "eval.vpt_batch_size=3"];
    all.extend(more);
    resolved(folder, "hgn", &all)
}

fn score(run: &std::path::Path) -> ForecastResult {
    evaluate_forecasts(run, &EvaluationRequest::default(), &mut |_, _| {}).unwrap()
}

/// Some frames of a test trajectory, `[time, 1, row, column, channel]`.
fn film(window: &Window) -> Tensor {
    let spec = DatasetSpec {
        frames: FRAMES,
        ..DatasetSpec::new(System::Pendulum, Split::Test, TRAJECTORIES)
    };
    let source = RenderedTrajectories::new(Arc::new(generate(&spec).unwrap()));
    let mut values = vec![0.0; window.length * VALUES];
    window.read(&source as &dyn FrameSource, &mut values).unwrap();
    Tensor::from_vec(values, (window.length, 1, 32, 32, 3), &Device::Cpu).unwrap()
}

/// `sum (prediction - truth)^2 / sum truth^2` of every frame.
fn relative_errors(predictions: &Tensor, truths: &Tensor) -> Vec<f64> {
    let count = truths.dim(0).unwrap();
    let sum = |tensor: Tensor| {
        let squares = tensor.to_dtype(DType::F64).unwrap().sqr().unwrap();
        squares.sum_all().unwrap().to_scalar::<f64>().unwrap()
    };
    (0..count)
        .map(|time| {
            let (prediction, truth) = (predictions.i(time).unwrap(), truths.i(time).unwrap());
            sum((prediction - &truth).unwrap()) / sum(truth)
        })
        .collect()
}

/// Relative errors of the forecasts of the future and of the past, frame by frame in the order of time.
fn both_ways(model: &Model, film: &Tensor) -> [Vec<f64>; 2] {
    let length = film.dim(0).unwrap();
    let first = film.narrow(0, 0, SEEN).unwrap();
    let last = film.narrow(0, length - SEEN, SEEN).unwrap();
    let past = model.unroll_backward(&last, length).unwrap().unwrap().frames;
    [relative_errors(&model.forecast(&first, length).unwrap(), film), relative_errors(&past, film)]
}

#[test]
fn errors_are_taken_beyond_the_window_on_either_side() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&settings(folder.path(), &[]), &run).unwrap();
    let metrics = score(&run).metrics;
    let model = Model::load(&run).unwrap();
    let [mut forward, mut backward] = [0.0, 0.0];
    for trajectory in 0..TRAJECTORIES {
        let window = Window::for_evaluation(0, trajectory, FRAMES, EVALUATED).unwrap();
        let [future, past] = both_ways(&model, &film(&window));
        let mean = |errors: &[f64]| errors.iter().sum::<f64>() / errors.len() as f64;
        forward += mean(&future[WINDOW..]) / (TRAJECTORIES * VALUES) as f64;
        // The training window of the past is at the end.
        backward += mean(&past[..EVALUATED - WINDOW]) / (TRAJECTORIES * VALUES) as f64;
    }
    for (direction, expected) in
        [("forward", forward), ("backward", backward), ("combined", (forward + backward) / 2.0)]
    {
        let found = metrics.get(&format!("{direction}_extrapolation_l2_norm")).unwrap();
        assert!((found / expected - 1.0).abs() < 1e-6, "{direction}: {found:e}, {expected:e}");
    }
    assert!((forward / backward - 1.0).abs() > 1e-3, "both ways score the same");
}

#[test]
fn valid_times_are_counted_from_the_window_to_the_first_lost_frame() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    train_all(&settings(folder.path(), &[]), &run).unwrap();
    let model = Model::load(&run).unwrap();
    let errors: Vec<[Vec<f64>; 2]> = (0..TRAJECTORIES)
        .map(|trajectory| {
            both_ways(&model, &film(&Window { trajectory, start: 0, length: FRAMES }))
        })
        .collect();
    // An error that some frames have and others have not.
    let mut sorted: Vec<f64> = errors.iter().flatten().flatten().copied().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let threshold = sorted[sorted.len() * 3 / 4];
    let again = settings(folder.path(), &[&format!("eval.vpt_threshold={threshold:e}")]);
    train_all(&again, &run).unwrap();
    let valid = score(&run).valid_time.unwrap();

    let until_lost = |errors: &mut dyn Iterator<Item = f64>| {
        let beyond: Vec<f64> = errors.skip(WINDOW).collect();
        beyond.iter().position(|&error| error > threshold).unwrap_or(beyond.len()) as f64
    };
    let times = |way: usize| -> Vec<f64> {
        let of = |errors: &[Vec<f64>; 2]| match way {
            0 => until_lost(&mut errors[0].iter().copied()),
            _ => until_lost(&mut errors[1].iter().rev().copied()),
        };
        errors.iter().map(of).collect()
    };
    // Medians of three trajectories and of the other two.
    let mean_of_medians = |times: Vec<f64>| {
        let mut three = times[..3].to_vec();
        three.sort_unstable_by(f64::total_cmp);
        (three[1] + (times[3] + times[4]) / 2.0) / 2.0
    };
    let (forward, backward) = (times(0), times(1));
    assert!(forward != backward, "{forward:?}");
    assert!(forward.iter().chain(&backward).any(|&time| time > 0.0), "{forward:?} {backward:?}");
    assert_eq!(valid.forward, mean_of_medians(forward));
    assert_eq!(valid.backward, Some(mean_of_medians(backward)));
    assert_eq!(valid.longest, FRAMES - WINDOW);
}

#[test]
fn the_loss_is_the_error_the_constant_and_the_weighted_divergence() {
    let folder = tempfile::tempdir().unwrap();
    let config =
        settings(folder.path(), &["model.latent.beta=1e3", "model.latent.initial_deviation=0.05"]);
    let frame = FrameShape { rows: 32, columns: 32, channels: 3 };
    let model = Model::new(&config.config().model, frame, 7, DType::F32, &Device::Cpu).unwrap();
    let window = |trajectory| film(&Window { trajectory, start: 0, length: WINDOW });
    let frames = Tensor::cat(&[window(0), window(1)], 1).unwrap();
    let noise = noise_of_step(&model, 2, 7, 0).unwrap();
    let result = training_step(&model, &frames, &noise).unwrap();
    let divergence = result.divergence.unwrap();
    // Of a value of a sample, in nats, for a Gaussian of variance 1/2.
    let expected = result.mean_squared_error.unwrap()
        + PI.ln() / 2.0
        + 1e3 * divergence / (WINDOW * VALUES) as f64;
    assert!(divergence > 1.0, "{divergence}");
    assert!((result.loss - expected).abs() < 1e-6, "{} against {expected}", result.loss);
}
