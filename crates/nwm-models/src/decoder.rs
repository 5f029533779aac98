//! The spatial-broadcast decoder (docs/theory.md, section 3): one latent vector to the logits of a frame.

use candle_core::Tensor;

use crate::config::DecoderConfig;
use crate::error::Result;
use crate::frame::FrameShape;
use crate::nn::{
    Convolution, ConvolutionOptions, ConvolutionStack, Initialiser, Linear, ParameterBuilder,
};

/// Whether each of the seven convolutions doubles the picture first.
const UPSAMPLES: [bool; 7] = [true, false, true, false, true, false, false];

/// Learned constant maps that are put before the broadcast latent.
const CONSTANT_CHANNELS: usize = 2;

/// A linear layer to a small picture, then three upsampling blocks of convolutions.
pub(crate) struct Decoder {
    linear: Linear,
    constant: Tensor,
    convolutions: ConvolutionStack,
    base: (usize, usize),
    channels: usize,
}

impl Decoder {
    /// Adds the decoder's parameters to `builder`, under `decoder.`.
    ///
    /// `inputs` is what the decoder reads; `latent` the configured size of the latent space, half of which
    /// bounds the channels of the first picture.
    pub(crate) fn new(
        builder: &mut ParameterBuilder,
        frame: FrameShape,
        inputs: usize,
        latent: usize,
        config: &DecoderConfig,
    ) -> Result<Self> {
        let (rows, columns) = frame.base();
        let channels = inputs.min(latent / 2);
        let linear = Linear::new(builder, "decoder.linear", inputs, rows * columns * channels)?;
        let constant = builder.add(
            "decoder.constant",
            &[CONSTANT_CHANNELS, rows, columns],
            Initialiser::Constant(1.0),
        )?;
        let last = UPSAMPLES.len() - 1;
        let mut convolutions = Vec::with_capacity(UPSAMPLES.len());
        for (index, upsample) in UPSAMPLES.into_iter().enumerate() {
            let inputs = if index == 0 { channels + CONSTANT_CHANNELS } else { config.channels };
            let outputs = if index == last { frame.channels } else { config.channels };
            let options = ConvolutionOptions {
                upsample,
                leaky: (index < last).then_some(config.leaky_slope),
                ..ConvolutionOptions::default()
            };
            let name = format!("decoder.conv.{index}");
            convolutions.push(Convolution::new(builder, &name, inputs, outputs, options)?);
        }
        let convolutions = ConvolutionStack::new(convolutions);
        Ok(Self { linear, constant, convolutions, base: (rows, columns), channels })
    }

    /// The same decoder, sharing its parameters, through which no gradient passes.
    pub(crate) fn detached(&self) -> Self {
        Self {
            linear: self.linear.detached(),
            constant: self.constant.detach(),
            convolutions: self.convolutions.detached(),
            ..*self
        }
    }

    /// `[batch, inputs]` to `[batch, row, column, channel]`, of which the logistic function is a frame.
    pub(crate) fn forward(&self, latent: &Tensor) -> Result<Tensor> {
        let batch = latent.dim(0)?;
        let (rows, columns) = self.base;
        let maps = self.linear.forward(latent)?.reshape((batch, rows, columns, self.channels))?;
        let constant = self.constant.permute((1, 2, 0))?.unsqueeze(0)?.broadcast_as((
            batch,
            rows,
            columns,
            CONSTANT_CHANNELS,
        ))?;
        self.convolutions.forward(&Tensor::cat(&[&constant.contiguous()?, &maps], 3)?)
    }
}
