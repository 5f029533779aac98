//! Parameter files, which say themselves which model they belong to, and files of an optimiser.
#![no_main]

mod common;

use candle_core::{DType, Device};
use libfuzzer_sys::fuzz_target;
use nwm_models::nn::{Initialiser, ParameterBuilder, to_half_precision};
use nwm_models::{Model, SequenceModel, VariationalModel};
use nwm_train::{Optimizer, TrainConfig};

fuzz_target!(|bytes: &[u8]| {
    let file = common::file_of(bytes);
    let path = file.path();
    round_trip(Model::load(path), Model::to_bytes, |path| Model::load(path));
    round_trip(SequenceModel::load(path), SequenceModel::to_bytes, |path| {
        SequenceModel::load(path)
    });
    round_trip(VariationalModel::load(path), VariationalModel::to_bytes, |path| {
        VariationalModel::load(path)
    });
    if let Err(error) = to_half_precision(bytes) {
        common::check_message(&error);
    }
    check_optimizer(bytes);
});

/// What was read and is written reads as the same.
fn round_trip<M>(
    read: nwm_models::Result<M>,
    write: impl Fn(&M) -> nwm_models::Result<Vec<u8>>,
    load: impl Fn(&std::path::Path) -> nwm_models::Result<M>,
) {
    match read {
        Ok(model) => {
            let written = write(&model).expect("a model can be written");
            let again = load(common::file_of(&written).path()).expect("what was written");
            assert_eq!(write(&again).expect("a model can be written"), written);
        }
        Err(error) => common::check_message(&error),
    }
}

/// The moments of two parameters.
fn check_optimizer(bytes: &[u8]) {
    let mut builder = ParameterBuilder::new(0, DType::F32, &Device::Cpu);
    builder.add("weight", &[2, 3], Initialiser::Constant(0.5)).expect("a parameter");
    builder.add("bias", &[2], Initialiser::Constant(0.5)).expect("a parameter");
    let parameters = builder.finish();
    let mut optimizer = Optimizer::new(&parameters, &TrainConfig::default()).expect("an optimiser");
    let before = optimizer.to_bytes(&parameters).expect("moments");
    let outcome = optimizer.load(&parameters, bytes, 7);
    let after = optimizer.to_bytes(&parameters).expect("moments");
    match outcome {
        Ok(()) => {
            optimizer.load(&parameters, &after, 7).expect("what was written");
            assert_eq!(optimizer.to_bytes(&parameters).expect("moments"), after);
        }
        Err(error) => {
            common::check_message(&error);
            assert_eq!(after, before, "a refused file changes nothing");
        }
    }
}
