//! Parameter counts at the published size, part by part.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may panic")]

use candle_core::{DType, Device};
use nwm_models::{FrameShape, Model, ModelConfig, ModelName, RecurrentCell};

/// Counts of encoder, dynamics, initial-condition network and decoder.
fn counts(name: ModelName) -> [usize; 4] {
    counts_of(&ModelConfig::published(name))
}

fn counts_of(config: &ModelConfig) -> [usize; 4] {
    let model = Model::new(config, FrameShape::SUITE, 0, DType::F32, &Device::Cpu).unwrap();
    let mut counts = [0; 4];
    for (name, variable) in model.parameters().iter() {
        let part = match name.split('.').next() {
            Some("encoder") => 0,
            Some("cell" | "ar" | "flow") => 1,
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

#[test]
fn ar_of_other_layers_has_1_793_263_or_883_183() {
    let mut config = ModelConfig::published(ModelName::Ar);
    config.ar.cell = RecurrentCell::Gru;
    assert_eq!(counts_of(&config), [221_312, 1_366_668, 0, 205_283]);
    config.ar.cell = RecurrentCell::Vanilla;
    assert_eq!(counts_of(&config), [221_312, 456_588, 0, 205_283]);
}

#[test]
fn hgn_has_882_561_parameters() {
    // Two energies; the last bias of either moves nothing, but counts.
    assert_eq!(counts(ModelName::Hgn), [295_872, 385_502, 0, 201_187]);
}

#[test]
fn ode_tr_and_rgn_have_705_687_parameters() {
    assert_eq!(counts(ModelName::OdeTr), [295_872, 204_532, 0, 205_283]);
    assert_eq!(counts(ModelName::Rgn), [295_872, 204_532, 0, 205_283]);
}
