//! The kernels, emulated, against the layers on the CPU in double precision; and that tests find planted mistakes.

#![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

mod case;

use case::{BOTH, Case, DOUBLED, HALVED, Outcome, REPEATED, SAME, error, numbers, tolerance};
use nwm_cuda::{EmulatedArray, Emulation, Order, Queue};

use super::device_layer::DeviceLayer;
use super::device_stack::DeviceStack;
use super::modules::{CORRELATE, LEAKY_RELU_GRADIENT, WEIGHT_GRADIENT};
use super::tile::{Chunks, LONGEST_SPLIT_CHUNK, Precision, Tile};
use crate::nn::convolution::ConvolutionOptions;
use crate::nn::convolution::geometry::Correlation;
use crate::nn::convolution::operation::{Layer, Wanted};
use crate::nn::device::Numbers;
use crate::nn::device::emulated;

/// A queue of an emulation with mistakes; none where there is no compiler.
fn queue(defines: &[&str], checked: bool, order: Order) -> Option<Emulation> {
    let modules = [&CORRELATE, &WEIGHT_GRADIENT, &LEAKY_RELU_GRADIENT];
    emulated::queue("convolution", &modules, defines, checked, order)
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
fn short_chunks_are_more_exact_than_long_ones() {
    let Some(queue) = queue(&[], false, Order::Forward) else { return };
    // Numbers of one sign: every sum grows all the time, and is rounded towards zero all the time.
    let (side, batch) = (64, 4);
    let options = ConvolutionOptions::default();
    let correlation = Correlation::new([side; 2], 1, 1, &options);
    let layers = vec![Layer { correlation, slope: None }];
    let terms = batch * side * side;
    let [input, gradient] =
        [1, 2].map(|list| numbers(list, terms).into_iter().map(f32::abs).collect::<Vec<f32>>());
    let case = Case::with_numbers(layers, batch, [input, numbers(3, 10), gradient]);
    let layer = DeviceLayer {
        queue: &queue,
        correlation: &case.layers[0].correlation,
        batch,
        precision: Precision::Split,
        tile: None,
    };
    let error_of = |chunks| {
        let [input, gradient] =
            [&case.input, &case.gradient].map(|values| queue.upload(values).unwrap());
        let of_parameters = queue.array(10).unwrap();
        let read = (Numbers::of(&input), Numbers::of(&gradient));
        layer.parameter_gradient(read, chunks, &of_parameters, 0).unwrap();
        error(&queue.download(&of_parameters).unwrap(), &case.expected.of_parameters)
    };
    let long = Chunks::in_parts(terms, 1);
    let short = Chunks::in_parts(terms, terms / LONGEST_SPLIT_CHUNK);
    assert_eq!((long.length, short.length), (terms, LONGEST_SPLIT_CHUNK));
    let (of_long, of_short) = (error_of(long), error_of(short));
    let tolerance = tolerance(Precision::Split);
    assert!(of_short < tolerance && of_long > 4.0 * tolerance, "{of_short:e} {of_long:e}");
    assert!(error_of(layer.chunks()) <= of_short);
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
        for order in Order::ALL {
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
        Order::ALL.into_iter().zip([Precision::Rounded, Precision::Split].into_iter().cycle())
    {
        let Some(queue) = queue(&[], true, order) else { return };
        let tiles = if order == Order::Shuffled { Some(Tile::Large) } else { None };
        let found = case.run(&queue, precision, tiles, 0).unwrap();
        case.assert_close(&found, tolerance(precision));
    }
}

#[test]
fn what_is_not_finite_stays_so_and_reaches_its_neighbours_alone() {
    let Some(queue) = queue(&[], false, Order::Forward) else { return };
    let ([rows, columns], channels, filters) = ([5, 7], 3, 4);
    let mut case = Case::new(1, [rows, columns], &[channels, filters], &[SAME], None);
    let (row, column, channel) = (2, 3, 1);
    for precision in [Precision::Rounded, Precision::Split] {
        let finite = case.run(&queue, precision, None, 0).unwrap();
        let place = (row * columns + column) * channels + channel;
        // The processor's own NaN, to whose bits nothing can be added, and infinities.
        for bits in [0x7fff_ffff, 0xffff_ffff, 0x7f80_0000, 0xff80_0000] {
            let before = std::mem::replace(&mut case.input[place], f32::from_bits(bits));
            let found = case.run(&queue, precision, None, 0).unwrap();
            case.input[place] = before;
            for (index, &value) in found.results[0].iter().enumerate() {
                let pixel = index / filters;
                let is_near =
                    (pixel / columns).abs_diff(row) < 2 && (pixel % columns).abs_diff(column) < 2;
                let expected = finite.results[0][index];
                assert_eq!(
                    !value.is_finite(),
                    is_near,
                    "{precision:?}, {bits:x}, {index}: {value}"
                );
                assert!(is_near || value == expected, "{index}: {value}, expected {expected}");
            }
            // All taps of the channel meet it, and those of other channels do not.
            for (index, &value) in found.of_parameters.iter().enumerate() {
                let is_of_channel =
                    index < 9 * channels * filters && index / 9 % channels == channel;
                let expected = finite.of_parameters[index];
                assert_eq!(!value.is_finite(), is_of_channel, "{precision:?}, {bits:x}, {index}");
                assert!(
                    is_of_channel || value == expected,
                    "{index}: {value}, expected {expected}"
                );
            }
        }
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
    for order in Order::ALL {
        let Some(found) = message("PLANT_MISSING_BARRIER", order) else { return };
        assert!(found.contains("nobody has written") || found.contains("race"), "{found}");
    }
    let Some(found) = message("PLANT_SHARED_OFF_BY_ONE", Order::Forward) else { return };
    assert!(found.contains("of shared memory"), "{found}");
}
