//! The `[model]` section of a configuration: what is learnt, by which model, and how large it is.
//!
//! Defaults are the published values (Keller & Welling 2023, and the released code where the
//! paper is silent). Every field is one key of the TOML file, under `[model]`.

use serde::{Deserialize, Serialize};

use crate::cell_section::{CellSection, TopologyName};
use crate::error::{Error, Result};
use crate::latent_section::{Directions, LatentConfig, OdeConfig, RgnConfig};
use crate::names::{ModelName, TaskName};

/// The `[model]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// `forecast`, `sequence` or `variational`. It follows from the data.
    pub task: TaskName,
    /// `ar`, `hgn`, `ode_tr`, `rgn`, `cornn`, `nwm_1d` or `nwm_2d`.
    pub name: ModelName,
    /// True frames a forecast is given: 31 for the oscillators, 5 for the others (docs/theory.md, section 4).
    pub inference_steps: usize,
    /// Standard deviation of the initial weights of encoder, decoder and latent flow in terms of the published one. With that
    /// one a signal loses a third in every layer, and a model needs thousands of steps to notice its input.
    pub initial_gain: f64,
    /// The convolutional encoder.
    pub encoder: EncoderConfig,
    /// The spatial-broadcast decoder.
    pub decoder: DecoderConfig,
    /// The oscillatory cell of `cornn`, `nwm_1d` and `nwm_2d`.
    pub cell: CellSection,
    /// The last layer of a model that reads sequences.
    pub readout: ReadoutConfig,
    /// The course of a variational model through a film.
    pub rollout: RolloutConfig,
    /// The recurrent stack of `ar`.
    pub ar: ArConfig,
    /// The latent space of `hgn`, `ode_tr` and `rgn`.
    pub latent: LatentConfig,
    /// How the differential equation of `ode_tr` is solved.
    pub ode: OdeConfig,
    /// The map of `rgn`.
    pub rgn: RgnConfig,
}

/// The `[model.encoder]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncoderConfig {
    /// Maps of every convolution but the last.
    pub channels: usize,
    /// Slope of the leaky ReLU for negative inputs (the paper says ReLU, its code leaks 0.01).
    pub leaky_slope: f64,
    /// Units of the hidden layers of a variational model's encoder, with ReLU behind each; none for Figure 4.
    pub layers: Vec<usize>,
    /// Whether a variational model's encoder describes twice as many numbers as there are units. The second half is
    /// sampled and compared with the prior, but drives nothing (the released code).
    pub unused_half: bool,
    /// Whether a variational model normalises each sample to mean 0 and variance 1 over all units.
    pub norm: bool,
}

/// The `[model.decoder]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecoderConfig {
    /// Maps of every convolution but the last.
    pub channels: usize,
    /// Slope of the leaky ReLU for negative inputs.
    pub leaky_slope: f64,
    /// What is decoded: position and velocity as in the released code, or the position alone as the
    /// paper writes. A variational model decodes the position.
    pub input: DecoderInput,
    /// Units of the hidden layers of a variational model's decoder, with ReLU behind each; none for Figure 4.
    pub layers: Vec<usize>,
}

/// The `[model.readout]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReadoutConfig {
    /// Whether the affine map from the last position to the answer has a bias.
    pub bias: bool,
}

/// The `[model.rollout]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RolloutConfig {
    /// Whether the first frame sets the first state and then, by a sample of its own, drives the first step (the released
    /// code); if not, the first step is driven by the second frame (paper, equation 7).
    pub encode_first_twice: bool,
    /// Whether the last state predicts the first frame, which is right for films of whole periods (the released code).
    pub wrap_target: bool,
}

/// What the decoder of an oscillator model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DecoderInput {
    /// Position and velocity, interleaved site by site (the released code).
    XAndV,
    /// Position alone (the paper's `g(x)`).
    X,
}

/// The `[model.ar]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArConfig {
    /// Size of the encoded frame.
    pub latent: usize,
    /// Units of each recurrent layer; the last is what is decoded.
    pub layers: Vec<usize>,
    /// What the layers are.
    pub cell: RecurrentCell,
}

/// Kinds of recurrent layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum RecurrentCell {
    /// Long short-term memory (Table 1).
    Lstm,
    /// Gated recurrent units.
    Gru,
    /// A rectifier of two affine maps.
    Vanilla,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self::published(ModelName::Nwm2d)
    }
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self { channels: 64, leaky_slope: 0.01, layers: Vec::new(), unused_half: false, norm: true }
    }
}

impl Default for DecoderConfig {
    fn default() -> Self {
        Self { channels: 64, leaky_slope: 0.01, input: DecoderInput::XAndV, layers: Vec::new() }
    }
}

impl Default for ReadoutConfig {
    fn default() -> Self {
        Self { bias: true }
    }
}

impl Default for RolloutConfig {
    fn default() -> Self {
        Self { encode_first_twice: true, wrap_target: true }
    }
}

