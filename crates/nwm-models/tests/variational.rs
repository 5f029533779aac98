//! Variational models: counts, rollouts, gradients and files.
#![allow(clippy::unwrap_used, reason = "tests may panic")]

use candle_core::{DType, Device, Tensor, Var};
use nwm_core::{Cell, Record};
use nwm_models::nn::{layer_norm, sigmoid};
use nwm_models::{FrameShape, ModelConfig, ModelName, TaskName, VariationalModel};

const DIGITS: FrameShape = FrameShape { rows: 28, columns: 28, channels: 1 };
const TINY: FrameShape = FrameShape { rows: 3, columns: 2, channels: 1 };

fn published(name: ModelName) -> ModelConfig {
    ModelConfig::published_for(name, TaskName::Variational)
}

/// A torus of 3 x 4 sites for frames of 3 x 2 pixels.
fn tiny() -> ModelConfig {
    let mut config = published(ModelName::Nwm2d);
    (config.cell.rows, config.cell.columns) = (3, 4);
    config.cell.kernel_std = 0.3;
    config
}

/// Six rings of 4 sites, hidden layers, and a second half of samples that drives nothing.
fn tiny_rings() -> ModelConfig {
    let mut config = published(ModelName::Nwm1d);
    (config.cell.rows, config.cell.columns) = (6, 4);
    config.encoder.layers = vec![7, 5];
    config.decoder.layers = vec![6];
    config.encoder.unused_half = true;
    config
}

fn build(config: &ModelConfig) -> VariationalModel {
    VariationalModel::new(config, TINY, 3, DType::F64, &Device::Cpu).unwrap()
}

fn series(shape: &[usize], value: impl Fn(f64) -> f64) -> Tensor {
    let count = shape.iter().product::<usize>();
    let values: Vec<f64> = (0..count).map(|index| value(index as f64)).collect();
    Tensor::from_vec(values, shape, &Device::Cpu).unwrap()
}

fn film(time: usize) -> Tensor {
    series(&[time, 2, 3, 2, 1], |n| 0.5 + 0.5 * (0.37 * n).sin())
}

