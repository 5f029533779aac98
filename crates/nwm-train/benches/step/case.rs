//! The models whose training step is measured, and how much arithmetic a step is.

use nwm_models::{ModelConfig, ModelName};

/// One model at one size.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    /// What reports call it.
    pub(crate) name: &'static str,
    model: ModelName,
    quick: bool,
}

/// `paper` is the published size, `quick` that of the preset of this name.
pub(crate) const CASES: [Case; 8] = [
    Case { name: "nwm_2d_paper", model: ModelName::Nwm2d, quick: false },
    Case { name: "nwm_1d_paper", model: ModelName::Nwm1d, quick: false },
    Case { name: "cornn_paper", model: ModelName::Cornn, quick: false },
    Case { name: "ar_paper", model: ModelName::Ar, quick: false },
    Case { name: "nwm_2d_quick", model: ModelName::Nwm2d, quick: true },
    Case { name: "nwm_1d_quick", model: ModelName::Nwm1d, quick: true },
    Case { name: "cornn_quick", model: ModelName::Cornn, quick: true },
    Case { name: "ar_quick", model: ModelName::Ar, quick: true },
];

impl Case {
    /// Windows in a step: a quarter of the published batch, which four devices shared.
    pub(crate) const BATCH: usize = 8;
    /// Frames of a window.
    pub(crate) const FRAMES: usize = 60;

    /// The model.
    pub(crate) fn config(&self) -> ModelConfig {
        let mut config = ModelConfig::published(self.model);
        if self.quick {
            config.encoder.channels = 16;
            config.decoder.channels = 16;
            config.cell.rows = 11;
            config.cell.columns = 11;
            config.ar.layers = vec![128];
        }
        config
    }

    /// Operations of a forward pass over the window: a multiply-add is two, everything but convolutions, matrix
    /// products and the cell is left out. A step with its backward pass is three times as much.
    pub(crate) fn flop(&self) -> f64 {
        let config = self.config();
        let frames = ((Self::FRAMES - 1) * Self::BATCH) as f64;
        let product = |inputs: usize, outputs: usize| 2.0 * (inputs * outputs) as f64;
        let convolution = |side: usize, inputs: usize, outputs: usize| {
            9.0 * product(side * side * inputs, outputs)
        };
        let blocks = |sides: [usize; 7], first: usize, middle: usize, last: usize| -> f64 {
            let layers = sides.into_iter().enumerate().map(|(index, side)| {
                let inputs = if index == 0 { first } else { middle };
                let outputs = if index == sides.len() - 1 { last } else { middle };
                convolution(side, inputs, outputs)
            });
            layers.sum()
        };
        let is_ar = self.model == ModelName::Ar;
        let units = config.cell.units();
        let latent = if is_ar { config.ar.latent } else { units };
        let decoded =
            if is_ar { config.ar.layers.last().copied().unwrap_or(latent) } else { 2 * units };
        let (base, broadcast) = (4 * 4, decoded.min(latent / 2));

        let encoder = blocks([16, 16, 8, 8, 4, 4, 4], 3, config.encoder.channels, latent)
            + product(base * latent, latent);
        let decoder = product(decoded, base * broadcast)
            + blocks([8, 8, 16, 16, 32, 32, 32], broadcast + 2, config.decoder.channels, 3);
        let dynamics = if is_ar {
            let mut inputs = latent;
            let layers = config.ar.layers.iter().map(|&units| {
                let gates = product(inputs + units, 4 * units);
                inputs = units;
                gates
            });
            layers.sum()
        } else {
            let seen = config.inference_steps as f64 / (Self::FRAMES - 1) as f64;
            let gates = product(3 * units, 3 * 2 * units);
            let neighbours = match self.model {
                ModelName::Cornn => units,
                ModelName::Nwm1d => 3,
                _ => 9,
            };
            // Three couplings: position, velocity, drive.
            seen * gates + 3.0 * product(neighbours, units)
        };
        frames * (encoder + dynamics + decoder)
    }
}
