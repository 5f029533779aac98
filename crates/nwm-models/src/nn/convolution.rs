//! 3 x 3 convolutions on channels-last pictures.
//!
//! One differentiable operation holds the convolution, the nearest-neighbour upsampling before it, and the bias
//! and the leaky ReLU after it, so that no picture between them is ever stored.

mod geometry;
mod kernels;
mod method;
mod narrow;
mod operation;
mod windows;
mod winograd;

use candle_core::Tensor;

use self::geometry::Correlation;
use self::operation::FusedConvolution;
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
        let (outputs, inputs, _, _) = self.weight.dims4()?;
        let &[batch, rows, columns, channels] = input.dims() else {
            return Err(shape_error(inputs, input));
        };
        if channels != inputs || batch * rows * columns == 0 {
            return Err(shape_error(inputs, input));
        }
        let correlation = Correlation::new([rows, columns], inputs, outputs, &self.options);
        let operation = FusedConvolution::new(correlation, &self.options);
        Ok(input.contiguous()?.apply_op3(&self.weight, &self.bias, operation)?)
    }
}

fn shape_error(inputs: usize, found: &Tensor) -> Error {
    Error::shape(
        "input of a convolution [batch, row, column, channel]",
        format!("{inputs} channels and no empty axis"),
        found.dims(),
    )
}
