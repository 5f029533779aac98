//! What the operation asks of a way to compute a layer.

use super::super::real::Real;

/// What follows the sums of a layer.
#[derive(Clone, Copy)]
pub(super) struct Activation<'a, T> {
    /// Added to every pixel.
    pub(super) bias: &'a [T],
    /// Slope below zero of a leaky ReLU, if there is one.
    pub(super) slope: Option<T>,
}

/// Memory that one group of a layer after the other uses. It starts empty and is not shared between layers.
pub(super) struct Scratch<T> {
    /// What the layer read, and the gradient of its result, among zeros.
    pub(super) pixels: Vec<T>,
    pub(super) gradient: Vec<T>,
    /// The former transformed, and products or the latter transformed.
    pub(super) sources: Vec<T>,
    pub(super) products: Vec<T>,
}

impl<T> Default for Scratch<T> {
    fn default() -> Self {
        Self { pixels: Vec::new(), gradient: Vec::new(), sources: Vec::new(), products: Vec::new() }
    }
}

/// A layer with its weights, ready for groups of samples.
pub(super) trait Method<T: Real>: Sync {
    /// Writes the result of a group.
    fn forward(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        activation: Activation<'_, T>,
        result: &mut [T],
    );

    /// Numbers in a sum of the weight's gradient.
    fn gradient_len(&self) -> usize;

    /// Adds a group's share to such a sum, and writes the gradient of the group's input; either only if asked for.
    /// `before` is the gradient before the activation.
    fn backward(
        &self,
        scratch: &mut Scratch<T>,
        input: &[T],
        before: &[T],
        of_weight: Option<&mut [T]>,
        of_input: Option<&mut [T]>,
    );

    /// The stored weight's gradient, `[filters, channels, 3, 3]`, from the sum.
    fn unpack(&self, gradient: &[T]) -> Vec<T>;
}

#[cfg(test)]
mod tests {
    use nwm_simd::Simd;

    use super::super::ConvolutionOptions;
    use super::super::direct::Direct;
    use super::super::geometry::Correlation;
    use super::super::winograd::Tiles;
    use super::*;

    const SAMPLES: usize = 2;

    /// Numbers without a pattern in -1..1, of which each list has others.
    fn numbers(list: usize, count: usize) -> Vec<f64> {
        (0..count).map(|index| ((index + 1) as f64 * (0.37 + list as f64)).sin()).collect()
    }

    /// Forward results, gradient of the weight, gradient of the input.
    fn results(
        correlation: &Correlation,
        [forward, backward]: [&dyn Method<f64>; 2],
    ) -> [Vec<f64>; 3] {
        let input = numbers(1, SAMPLES * correlation.source_size());
        let bias = numbers(2, correlation.filters());
        let gradient = numbers(3, SAMPLES * correlation.output_size());
        let mut result = vec![f64::NAN; gradient.len()];
        let activation = Activation { bias: &bias, slope: Some(0.1) };
        forward.forward(&mut Scratch::default(), &input, activation, &mut result);
        let mut of_weight = vec![0.0; backward.gradient_len()];
        let mut of_input = vec![f64::NAN; input.len()];
        let wanted = (Some(&mut of_weight[..]), Some(&mut of_input[..]));
        backward.backward(&mut Scratch::default(), &input, &gradient, wanted.0, wanted.1);
        [result, backward.unpack(&of_weight), of_input]
    }

    fn assert_agree(source: [usize; 2], channels: usize, filters: usize, upsample: bool) {
        let options = ConvolutionOptions { upsample, ..ConvolutionOptions::default() };
        let correlation = Correlation::new(source, channels, filters, &options);
        assert!(Tiles::<f64>::suit(&correlation), "Winograd's method is not used here");
        let weight = numbers(4, 9 * channels * filters);
        let simd = Simd::detect();
        let direct: [&dyn Method<f64>; 2] = [
            &Direct::forward(&correlation, &weight, simd),
            &Direct::backward(&correlation, &weight, simd),
        ];
        let tiles: [&dyn Method<f64>; 2] = [
            &Tiles::forward(&correlation, &weight, simd),
            &Tiles::backward(&correlation, &weight, simd),
        ];
        let expected = results(&correlation, direct);
        let names = ["result", "gradient of the weight", "gradient of the input"];
        for ((found, expected), name) in
            results(&correlation, tiles).iter().zip(&expected).zip(names)
        {
            assert_eq!(found.len(), expected.len(), "{name}");
            let largest = expected.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
            for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
                // Rounding: the transforms lose two digits at most.
                let close = (found - expected).abs() <= 1e-12 * largest;
                assert!(
                    close,
                    "{source:?}, {channels} to {filters}, {name} {index}: {found} {expected}"
                );
            }
        }
    }

    #[test]
    fn minimal_filtering_gives_the_sums_over_taps() {
        // More tiles than one block holds.
        assert_agree([32, 32], 8, 8, false);
        // More filters, and backwards channels, than one panel holds.
        assert_agree([4, 4], 16, 70, false);
        assert_agree([4, 4], 70, 16, false);
        // Tiles that are not full, and a single pixel.
        assert_agree([7, 5], 9, 11, false);
        assert_agree([1, 1], 8, 8, false);
    }

    #[test]
    fn minimal_filtering_of_repeated_pixels_gives_the_sums_over_taps() {
        assert_agree([16, 16], 32, 32, true);
        assert_agree([5, 3], 33, 40, true);
        assert_agree([1, 1], 32, 70, true);
    }
}
