//! 3 x 3 convolutions on channels-last pictures.
//!
//! One differentiable operation holds the convolution, the nearest-neighbour upsampling before it, and the bias
//! and the leaky ReLU after it, so that no picture between them is ever stored.

mod activation;
#[cfg(any(test, feature = "cuda"))]
mod cuda;
mod direct;
mod geometry;
mod method;
mod operation;
mod padded;
mod winograd;

use candle_core::Tensor;

use self::geometry::Correlation;
use self::operation::{FusedConvolutions, Layer};
use super::initialiser::Initialiser;
use super::parameters::ParameterBuilder;
use crate::error::{Error, Result};

/// What is fused into a [`Convolution`]. The default is stride 1, no upsampling, no activation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ConvolutionOptions {
    /// 1 or 2. The padding is SAME: stride 1 pads one pixel all around; stride 2 pads an even side by nothing
    /// before and one pixel after, an odd side by one pixel on both ends.
    pub stride: usize,
    /// Doubles rows and columns by repeating pixels before the convolution.
    pub upsample: bool,
    /// Slope below zero of a leaky ReLU after the convolution, none for a linear output.
    pub leaky: Option<f64>,
}

impl Default for ConvolutionOptions {
    fn default() -> Self {
        Self { stride: 1, upsample: false, leaky: None }
    }
}

/// A 3 x 3 cross-correlation with bias:
/// `y[r, c, o] = leaky(b[o] + sum over i, j, k of w[o, k, i, j] x[s r + i - p, s c + j - p, k])`.
#[derive(Clone, Debug)]
pub struct Convolution {
    weight: Tensor,
    bias: Tensor,
    options: ConvolutionOptions,
}

impl Convolution {
    /// Registers `NAME.weight` `[outputs, inputs, 3, 3]`, truncated normal with standard deviation
    /// `1 / sqrt(9 inputs)`, and `NAME.bias` `[outputs]`, zero (docs/theory.md, section 3).
    ///
    /// # Errors
    /// [`Error::Key`] if an option is out of range; [`Error::Parameter`] if one of the names is taken or a size is 0.
    pub fn new(
        builder: &mut ParameterBuilder,
        name: &str,
        inputs: usize,
        outputs: usize,
        options: ConvolutionOptions,
    ) -> Result<Self> {
        if !matches!(options.stride, 1 | 2) {
            return Err(Error::key(format!("{name}.stride"), "1 or 2", options.stride));
        }
        // The backward pass reads the sign of the sum off the sign of the result.
        if let Some(slope) = options.leaky.filter(|slope| !(0.0..=1.0).contains(slope)) {
            return Err(Error::key(format!("{name}.leaky"), "a slope in [0, 1]", slope));
        }
        let initialiser = Initialiser::fan_in(9 * inputs);
        let weight =
            builder.add(&format!("{name}.weight"), &[outputs, inputs, 3, 3], initialiser)?;
        let bias = builder.add(&format!("{name}.bias"), &[outputs], Initialiser::Constant(0.0))?;
        Ok(Self { weight, bias, options })
    }

    /// `[batch, row, column, inputs]` to `[batch, row', column', outputs]`.
    ///
    /// # Errors
    /// [`Error::Shape`] if the input has other axes or is empty; [`Error::Tensor`] for another number type or
    /// device than the parameters'.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor> {
        forward(std::slice::from_ref(self), input)
    }

    /// The same layer, sharing its parameters, through which no gradient passes: nothing is kept for one.
    pub fn detached(&self) -> Self {
        let (weight, bias) = (self.weight.detach(), self.bias.detach());
        Self { weight, bias, options: self.options }
    }

    /// The layer for inputs of one size, if it reads that many channels.
    fn layer(&self, source: [usize; 2], channels: usize) -> Result<Option<Layer>> {
        let (outputs, inputs, _, _) = self.weight.dims4()?;
        let correlation = Correlation::new(source, inputs, outputs, &self.options);
        let layer = Layer { correlation, slope: self.options.leaky };
        Ok((channels == inputs).then_some(layer))
    }
}

/// Convolutions of which each reads the result of the one before: one operation, whose backward pass stores no
/// gradient between them.
#[derive(Clone, Debug, Default)]
pub struct ConvolutionStack {
    layers: Vec<Convolution>,
}

impl ConvolutionStack {
    /// Of layers in the order in which they are applied.
    pub fn new(layers: Vec<Convolution>) -> Self {
        Self { layers }
    }

    /// The same stack, sharing its parameters, through which no gradient passes: nothing is kept for one.
    pub fn detached(&self) -> Self {
        Self { layers: self.layers.iter().map(Convolution::detached).collect() }
    }

    /// `[batch, row, column, channel]` of the first layer to that of the last; the input itself if there is no layer.
    ///
    /// # Errors
    /// As [`Convolution::forward`], for each of the layers.
    pub fn forward(&self, input: &Tensor) -> Result<Tensor> {
        if self.layers.is_empty() { Ok(input.clone()) } else { forward(&self.layers, input) }
    }
}

fn forward(convolutions: &[Convolution], input: &Tensor) -> Result<Tensor> {
    let expected = convolutions.first().map_or(Ok(0), |first| first.weight.dim(1))?;
    let &[batch, rows, columns, mut channels] = input.dims() else {
        return Err(shape_error(expected, input));
    };
    if batch * rows * columns == 0 {
        return Err(shape_error(expected, input));
    }
    let mut source = [rows, columns];
    let mut layers = Vec::with_capacity(convolutions.len());
    let mut parameters = Vec::with_capacity(2 * convolutions.len());
    for convolution in convolutions {
        let Some(layer) = convolution.layer(source, channels)? else {
            let inputs = convolution.weight.dim(1)?;
            return Err(Error::shape(
                WHAT,
                expectation(inputs),
                &[batch, source[0], source[1], channels],
            ));
        };
        (source, channels) = (layer.correlation.output(), layer.correlation.filters());
        layers.push(layer);
        parameters.push(convolution.weight.flatten_all()?);
        parameters.push(convolution.bias.clone());
    }
    let input = input.contiguous()?;
    let parameters = Tensor::cat(&parameters, 0)?;
    let differentiable = input.track_op() || parameters.track_op();
    Ok(input.apply_op2(&parameters, FusedConvolutions::new(layers, differentiable))?)
}

const WHAT: &str = "input of a convolution [batch, row, column, channel]";

fn expectation(inputs: usize) -> String {
    format!("{inputs} channels and no empty axis")
}

fn shape_error(inputs: usize, found: &Tensor) -> Error {
    Error::shape(WHAT, expectation(inputs), found.dims())
}
