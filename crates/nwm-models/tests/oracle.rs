//! The whole model against an independent program: loss and every gradient, in f64.
//!
//! The oracle files hold the parameters, frames, loss and gradients that a PyTorch program written from the same
//! formulas computed. They are found in `$NWM_SHARED/data/oracle`. A reduced copy lives in `tests/data`: the same
//! parameters and loss, and of each gradient its norm and one projection; its frames are drawn by a formula.
//! `NWM_WRITE_GOLDEN=1 cargo test -p nwm-models --test oracle` writes the reduced copies from the oracle files.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use candle_core::{DType, Device, Tensor, safetensors};
use nwm_models::nn::sigmoid;
use nwm_models::{FrameShape, Model, ModelConfig, ModelName};

const NAMES: [ModelName; 3] = [ModelName::Nwm2d, ModelName::Nwm1d, ModelName::Cornn];

/// Rounding of f64 through some 10^4 additions in another order.
const TOLERANCE: f64 = 1e-8;

fn oracle_model(name: ModelName) -> Model {
    let mut config = ModelConfig::published(name);
    (config.cell.rows, config.cell.columns) = (5, 5);
    (config.encoder.channels, config.decoder.channels) = (4, 4);
    config.inference_steps = 6;
    Model::new(&config, FrameShape::SUITE, 0, DType::F64, &Device::Cpu).unwrap()
}

/// Two discs of one colour that move up and down, as the oracle program draws them, rounded to f32.
fn synthetic_frames() -> Tensor {
    let (batch, time, side) = (2, 12, 32);
    let background = [0.321, 0.349, 0.368];
    let mut values = Vec::new();
    for step in 0..time {
        for sample in 0..batch {
            let centre = 0.5 + 0.3 * (0.1 * step as f64 + sample as f64).cos();
            for row in 0..side {
                for column in 0..side {
                    let (y, x) = (row as f64 / 31.0, column as f64 / 31.0);
                    let distance = (0.5 - x).hypot(centre - y);
                    let disc = 1.0 / (1.0 + (80.0 * (distance - 0.14)).exp());
                    for (channel, background) in background.into_iter().enumerate() {
                        let colour = if channel == 0 { 1.0 } else { 0.0 };
                        let value = disc * colour + (1.0 - disc) * background;
                        values.push(f64::from(value as f32));
                    }
                }
            }
        }
    }
    Tensor::from_vec(values, (time, batch, side, side, 3), &Device::Cpu).unwrap()
}

fn set_parameters(model: &Model, stored: &HashMap<String, Tensor>) {
    for (name, variable) in model.parameters().iter() {
        let tensor = &stored[&format!("parameter/{name}")];
        variable.set(&tensor.reshape(variable.shape()).unwrap()).unwrap();
    }
}

/// Loss and gradients of teacher-forced prediction.
fn loss_and_gradients(model: &Model, frames: &Tensor) -> (f64, BTreeMap<String, Vec<f64>>) {
    let none = Tensor::zeros((frames.dim(1).unwrap(), 0), DType::F64, &Device::Cpu).unwrap();
    let forecast = model.training_forecast(frames, &none).unwrap();
    let error = (sigmoid(&forecast.logits).unwrap() - forecast.target)
        .unwrap()
        .sqr()
        .unwrap()
        .mean_all()
        .unwrap();
    let loss = (error + std::f64::consts::PI.ln() / 2.0).unwrap();
    let store = loss.backward().unwrap();
    let gradients = model
        .parameters()
        .iter()
        .map(|(name, variable)| {
            let gradient = store.get(variable).unwrap_or_else(|| panic!("no gradient of {name}"));
            (name.to_owned(), flat(gradient))
        })
        .collect();
    (loss.to_scalar().unwrap(), gradients)
}

fn flat(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().unwrap().to_vec1().unwrap()
}

fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

/// One number that depends on every element and on its place.
fn projection(values: &[f64]) -> f64 {
    values.iter().enumerate().map(|(index, value)| value * (index as f64).cos()).sum()
}

fn oracle_path(name: ModelName) -> PathBuf {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("NWM_SHARED").unwrap_or_else(|_| default.into());
    Path::new(&shared).join("data/oracle").join(format!("{}.safetensors", name.as_str()))
}

fn golden_path(name: ModelName) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    folder.join(format!("oracle_{}.safetensors", name.as_str()))
}

/// Parameters and loss as they are, of each gradient its norm and projection.
fn reduce(oracle: &HashMap<String, Tensor>) -> HashMap<String, Tensor> {
    oracle
        .iter()
        .filter(|(name, _)| name.as_str() != "frames")
        .map(|(name, tensor)| match name.strip_prefix("gradient/") {
            Some(parameter) => {
                let values = flat(tensor);
                let pair = [norm(&values), projection(&values)];
                (format!("reduced/{parameter}"), Tensor::new(&pair, &Device::Cpu).unwrap())
            }
            None => (name.clone(), tensor.clone()),
        })
        .collect()
}

#[test]
fn loss_and_every_gradient_agree_with_the_oracle() {
    for name in NAMES {
        let path = oracle_path(name);
        if !path.is_file() {
            eprintln!("skipped: {} is not here", path.display());
            continue;
        }
        let oracle = safetensors::load(&path, &Device::Cpu).unwrap();
        if std::env::var_os("NWM_WRITE_GOLDEN").is_some() {
            safetensors::save(&reduce(&oracle), golden_path(name)).unwrap();
        }
        let model = oracle_model(name);
        set_parameters(&model, &oracle);
        let frames = oracle["frames"].transpose(0, 1).unwrap().contiguous().unwrap();
        assert_eq!(
            flat(&frames),
            flat(&synthetic_frames()),
            "the formula draws the oracle's frames"
        );
        let (loss, gradients) = loss_and_gradients(&model, &frames);
        let expected: f64 = oracle["loss"].to_scalar().unwrap();
        assert!((loss - expected).abs() <= TOLERANCE * expected, "{loss} against {expected}");
        for (parameter, gradient) in gradients {
            let expected = flat(&oracle[&format!("gradient/{parameter}")]);
            assert_eq!(gradient.len(), expected.len(), "{parameter}");
            let off: Vec<f64> = gradient.iter().zip(&expected).map(|(a, b)| a - b).collect();
            let relative = norm(&off) / norm(&expected);
            assert!(relative <= TOLERANCE, "{}: {parameter}: {relative:e}", name.as_str());
        }
    }
}

#[test]
fn loss_and_every_gradient_agree_with_the_golden_copy() {
    for name in NAMES {
        let golden = safetensors::load(golden_path(name), &Device::Cpu).unwrap();
        let model = oracle_model(name);
        set_parameters(&model, &golden);
        let (loss, gradients) = loss_and_gradients(&model, &synthetic_frames());
        let expected: f64 = golden["loss"].to_scalar().unwrap();
        assert!((loss - expected).abs() <= TOLERANCE * expected, "{loss} against {expected}");
        for (parameter, gradient) in gradients {
            let expected = flat(&golden[&format!("reduced/{parameter}")]);
            let found = [norm(&gradient), projection(&gradient)];
            for (found, expected_number) in found.iter().zip(&expected) {
                let off = (found - expected_number).abs() / expected[0];
                assert!(off <= TOLERANCE, "{}: {parameter}: {off:e}", name.as_str());
            }
        }
    }
}
