//! The convolutional encoder (docs/theory.md, section 3): a picture to one vector.

use candle_core::Tensor;

use crate::config::EncoderConfig;
use crate::error::Result;
use crate::frame::FrameShape;
use crate::nn::{Convolution, ConvolutionOptions, ConvolutionStack, Linear, ParameterBuilder};

/// Strides of the seven convolutions: three blocks, each halving the picture once.
const STRIDES: [usize; 7] = [2, 1, 2, 1, 2, 1, 1];

/// Three blocks of convolutions, then one linear layer.
pub(crate) struct Encoder {
    convolutions: ConvolutionStack,
    linear: Linear,
}

impl Encoder {
    /// Adds the encoder's parameters to `builder`, under `encoder.`.
    ///
    /// A picture has the sides of `frame` and `channels`, which are those of several frames where these are stacked.
    pub(crate) fn new(
        builder: &mut ParameterBuilder,
        frame: FrameShape,
        channels: usize,
        latent: usize,
        config: &EncoderConfig,
    ) -> Result<Self> {
        let last = STRIDES.len() - 1;
        let mut convolutions = Vec::with_capacity(STRIDES.len());
        for (index, stride) in STRIDES.into_iter().enumerate() {
            let inputs = if index == 0 { channels } else { config.channels };
            let outputs = if index == last { latent } else { config.channels };
            let options = ConvolutionOptions {
                stride,
                leaky: (index < last).then_some(config.leaky_slope),
                ..ConvolutionOptions::default()
            };
            let name = format!("encoder.conv.{index}");
            convolutions.push(Convolution::new(builder, &name, inputs, outputs, options)?);
        }
        let (rows, columns) = frame.base();
        let linear = Linear::new(builder, "encoder.linear", rows * columns * latent, latent)?;
        Ok(Self { convolutions: ConvolutionStack::new(convolutions), linear })
    }

    /// The same encoder, sharing its parameters, through which no gradient passes.
    pub(crate) fn detached(&self) -> Self {
        Self { convolutions: self.convolutions.detached(), linear: self.linear.detached() }
    }

    /// `[batch, row, column, channel]` to `[batch, latent]`.
    pub(crate) fn forward(&self, frames: &Tensor) -> Result<Tensor> {
        let maps = self.convolutions.forward(frames)?;
        self.linear.forward(&maps.flatten_from(1)?)
    }
}
