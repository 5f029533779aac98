//! The gradient of a network's only output with respect to its input, as a vector field.
//!
//! With layers `a_l = W_l h_{l-1} + b_l`, `h_l = s(a_l)` and output `w h_L`, the field is computed from the top down:
//! `g_L = w`, `d_l = s'(a_l) * g_l`, `g_{l-1} = W_l^T d_l`, and `g_0` is its value. Its own gradient first goes up along
//! `g` and then down along `h`; second derivatives of the network are what the two have in common, `s''(a_l) * g_l`.

use super::super::matrix::{add, column_sums};
use super::super::real::Real;
use super::field::{Field, Recorded};
use super::network::{Network, Swish, products};

/// The field `dE/dq` of an energy `E(q)`.
pub(super) struct Slope<T>(pub(super) Network<T>);

/// One row for each sample of each evaluation.
pub(super) struct SlopeTape<T> {
    samples: usize,
    evaluations: usize,
    points: Vec<T>,
    between: Vec<Between<T>>,
}

/// Of one layer between input and output.
#[derive(Clone, Default)]
struct Between<T> {
    /// `h_l`.
    value: Vec<T>,
    /// `s'(a_l)`.
    slope: Vec<T>,
    /// `s''(a_l) g_l`.
    curvature: Vec<T>,
    /// `d_l`.
    descent: Vec<T>,
}

/// Rows like those of the tape.
pub(super) struct SlopeAdjoint<T> {
    /// Gradients of `g_0`, ..., `g_L`.
    of_gradients: Vec<Vec<T>>,
    /// Gradients of `a_1`, ..., `a_L`.
    of_sums: Vec<Vec<T>>,
}

impl<T: Real> Recorded for SlopeTape<T> {
    fn evaluations(&self) -> usize {
        self.evaluations
    }

    fn truncate(&mut self, evaluations: usize) {
        let all = self.evaluations.max(1);
        let shorten = |rows: &mut Vec<T>| rows.truncate(rows.len() / all * evaluations);
        shorten(&mut self.points);
        for Between { value, slope, curvature, descent } in &mut self.between {
            [value, slope, curvature, descent].into_iter().for_each(shorten);
        }
        self.evaluations = self.evaluations.min(evaluations);
    }
}

impl<T: Real> Field<T> for Slope<T> {
    type Tape = SlopeTape<T>;
    type Adjoint = SlopeAdjoint<T>;

    fn tape(&self, samples: usize) -> SlopeTape<T> {
        let between = self.0.hidden().iter().map(|_| Between {
            value: Vec::new(),
            slope: Vec::new(),
            curvature: Vec::new(),
            descent: Vec::new(),
        });
        SlopeTape { samples, evaluations: 0, points: Vec::new(), between: between.collect() }
    }

    fn evaluate(&self, points: &[T], values: &mut [T], mut tape: Option<&mut SlopeTape<T>>) {
        let network = &self.0;
        let between = network.hidden().len();
        let mut input = points.to_vec();
        let mut derivatives = Vec::with_capacity(between);
        for layer in 0..between {
            let sums = network.affine(layer, &input);
            let empty = || vec![T::zero(); sums.len()];
            let (mut value, mut slope, mut bend) = (empty(), empty(), empty());
            network.simd.run(Swish {
                sums: &sums,
                value: &mut value,
                slope: &mut slope,
                bend: &mut bend,
            });
            if let Some(tape) = tape.as_deref_mut() {
                tape.between[layer].value.extend_from_slice(&value);
            }
            derivatives.push((slope, bend));
            input = value;
        }
        let mut gradient = network.last_row().repeat(points.len() / network.inputs());
        for (layer, (slope, bend)) in derivatives.iter().enumerate().rev() {
            let descent = products(slope, &gradient);
            if let Some(tape) = tape.as_deref_mut() {
                let between = &mut tape.between[layer];
                between.slope.extend_from_slice(slope);
                between.curvature.extend(products(bend, &gradient));
                between.descent.extend_from_slice(&descent);
            }
            gradient = network.down(layer, &descent);
        }
        values.copy_from_slice(&gradient);
        if let Some(tape) = tape {
            tape.points.extend_from_slice(points);
            tape.evaluations += 1;
        }
    }

    fn adjoint(&self, tape: &SlopeTape<T>) -> SlopeAdjoint<T> {
        let rows = tape.samples * tape.evaluations;
        let zeros = |size: usize| vec![T::zero(); rows * size];
        let hidden = self.0.hidden();
        SlopeAdjoint {
            of_gradients: [self.0.inputs()].iter().chain(hidden).copied().map(zeros).collect(),
            of_sums: hidden.iter().copied().map(zeros).collect(),
        }
    }

    fn pull_back(
        &self,
        tape: &SlopeTape<T>,
        evaluation: usize,
        gradient: &[T],
        of_points: &mut [T],
        adjoint: &mut SlopeAdjoint<T>,
    ) {
        let between = tape.between.len();
        let rows = |size: usize| evaluation * size..(evaluation + 1) * size;
        let mut of_gradient = gradient.to_vec();
        let mut of_sums = Vec::with_capacity(between);
        for layer in 0..between {
            let place = rows(of_gradient.len());
            adjoint.of_gradients[layer][place].copy_from_slice(&of_gradient);
            let of_descent = self.0.up(layer, &of_gradient);
            let Between { slope, curvature, .. } = &tape.between[layer];
            of_sums.push(products(&of_descent, &curvature[rows(of_descent.len())]));
            of_gradient = products(&of_descent, &slope[rows(of_descent.len())]);
        }
        let place = rows(of_gradient.len());
        adjoint.of_gradients[between][place].copy_from_slice(&of_gradient);
        let mut of_value: Option<Vec<T>> = None;
        for (layer, mut of_sum) in of_sums.into_iter().enumerate().rev() {
            if let Some(of_value) = of_value {
                let slope = &tape.between[layer].slope;
                add(&mut of_sum, &products(&of_value, &slope[rows(of_value.len())]));
            }
            let place = rows(of_sum.len());
            adjoint.of_sums[layer][place].copy_from_slice(&of_sum);
            of_value = Some(self.0.down(layer, &of_sum));
        }
        if let Some(of_value) = of_value {
            add(of_points, &of_value);
        }
    }

    fn add_parameter_gradients(
        &self,
        tape: &SlopeTape<T>,
        adjoint: &SlopeAdjoint<T>,
        sums: &mut [T],
    ) {
        let mut below = &tape.points;
        for (layer, between) in tape.between.iter().enumerate() {
            let of_sums = &adjoint.of_sums[layer];
            self.0.add_weight_gradient(layer, of_sums, below, sums);
            let of_gradient = &adjoint.of_gradients[layer];
            self.0.add_weight_gradient(layer, &between.descent, of_gradient, sums);
            self.0.add_bias_gradient(layer, of_sums, sums);
            below = &between.value;
        }
        // The output's own weight is where the way down begins; its bias moves no gradient.
        let last = tape.between.len();
        let of_last = column_sums(&adjoint.of_gradients[last], self.0.last_row().len());
        let start = self.0.start(last);
        add(&mut sums[start..start + of_last.len()], &of_last);
    }
}
