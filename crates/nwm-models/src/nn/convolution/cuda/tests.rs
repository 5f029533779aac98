//! The kernels, emulated, against the layers on the CPU in double precision; and that tests find planted mistakes.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

use nwm_cuda::{EmulatedArray, Emulation, Order, Queue};

use super::device_layer::DeviceLayer;
use super::device_stack::DeviceStack;
use super::modules::{CORRELATE, LEAKY_RELU_GRADIENT, WEIGHT_GRADIENT};
use super::tile::{Precision, Tile};
use crate::nn::convolution::ConvolutionOptions;
use crate::nn::convolution::geometry::Correlation;
use crate::nn::convolution::operation::{FusedConvolutions, Layer, Wanted};
use crate::nn::device::emulated::{self, ORDERS};
use crate::nn::device::{DeviceError, Numbers};

const BOTH: Wanted = Wanted { input: true, parameters: true };

/// A queue of an emulation with mistakes; none where there is no compiler.
fn queue(defines: &[&str], checked: bool, order: Order) -> Option<Emulation> {
    let modules = [&CORRELATE, &WEIGHT_GRADIENT, &LEAKY_RELU_GRADIENT];
    emulated::queue("convolution", &modules, defines, checked, order)
}

/// A stack with its numbers, and what double precision makes of them.
struct Case {
    layers: Vec<Layer>,
    batch: usize,
    input: Vec<f32>,
    parameters: Vec<f32>,
    gradient: Vec<f32>,
    expected: Outcome<f64>,
}

/// Results of all layers, and gradients.
#[derive(Debug, Clone, PartialEq)]
struct Outcome<T> {
    results: Vec<Vec<T>>,
    of_input: Vec<T>,
    of_parameters: Vec<T>,
}

/// Numbers without a pattern in -1..1, of which each list has others.
fn numbers(list: u64, count: usize) -> Vec<f32> {
    let mut state = list.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(list | 1);
        (state >> 33) as f32 / (1_u64 << 30) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Stride, and whether pixels are repeated.
type Kind = (usize, bool);
const SAME: Kind = (1, false);
const HALVED: Kind = (2, false);
const DOUBLED: Kind = (1, true);
const REPEATED: Kind = (2, true);

impl Case {
    /// Layers that read one another, with the channels before, between and after them.
    fn new(
        batch: usize,
        source: [usize; 2],
        channels: &[usize],
        kinds: &[Kind],
        leaky: Option<f64>,
    ) -> Self {
        let mut side = source;
        let layers =
            kinds.iter().zip(channels.windows(2)).map(|(&(stride, upsample), channels)| {
                let options = ConvolutionOptions { stride, upsample, leaky };
                let correlation = Correlation::new(side, channels[0], channels[1], &options);
                side = correlation.output();
                Layer { correlation, slope: leaky }
            });
        let layers: Vec<Layer> = layers.collect();
        let input = numbers(1, batch * source[0] * source[1] * channels[0]);
        // About as large as they are at the beginning of a training.
        let mut parameters = Vec::new();
        for (index, layer) in layers.iter().enumerate() {
            let scale = (9.0 * layer.correlation.channels() as f32).sqrt();
            let count = layer.parameters().iter().sum();
            parameters
                .extend(numbers(4 + index as u64, count).iter().map(|value| 2.0 * value / scale));
        }
        let last = layers.last().unwrap().correlation.output_size();
        let gradient = numbers(2, batch * last);

        let operation = FusedConvolutions::new(layers.clone(), true);
        let [x, p, g] = [&input, &parameters, &gradient]
            .map(|list| list.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>());
        let results = operation.forward(&x, &p);
        let slices: Vec<&[f64]> = results.iter().map(Vec::as_slice).collect();
        let (of_input, of_parameters) = operation.backward((&x, &p), &slices, &g, BOTH);
        let expected = Outcome { results, of_input, of_parameters };
        Self { layers, batch, input, parameters, gradient, expected }
    }

    /// On a device. The backward pass is given the expected results, so that signs at the kink of the activation agree.
    /// Arrays begin with `offset` numbers that are none.
    fn run(
        &self,
        queue: &Emulation,
        precision: Precision,
        tile: Option<Tile>,
        offset: usize,
    ) -> Result<Outcome<f32>, DeviceError> {
        let upload = |values: &[f32]| queue.upload(&[&vec![f32::NAN; offset], values].concat());
        let on_device = |array| Numbers { array, offset };
        let stack = DeviceStack { queue, layers: &self.layers, batch: self.batch, precision, tile };
        let input = upload(&self.input)?;
        let parameters = upload(&self.parameters)?;
        let gradient = upload(&self.gradient)?;
        let (input, parameters) = (on_device(&input), on_device(&parameters));
        let results = stack.forward(input, parameters, true)?;
        let signs: Vec<EmulatedArray> = self
            .expected
            .results
            .iter()
            .map(|result| upload(&result.iter().map(|&value| value as f32).collect::<Vec<_>>()))
            .collect::<Result<_, _>>()?;
        let signs: Vec<_> = signs.iter().map(on_device).collect();
        let gradients = stack.backward((input, parameters), &signs, on_device(&gradient), BOTH)?;
        let download = |array: &EmulatedArray| queue.download(array);
        Ok(Outcome {
            results: results.iter().map(download).collect::<Result<_, _>>()?,
            of_input: download(&gradients.input.unwrap())?,
            of_parameters: download(&gradients.parameters.unwrap())?,
        })
    }

    fn assert_close(&self, found: &Outcome<f32>, tolerance: f64) {
        let expected = &self.expected;
        for (index, (found, expected)) in found.results.iter().zip(&expected.results).enumerate() {
            assert!(error(found, expected) < tolerance, "result of layer {index}");
        }
        let of_input = error(&found.of_input, &expected.of_input);
        assert!(of_input < tolerance, "gradient of the input: {of_input}");
        let of_parameters = error(&found.of_parameters, &expected.of_parameters);
        assert!(of_parameters < tolerance, "gradient of the parameters: {of_parameters}");
    }
}

/// The largest difference as a part of the largest number; infinite if one is not a number.
fn error(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let differences =
        found.iter().zip(expected).map(|(&found, expected)| (f64::from(found) - expected).abs());
    let worst = differences
        .fold(0.0_f64, |worst, next| if next.is_nan() { f64::INFINITY } else { worst.max(next) });
    worst / largest
}

/// The largest errors that are allowed, as parts of the largest number.
fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::Rounded => 2e-3,
        Precision::Split => 1e-5,
    }
}

