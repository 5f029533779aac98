//! Models that draw a whole trajectory from one latent state.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

mod nn_support;

use candle_core::{DType, Device, Tensor};
use nn_support::{distance, noise, numbers, randomise};
use nwm_models::nn::sigmoid;
use nwm_models::{Directions, FrameShape, Integrator, Model, ModelConfig, ModelName};

const FRAME: FrameShape = FrameShape { rows: 8, columns: 8, channels: 2 };
const LATENT: [ModelName; 3] = [ModelName::Hgn, ModelName::OdeTr, ModelName::Rgn];

fn small(name: ModelName) -> ModelConfig {
    let mut config = ModelConfig::published(name);
    (config.encoder.channels, config.decoder.channels) = (2, 2);
    (config.latent.size, config.latent.hidden) = (4, vec![5, 4]);
    config.inference_steps = 3;
    config
}

fn model(config: &ModelConfig) -> Model {
    Model::new(config, FRAME, 7, DType::F64, &Device::Cpu).unwrap()
}

/// Frames in [0, 1] that differ in every axis.
fn frames(time: usize, batch: usize) -> Tensor {
    let shape = [time, batch, FRAME.rows, FRAME.columns, FRAME.channels];
    ((noise(&shape, 3) * 0.5).unwrap() + 0.5).unwrap()
}

fn no_noise(batch: usize) -> Tensor {
    Tensor::zeros((batch, 4), DType::F64, &Device::Cpu).unwrap()
}

fn sample(tensor: &Tensor, index: usize) -> Tensor {
    tensor.narrow(1, index, 1).unwrap().contiguous().unwrap()
}

fn assert_close(found: &Tensor, expected: &Tensor, what: &str) {
    assert_eq!(found.dims(), expected.dims(), "{what}");
    let off = distance(&numbers(found), &numbers(expected));
    assert!(off < 1e-12, "{what}: off by {off:e}");
}

#[test]
fn both_directions_train_on_all_frames_from_either_end() {
    for name in [ModelName::Hgn, ModelName::OdeTr] {
        let mut config = small(name);
        config.ode.integrator = Integrator::Rk4;
        let model = model(&config);
        // Those through which no gradient passes see what the optimiser sets.
        randomise(model.parameters(), 11);
        assert_eq!(model.first_predicted_frame(), 0);
        let film = frames(7, 3);
        let forecast = model.training_forecast(&film, &no_noise(3)).unwrap();
        let drawn = sigmoid(&forecast.logits).unwrap();
        // One of three goes forward, from its first three frames.
        assert_close(&sample(&forecast.target, 0), &sample(&film, 0), "target");
        let expected = model.forecast(&sample(&film, 0), 7).unwrap();
        assert_close(&sample(&drawn, 0), &expected, "forward");
        // Two go backward, from their last three frames.
        for index in [1, 2] {
            let film = sample(&film, index);
            let reversed = film.flip(&[0]).unwrap();
            assert_close(&sample(&forecast.target, index), &reversed, "reversed target");
            let past = model.unroll_backward(&film, 7).unwrap().unwrap();
            let expected = past.frames.flip(&[0]).unwrap().contiguous().unwrap();
            assert_close(&sample(&drawn, index), &expected, "backward");
        }
    }
}

#[test]
fn one_direction_trains_from_the_last_frame_that_is_seen() {
    for name in LATENT {
        let mut config = small(name);
        config.latent.directions = Directions::Forward;
        config.ode.integrator = Integrator::Rk2;
        let model = model(&config);
        randomise(model.parameters(), 11);
        assert_eq!(model.first_predicted_frame(), 2);
        let film = frames(7, 2);
        let forecast = model.training_forecast(&film, &no_noise(2)).unwrap();
        assert_close(&forecast.target, &film.narrow(0, 2, 5).unwrap(), "target");
        let drawn = sigmoid(&forecast.logits).unwrap();
        assert_close(&drawn, &model.forecast(&film, 5).unwrap(), "forecast");
    }
}

#[test]
fn a_forecast_of_the_past_ends_with_the_frames_it_was_given() {
    // The state of the middle frame is the same for both ways, so both draw that frame the same.
    let model = model(&small(ModelName::Hgn));
    let film = frames(3, 2);
    let future = model.unroll(&film, 6).unwrap();
    let past = model.unroll_backward(&film, 6).unwrap().unwrap();
    assert_close(&future.frames.get(1).unwrap(), &past.frames.get(4).unwrap(), "middle frame");
    assert_close(&future.states.get(2).unwrap(), &past.states.get(5).unwrap(), "state after it");
    assert_eq!(past.states.dims(), [6, 2, 4]);
    // As few as one frame can be asked for.
    assert_eq!(model.forecast(&film, 1).unwrap().dim(0).unwrap(), 1);
    assert_eq!(model.unroll_backward(&film, 1).unwrap().unwrap().frames.dim(0).unwrap(), 1);
}

#[test]
fn noise_moves_the_latent_state_by_its_deviation() {
    let model = model(&small(ModelName::Hgn));
    let film = frames(5, 1);
    // Noise that moves the state to the mean of another film's draws what that film without noise draws. A batch of one
    // goes backward, from its last frames.
    let last = |film: &Tensor| {
        let seen = film.narrow(0, 2, 3).unwrap();
        model.posterior(&seen).unwrap().unwrap()
    };
    let other = (1.0 - &film).unwrap();
    let (from, to) = (last(&film), last(&other));
    let deviation = from.log_deviation.exp().unwrap();
    let noise = ((to.mean - &from.mean).unwrap() / deviation).unwrap();
    let moved = model.training_forecast(&film, &noise).unwrap();
    let expected = model.training_forecast(&other, &no_noise(1)).unwrap();
    assert_close(&moved.logits, &expected.logits, "logits");
    let divergence = moved.divergence.unwrap().to_scalar::<f64>().unwrap();
    let (mean, log) = (numbers(&from.mean), numbers(&from.log_deviation));
    let expected: f64 = mean
        .iter()
        .zip(&log)
        .map(|(mean, log)| mean * mean / 2.0 + ((2.0 * log).exp() - 1.0) / 2.0 - log)
        .sum();
    assert!((divergence - expected).abs() < 1e-12, "{divergence} against {expected}");
}