impl Default for ArConfig {
    fn default() -> Self {
        Self { latent: 32, layers: vec![250, 250, 250, 250, 32], cell: RecurrentCell::Lstm }
    }
}

impl ModelConfig {
    /// The published configuration of one column of Table 1 (docs/theory.md, section 4).
    pub fn published(name: ModelName) -> Self {
        let topology = match name {
            ModelName::Nwm1d => TopologyName::Rings,
            ModelName::Cornn => TopologyName::Dense,
            _ => TopologyName::Torus,
        };
        let latent = LatentConfig::default();
        Self {
            task: TaskName::Forecast,
            name,
            inference_steps: if name.is_oscillator() { 31 } else { 5 },
            initial_gain: 1.0,
            encoder: EncoderConfig::default(),
            decoder: DecoderConfig::default(),
            cell: CellSection { topology, ..CellSection::default() },
            readout: ReadoutConfig::default(),
            rollout: RolloutConfig::default(),
            ar: ArConfig::default(),
            latent: match name {
                ModelName::Hgn => LatentConfig { beta: 0.1, ..latent },
                ModelName::Rgn => LatentConfig { directions: Directions::Forward, ..latent },
                _ => latent,
            },
            ode: OdeConfig::default(),
            rgn: RgnConfig::default(),
        }
    }

    /// The published configuration of one model for one task: a column of Table 1 or of Table 2 (sequential MNIST), or the
    /// machine of Figure 4 (`nwm_2d`) or Figure 5 (`nwm_1d`).
    pub fn published_for(name: ModelName, task: TaskName) -> Self {
        let forecaster = Self::published(name);
        match task {
            TaskName::Forecast => forecaster,
            TaskName::Sequence => Self {
                task,
                cell: CellSection::of_sequences(forecaster.cell.topology),
                readout: ReadoutConfig { bias: forecaster.cell.topology == TopologyName::Dense },
                ..forecaster
            },
            TaskName::Variational => {
                let cell = CellSection::of_films(forecaster.cell.topology);
                let mut config = Self { task, ..forecaster };
                if cell.topology == TopologyName::Rings {
                    let units = cell.units();
                    config.encoder.layers = vec![3 * units, 2 * units];
                    config.decoder.layers = vec![2 * units, 3 * units];
                }
                Self { cell, ..config }
            }
        }
    }

    /// The first frame that a forecast predicts, counted from the first one it is given: 1 for models that read frame
    /// after frame, 0 for those that also draw what they have seen, the last one seen for those that draw on from it.
    pub fn first_predicted_frame(&self) -> usize {
        match self.latent.directions {
            _ if !self.name.is_latent() => 1,
            Directions::Both => 0,
            Directions::Forward => self.inference_steps.saturating_sub(1),
        }
    }

    /// Numbers of one encoded frame, or of one latent state.
    pub fn latent_size(&self) -> usize {
        match self.name {
            ModelName::Ar => self.ar.latent,
            name if name.is_latent() => self.latent.size,
            _ => self.cell.units(),
        }
    }

    /// Frames of the published training window: what the model sees and 60 more for those that draw from one latent
    /// state, 60 in all for the others (docs/theory.md, section 5).
    pub fn published_window(name: ModelName) -> usize {
        match name {
            ModelName::Hgn | ModelName::OdeTr => 65,
            // The last frame that is seen is the first one that is drawn.
            ModelName::Rgn => 64,
            _ => 60,
        }
    }

    /// [`ModelConfig::validate`], and that this is the model of another one's task.
    pub(crate) fn validate_for(&self, task: TaskName) -> Result<()> {
        if self.task != task {
            return Err(Error::key("model.task", task.as_str(), self.task.as_str()));
        }
        self.validate()
    }

    /// Checks what can be checked without data.
    ///
    /// # Errors
    /// [`Error::Key`] naming the first key out of range; [`Error::Cell`] if the cell refuses what its section
    /// describes.
    pub fn validate(&self) -> Result<()> {
        check_size("model.inference_steps", self.inference_steps)?;
        check_size("model.encoder.channels", self.encoder.channels)?;
        check_size("model.decoder.channels", self.decoder.channels)?;
        Error::unless_positive("model.initial_gain", self.initial_gain)?;
        for (key, slope) in [
            ("model.encoder.leaky_slope", self.encoder.leaky_slope),
            ("model.decoder.leaky_slope", self.decoder.leaky_slope),
        ] {
            if !(slope > 0.0 && slope <= 1.0) {
                return Err(Error::key(key, "a slope in (0, 1]", slope));
            }
        }
        if self.task != TaskName::Forecast && !self.name.is_oscillator() {
            let expected = "a model with an oscillatory cell: cornn, nwm_1d or nwm_2d";
            return Err(Error::key("model.name", expected, self.name.as_str()));
        }
        for (key, layers) in [
            ("model.encoder.layers", &self.encoder.layers),
            ("model.decoder.layers", &self.decoder.layers),
        ] {
            if !layers.is_empty() {
                check_layers(key, layers)?;
            }
        }
        match self.name {
            ModelName::Ar => {
                check_size("model.ar.latent", self.ar.latent)?;
                if self.ar.latent < 2 {
                    return Err(Error::key("model.ar.latent", "at least 2", self.ar.latent));
                }
                check_layers("model.ar.layers", &self.ar.layers)
            }
            name if name.is_latent() => self.latent.validate(name, self.inference_steps, &self.ode),
            _ => self.cell.validate(),
        }
    }
}

