//! The autoregressive baseline: a stack of recurrent layers (docs/theory.md, section 4).

use candle_core::Tensor;

use crate::config::{ArConfig, RecurrentCell};
use crate::dynamics::{Dynamics, HiddenState};
use crate::error::Result;
use crate::nn::{Gru, Lstm, LstmState, ParameterBuilder, Vanilla, swish};

/// Recurrent layers with swish between them, started at zero.
pub(crate) struct RecurrentStack {
    latent: usize,
    outputs: usize,
    layers: Vec<Layer>,
}

enum Layer {
    Lstm(Lstm),
    Gru(Gru),
    Vanilla(Vanilla),
}

impl Layer {
    /// Outputs `[time, batch, units]` and the parts of the state after the last step; no parts stand for zeros.
    fn run(&self, x: &Tensor, state: &[Tensor]) -> Result<(Tensor, Vec<Tensor>)> {
        let outputs = match self {
            Self::Lstm(layer) => {
                let before = match state {
                    [h, c] => Some(LstmState { h: h.clone(), c: c.clone() }),
                    _ => None,
                };
                let (outputs, LstmState { h, c }) = layer.forward(x, before.as_ref())?;
                return Ok((outputs, vec![h, c]));
            }
            Self::Gru(layer) => layer.forward(x, state.first())?,
            Self::Vanilla(layer) => layer.forward(x, state.first())?,
        };
        let last = outputs.get(outputs.dim(0)? - 1)?;
        Ok((outputs, vec![last]))
    }

    /// Parts of its state.
    fn parts(&self) -> usize {
        if matches!(self, Self::Lstm(_)) { 2 } else { 1 }
    }
}

impl RecurrentStack {
    /// Adds the layers' parameters to `builder`, under `ar.`.
    pub(crate) fn new(builder: &mut ParameterBuilder, config: &ArConfig) -> Result<Self> {
        let mut inputs = config.latent;
        let mut layers = Vec::with_capacity(config.layers.len());
        for (index, &units) in config.layers.iter().enumerate() {
            let name = |cell: &str| format!("ar.{cell}.{index}");
            layers.push(match config.cell {
                RecurrentCell::Lstm => {
                    Layer::Lstm(Lstm::new(builder, &name("lstm"), inputs, units)?)
                }
                RecurrentCell::Gru => Layer::Gru(Gru::new(builder, &name("gru"), inputs, units)?),
                RecurrentCell::Vanilla => {
                    Layer::Vanilla(Vanilla::new(builder, &name("vanilla"), inputs, units)?)
                }
            });
            inputs = units;
        }
        Ok(Self { latent: config.latent, outputs: inputs, layers })
    }
}

impl Dynamics for RecurrentStack {
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
        let mut parts = Vec::new();
        for (index, layer) in self.layers.iter().enumerate() {
            if index > 0 {
                sequence = swish(&sequence)?;
            }
            let start = index * layer.parts();
            let before = state.parts.get(start..start + layer.parts()).unwrap_or_default();
            let (outputs, after) = layer.run(&sequence, before)?;
            sequence = outputs;
            parts.extend(after);
        }
        Ok((sequence, HiddenState { parts }))
    }

    fn states(&self, outputs: &Tensor) -> Result<Tensor> {
        Ok(outputs.clone())
    }
}
