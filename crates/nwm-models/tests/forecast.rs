//! Forecasts: the closed loop, shapes, saving and loading.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use std::collections::BTreeMap;
use std::fs;

use candle_core::{DType, Device, Tensor};
use nwm_models::nn::sigmoid;
use nwm_models::{
    DecoderInput, Error, FrameShape, Integrator, Model, ModelConfig, ModelName, RecurrentCell,
    ScalarMode,
};

const FRAME: FrameShape = FrameShape { rows: 16, columns: 8, channels: 2 };

fn small(name: ModelName) -> ModelConfig {
    let mut config = ModelConfig::published(name);
    (config.cell.rows, config.cell.columns) = (4, 3);
    (config.encoder.channels, config.decoder.channels) = (3, 3);
    (config.ar.latent, config.ar.layers) = (6, vec![5, 4]);
    (config.latent.size, config.latent.hidden) = (6, vec![5, 4]);
    config.inference_steps = if name.is_latent() { 3 } else { 4 };
    config
}

/// What is predicted in training, without the noise of a posterior.
fn trained(model: &Model, frames: &Tensor) -> Tensor {
    let shape = (frames.dim(1).unwrap(), model.noise_size());
    let none = Tensor::zeros(shape, DType::F64, &Device::Cpu).unwrap();
    sigmoid(&model.training_forecast(frames, &none).unwrap().logits).unwrap()
}

fn model(config: &ModelConfig) -> Model {
    Model::new(config, FRAME, 7, DType::F64, &Device::Cpu).unwrap()
}

/// Frames in [0, 1] that differ in every axis.
fn frames(time: usize, batch: usize) -> Tensor {
    let values = time * batch * FRAME.values();
    let values: Vec<f64> = (0..values).map(|i| 0.5 + 0.5 * (0.37 * i as f64).sin()).collect();
    Tensor::from_vec(values, (time, batch, FRAME.rows, FRAME.columns, FRAME.channels), &Device::Cpu)
        .unwrap()
}

fn largest_difference(a: &Tensor, b: &Tensor) -> f64 {
    let difference = (a - b).unwrap().abs().unwrap().flatten_all().unwrap();
    difference.max(0).unwrap().to_scalar().unwrap()
}

#[test]
fn a_forecast_is_teacher_forcing_on_its_own_predictions() {
    let cells = [RecurrentCell::Lstm, RecurrentCell::Gru, RecurrentCell::Vanilla];
    let stacks = cells.map(|cell| {
        let mut config = small(ModelName::Ar);
        config.ar.cell = cell;
        config
    });
    let oscillators = ModelName::ALL.into_iter().filter(|name| name.is_oscillator()).map(small);
    for config in stacks.into_iter().chain(oscillators) {
        let (model, name) = (model(&config), config.name);
        let given = frames(4, 2);
        let forecast = model.forecast(&given, 9).unwrap();
        assert_eq!(forecast.dims(), [9, 2, 16, 8, 2]);
        // The true frames 0..4, then what the model predicted for frames 4..9, read in one pass: frames 1..10.
        let own = forecast.narrow(0, 3, 6).unwrap();
        let film = Tensor::cat(&[&given, &own], 0).unwrap();
        let again = trained(&model, &film);
        let off = largest_difference(&again, &forecast);
        assert!(off < 1e-12, "{}: {off:e}", name.as_str());
    }
}

#[test]
fn a_forecast_reads_no_frame_beyond_those_it_is_given() {
    let model = model(&small(ModelName::Nwm2d));
    let long = frames(7, 1);
    let short = long.narrow(0, 0, 4).unwrap();
    let off =
        largest_difference(&model.forecast(&long, 6).unwrap(), &model.forecast(&short, 6).unwrap());
    assert_eq!(off, 0.0);
    assert_eq!(model.forecast(&short, 2).unwrap().dim(0).unwrap(), 2);
}

#[test]
fn nothing_is_kept_for_a_gradient() {
    for name in ModelName::ALL {
        let model = model(&small(name));
        let given = frames(4, 2);
        let mut results = vec![model.unroll(&given, 5).unwrap()];
        results.extend(model.unroll_backward(&given, 5).unwrap());
        for unrolled in results {
            assert!(!unrolled.frames.track_op() && !unrolled.states.track_op(), "{name:?}");
        }
        let seen = given.narrow(0, 0, model.inference_steps()).unwrap();
        if let Some(posterior) = model.posterior(&seen).unwrap() {
            assert!(!posterior.mean.track_op() && !posterior.log_deviation.track_op(), "{name:?}");
        }
    }
}

#[test]
fn no_steps_give_no_frames() {
    for name in ModelName::ALL {
        let unrolled = model(&small(name)).unroll(&frames(4, 2), 0).unwrap();
        assert_eq!((unrolled.frames.dim(0).unwrap(), unrolled.states.dim(0).unwrap()), (0, 0));
    }
}

#[test]
fn samples_of_a_batch_do_not_influence_each_other() {
    for name in ModelName::ALL {
        let mut config = small(name);
        // The adaptive method's steps are those of the whole batch.
        config.ode.integrator = Integrator::Rk4;
        let model = model(&config);
        let both = frames(4, 2);
        let alone = both.narrow(1, 1, 1).unwrap();
        let together = model.forecast(&both, 6).unwrap().narrow(1, 1, 1).unwrap();
        let off = largest_difference(&together, &model.forecast(&alone, 6).unwrap());
        assert!(off < 1e-13, "{}: {off:e}", name.as_str());
    }
}

