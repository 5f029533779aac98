//! Parameter counts at the published size, part by part.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use candle_core::{DType, Device};
use nwm_models::{FrameShape, Model, ModelConfig, ModelName};

/// Counts of encoder, dynamics, initial-condition network and decoder.
fn counts(name: ModelName) -> [usize; 4] {
    let config = ModelConfig::published(name);
    let model = Model::new(&config, FrameShape::SUITE, 0, DType::F32, &Device::Cpu).unwrap();
    let mut counts = [0; 4];
    for (name, variable) in model.parameters().iter() {
        let part = match name.split('.').next() {
            Some("encoder") => 0,
            Some("cell" | "ar") => 1,
            Some("initial") => 2,
            Some("decoder") => 3,
            other => panic!("unexpected part {other:?}"),
        };
        counts[part] += variable.elem_count();
    }
    assert_eq!(counts.iter().sum::<usize>(), model.parameters().count());
    counts
}

#[test]
fn nwm_2d_has_14_823_420_parameters() {
    assert_eq!(counts(ModelName::Nwm2d), [4_969_650, 559, 5_040_312, 4_812_899]);
}

#[test]
fn nwm_1d_has_14_823_402_parameters() {
    assert_eq!(counts(ModelName::Nwm1d), [4_969_650, 541, 5_040_312, 4_812_899]);
}

#[test]
fn cornn_has_15_662_916_parameters() {
    assert_eq!(counts(ModelName::Cornn), [4_969_650, 840_055, 5_040_312, 4_812_899]);
}

#[test]
fn ar_has_2_248_819_parameters() {
    assert_eq!(counts(ModelName::Ar), [221_312, 1_822_224, 0, 205_283]);
}