/// Odd and even sides, every kind of layer, channels that fill no tile or several.
fn cases() -> Vec<Case> {
    let leaky = Some(0.2);
    vec![
        // An encoder and a decoder in small.
        Case::new(3, [9, 7], &[3, 16, 16, 5], &[HALVED, SAME, SAME], leaky),
        Case::new(2, [3, 2], &[5, 16, 3], &[DOUBLED, SAME], leaky),
        Case::new(5, [8, 6], &[16, 33], &[HALVED], None),
        Case::new(1, [5, 6], &[33, 1], &[SAME], leaky),
        Case::new(3, [3, 5], &[1, 5, 1], &[DOUBLED, HALVED], Some(0.0)),
        // Strides over repeated pixels.
        Case::new(2, [3, 4], &[3, 5], &[REPEATED], leaky),
        Case::new(7, [1, 1], &[1, 1, 3], &[SAME, DOUBLED], None),
        // More channels than a tile has columns.
        Case::new(1, [3, 3], &[8, 70], &[SAME], leaky),
    ]
}

#[test]
fn layers_agree_with_double_precision() {
    let Some(queue) = queue(&[], false, Order::Forward) else { return };
    for case in cases() {
        for precision in [Precision::Rounded, Precision::Split] {
            let found = case.run(&queue, precision, None, 0).unwrap();
            case.assert_close(&found, tolerance(precision));
        }
    }
}

#[test]
fn every_tile_gives_the_same_sums() {
    let Some(queue) = queue(&[], false, Order::Forward) else { return };
    // More targets than two tiles have.
    let case = Case::new(2, [10, 9], &[6, 20, 9], &[SAME, DOUBLED], Some(0.1));
    for precision in [Precision::Rounded, Precision::Split] {
        for tile in [Tile::Large, Tile::Narrow, Tile::Small] {
            let found = case.run(&queue, precision, Some(tile), 0).unwrap();
            case.assert_close(&found, tolerance(precision));
        }
    }
}

#[test]
fn arrays_may_begin_anywhere() {
    let Some(queue) = queue(&[], false, Order::Forward) else { return };
    let case = Case::new(2, [5, 5], &[4, 8, 4], &[HALVED, SAME], Some(0.2));
    let aligned = case.run(&queue, Precision::Split, None, 4).unwrap();
    case.assert_close(&aligned, tolerance(Precision::Split));
    for offset in [1, 2] {
        let found = case.run(&queue, Precision::Split, None, offset).unwrap();
        assert_eq!(found, aligned, "offset {offset}");
    }
}

#[test]
fn results_are_the_same_bits_again_and_in_every_order() {
    let case = Case::new(3, [5, 4], &[5, 17, 3], &[HALVED, DOUBLED], Some(0.2));
    for precision in [Precision::Rounded, Precision::Split] {
        let mut first: Option<Outcome<f32>> = None;
        for order in ORDERS {
            let Some(queue) = queue(&[], false, order) else { return };
            for _ in 0..2 {
                let found = case.run(&queue, precision, None, 0).unwrap();
                assert_eq!(first.get_or_insert_with(|| found.clone()), &found, "{order:?}");
            }
        }
    }
}

