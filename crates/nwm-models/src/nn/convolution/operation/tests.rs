//! The operation in both precisions, and layer by layer.

use super::*;
use crate::nn::convolution::ConvolutionOptions;

/// Numbers without a pattern in -1..1, of which each list has others.
fn numbers(list: u64, count: usize) -> Vec<f64> {
    let mut state = list.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(list | 1);
        (state >> 33) as f64 / (1_u64 << 30) as f64 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// Layers that read one another: (channels of each, stride or 0 for repeated pixels).
fn stack(source: [usize; 2], channels: &[usize], strides: &[usize]) -> FusedConvolutions {
    let mut source = source;
    let layers = strides.iter().zip(channels.windows(2)).map(|(&stride, channels)| {
        let upsample = stride == 0;
        let options = ConvolutionOptions { stride: stride.max(1), upsample, leaky: Some(0.2) };
        let correlation = Correlation::new(source, channels[0], channels[1], &options);
        source = correlation.output();
        Layer { correlation, slope: options.leaky }
    });
    FusedConvolutions::new(layers.collect(), true)
}

fn case(source: [usize; 2], channels: &[usize], strides: &[usize]) {
    const BATCH: usize = 3;
    let mut operation = stack(source, channels, strides);
    let input = numbers(1, BATCH * source[0] * source[1] * channels[0]);
    let count = operation.layers.iter().flat_map(Layer::parameters).sum();
    let parameters: Vec<f64> = numbers(2, count).iter().map(|value| value / 4.0).collect();
    let wanted = Wanted { input: true, parameters: true };

    let results = operation.forward(&input, &parameters);
    let gradient = numbers(3, results[results.len() - 1].len());
    let all: Vec<&[f64]> = results.iter().map(Vec::as_slice).collect();
    let expected = operation.backward((&input, &parameters), &all, &gradient, wanted);

    let [input, parameters, gradient] = [&input, &parameters, &gradient].map(|v| single(v));
    for simd in Simd::available() {
        operation.simd = simd;
        let found = operation.forward(&input, &parameters);
        // Signs at the kink of the activation are taken from one side, so that they agree.
        let rounded: Vec<Vec<f32>> = results.iter().map(|result| single(result)).collect();
        let all: Vec<&[f32]> = rounded.iter().map(Vec::as_slice).collect();
        let gradients = operation.backward((&input, &parameters), &all, &gradient, wanted);
        let name = format!("{} {channels:?} {strides:?}", simd.instruction_set());
        for (found, expected) in found.iter().zip(&results) {
            assert_close(found, expected, &format!("{name} result"));
        }
        assert_close(&gradients.0, &expected.0, &format!("{name} gradient of the input"));
        assert_close(&gradients.1, &expected.1, &format!("{name} gradient of parameters"));
    }
}

/// Equal up to the rounding of single precision, measured against the largest number.
fn assert_close(found: &[f32], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    for (index, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        let difference = (f64::from(found) - expected).abs();
        assert!(difference <= 1e-5 * largest, "{what} {index}: {found} {expected}");
    }
}

#[test]
fn every_instruction_set_agrees_with_double_precision() {
    // As an encoder and as a decoder are built, and with sizes that fill no vector.
    case([16, 16], &[3, 16, 16, 24], &[2, 1, 1]);
    case([4, 4], &[10, 16, 16, 3], &[0, 1, 1]);
    case([5, 7], &[2, 5, 9, 11], &[1, 2, 0]);
    case([8, 8], &[1, 33, 40], &[1, 0]);
    case([6, 5], &[17, 1], &[2]);
}

#[test]
fn a_stack_is_its_layers_one_by_one() {
    const BATCH: usize = 2;
    let (source, channels, strides) = ([6, 6], [2, 9, 8, 3], [2, 1, 0]);
    let operation = stack(source, &channels, &strides);
    let input = numbers(4, BATCH * 72);
    let count = operation.layers.iter().flat_map(Layer::parameters).sum();
    let parameters = numbers(5, count);
    let results = operation.forward(&input, &parameters);
    let (mut read, mut rest) = (input, &parameters[..]);
    for (layer, result) in operation.layers.iter().zip(&results) {
        let (parameters, later) = rest.split_at(layer.parameters().iter().sum());
        rest = later;
        let single = FusedConvolutions::new(vec![layer.clone()], false);
        assert_eq!(&single.forward(&read, parameters)[0], result);
        read.clone_from(result);
    }
}