#[test]
fn decoding_the_position_alone_halves_the_decoders_input() {
    let mut config = small(ModelName::Nwm2d);
    config.decoder.input = DecoderInput::X;
    let model = model(&config);
    let weight = model.parameters().get("decoder.linear.weight").unwrap();
    assert_eq!(weight.dims()[1], 12);
    assert_eq!(model.forecast(&frames(4, 1), 5).unwrap().dims(), [5, 1, 16, 8, 2]);
}

#[test]
fn fixed_scalars_are_not_parameters() {
    let mut config = small(ModelName::Nwm2d);
    config.cell.scalars = ScalarMode::Fixed;
    (config.cell.dt, config.cell.gamma, config.cell.alpha) = (0.042, 2.7, 4.7);
    let model = model(&config);
    assert!(model.parameters().get("cell.dt_raw").is_none());
    let scalars = model.cell_scalars().unwrap().unwrap();
    assert_eq!((scalars.dt, scalars.gamma, scalars.alpha), (0.042, 2.7, 4.7));
}

#[test]
fn several_channels_and_the_state_norm_can_be_configured() {
    let mut config = small(ModelName::Nwm1d);
    config.cell.channels = 3;
    config.cell.state_norm = true;
    let model = model(&config);
    assert_eq!(model.parameters().get("cell.coupling").unwrap().dims(), [3, 3, 3]);
    assert_eq!(model.parameters().get("cell.norm_gain").unwrap().dims(), [36]);
    assert_eq!(model.forecast(&frames(4, 1), 5).unwrap().dims(), [5, 1, 16, 8, 2]);
}

#[test]
fn a_decoder_of_zeros_draws_grey() {
    let config = small(ModelName::Nwm2d);
    let model = Model::new(&config, FrameShape::SUITE, 0, DType::F64, &Device::Cpu).unwrap();
    for (name, variable) in model.parameters().iter() {
        if name.starts_with("decoder.") {
            variable.set(&variable.zeros_like().unwrap()).unwrap();
        }
    }
    let background = Tensor::new(&[81.0_f64 / 255.0, 88.0 / 255.0, 93.0 / 255.0], &Device::Cpu)
        .unwrap()
        .broadcast_as((5, 1, 32, 32, 3))
        .unwrap()
        .contiguous()
        .unwrap();
    let prediction = trained(&model, &background);
    let error = (prediction - background.narrow(0, 1, 4).unwrap()).unwrap();
    let error: f64 = error.sqr().unwrap().mean_all().unwrap().to_scalar().unwrap();
    assert!((error - 0.025_183_9).abs() < 5e-8, "{error}");
}

#[test]
fn frames_of_another_shape_are_refused() {
    let model = model(&small(ModelName::Nwm2d));
    let few = model.forecast(&frames(3, 1), 5).unwrap_err();
    assert!(matches!(few, Error::Shape { .. }), "{few}");
    assert!(few.to_string().contains("at least 4"), "{few}");
    let other = Tensor::zeros((5, 1, 16, 8, 3), DType::F64, &Device::Cpu).unwrap();
    let none = Tensor::zeros((1, 0), DType::F64, &Device::Cpu).unwrap();
    assert!(model.training_forecast(&other, &none).is_err());
    for frame in [FrameShape { channels: 0, ..FRAME }, FrameShape { rows: 12, ..FRAME }] {
        let config = small(ModelName::Nwm2d);
        let refused = Model::new(&config, frame, 7, DType::F64, &Device::Cpu);
        assert!(matches!(refused, Err(Error::Shape { .. })), "{frame:?}");
    }
}

#[test]
fn a_saved_model_forecasts_the_same_bits() {
    for name in ModelName::ALL {
        let model = model(&small(name));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        let bytes = model.to_bytes().unwrap();
        fs::write(&path, &bytes).unwrap();
        let loaded = Model::load(&path).unwrap();
        assert_eq!(loaded.config(), model.config());
        assert_eq!(loaded.to_bytes().unwrap(), bytes);
        let given = frames(4, 1);
        let off = largest_difference(
            &model.forecast(&given, 6).unwrap(),
            &loaded.forecast(&given, 6).unwrap(),
        );
        assert_eq!(off, 0.0);
    }
}

#[test]
fn a_file_of_a_later_format_is_refused_by_its_version() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let description = r#"{"format": 2, "words": "that this version does not know"}"#;
    let metadata = BTreeMap::from([("model".to_owned(), description.to_owned())]);
    fs::write(&path, model(&small(ModelName::Ar)).parameters().to_bytes(&metadata).unwrap())
        .unwrap();
    let message = Model::load(&path).map(|_| ()).unwrap_err().to_string();
    assert!(message.contains("found model format 2, expected 1"), "{message}");
}

#[test]
fn a_damaged_parameter_file_is_refused_with_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    let bytes = model(&small(ModelName::Ar)).to_bytes().unwrap();
    for length in [0, 5, 200, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let message = Model::load(&path).map(|_| ()).unwrap_err().to_string();
        assert!(message.contains("model.safetensors"), "{message}");
    }
    let message = Model::load(folder.path().join("nothing")).map(|_| ()).unwrap_err().to_string();
    assert!(message.contains("no checkpoint"), "{message}");
}
