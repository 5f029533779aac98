//! Layers against published numbers (docs/theory.md, section 3), and against themselves where two ways must agree.
#![allow(clippy::unwrap_used, clippy::panic)]

mod nn_support;

use candle_core::{DType, Device, Tensor};
use nn_support::{bits, builder, distance, noise, numbers, randomise, set};
use nwm_models::Error;
use nwm_models::nn::{
    Gru, Linear, Lstm, LstmState, ParameterBuilder, Vanilla, leaky_relu, sigmoid, swish,
};

/// `scale (width row + column + shift)`.
fn ramp(rows: u32, width: u32, scale: f64, shift: f64) -> Tensor {
    let values: Vec<f64> = (0..rows * width).map(|i| scale * (f64::from(i) + shift)).collect();
    Tensor::from_vec(values, (rows as usize, width as usize), &Device::Cpu).unwrap()
}

fn tensor(values: &[f64], shape: &[usize]) -> Tensor {
    Tensor::from_slice(values, shape, &Device::Cpu).unwrap()
}

fn assert_close(found: &Tensor, expected: &[f64]) {
    let found = numbers(found);
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        // The golden numbers have eight decimals.
        assert!((found - expected).abs() < 5.1e-9, "found {found}, expected {expected}");
    }
}

#[test]
fn gru_step() {
    let mut builder = builder();
    let layer = Gru::new(&mut builder, "gru", 2, 2).unwrap();
    let parameters = builder.finish();
    set(&parameters, "gru.w_i", &ramp(2, 6, 0.1, -5.0));
    set(&parameters, "gru.w_h", &ramp(2, 6, 0.05, -6.0));
    set(&parameters, "gru.b", &ramp(1, 6, 0.01, 0.0).flatten_all().unwrap());
    let (x, h) = (tensor(&[0.3, -0.2], &[1, 1, 2]), tensor(&[0.5, -0.4], &[1, 2]));
    let states = layer.forward(&x, Some(&h)).unwrap();
    assert_eq!(states.dims(), [1, 1, 2]);
    assert_close(&states, &[0.228_359_22, -0.282_245_07]);
}

#[test]
fn lstm_step() {
    let mut builder = builder();
    let layer = Lstm::new(&mut builder, "lstm", 2, 1).unwrap();
    let parameters = builder.finish();
    set(&parameters, "lstm.weight", &ramp(3, 4, 0.1, -5.0));
    set(&parameters, "lstm.bias", &ramp(1, 4, 0.01, 0.0).flatten_all().unwrap());
    let x = tensor(&[0.3, -0.2], &[1, 1, 2]);
    let state = LstmState { h: tensor(&[0.5], &[1, 1]), c: tensor(&[-0.4], &[1, 1]) };
    let (outputs, last) = layer.forward(&x, Some(&state)).unwrap();
    assert_close(&outputs, &[-0.141_291_41]);
    assert_close(&last.h, &[-0.141_291_41]);
    assert_close(&last.c, &[-0.259_205_42]);
}

#[test]
fn activations_at_single_points() {
    let at = |x: f64| tensor(&[x], &[1]);
    assert_close(&leaky_relu(&at(-1.0), 0.01).unwrap(), &[-0.01]);
    assert_close(&leaky_relu(&at(2.0), 0.01).unwrap(), &[2.0]);
    assert_close(&swish(&at(1.0)).unwrap(), &[0.731_058_58]);
    assert_close(&sigmoid(&at(1.0)).unwrap(), &[0.731_058_58]);
    // Far out nothing overflows.
    let far = Tensor::new(&[-1e4_f32, 1e4], &Device::Cpu).unwrap();
    assert_eq!(numbers(&sigmoid(&far).unwrap()), [0.0, 1.0]);
}

#[test]
fn a_sequence_cut_in_two_ends_where_the_whole_one_does() {
    let mut builder = builder();
    let gru = Gru::new(&mut builder, "gru", 3, 5).unwrap();
    let lstm = Lstm::new(&mut builder, "lstm", 3, 5).unwrap();
    randomise(&builder.finish(), 1);
    let x = noise(&[7, 10, 3], 2);
    let (head, tail) = (x.narrow(0, 0, 4).unwrap(), x.narrow(0, 4, 3).unwrap());

    let whole = gru.forward(&x, None).unwrap();
    let middle = gru.last_state(&head, None).unwrap();
    let end = gru.forward(&tail, Some(&middle)).unwrap();
    assert!(distance(&numbers(&end), &numbers(&whole.narrow(0, 4, 3).unwrap())) < 1e-15);

    let (whole, last) = lstm.forward(&x, None).unwrap();
    let (_, middle) = lstm.forward(&head, None).unwrap();
    let (end, end_state) = lstm.forward(&tail, Some(&middle)).unwrap();
    assert!(distance(&numbers(&end), &numbers(&whole.narrow(0, 4, 3).unwrap())) < 1e-15);
    assert!(distance(&numbers(&end_state.c), &numbers(&last.c)) < 1e-15);
}

