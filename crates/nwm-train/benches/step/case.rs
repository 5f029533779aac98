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
pub(crate) const CASES: [Case; 12] = [
    Case { name: "nwm_2d_paper", model: ModelName::Nwm2d, quick: false },
    Case { name: "nwm_1d_paper", model: ModelName::Nwm1d, quick: false },
    Case { name: "cornn_paper", model: ModelName::Cornn, quick: false },
    Case { name: "ar_paper", model: ModelName::Ar, quick: false },
    Case { name: "hgn_paper", model: ModelName::Hgn, quick: false },
    Case { name: "ode_tr_paper", model: ModelName::OdeTr, quick: false },
    Case { name: "nwm_2d_quick", model: ModelName::Nwm2d, quick: true },
    Case { name: "nwm_1d_quick", model: ModelName::Nwm1d, quick: true },
    Case { name: "cornn_quick", model: ModelName::Cornn, quick: true },
    Case { name: "ar_quick", model: ModelName::Ar, quick: true },
    Case { name: "hgn_quick", model: ModelName::Hgn, quick: true },
    Case { name: "ode_tr_quick", model: ModelName::OdeTr, quick: true },
];

impl Case {
    /// Frames of a window, as published.
    pub(crate) fn frames(&self) -> usize {
        ModelConfig::published_window(self.model)
    }

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

    /// Operations of a forward pass over the windows of a batch: a multiply-add is two, everything but convolutions, matrix
    /// products and the cell is left out. A step with its backward pass is three times as much.
    pub(crate) fn flop(&self, batch: usize) -> f64 {
        let config = self.config();
        let drawn = self.frames() - config.first_predicted_frame();
        // Pictures that are encoded, the channels of each, and the numbers that come out.
        let latent = config.latent_size();
        let (pictures, channels, encoded) = if self.model.is_latent() {
            (1, 3 * config.inference_steps, 2 * latent)
        } else {
            (drawn, 3, latent)
        };
        let decoded = match self.model {
            ModelName::Ar => config.ar.layers.last().copied().unwrap_or(latent),
            ModelName::Hgn => latent / 2,
            ModelName::OdeTr => latent,
            _ => 2 * latent,
        };
        let (base, broadcast) = (4 * 4, decoded.min(latent / 2));
        let encoder =
            convolutions([16, 16, 8, 8, 4, 4, 4], [channels, config.encoder.channels, encoded])
                + product(base * encoded, encoded);
        let decoder = product(decoded, base * broadcast)
            + convolutions([8, 8, 16, 16, 32, 32, 32], [broadcast + 2, config.decoder.channels, 3]);
        let (pictures, frames) = ((pictures * batch) as f64, (drawn * batch) as f64);
        pictures * encoder + frames * (self.dynamics(&config, drawn) + decoder)
    }

    /// Operations that move the state of one sample by one frame.
    fn dynamics(&self, config: &ModelConfig, drawn: usize) -> f64 {
        let (size, hidden) = (config.latent.size, &config.latent.hidden);
        let network = |inputs: usize, outputs: usize| -> f64 {
            let sizes: Vec<usize> =
                [inputs].iter().chain(hidden).chain(&[outputs]).copied().collect();
            sizes.windows(2).map(|pair| product(pair[0], pair[1])).sum()
        };
        match self.model {
            ModelName::Ar => {
                let mut inputs = config.ar.latent;
                let layers = config.ar.layers.iter().map(|&units| {
                    let gates = product(inputs + units, 4 * units);
                    inputs = units;
                    gates
                });
                layers.sum()
            }
            // The slopes of two energies: there and back through each network.
            ModelName::Hgn => 2.0 * 2.0 * network(size / 2, 1),
            // Six evaluations a step, if a step is as long as a frame.
            ModelName::OdeTr => 6.0 * network(size, size),
            _ => {
                let units = config.cell.units();
                let seen = config.inference_steps as f64 / drawn as f64;
                let gates = product(3 * units, 3 * 2 * units);
                let neighbours = match self.model {
                    ModelName::Cornn => units,
                    ModelName::Nwm1d => 3,
                    _ => 9,
                };
                // Three couplings: position, velocity, drive.
                seen * gates + 3.0 * product(neighbours, units)
            }
        }
    }
}

fn product(inputs: usize, outputs: usize) -> f64 {
    2.0 * (inputs * outputs) as f64
}

/// Seven layers with results of these sides; the channels of the first input, between layers, and of the last result.
fn convolutions(sides: [usize; 7], [first, middle, last]: [usize; 3]) -> f64 {
    let layers = sides.into_iter().enumerate().map(|(index, side)| {
        let inputs = if index == 0 { first } else { middle };
        let outputs = if index == sides.len() - 1 { last } else { middle };
        9.0 * product(side * side * inputs, outputs)
    });
    layers.sum()
}
