//! The fused convolution against golden numbers and against the plain sum over taps.
#![allow(clippy::unwrap_used, clippy::panic)]

mod nn_support;

use candle_core::{DType, Device, Tensor, Var};
use nn_support::{builder, distance, noise, numbers, randomise, set};
use nwm_models::Error;
use nwm_models::nn::{Convolution, ConvolutionOptions, ParameterBuilder, Parameters};
use proptest::prelude::*;

/// A case for the comparison with the plain sum.
#[derive(Clone, Debug)]
struct Case {
    batch: usize,
    rows: usize,
    columns: usize,
    inputs: usize,
    outputs: usize,
    options: ConvolutionOptions,
}

fn cases() -> impl Strategy<Value = Case> {
    // From eight channels and filters on, layers of stride 1 without repeated pixels are computed as tiles.
    let inputs = prop_oneof![1_usize..6, 8_usize..20];
    let sizes = (1_usize..40, 1_usize..10, 1_usize..10, inputs, 1_usize..20);
    let leaky = prop_oneof![Just(None), Just(Some(0.0)), Just(Some(0.01)), Just(Some(0.3))];
    (sizes, 1_usize..3, any::<bool>(), leaky).prop_map(|(sizes, stride, upsample, leaky)| {
        let (batch, rows, columns, inputs, outputs) = sizes;
        let options = ConvolutionOptions { stride, upsample, leaky };
        Case { batch, rows, columns, inputs, outputs, options }
    })
}

fn layer(case: &Case, dtype: DType) -> (Convolution, Parameters) {
    let mut builder = ParameterBuilder::new(3, dtype, &Device::Cpu);
    let layer =
        Convolution::new(&mut builder, "layer", case.inputs, case.outputs, case.options).unwrap();
    let parameters = builder.finish();
    randomise(&parameters, 5);
    (layer, parameters)
}

/// The definition: every output pixel as a sum over taps and channels, in `f64`.
fn plain_sum(case: &Case, input: &[f64], weight: &[f64], bias: &[f64]) -> Vec<f64> {
    let factor = if case.options.upsample { 2 } else { 1 };
    let stride = case.options.stride;
    let (height, width) = (case.rows * factor, case.columns * factor);
    // SAME: the total padding is what the last window lacks, the smaller half of it before.
    let before = |side: usize| ((side.div_ceil(stride) - 1) * stride + 3 - side) / 2;
    let pixel = |sample: usize, row: usize, column: usize, channel: usize| {
        let (row, column) = (row.checked_sub(before(height)), column.checked_sub(before(width)));
        match (row, column) {
            (Some(row), Some(column)) if row < height && column < width => {
                let line = sample * case.rows + row / factor;
                input[(line * case.columns + column / factor) * case.inputs + channel]
            }
            _ => 0.0,
        }
    };
    let mut result = Vec::new();
    for sample in 0..case.batch {
        for row in 0..height.div_ceil(stride) {
            for column in 0..width.div_ceil(stride) {
                for output in 0..case.outputs {
                    let mut sum = bias[output];
                    for channel in 0..case.inputs {
                        for tap in 0..9 {
                            let (y, x) = (stride * row + tap / 3, stride * column + tap % 3);
                            sum += weight[(output * case.inputs + channel) * 9 + tap]
                                * pixel(sample, y, x, channel);
                        }
                    }
                    result.push(if sum > 0.0 {
                        sum
                    } else {
                        sum * case.options.leaky.unwrap_or(1.0)
                    });
                }
            }
        }
    }
    result
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn equals_the_plain_sum(case in cases()) {
        let input = noise(&[case.batch, case.rows, case.columns, case.inputs], 1);
        let (double, parameters) = layer(&case, DType::F64);
        let (single, _) = layer(&case, DType::F32);
        let of = |name: &str| numbers(parameters.get(name).unwrap());
        let expected = plain_sum(&case, &numbers(&input), &of("layer.weight"), &of("layer.bias"));
        let found = double.forward(&input).unwrap();
        let factor = if case.options.upsample { 2 } else { 1 };
        let side = |side: usize| (side * factor).div_ceil(case.options.stride);
        prop_assert_eq!(found.dims(), &[case.batch, side(case.rows), side(case.columns), case.outputs]);
        // Sums of the same products in another order, or, for tiles, of combinations of them that lose about
        // a decimal place.
        prop_assert!(distance(&numbers(&found), &expected) < 1e-14);
        let found = single.forward(&input.to_dtype(DType::F32).unwrap()).unwrap();
        prop_assert!(distance(&numbers(&found), &expected) < 3e-6);
    }
}

