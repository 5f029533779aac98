//! Oscillatory forecasters: coRNN and the neural wave machines (docs/theory.md, section 4).
//!
//! The three columns of Table 1 differ in the cell's topology alone.

use candle_core::{D, Tensor};
use nwm_core::Record;

use crate::cell_section::CellSection;
use crate::config::DecoderInput;
use crate::dynamics::{Dynamics, HiddenState};
use crate::error::Result;
use crate::nn::{Gru, ParameterBuilder};
use crate::oscillators::Oscillators;

/// The sheet of oscillators with the network that infers its state before the first frame.
pub(crate) struct Oscillator {
    sheet: Oscillators,
    /// Channels, rows and columns of the sheet.
    extent: [usize; 3],
    initial: Gru,
    inference_steps: usize,
    decoder_input: DecoderInput,
}

impl Oscillator {
    /// Adds the parameters to `builder`: the GRU under `initial`, the cell under `cell.`.
    pub(crate) fn new(
        builder: &mut ParameterBuilder,
        section: &CellSection,
        inference_steps: usize,
        decoder_input: DecoderInput,
    ) -> Result<Self> {
        let units = section.units();
        let initial = Gru::new(builder, "initial", units, 2 * units)?;
        let sheet = Oscillators::new(builder, section, None)?;
        let extent = [section.channels, section.rows, section.columns];
        Ok(Self { sheet, extent, initial, inference_steps, decoder_input })
    }
}

impl Dynamics for Oscillator {
    fn latent(&self) -> usize {
        self.sheet.units()
    }

    fn outputs(&self) -> usize {
        match self.decoder_input {
            DecoderInput::XAndV => 2 * self.sheet.units(),
            DecoderInput::X => self.sheet.units(),
        }
    }

    fn initial_state(&self, latents: &Tensor) -> Result<HiddenState> {
        let (time, batch, units) = latents.dims3()?;
        let seen = latents.narrow(0, 0, time.min(self.inference_steps))?.flip(&[0])?;
        let last = self.initial.last_state(&seen, None)?;
        // The GRU's state holds position and velocity of each unit side by side.
        let state = last.reshape((batch, units, 2))?.permute((2, 0, 1))?.contiguous()?;
        Ok(HiddenState { parts: vec![state] })
    }

    fn run(&self, latents: &Tensor, state: &HiddenState) -> Result<(Tensor, HiddenState)> {
        let states = self.sheet.forward(latents, &state.parts[0], Record::States)?;
        let (time, batch, _, units) = states.dims4()?;
        let after = states.get(time - 1)?.transpose(0, 1)?.contiguous()?;
        let outputs = match self.decoder_input {
            DecoderInput::XAndV => {
                states.transpose(2, 3)?.contiguous()?.reshape((time, batch, 2 * units))?
            }
            DecoderInput::X => states.narrow(2, 0, 1)?.squeeze(2)?.contiguous()?,
        };
        debug_assert_eq!(outputs.dim(D::Minus1)?, self.outputs());
        Ok((outputs, HiddenState { parts: vec![after] }))
    }

    fn states(&self, outputs: &Tensor) -> Result<Tensor> {
        let (time, batch, _) = outputs.dims3()?;
        let units = self.sheet.units();
        let [channels, rows, columns] = self.extent;
        let (states, fields) = match self.decoder_input {
            DecoderInput::XAndV => {
                (outputs.reshape((time, batch, units, 2))?.transpose(2, 3)?.contiguous()?, 2)
            }
            DecoderInput::X => (outputs.clone(), 1),
        };
        Ok(states.reshape(vec![time, batch, fields, channels, rows, columns])?)
    }
}
