//! Multilayer perceptrons with swish between the layers.

use candle_core::Tensor;

use super::activation::{sigmoid, swish};
use super::linear::Linear;
use super::parameters::ParameterBuilder;
use crate::error::{Error, Result};

/// Linear layers with `swish(a) = a sigmoid(a)` between them, the last one without.
///
/// Every method is an expression over layers and can be differentiated once, the gradient of [`Mlp::input_gradient`]
/// included: it is written as an expression of its own, since the tensor library does not differentiate twice. The flows of
/// this module compute the same numbers faster.
#[derive(Clone, Debug)]
pub struct Mlp {
    layers: Vec<Linear>,
    sizes: Vec<usize>,
}

impl Mlp {
    /// Registers the layers `NAME.0`, `NAME.1`, ... from `sizes[0]` numbers by way of `sizes[1]`, ... to the last; each is
    /// a [`Linear`].
    ///
    /// # Errors
    /// [`Error::Key`] if there are fewer than two sizes; [`Error::Parameter`] if a name is taken or a size is 0.
    pub fn new(builder: &mut ParameterBuilder, name: &str, sizes: &[usize]) -> Result<Self> {
        if sizes.len() < 2 {
            return Err(Error::key(
                format!("{name}.sizes"),
                "at least two sizes",
                format!("{sizes:?}"),
            ));
        }
        let layers = sizes
            .windows(2)
            .enumerate()
            .map(|(index, pair)| Linear::new(builder, &format!("{name}.{index}"), pair[0], pair[1]))
            .collect::<Result<_>>()?;
        Ok(Self { layers, sizes: sizes.to_vec() })
    }

    /// The same layers, sharing their parameters, through which no gradient passes: nothing is kept for one.
    pub fn detached(&self) -> Self {
        let layers = self.layers.iter().map(Linear::detached).collect();
        Self { layers, sizes: self.sizes.clone() }
    }

    /// Numbers that go in, those between the layers, and those that come out.
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// `[batch, inputs]` to `[batch, outputs]`.
    ///
    /// # Errors
    /// As [`Linear::forward`].
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (last, hidden) = self.split();
        let mut x = x.clone();
        for layer in hidden {
            x = swish(&layer.forward(&x)?)?;
        }
        last.forward(&x)
    }

    /// The gradient of the one output with respect to the input, `[batch, inputs]` to `[batch, inputs]`:
    /// `W_1^T (s'(a_1) * (W_2^T (s'(a_2) * ... w)))`, `s'(a) = sigmoid(a) (1 + a (1 - sigmoid(a)))`.
    ///
    /// # Errors
    /// [`Error::Shape`] if there is more than one output or `x` has another shape.
    pub fn input_gradient(&self, x: &Tensor) -> Result<Tensor> {
        let (last, hidden) = self.split();
        let Some(&1) = self.sizes.last() else {
            return Err(Error::shape("sizes of an energy", "one output", &self.sizes));
        };
        let (batch, inputs) = match *x.dims() {
            [batch, inputs] if inputs == self.sizes[0] => (batch, last.weight().dim(1)?),
            _ => {
                let expected = format!("[batch, {}]", self.sizes[0]);
                return Err(Error::shape("input of an energy", expected, x.dims()));
            }
        };
        let mut slopes = Vec::with_capacity(hidden.len());
        let mut h = x.clone();
        for layer in hidden {
            let a = layer.forward(&h)?;
            let logistic = sigmoid(&a)?;
            let rest = (1.0 - &logistic)?;
            slopes.push((&logistic * ((&a * rest)? + 1.0)?)?);
            h = (&a * logistic)?;
        }
        let mut gradient = last.weight().broadcast_as((batch, inputs))?.contiguous()?;
        for (layer, slope) in hidden.iter().zip(&slopes).rev() {
            gradient = (gradient * slope)?.matmul(layer.weight())?;
        }
        Ok(gradient)
    }

    /// All weights `[outputs, inputs]` and biases, layer by layer, each as a vector.
    pub(super) fn flat(&self) -> Result<Vec<Tensor>> {
        let mut parts = Vec::with_capacity(2 * self.layers.len());
        for layer in &self.layers {
            parts.push(layer.weight().flatten_all()?);
            parts.push(layer.bias().clone());
        }
        Ok(parts)
    }

    /// The last layer, and those before it.
    fn split(&self) -> (&Linear, &[Linear]) {
        let (hidden, last) = self.layers.split_at(self.layers.len() - 1);
        (&last[0], hidden)
    }
}
