//! A network's output as a vector field.

use super::super::matrix::add;
use super::super::real::Real;
use super::field::{Field, Recorded};
use super::network::{Network, Swish, products};

/// The field `f(z)`, as many numbers as `z` has.
pub(super) struct Value<T>(pub(super) Network<T>);

/// One row for each sample of each evaluation.
pub(super) struct ValueTape<T> {
    samples: usize,
    evaluations: usize,
    /// What each layer read: the points, then the results of the layers between.
    inputs: Vec<Vec<T>>,
    /// Slopes of the layers between.
    slopes: Vec<Vec<T>>,
}

/// Gradients of the sums of each layer, in rows like those of the tape.
pub(super) struct ValueAdjoint<T> {
    of_sums: Vec<Vec<T>>,
}

impl<T: Real> Recorded for ValueTape<T> {
    fn evaluations(&self) -> usize {
        self.evaluations
    }

    fn truncate(&mut self, evaluations: usize) {
        for rows in self.inputs.iter_mut().chain(&mut self.slopes) {
            let size = rows.len() / self.evaluations.max(1);
            rows.truncate(evaluations * size);
        }
        self.evaluations = self.evaluations.min(evaluations);
    }
}

impl<T: Real> Field<T> for Value<T> {
    type Tape = ValueTape<T>;
    type Adjoint = ValueAdjoint<T>;

    fn tape(&self, samples: usize) -> ValueTape<T> {
        let between = self.0.hidden().len();
        ValueTape {
            samples,
            evaluations: 0,
            inputs: vec![Vec::new(); between + 1],
            slopes: vec![Vec::new(); between],
        }
    }

    fn evaluate(&self, points: &[T], values: &mut [T], mut tape: Option<&mut ValueTape<T>>) {
        let network = &self.0;
        let last = network.hidden().len();
        let mut input = points.to_vec();
        for layer in 0..last {
            let sums = network.affine(layer, &input);
            let (mut value, mut slope) = (vec![T::zero(); sums.len()], vec![T::zero(); sums.len()]);
            let swish = Swish { sums: &sums, value: &mut value, slope: &mut slope, bend: &mut [] };
            network.simd.run(swish);
            if let Some(tape) = tape.as_deref_mut() {
                tape.inputs[layer].extend_from_slice(&input);
                tape.slopes[layer].extend_from_slice(&slope);
            }
            input = value;
        }
        values.copy_from_slice(&network.affine(last, &input));
        if let Some(tape) = tape {
            tape.inputs[last].extend_from_slice(&input);
            tape.evaluations += 1;
        }
    }

    fn adjoint(&self, tape: &ValueTape<T>) -> ValueAdjoint<T> {
        let rows = tape.samples * tape.evaluations;
        let sizes = self.0.hidden().iter().copied().chain([self.0.outputs()]);
        ValueAdjoint { of_sums: sizes.map(|size| vec![T::zero(); rows * size]).collect() }
    }

    fn pull_back(
        &self,
        tape: &ValueTape<T>,
        evaluation: usize,
        gradient: &[T],
        of_points: &mut [T],
        adjoint: &mut ValueAdjoint<T>,
    ) {
        let last = self.0.hidden().len();
        let mut of_sums = gradient.to_vec();
        for layer in (0..=last).rev() {
            let start = evaluation * of_sums.len();
            adjoint.of_sums[layer][start..start + of_sums.len()].copy_from_slice(&of_sums);
            let of_input = self.0.down(layer, &of_sums);
            let Some(below) = layer.checked_sub(1) else {
                add(of_points, &of_input);
                break;
            };
            let slopes = &tape.slopes[below][evaluation * of_input.len()..][..of_input.len()];
            of_sums = products(&of_input, slopes);
        }
    }

    fn add_parameter_gradients(
        &self,
        tape: &ValueTape<T>,
        adjoint: &ValueAdjoint<T>,
        sums: &mut [T],
    ) {
        for (layer, (of_sums, inputs)) in adjoint.of_sums.iter().zip(&tape.inputs).enumerate() {
            self.0.add_weight_gradient(layer, of_sums, inputs, sums);
            self.0.add_bias_gradient(layer, of_sums, sums);
        }
    }
}
