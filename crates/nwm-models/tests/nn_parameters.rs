//! Parameters: order, initial values, and strict files.
#![allow(clippy::unwrap_used, clippy::panic)]

mod nn_support;

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor};
use nn_support::{bits, numbers, set};
use nwm_models::Error;
use nwm_models::nn::{
    Convolution, ConvolutionOptions, Gru, Initialiser, Linear, Lstm, ParameterBuilder, Parameters,
};

const NORMAL: Initialiser = Initialiser::TruncatedNormal { mean: 0.0, standard_deviation: 1.0 };

fn built(seed: u64, dtype: DType, shapes: &[(&str, &[usize])]) -> Parameters {
    let mut builder = ParameterBuilder::new(seed, dtype, &Device::Cpu);
    for (name, shape) in shapes {
        builder.add(name, shape, NORMAL).unwrap();
    }
    builder.finish()
}

fn refusal(model: &Parameters, bytes: &[u8]) -> (String, String) {
    match model.load_bytes(bytes).unwrap_err() {
        Error::Parameter { name, problem } => (name, problem),
        other => panic!("{other}"),
    }
}

#[test]
fn values_do_not_depend_on_order_and_do_on_seed_and_name() {
    let forth = built(1, DType::F64, &[("a", &[5]), ("b", &[2, 3])]);
    let back = built(1, DType::F64, &[("b", &[2, 3]), ("a", &[5])]);
    assert_eq!(forth.names().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(back.names().collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(forth.count(), 11);
    for name in ["a", "b"] {
        assert_eq!(bits(forth.get(name).unwrap()), bits(back.get(name).unwrap()));
    }
    let other = built(2, DType::F64, &[("a", &[5]), ("c", &[5])]);
    let a = numbers(forth.get("a").unwrap());
    assert_ne!(a, numbers(other.get("a").unwrap()));
    assert_ne!(numbers(other.get("c").unwrap()), numbers(other.get("a").unwrap()));
}

#[test]
fn values_are_the_same_on_every_machine() {
    let mut builder = ParameterBuilder::new(1, DType::F64, &Device::Cpu);
    builder.add("normal", &[4], NORMAL).unwrap();
    builder.add("uniform", &[2], Initialiser::Uniform { bound: 0.5 }).unwrap();
    let parameters = builder.finish();
    assert_eq!(numbers(parameters.get("normal").unwrap()), GOLDEN_NORMAL);
    assert_eq!(numbers(parameters.get("uniform").unwrap()), GOLDEN_UNIFORM);
}

// From a separate implementation of ChaCha8, SHA-256 and the polar method.
const GOLDEN_NORMAL: [f64; 4] =
    [1.3487184746928502, 0.41181946891625354, -1.772797883425675, 0.3511147158815051];
const GOLDEN_UNIFORM: [f64; 2] = [0.4442987606852554, 0.014311608976409707];

#[test]
fn distributions_have_the_moments_they_should() {
    let count = 200_000;
    let mut builder = ParameterBuilder::new(1, DType::F64, &Device::Cpu);
    let normal = Initialiser::TruncatedNormal { mean: 1.0, standard_deviation: 0.1 };
    let normal = numbers(&builder.add("normal", &[count], normal).unwrap());
    let uniform =
        numbers(&builder.add("uniform", &[count], Initialiser::Uniform { bound: 2.0 }).unwrap());
    let moments = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / count as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count as f64;
        (mean, variance.sqrt())
    };
    // Four standard errors: deviation / sqrt(count) for the mean, and no more for the deviation.
    let (mean, deviation) = moments(&normal);
    assert!((mean - 1.0).abs() < 4.0 * 0.088 / (count as f64).sqrt(), "{mean}");
    assert!((deviation - 0.087_962_566).abs() < 4.0 * 0.088 / (count as f64).sqrt(), "{deviation}");
    assert!(normal.iter().all(|value| (value - 1.0).abs() <= 0.2));
    assert!(normal.iter().any(|value| (value - 1.0).abs() > 0.199));
    let (mean, deviation) = moments(&uniform);
    assert!(mean.abs() < 4.0 * 1.155 / (count as f64).sqrt(), "{mean}");
    assert!(
        (deviation - 2.0 / 3.0_f64.sqrt()).abs() < 4.0 * 1.155 / (count as f64).sqrt(),
        "{deviation}"
    );
    assert!(uniform.iter().all(|value| (-2.0..2.0).contains(value)));
}

#[test]
fn a_file_restores_every_bit_and_its_metadata() {
    for dtype in [DType::F32, DType::F64] {
        let shapes: [(&str, &[usize]); 3] = [("b", &[2, 3]), ("a", &[5]), ("scalar", &[])];
        let saved = built(1, dtype, &shapes);
        let metadata: BTreeMap<_, _> =
            (0..20).map(|i| (format!("key {i}"), format!("value {i}"))).collect();
        let bytes = saved.to_bytes(&metadata).unwrap();
        assert_eq!(bytes, saved.to_bytes(&metadata).unwrap());
        let loaded = built(2, dtype, &shapes);
        let layer = loaded.get("a").unwrap().clone();
        assert_eq!(loaded.load_bytes(&bytes).unwrap(), metadata);
        for ((name, found), (_, expected)) in loaded.iter().zip(saved.iter()) {
            assert_eq!(bits(found), bits(expected), "{name}");
        }
        assert_eq!(bits(&layer), bits(saved.get("a").unwrap()), "layers share the variables");
    }
}

#[test]
fn a_name_can_be_taken_once() {
    let mut builder = ParameterBuilder::new(1, DType::F32, &Device::Cpu);
    builder.add("a", &[1], NORMAL).unwrap();
    let error = builder.add("a", &[2], NORMAL).unwrap_err();
    assert!(matches!(&error, Error::Parameter { name, .. } if name == "a"), "{error}");
    assert_eq!(builder.finish().count(), 1);
    let mut halves = ParameterBuilder::new(1, DType::F16, &Device::Cpu);
    assert!(matches!(halves.add("a", &[1], NORMAL), Err(Error::Tensor(_))));
}

#[test]
fn layers_without_inputs_or_outputs_are_refused() {
    let mut builder = ParameterBuilder::new(1, DType::F32, &Device::Cpu);
    let options = ConvolutionOptions::default();
    let errors = [
        Convolution::new(&mut builder, "a", 0, 3, options).err(),
        Convolution::new(&mut builder, "b", 3, 0, options).err(),
        Linear::new(&mut builder, "c", 0, 3).err(),
        Linear::new(&mut builder, "d", 3, 0).err(),
        Gru::new(&mut builder, "e", 3, 0).err(),
        Lstm::new(&mut builder, "f", 3, 0).err(),
    ];
    for error in errors {
        assert!(
            matches!(&error, Some(Error::Parameter { problem, .. }) if problem.contains("empty")),
            "{error:?}"
        );
    }
}

#[test]
fn tensors_that_do_not_fit_are_named_and_nothing_is_changed() {
    let model = built(1, DType::F32, &[("a", &[2]), ("b", &[3])]);
    let before: Vec<_> = model.iter().map(|(_, variable)| bits(variable)).collect();
    let file = |dtype, shapes: &[(&str, &[usize])]| {
        built(5, dtype, shapes).to_bytes(&BTreeMap::new()).unwrap()
    };
    let cases = [
        (file(DType::F32, &[("a", &[2])]), "b", "missing"),
        (file(DType::F32, &[("a", &[2]), ("b", &[3]), ("c", &[1])]), "c", "not in the model"),
        (file(DType::F32, &[("a", &[2]), ("b", &[3, 1])]), "b", "found shape [3, 1], expected [3]"),
        (file(DType::F64, &[("a", &[2]), ("b", &[3])]), "a", "type F64, expected F32"),
    ];
    for (bytes, tensor, message) in cases {
        let (name, problem) = refusal(&model, &bytes);
        assert_eq!(name, tensor);
        assert!(problem.contains(message), "{problem}");
    }
    let after: Vec<_> = model.iter().map(|(_, variable)| bits(variable)).collect();
    assert_eq!(after, before);
}

#[test]
fn truncated_and_foreign_files_are_refused() {
    let model = built(1, DType::F32, &[("a", &[2]), ("b", &[3])]);
    let bytes = model.to_bytes(&BTreeMap::from([("step".into(), "12".into())])).unwrap();
    for length in 0..bytes.len() {
        let (name, problem) = refusal(&model, &bytes[..length]);
        assert_eq!((name.as_str(), problem.contains("safetensors")), ("file", true), "{problem}");
    }
    let foreign = safetensors::serialize(
        [(
            "a",
            safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![2], &[0; 8])
                .unwrap(),
        )],
        Some([("who".to_owned(), "somebody".to_owned())].into()),
    )
    .unwrap();
    let single = built(1, DType::F32, &[("a", &[2])]);
    assert_eq!(single.load_bytes(&foreign).unwrap()["who"], "somebody");
    assert_eq!(numbers(single.get("a").unwrap()), [0.0, 0.0]);
}

#[test]
fn setting_a_parameter_reaches_the_tensor_given_to_the_layer() {
    let mut builder = ParameterBuilder::new(1, DType::F32, &Device::Cpu);
    let tensor = builder.add("a", &[3], Initialiser::Constant(1.0)).unwrap();
    let parameters = builder.finish();
    assert_eq!(numbers(&tensor), [1.0; 3]);
    set(
        &parameters,
        "a",
        &Tensor::ones(3, DType::F64, &Device::Cpu).unwrap().affine(2.0, 0.0).unwrap(),
    );
    assert_eq!(numbers(&tensor), [2.0; 3]);
    assert!(tensor.is_variable());
}
