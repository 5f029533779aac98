//! Stacks with numbers, and how far a device is from double precision.

use nwm_cuda::{EmulatedArray, Emulation, Queue};

use super::super::device_stack::DeviceStack;
use super::super::tile::{Precision, Tile};
use crate::nn::convolution::ConvolutionOptions;
use crate::nn::convolution::geometry::Correlation;
use crate::nn::convolution::operation::{FusedConvolutions, Layer, Wanted};
use crate::nn::device::{DeviceError, Numbers};

pub(super) const BOTH: Wanted = Wanted { input: true, parameters: true };

/// A stack with its numbers, and what double precision makes of them.
pub(super) struct Case {
    pub(super) layers: Vec<Layer>,
    pub(super) batch: usize,
    pub(super) input: Vec<f32>,
    pub(super) parameters: Vec<f32>,
    pub(super) gradient: Vec<f32>,
    pub(super) expected: Outcome<f64>,
}

/// Results of all layers, and gradients.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Outcome<T> {
    pub(super) results: Vec<Vec<T>>,
    pub(super) of_input: Vec<T>,
    pub(super) of_parameters: Vec<T>,
}

/// Numbers without a pattern in -1..1, of which each list has others.
pub(super) fn numbers(list: u64, count: usize) -> Vec<f32> {
    let mut state = list.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(list | 1);
        (state >> 33) as f32 / (1_u64 << 30) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// Stride, and whether pixels are repeated.
pub(super) type Kind = (usize, bool);
pub(super) const SAME: Kind = (1, false);
pub(super) const HALVED: Kind = (2, false);
pub(super) const DOUBLED: Kind = (1, true);
pub(super) const REPEATED: Kind = (2, true);

impl Case {
    /// Layers that read one another, with the channels before, between and after them.
    pub(super) fn new(
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
        Self::with_numbers(layers, batch, [input, parameters, gradient])
    }

    /// With this input, these parameters and this gradient of the last result.
    pub(super) fn with_numbers(
        layers: Vec<Layer>,
        batch: usize,
        [input, parameters, gradient]: [Vec<f32>; 3],
    ) -> Self {
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
    pub(super) fn run(
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

    pub(super) fn assert_close(&self, found: &Outcome<f32>, tolerance: f64) {
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
pub(super) fn error(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len());
    let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let differences =
        found.iter().zip(expected).map(|(&found, expected)| (f64::from(found) - expected).abs());
    let worst = differences
        .fold(0.0_f64, |worst, next| if next.is_nan() { f64::INFINITY } else { worst.max(next) });
    worst / largest
}

/// The largest errors that are allowed, as parts of the largest number.
pub(super) fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::Rounded => 2e-3,
        Precision::Split => 1e-5,
    }
}