/// The most units, channels or frames that a layer may have. A model at this bound has far too many parameters for any
/// machine, but their number can be counted.
pub(crate) const LARGEST_SIZE: usize = 1 << 16;

/// The most layers of one network.
const MOST_LAYERS: usize = 1 << 10;

pub(crate) fn check_size(key: &'static str, value: usize) -> Result<()> {
    if (1..=LARGEST_SIZE).contains(&value) {
        return Ok(());
    }
    Err(Error::key(key, format!("a number from 1 to {LARGEST_SIZE}"), value))
}

pub(crate) fn check_layers(key: &'static str, layers: &[usize]) -> Result<()> {
    let fits = layers.iter().all(|units| (1..=LARGEST_SIZE).contains(units));
    if fits && (1..=MOST_LAYERS).contains(&layers.len()) {
        return Ok(());
    }
    let expected = format!("1 to {MOST_LAYERS} layers of 1 to {LARGEST_SIZE} units");
    Err(Error::key(key, expected, format!("{layers:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cell_section::ScalarMode;

    #[test]
    fn published_configurations_are_valid() {
        for name in ModelName::ALL {
            ModelConfig::published(name).validate().unwrap();
        }
    }

    #[test]
    fn names_are_spelled_as_in_configuration_files() {
        for name in ModelName::ALL {
            assert_eq!(serde_json::to_value(name).unwrap(), name.as_str());
        }
    }

    #[test]
    fn an_even_kernel_is_refused() {
        let mut config = ModelConfig::default();
        config.cell.kernel_size = 4;
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("kernel") && message.contains('4'), "{message}");
    }

    #[test]
    fn a_time_step_below_the_floor_is_refused() {
        let mut config = ModelConfig::default();
        config.cell.scalars = ScalarMode::Fixed;
        config.cell.dt = 1e-4;
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("dt"), "{message}");
    }

    #[test]
    fn sizes_beyond_the_address_space_are_refused() {
        for topology in [TopologyName::Torus, TopologyName::Rings, TopologyName::Dense] {
            let mut config = ModelConfig::default();
            config.cell.topology = topology;
            (config.cell.rows, config.cell.columns) = (1 << 40, 1 << 40);
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains("too many parameters"), "{message}");
        }
    }

    #[test]
    fn numbers_that_are_none_are_refused() {
        let mut config = ModelConfig::default();
        config.cell.kernel_mean = f64::NAN;
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("model.cell.kernel_mean"), "{message}");
        for scalars in [ScalarMode::Learned, ScalarMode::Fixed] {
            let mut config = ModelConfig::default();
            config.cell.scalars = scalars;
            (config.cell.gamma_raw, config.cell.gamma) = (f64::NAN, f64::NAN);
            let message = config.validate().unwrap_err().to_string();
            assert!(message.contains("gamma is NaN"), "{message}");
        }
    }

    #[test]
    fn layers_that_are_none_or_too_large_name_their_key() {
        let problem = |name, change: fn(&mut ModelConfig)| {
            let mut config = ModelConfig::published(name);
            change(&mut config);
            config.validate().unwrap_err().to_string()
        };
        for (key, name, change) in [
            ("model.ar.layers", ModelName::Ar, (|c| c.ar.layers.clear()) as fn(&mut ModelConfig)),
            ("model.ar.layers", ModelName::Ar, |c| c.ar.layers[1] = 1 << 60),
            ("model.ar.latent", ModelName::Ar, |c| c.ar.latent = 1),
            ("model.latent.size", ModelName::Hgn, |c| c.latent.size = 1 << 60),
            ("model.latent.hidden", ModelName::OdeTr, |c| c.latent.hidden[0] = 1 << 60),
            ("model.latent.hidden", ModelName::Rgn, |c| c.latent.hidden.clear()),
            ("model.ode.most_steps", ModelName::OdeTr, |c| c.ode.most_steps = 1 << 60),
            ("model.encoder.channels", ModelName::Nwm2d, |c| c.encoder.channels = 1 << 60),
            ("model.inference_steps", ModelName::Hgn, |c| c.inference_steps = (1 << 60) + 1),
        ] {
            let message = problem(name, change);
            assert!(message.contains(key), "{key}: {message}");
        }
    }
}
