//! Parameter files that claim what they do not hold.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;

use candle_core::{DType, Device};
use nwm_models::nn::{Initialiser, ParameterBuilder};
use nwm_models::{FrameShape, Model, ModelConfig, ModelName, VariationalModel};

/// A small model's file with another description of the same length, so that everything else fits.
fn with_description(bytes: &[u8], from: &str, to: &str) -> (tempfile::TempDir, PathBuf) {
    assert_eq!(from.len(), to.len());
    let place = bytes.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
    let mut changed = bytes.to_vec();
    changed[place..place + to.len()].copy_from_slice(to.as_bytes());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    std::fs::write(&path, changed).unwrap();
    (folder, path)
}

fn ar() -> Vec<u8> {
    let mut config = ModelConfig::published(ModelName::Ar);
    (config.encoder.channels, config.decoder.channels) = (10, 10);
    (config.ar.latent, config.ar.layers) = (1000, vec![2]);
    let frame = FrameShape::new(8, 8, 1).unwrap();
    Model::new(&config, frame, 0, DType::F32, &Device::Cpu).unwrap().to_bytes().unwrap()
}

#[test]
fn a_description_of_more_parameters_than_the_file_has_bytes_is_refused() {
    // Nine times as many as there are.
    let (_folder, path) =
        with_description(&ar(), r#"\\\"latent\\\":1000"#, r#"\\\"latent\\\":9000"#);
    let message = Model::load(&path).err().unwrap().to_string();
    assert!(message.contains("do not fit"), "{message}");
}

#[test]
fn a_frame_beyond_the_address_space_is_refused() {
    for frame in [[1 << 61, 8, 1], [8, 1 << 61, 1], [8, 8, usize::MAX]] {
        let [rows, columns, channels] = frame;
        let message = FrameShape::new(rows, columns, channels).unwrap_err().to_string();
        assert!(message.contains("at most 65536"), "{message}");
        let frame = FrameShape { rows, columns, channels };
        assert!(frame.values() >= 1 << 61);
        let config =
            ModelConfig::published_for(ModelName::Nwm2d, nwm_models::TaskName::Variational);
        let model = VariationalModel::new(&config, frame, 0, DType::F32, &Device::Cpu);
        assert!(model.err().unwrap().to_string().contains("pixels of a frame"));
    }
}

#[test]
fn a_builder_with_a_limit_takes_no_more() {
    let mut builder = ParameterBuilder::new(0, DType::F32, &Device::Cpu).at_most(10);
    builder.add("first", &[2, 3], Initialiser::Constant(0.0)).unwrap();
    let error = builder.add("second", &[5], Initialiser::Constant(0.0)).unwrap_err().to_string();
    assert!(error.contains("second") && error.contains("at most 4 numbers"), "{error}");
    builder.add("third", &[4], Initialiser::Constant(0.0)).unwrap();
    let huge = [usize::MAX, 2];
    let mut builder = ParameterBuilder::new(0, DType::F32, &Device::Cpu);
    assert!(builder.add("huge", &huge, Initialiser::Constant(0.0)).is_err());
}