#[test]
fn no_access_is_out_of_bounds_unordered_or_before_a_write() {
    let case = Case::new(1, [5, 4], &[5, 17, 3], &[HALVED, DOUBLED], Some(0.2));
    for (order, precision) in
        ORDERS.into_iter().zip([Precision::Rounded, Precision::Split].into_iter().cycle())
    {
        let Some(queue) = queue(&[], true, order) else { return };
        let tiles = if order == Order::Shuffled { Some(Tile::Large) } else { None };
        let found = case.run(&queue, precision, tiles, 0).unwrap();
        case.assert_close(&found, tolerance(precision));
    }
}

#[test]
fn what_nobody_wants_is_not_computed() {
    let Some(queue) = queue(&[], false, Order::Forward) else { return };
    let case = Case::new(2, [4, 4], &[3, 4, 2], &[SAME, SAME], None);
    let precision = Precision::Split;
    let stack = DeviceStack {
        queue: &queue,
        layers: &case.layers,
        batch: case.batch,
        precision,
        tile: None,
    };
    let [input, parameters, gradient] =
        [&case.input, &case.parameters, &case.gradient].map(|values| queue.upload(values).unwrap());
    let read = (Numbers::of(&input), Numbers::of(&parameters));
    let results = stack.forward(read.0, read.1, true).unwrap();
    let last = stack.forward(read.0, read.1, false).unwrap();
    let download = |array: &EmulatedArray| queue.download(array).unwrap();
    assert_eq!(
        last.iter().map(download).collect::<Vec<_>>(),
        results[1..].iter().map(download).collect::<Vec<_>>()
    );
    let results: Vec<_> = results.iter().map(Numbers::of).collect();
    let gradients = |wanted| {
        let gradients = stack.backward(read, &results, Numbers::of(&gradient), wanted).unwrap();
        (gradients.input.as_ref().map(download), gradients.parameters.as_ref().map(download))
    };
    let all = gradients(BOTH);
    assert!(all.0.is_some() && all.1.is_some());
    assert_eq!(gradients(Wanted { input: false, ..BOTH }), (None, all.1.clone()));
    assert_eq!(gradients(Wanted { parameters: false, ..BOTH }), (all.0, None));
}

#[test]
fn arrays_that_do_not_fit_are_refused_before_a_launch() {
    let Some(queue) = queue(&[], false, Order::Forward) else { return };
    let mut case = Case::new(2, [4, 4], &[3, 4], &[SAME], None);
    case.input.pop();
    let message = case.run(&queue, Precision::Split, None, 2).unwrap_err().to_string();
    assert!(message.contains("the input of a stack ends at 98 of an array of 97"), "{message}");
    case.input.push(0.0);
    case.parameters.pop();
    let message = case.run(&queue, Precision::Split, None, 0).unwrap_err().to_string();
    assert!(message.contains("parameters of a stack ends at 112 of an array of 111"), "{message}");
    case.parameters.push(0.0);
    case.expected.results.clear();
    let message = case.run(&queue, Precision::Split, None, 0).unwrap_err().to_string();
    assert!(message.contains("results of 0 layers, expected 1"), "{message}");
    let layer = DeviceLayer {
        queue: &queue,
        correlation: &case.layers[0].correlation,
        batch: 1 << 26,
        precision: Precision::Split,
        tile: None,
    };
    let message = layer.check().unwrap_err().to_string();
    assert!(message.contains("the input of a layer has 3221225472 numbers"), "{message}");
}

#[test]
fn wrong_sums_are_found() {
    let plants = ["PLANT_WRONG_PADDING", "PLANT_MISSING_CHUNK"];
    let Some(queue) = queue(&plants, false, Order::Forward) else { return };
    let case = Case::new(2, [6, 6], &[4, 4], &[SAME], None);
    let found = case.run(&queue, Precision::Rounded, None, 0).unwrap();
    let expected = &case.expected;
    // The row below the last one belongs to the next picture.
    assert!(error(&found.results[0], &expected.results[0]) > 0.1);
    assert!(error(&found.of_input, &expected.of_input) > 0.1);
    assert!(error(&found.of_parameters, &expected.of_parameters) > 0.1);
}

#[test]
fn wrong_accesses_of_shared_memory_are_found() {
    let case = Case::new(1, [4, 4], &[4, 4], &[SAME], None);
    let message = |plant, order| {
        let queue = queue(&[plant], true, order)?;
        Some(case.run(&queue, Precision::Rounded, None, 0).unwrap_err().to_string())
    };
    for order in ORDERS {
        let Some(found) = message("PLANT_MISSING_BARRIER", order) else { return };
        assert!(found.contains("nobody has written") || found.contains("race"), "{found}");
    }
    let Some(found) = message("PLANT_SHARED_OFF_BY_ONE", Order::Forward) else { return };
    assert!(found.contains("of shared memory"), "{found}");
}
