//! The autoregressive baseline: a stack of LSTM layers (docs/theory.md, section 4).

use candle_core::Tensor;

use crate::config::ArConfig;
use crate::dynamics::{Dynamics, HiddenState};
use crate::error::Result;
use crate::nn::{Lstm, LstmState, ParameterBuilder, swish};

/// LSTM layers with swish between them, started at zero.
pub(crate) struct LstmStack {
    latent: usize,
    outputs: usize,
    layers: Vec<Lstm>,
}

impl LstmStack {
    /// Adds the layers' parameters to `builder`, under `ar.`.
    pub(crate) fn new(builder: &mut ParameterBuilder, config: &ArConfig) -> Result<Self> {
        let mut inputs = config.latent;
        let mut layers = Vec::with_capacity(config.layers.len());
        for (index, &units) in config.layers.iter().enumerate() {
            layers.push(Lstm::new(builder, &format!("ar.lstm.{index}"), inputs, units)?);
            inputs = units;
        }
        Ok(Self { latent: config.latent, outputs: inputs, layers })
    }
}

impl Dynamics for LstmStack {
    fn latent(&self) -> usize {
        self.latent
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn initial_state(&self, _latents: &Tensor) -> Result<HiddenState> {
        Ok(HiddenState { parts: Vec::new() })
    }

    fn run(&self, latents: &Tensor, state: &HiddenState) -> Result<(Tensor, HiddenState)> {
        let mut sequence = latents.clone();
        let mut parts = Vec::with_capacity(2 * self.layers.len());
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                sequence = swish(&sequence)?;
            }
            let before = match state.parts.get(2 * index..2 * index + 2) {
                Some([h, c]) => Some(LstmState { h: h.clone(), c: c.clone() }),
                _ => None,
            };
            let (outputs, after) = layer.forward(&sequence, before.as_ref())?;
            sequence = outputs;
            parts.extend([after.h, after.c]);
        }
        Ok((sequence, HiddenState { parts }))
    }
}