#[test]
fn samples_of_a_batch_do_not_talk_to_each_other() {
    let mut builder = builder();
    let lstm = Lstm::new(&mut builder, "lstm", 2, 6).unwrap();
    let gru = Gru::new(&mut builder, "gru", 2, 6).unwrap();
    randomise(&builder.finish(), 1);
    let x = noise(&[4, 37, 2], 2);
    let changed = Tensor::cat(&[x.narrow(1, 0, 36).unwrap(), noise(&[4, 1, 2], 3)], 1).unwrap();
    let first = |states: Tensor| bits(&states.narrow(1, 0, 36).unwrap());
    assert_eq!(
        first(lstm.forward(&x, None).unwrap().0),
        first(lstm.forward(&changed, None).unwrap().0)
    );
    assert_eq!(first(gru.forward(&x, None).unwrap()), first(gru.forward(&changed, None).unwrap()));
}

#[test]
fn single_precision_follows_double() {
    let of = |dtype: DType| {
        let mut builder = ParameterBuilder::new(7, dtype, &Device::Cpu);
        let linear = Linear::new(&mut builder, "linear", 9, 6).unwrap();
        let lstm = Lstm::new(&mut builder, "lstm", 6, 20).unwrap();
        let gru = Gru::new(&mut builder, "gru", 20, 11).unwrap();
        let x = noise(&[12, 5, 9], 2).to_dtype(dtype).unwrap();
        let x = swish(&linear.forward(&x).unwrap()).unwrap();
        let (x, _) = lstm.forward(&x, None).unwrap();
        numbers(&gru.forward(&x, None).unwrap())
    };
    // Twelve steps of three layers, each adding a few units in the last place of f32 (6e-8).
    let distance = distance(&of(DType::F32), &of(DType::F64));
    assert!(distance > 0.0 && distance < 2e-6, "{distance:e}");
}

#[test]
fn wrong_sequences_are_errors() {
    let mut builder = builder();
    let lstm = Lstm::new(&mut builder, "lstm", 2, 3).unwrap();
    let gru = Gru::new(&mut builder, "gru", 2, 3).unwrap();
    let linear = Linear::new(&mut builder, "linear", 2, 3).unwrap();
    for shape in [&[4, 5, 1][..], &[0, 5, 2], &[4, 0, 2], &[5, 2]] {
        let x = noise(shape, 1);
        let errors = [lstm.forward(&x, None).err(), gru.forward(&x, None).err()];
        for error in errors {
            assert!(matches!(error, Some(Error::Shape { .. })), "{shape:?}: {error:?}");
        }
    }
    let (x, state) = (noise(&[4, 5, 2], 1), noise(&[4, 3], 1));
    assert!(matches!(gru.forward(&x, Some(&state)), Err(Error::Shape { .. })));
    assert!(matches!(linear.forward(&state), Err(Error::Shape { .. })));
    // The layers hold F64.
    let singles = x.to_dtype(DType::F32).unwrap();
    assert!(matches!(lstm.forward(&singles, None), Err(Error::Tensor(_))));
    assert!(matches!(gru.forward(&singles, None), Err(Error::Tensor(_))));
    let halves = x.to_dtype(DType::F16).unwrap();
    let message = linear.forward(&halves).unwrap_err().to_string();
    assert!(message.contains("affine-map"), "{message}");
}

#[test]
fn a_vanilla_layer_adds_both_biases_and_rectifies() {
    let mut builder = builder();
    let layer = Vanilla::new(&mut builder, "layer", 1, 2).unwrap();
    let parameters = builder.finish();
    let vector = |values: &[f64]| Tensor::new(values, &Device::Cpu).unwrap();
    set(&parameters, "layer.w_i", &vector(&[2.0, -3.0]).reshape((1, 2)).unwrap());
    set(&parameters, "layer.w_h", &vector(&[0.5, 1.0, -1.0, 0.25]).reshape((2, 2)).unwrap());
    set(&parameters, "layer.b_i", &vector(&[0.25, 0.5]));
    set(&parameters, "layer.b_h", &vector(&[0.125, 1.0]));
    let x = vector(&[1.0, 0.5]).reshape((2, 1, 1)).unwrap();
    let initial = vector(&[1.0, 2.0]).reshape((1, 2)).unwrap();
    let states = layer.forward(&x, Some(&initial)).unwrap();
    // Step 1: 2 + 0.375 + 0.5 - 2, and -3 + 1.5 + 1 + 0.5; step 2: 1 + 0.375 + 0.4375, and -1.5 + 1.5 + 0.875.
    assert_eq!(numbers(&states), [0.875, 0.0, 1.8125, 0.875]);
}
