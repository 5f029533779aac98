//! What a forecaster's recurrent middle part does, whatever it is made of.

use candle_core::Tensor;

use crate::error::Result;

/// The recurrent state of a forecaster between two frames; only the dynamics that made it reads it.
#[derive(Clone, Debug)]
pub(crate) struct HiddenState {
    pub(crate) parts: Vec<Tensor>,
}

impl HiddenState {
    /// The same numbers, cut off from the graph that computed them.
    pub(crate) fn detach(&self) -> Self {
        Self { parts: self.parts.iter().map(Tensor::detach).collect() }
    }
}

/// The recurrent middle part: it reads encoded frames and gives what the decoder reads.
pub(crate) trait Dynamics: Send + Sync {
    /// Numbers in one encoded frame.
    fn latent(&self) -> usize;

    /// Numbers the decoder reads for one frame.
    fn outputs(&self) -> usize;

    /// The state before frame 0, inferred from the encoded frames `[time, batch, latent]`.
    fn initial_state(&self, latents: &Tensor) -> Result<HiddenState>;

    /// Reads encoded frames `[time, batch, latent]` in order; gives `[time, batch, outputs]` and the state after
    /// the last of them.
    fn run(&self, latents: &Tensor, state: &HiddenState) -> Result<(Tensor, HiddenState)>;

    /// The hidden states that outputs `[time, batch, outputs]` are made of, `[time, batch, ...]`.
    fn states(&self, outputs: &Tensor) -> Result<Tensor>;
}