fn noise(model: &VariationalModel, time: usize) -> Tensor {
    series(&model.noise_shape(time, 2), |n| 1.4 * (1.7 * n + 0.3).sin())
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn assert_near(found: &Tensor, expected: &Tensor) {
    assert_eq!(found.dims(), expected.dims());
    for (found, expected) in numbers(found).iter().zip(numbers(expected)) {
        assert!((found - expected).abs() < 1e-12, "{found} {expected}");
    }
}

#[test]
fn published_models_have_the_published_number_of_parameters() {
    let counts = |config: &ModelConfig| {
        let model = VariationalModel::new(config, DIGITS, 0, DType::F32, &Device::Cpu).unwrap();
        ["encoder.", "decoder.", "cell."].map(|part| {
            let of_part = model.parameters().iter().filter(|(name, _)| name.starts_with(part));
            of_part.map(|(_, variable)| variable.elem_count()).sum::<usize>()
        })
    };
    let mut torus = published(ModelName::Nwm2d);
    assert_eq!(counts(&torus), [2_034_720, 1_016_848, 1_326]);
    torus.encoder.unused_half = true;
    assert_eq!(counts(&torus), [4_069_440, 1_016_848, 1_326]);
    let mut rings = published(ModelName::Nwm1d);
    assert_eq!(counts(&rings), [19_853_424, 16_492_384, 2_652]);
    rings.encoder.unused_half = true;
    rings.encoder.layers = vec![7776, 5184];
    assert_eq!(counts(&rings), [73_299_168, 16_492_384, 2_652]);
}

/// The rollout of the released code in plain steps: the first frame sets the first state and, by another sample, drives the
/// first step; the last state predicts the first frame.
#[test]
fn the_rollout_is_that_of_the_released_code() {
    let config = tiny();
    let model = build(&config);
    let (frames, noise) = (film(4), noise(&model, 4));
    let parameter = |name: &str| model.parameters().get(name).unwrap().clone();
    let affine = |x: &Tensor, name: &str| {
        let product = x.matmul(&parameter(&format!("{name}.weight")).t().unwrap()).unwrap();
        product.broadcast_add(&parameter(&format!("{name}.bias"))).unwrap()
    };
    let sampled = |frame: usize, draw: usize| {
        let statistics = affine(&frames.get(frame).unwrap().reshape((2, 6)).unwrap(), "encoder.0");
        let mean = statistics.narrow(1, 0, 12).unwrap();
        let deviation = (statistics.narrow(1, 12, 12).unwrap() / 2.0).unwrap().exp().unwrap();
        let z = (mean + (deviation * noise.get(draw).unwrap()).unwrap()).unwrap();
        layer_norm(&z).unwrap()
    };
    let cell = Cell::new(config.cell.to_cell_config()).unwrap();
    let own: Vec<Tensor> = cell
        .parameter_shapes()
        .iter()
        .map(|shape| parameter(&format!("cell.{}", shape.name)))
        .collect();
    let packed = cell.pack(&own).unwrap();
    let start = sampled(0, 0);
    let mut state = Tensor::stack(&[&start, &start.zeros_like().unwrap()], 0).unwrap();
    let mut predictions = Vec::new();
    for step in 0..4 {
        let drive = sampled(step, step + 1).unsqueeze(0).unwrap();
        state = cell.forward(&drive, &state, &packed, Record::Last).unwrap();
        predictions.push(affine(&state.get(0).unwrap(), "decoder.0"));
    }
    let expected = Tensor::stack(&predictions, 0).unwrap().reshape((4, 2, 3, 2, 1)).unwrap();

    let forecast = model.training_forecast(&frames, &noise).unwrap();
    assert_near(&forecast.logits, &expected);
    for (prediction, frame) in [1, 2, 3, 0].into_iter().enumerate() {
        assert_near(&forecast.target.get(prediction).unwrap(), &frames.get(frame).unwrap());
    }
    let unrolled = model.unroll(&frames, Some(&noise)).unwrap();
    assert_near(&unrolled.frames, &sigmoid(&expected).unwrap());
    assert_eq!(unrolled.states.dims(), [4, 2, 2, 1, 3, 4]);
    let last = unrolled.states.get(3).unwrap().reshape((2, 2, 12)).unwrap();
    assert_near(&last.transpose(0, 1).unwrap(), &state);
    let positions = unrolled.states.narrow(2, 0, 1).unwrap().reshape((4, 2, 12)).unwrap();
    assert_near(&model.decode(&positions).unwrap(), &unrolled.frames);
}

#[test]
fn the_papers_rollout_is_one_step_shorter() {
    let mut config = tiny();
    config.rollout.encode_first_twice = false;
    config.rollout.wrap_target = false;
    let paper = build(&config);
    config.rollout.encode_first_twice = true;
    config.rollout.wrap_target = true;
    let code = build(&config);
    let frames = film(5);
    let all = noise(&paper, 5);
    assert_eq!(all.dims(), [5, 2, 12]);
    let found = paper.unroll(&frames, Some(&all)).unwrap();
    assert_eq!(found.frames.dims(), [4, 2, 3, 2, 1]);
    // The code's course over frames 1 to 4 with the sample of frame 0 as its first state has the same states.
    let first = found.states.get(0).unwrap();
    let positions = first.narrow(1, 0, 1).unwrap().reshape((1, 2, 12)).unwrap();
    assert_near(&code.decode(&positions).unwrap(), &found.frames.narrow(0, 0, 1).unwrap());
    let velocities = numbers(&first.narrow(1, 1, 1).unwrap());
    assert!(velocities.iter().all(|&velocity| velocity == 0.0));
    let forecast = paper.training_forecast(&frames, &all).unwrap();
    assert_near(&sigmoid(&forecast.logits).unwrap(), &found.frames);
    assert_near(&forecast.target, &frames.narrow(0, 1, 4).unwrap());
}

#[test]
fn positions_are_those_of_every_frame_that_was_read() {
    let mut config = tiny();
    for (twice, wrap) in [(true, true), (true, false), (false, false)] {
        (config.rollout.encode_first_twice, config.rollout.wrap_target) = (twice, wrap);
        let model = build(&config);
        let positions = model.positions(&film(5), None).unwrap();
        assert_eq!(positions.dims(), [5, 2, 12]);
        let states = model.unroll(&film(5), None).unwrap().states;
        // Without a last target the last state predicts nothing, and is not unrolled.
        let unrolled = if wrap { 5 } else { 4 };
        let expected = states.narrow(2, 0, 1).unwrap().reshape((unrolled, 2, 12)).unwrap();
        assert_near(&positions.narrow(0, 0, unrolled).unwrap(), &expected);
        // The last one has read the last frame, and none has read a later one.
        let other = Tensor::cat(&[film(4), film(1).affine(0.5, 0.1).unwrap()], 0).unwrap();
        let changed = numbers(&(model.positions(&other, None).unwrap() - positions).unwrap());
        assert!(changed[..4 * 24].iter().all(|&difference| difference == 0.0));
        assert!(changed[4 * 24..].iter().any(|&difference| difference != 0.0));
    }
}

#[test]
fn without_noise_the_means_drive_the_sheet() {
    let model = build(&tiny());
    let silent = Tensor::zeros(&model.noise_shape(3, 2)[..], DType::F64, &Device::Cpu).unwrap();
    let (mean, zero) =
        (model.unroll(&film(3), None).unwrap(), model.unroll(&film(3), Some(&silent)).unwrap());
    assert_near(&mean.states, &zero.states);
}

#[test]
fn gradients_are_those_of_finite_differences() {
    for config in [tiny(), tiny_rings()] {
        let model = build(&config);
        let (frames, noise) = (film(3), noise(&model, 3));
        let loss = || {
            let forecast = model.training_forecast(&frames, &noise).unwrap();
            let error = (sigmoid(&forecast.logits).unwrap() - &forecast.target).unwrap();
            (error.sqr().unwrap().sum_all().unwrap() + forecast.divergence.unwrap()).unwrap()
        };
        let gradients = loss().backward().unwrap();
        for (name, variable) in model.parameters().iter() {
            let set = |variable: &Var, values: &[f64]| {
                let values = Tensor::from_slice(values, variable.shape(), &Device::Cpu).unwrap();
                variable.set(&values).unwrap();
            };
            let gradient = numbers(gradients.get(variable).unwrap());
            let start = numbers(variable.as_tensor());
            for place in [0, start.len() / 2, start.len() - 1] {
                let at = |shift: f64| {
                    let mut values = start.clone();
                    values[place] += shift;
                    set(variable, &values);
                    loss().to_scalar::<f64>().unwrap()
                };
                let step = 1e-5;
                let expected = (at(step) - at(-step)) / (2.0 * step);
                set(variable, &start);
                let tolerance = 1e-6 * (1.0 + expected.abs());
                assert!(
                    (gradient[place] - expected).abs() < tolerance,
                    "{name}: {} {expected}",
                    gradient[place]
                );
            }
        }
    }
}

#[test]
fn a_file_gives_back_the_model() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    for config in [tiny(), tiny_rings()] {
        let model = build(&config);
        std::fs::write(&path, model.to_bytes().unwrap()).unwrap();
        let loaded = VariationalModel::load(&path).unwrap();
        assert_eq!((loaded.config(), loaded.frame()), (model.config(), model.frame()));
        let [one, other] =
            [&model, &loaded].map(|model| numbers(&model.unroll(&film(3), None).unwrap().frames));
        assert_eq!(one, other);
    }
}

#[test]
fn wrong_shapes_are_refused_with_what_was_expected() {
    let model = build(&tiny());
    let message = model.unroll(&series(&[3, 2, 2, 2, 1], |_| 0.0), None).unwrap_err().to_string();
    assert!(message.contains("[at least 1, at least 1, 3, 2, 1]"), "{message}");
    let short = noise(&model, 2);
    let message = model.training_forecast(&film(3), &short).unwrap_err().to_string();
    assert!(message.contains("[4, 2, 12]"), "{message}");
    let message = model.decode(&series(&[1, 2, 11], |_| 0.0)).unwrap_err().to_string();
    assert!(message.contains("[time, batch, 12]"), "{message}");
}