#[test]
fn the_initial_deviation_scales_the_posterior() {
    let posterior = |deviation: f64| {
        let mut config = small(ModelName::OdeTr);
        config.latent.initial_deviation = deviation;
        model(&config).posterior(&frames(3, 2)).unwrap().unwrap()
    };
    let (wide, narrow) = (posterior(1.0), posterior(0.05));
    assert_close(&narrow.mean, &wide.mean, "mean");
    let expected = (wide.log_deviation + 0.05_f64.ln()).unwrap();
    assert_close(&narrow.log_deviation, &expected, "logarithm of the deviation");
}

#[test]
fn the_initial_gain_scales_weights_but_not_those_of_oscillators_and_recurrent_layers() {
    for name in ModelName::ALL {
        let mut config = small(name);
        (config.cell.rows, config.cell.columns) = (3, 3);
        let plain = model(&config);
        config.initial_gain = 1.5;
        let louder = model(&config);
        for ((name, variable), (_, other)) in
            plain.parameters().iter().zip(louder.parameters().iter())
        {
            let is_dynamics =
                ["ar.", "cell.", "initial."].iter().any(|part| name.starts_with(part));
            let is_scaled = name.ends_with(".weight") && !is_dynamics;
            let gain = if is_scaled { 1.5 } else { 1.0 };
            let (found, expected) = (numbers(other), numbers(variable));
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - gain * expected).abs() < 1e-15, "{name}");
            }
        }
    }
}

#[test]
fn gradients_of_the_whole_model_agree_with_differences() {
    for name in LATENT {
        let mut config = small(name);
        config.ode.tolerance = 1e-12;
        let model = model(&config);
        randomise(model.parameters(), 11);
        let (film, noise) = (frames(6, 2), noise(&[2, 4], 9));
        let loss = || {
            let forecast = model.training_forecast(&film, &noise).unwrap();
            let error = (sigmoid(&forecast.logits).unwrap() - forecast.target).unwrap();
            let divergence = (forecast.divergence.unwrap() * 0.3).unwrap();
            (error.sqr().unwrap().sum_all().unwrap() + divergence).unwrap()
        };
        let store = loss().backward().unwrap();
        let value = || loss().to_scalar::<f64>().unwrap();
        let step = 1e-5;
        for (name, variable) in model.parameters().iter() {
            let Some(gradient) = store.get(variable) else { panic!("no gradient of {name}") };
            let (gradient, origin) = (numbers(gradient), numbers(variable));
            let moved = |index: usize, by: f64| {
                let mut values = origin.clone();
                values[index] += by;
                let values = Tensor::from_vec(values, variable.shape(), &Device::Cpu).unwrap();
                variable.set(&values).unwrap();
                value()
            };
            // Rounding of the loss leaves about 1e-8 in a difference.
            let scale = gradient.iter().fold(0.1_f64, |most, value| most.max(value.abs()));
            for index in (0..origin.len()).step_by(origin.len().div_ceil(5)) {
                let expected = (moved(index, step) - moved(index, -step)) / (2.0 * step);
                moved(index, 0.0);
                let off = (gradient[index] - expected).abs() / scale;
                let (model, found) = (config.name.as_str(), gradient[index]);
                assert!(off < 1e-6, "{model}: {name}[{index}]: {found} against {expected}");
            }
        }
    }
}

#[test]
fn a_map_cannot_go_back_and_an_even_number_of_frames_has_no_middle() {
    let forecaster = model(&small(ModelName::Rgn));
    assert!(forecaster.unroll_backward(&frames(5, 1), 5).unwrap().is_none());
    let problem = |change: fn(&mut ModelConfig), name| {
        let mut config = small(name);
        change(&mut config);
        config.validate().unwrap_err().to_string()
    };
    let both = problem(|config| config.latent.directions = Directions::Both, ModelName::Rgn);
    assert!(both.contains("model.latent.directions"), "{both}");
    let even = problem(|config| config.inference_steps = 4, ModelName::OdeTr);
    assert!(even.contains("model.inference_steps") && even.contains("odd"), "{even}");
    let odd = problem(|config| config.latent.size = 5, ModelName::Hgn);
    assert!(odd.contains("model.latent.size"), "{odd}");
    let beta = problem(|config| config.latent.beta = f64::NAN, ModelName::Hgn);
    assert!(beta.contains("model.latent.beta"), "{beta}");
    let none = problem(|config| config.latent.hidden.clear(), ModelName::Hgn);
    assert!(none.contains("model.latent.hidden"), "{none}");
    let tolerance = problem(|config| config.ode.tolerance = 0.0, ModelName::OdeTr);
    assert!(tolerance.contains("model.ode.tolerance"), "{tolerance}");
}

#[test]
fn noise_of_another_shape_is_refused() {
    let model = model(&small(ModelName::Hgn));
    let problem = model.training_forecast(&frames(5, 2), &no_noise(1)).unwrap_err().to_string();
    assert!(problem.contains("noise") && problem.contains("[2, 4]"), "{problem}");
}
