//! A multilayer perceptron packed for many small evaluations, and what its layers have in common.

use nwm_simd::{Kernel, Simd, Vector};

use super::super::matrix::{Matrix, Panels, Write, add, column_sums, multiply_in_parallel};
use super::super::real::Real;

/// The layers of an [`Mlp`](super::super::Mlp).
pub(super) struct Network<T> {
    sizes: Vec<usize>,
    /// Weights as `[inputs, outputs]`.
    upward: Vec<Panels<T>>,
    /// Weights as `[outputs, inputs]`.
    downward: Vec<Panels<T>>,
    biases: Vec<Vec<T>>,
    /// Row 0 of the last weight.
    last_row: Vec<T>,
    pub(super) simd: Simd,
}

/// Numbers of the weights and biases of all layers.
pub(super) fn parameter_count(sizes: &[usize]) -> usize {
    sizes.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum()
}

impl<T: Real> Network<T> {
    /// From weights `[outputs, inputs]` and biases, layer by layer.
    pub(super) fn new(sizes: &[usize], mut parameters: &[T]) -> Self {
        let mut take = |count: usize| {
            let (taken, rest) = parameters.split_at(count);
            parameters = rest;
            taken
        };
        let (mut upward, mut downward, mut biases) = (Vec::new(), Vec::new(), Vec::new());
        let mut last_row = Vec::new();
        for pair in sizes.windows(2) {
            let (inputs, outputs) = (pair[0], pair[1]);
            let weight = take(inputs * outputs);
            let matrix = Matrix::new(weight, outputs, inputs);
            upward.push(Panels::pack(matrix.transposed()));
            downward.push(Panels::pack(matrix));
            biases.push(take(outputs).to_vec());
            last_row = weight[..inputs].to_vec();
        }
        Self { sizes: sizes.to_vec(), upward, downward, biases, last_row, simd: Simd::detect() }
    }

    /// Numbers that go into the first layer.
    pub(super) fn inputs(&self) -> usize {
        self.sizes[0]
    }

    /// Numbers that come out of the last layer.
    pub(super) fn outputs(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }

    /// Place of a layer's weight among all parameters.
    pub(super) fn start(&self, layer: usize) -> usize {
        parameter_count(&self.sizes[..=layer])
    }

    /// Numbers of the layers between.
    pub(super) fn hidden(&self) -> &[usize] {
        &self.sizes[1..self.sizes.len() - 1]
    }

    /// The weight of the only output, `[inputs of the last layer]`.
    pub(super) fn last_row(&self) -> &[T] {
        &self.last_row
    }

    /// `x W^T + b` of a layer.
    pub(super) fn affine(&self, layer: usize, x: &[T]) -> Vec<T> {
        let samples = x.len() / self.sizes[layer];
        let mut sums = self.biases[layer].repeat(samples);
        let x = Matrix::new(x, samples, self.sizes[layer]);
        self.upward[layer].multiply(x, &mut sums, Write::Add);
        sums
    }

    /// `x W^T` of a layer.
    pub(super) fn up(&self, layer: usize, x: &[T]) -> Vec<T> {
        let samples = x.len() / self.sizes[layer];
        let mut product = vec![T::zero(); samples * self.sizes[layer + 1]];
        let x = Matrix::new(x, samples, self.sizes[layer]);
        self.upward[layer].multiply(x, &mut product, Write::Replace);
        product
    }

    /// `y W` of a layer.
    pub(super) fn down(&self, layer: usize, y: &[T]) -> Vec<T> {
        let samples = y.len() / self.sizes[layer + 1];
        let mut product = vec![T::zero(); samples * self.sizes[layer]];
        let y = Matrix::new(y, samples, self.sizes[layer + 1]);
        self.downward[layer].multiply(y, &mut product, Write::Replace);
        product
    }

    /// Adds the gradient of a layer's weight, the sum over rows of `left ⊗ right` with `left` `[row, output]` and `right`
    /// `[row, input]`, to that layer's part of all parameters' gradients.
    pub(super) fn add_weight_gradient(
        &self,
        layer: usize,
        left: &[T],
        right: &[T],
        sums: &mut [T],
    ) {
        let (inputs, outputs) = (self.sizes[layer], self.sizes[layer + 1]);
        let rows = left.len() / outputs;
        if rows == 0 {
            return;
        }
        let start = self.start(layer);
        multiply_in_parallel(
            Matrix::new(left, rows, outputs).transposed(),
            Matrix::new(right, rows, inputs),
            &mut sums[start..start + inputs * outputs],
            Write::Add,
        );
    }

    /// Adds the gradient of a layer's bias, the sum over the rows of those of its sums.
    pub(super) fn add_bias_gradient(&self, layer: usize, of_sums: &[T], sums: &mut [T]) {
        let (inputs, outputs) = (self.sizes[layer], self.sizes[layer + 1]);
        let start = self.start(layer) + inputs * outputs;
        add(&mut sums[start..start + outputs], &column_sums(of_sums, outputs));
    }
}

/// Swish, and on request its derivatives, of the sums of a layer.
pub(super) struct Swish<'a, T> {
    pub(super) sums: &'a [T],
    /// `s(a) = a sigmoid(a)`.
    pub(super) value: &'a mut [T],
    /// `s'(a) = sigmoid(a) (1 + a (1 - sigmoid(a)))`.
    pub(super) slope: &'a mut [T],
    /// `s''(a) = sigmoid(a) (1 - sigmoid(a)) (2 + a (1 - 2 sigmoid(a)))`; left out if empty.
    pub(super) bend: &'a mut [T],
}

impl<T: Real> Kernel<T> for Swish<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector<Element = T>>(self) {
        let constant = |value: f64| V::splat(<T as nwm_simd::Real>::nearest(value));
        let (half, one, two) = (constant(0.5), constant(1.0), constant(2.0));
        let mut start = 0;
        while start < self.sums.len() {
            let a = V::load_some(&self.sums[start..]);
            let logistic = (a * half).tanh().mul_add(half, half);
            let rest = one - logistic;
            let slope = logistic * a.mul_add(rest, one);
            (a * logistic).store_some(&mut self.value[start..]);
            slope.store_some(&mut self.slope[start..]);
            if !self.bend.is_empty() {
                let bend = logistic * rest * a.mul_add(rest - logistic, two);
                bend.store_some(&mut self.bend[start..]);
            }
            start += V::LANES;
        }
    }
}

/// The product of two lists, number by number.
pub(super) fn products<T: Real>(left: &[T], right: &[T]) -> Vec<T> {
    left.iter().zip(right).map(|(&left, &right)| left * right).collect()
}