#[test]
fn a_picture_of_paper_size_equals_the_plain_sum() {
    for (stride, upsample) in [(1, false), (2, false), (1, true)] {
        let options = ConvolutionOptions { stride, upsample, leaky: Some(0.01) };
        let case = Case { batch: 3, rows: 32, columns: 16, inputs: 33, outputs: 37, options };
        let input = noise(&[3, 32, 16, 33], 1);
        let (layer, parameters) = layer(&case, DType::F64);
        let of = |name: &str| numbers(parameters.get(name).unwrap());
        let expected = plain_sum(&case, &numbers(&input), &of("layer.weight"), &of("layer.bias"));
        assert!(distance(&numbers(&layer.forward(&input).unwrap()), &expected) < 1e-14);
    }
}

/// Result and gradients of a layer of paper size in single precision against the same in double precision.
#[test]
fn single_precision_loses_little_in_tiles() {
    for upsample in [false, true] {
        let options = ConvolutionOptions { upsample, leaky: Some(0.01), ..Default::default() };
        let case = Case { batch: 4, rows: 16, columns: 16, inputs: 64, outputs: 64, options };
        let compute = |dtype: DType| {
            let (layer, parameters) = layer(&case, dtype);
            let input = noise(&[4, 16, 16, 64], 1).to_dtype(dtype).unwrap();
            let input = Var::from_tensor(&input).unwrap();
            let result = layer.forward(&input).unwrap();
            let weights = noise(result.dims(), 2).to_dtype(dtype).unwrap();
            let gradients = (&result * weights).unwrap().sum_all().unwrap().backward().unwrap();
            let of_parameters =
                parameters.iter().map(|(_, variable)| numbers(gradients.get(variable).unwrap()));
            let mut found = vec![numbers(&result), numbers(gradients.get(&input).unwrap())];
            found.extend(of_parameters);
            found
        };
        for (single, double) in compute(DType::F32).iter().zip(&compute(DType::F64)) {
            let error = distance(single, double);
            assert!(error < 2e-6, "upsample {upsample}: {error:e}");
        }
    }
}

#[test]
fn same_padding_with_stride_2_pads_after_an_even_side() {
    let mut builder = builder();
    let options = ConvolutionOptions { stride: 2, ..Default::default() };
    let layer = Convolution::new(&mut builder, "layer", 1, 1, options).unwrap();
    let counting = |from: u32, count: u32| {
        let values: Vec<f64> = (from..from + count).map(f64::from).collect();
        Tensor::new(values, &Device::Cpu).unwrap()
    };
    set(&builder.finish(), "layer.weight", &counting(1, 9).reshape((1, 1, 3, 3)).unwrap());
    let result = layer.forward(&counting(0, 16).reshape((1, 4, 4, 1)).unwrap()).unwrap();
    // docs/theory.md, section 3.
    assert_eq!(numbers(&result), [303.0, 225.0, 253.0, 163.0]);
}

#[test]
fn a_transposed_input_is_read_in_its_own_order() {
    let case = Case {
        batch: 2,
        rows: 4,
        columns: 5,
        inputs: 3,
        outputs: 2,
        options: ConvolutionOptions::default(),
    };
    let (layer, _) = layer(&case, DType::F64);
    let channels_first = noise(&[2, 3, 4, 5], 1);
    let view = channels_first.permute((0, 2, 3, 1)).unwrap();
    let copy = view.force_contiguous().unwrap();
    let (from_view, from_copy) = (layer.forward(&view).unwrap(), layer.forward(&copy).unwrap());
    assert_eq!(numbers(&from_view), numbers(&from_copy));
}

#[test]
fn wrong_inputs_and_options_are_errors() {
    let mut builder = builder();
    let layer =
        Convolution::new(&mut builder, "layer", 3, 2, ConvolutionOptions::default()).unwrap();
    for shape in [&[1, 4, 4, 2][..], &[4, 4, 3], &[0, 4, 4, 3]] {
        let error = layer.forward(&noise(shape, 1)).unwrap_err();
        assert!(matches!(&error, Error::Shape { found, .. } if found == shape), "{error}");
    }
    let halves = noise(&[1, 4, 4, 3], 1).to_dtype(DType::F16).unwrap();
    let message = layer.forward(&halves).unwrap_err().to_string();
    assert!(message.contains("fused-convolution"), "{message}");
    let stride = ConvolutionOptions { stride: 3, ..Default::default() };
    let leaky = ConvolutionOptions { leaky: Some(-0.1), ..Default::default() };
    for (options, key) in [(stride, "other.stride"), (leaky, "other.leaky")] {
        let error = Convolution::new(&mut builder, "other", 3, 2, options).unwrap_err();
        assert!(matches!(&error, Error::Key { key: found, .. } if found == key), "{error}");
    }
}
