//! The `[model]` section of a configuration: which forecaster, and how large.
//!
//! Defaults are the published values of Table 1 (Keller & Welling 2023, and the released code where the
//! paper is silent). Every field is one key of the TOML file, under `[model]`.

use nwm_core::{Bias, CellConfig, Scalar, Topology};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// Which forecaster of Table 1 is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ModelName {
    /// Autoregressive stack of LSTM layers.
    Ar,
    /// Densely coupled oscillators (Rusch & Mishra 2021).
    Cornn,
    /// Neural wave machine on independent rings.
    #[serde(rename = "nwm_1d")]
    Nwm1d,
    /// Neural wave machine on a two-dimensional torus.
    #[serde(rename = "nwm_2d")]
    Nwm2d,
}

impl ModelName {
    /// Every name, in the order of Table 1's columns.
    pub const ALL: [Self; 4] = [Self::Ar, Self::Cornn, Self::Nwm2d, Self::Nwm1d];

    /// The name as configuration files and tables spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ar => "ar",
            Self::Cornn => "cornn",
            Self::Nwm1d => "nwm_1d",
            Self::Nwm2d => "nwm_2d",
        }
    }
}

/// The `[model]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelConfig {
    /// `ar`, `cornn`, `nwm_1d` or `nwm_2d`.
    pub name: ModelName,
    /// True frames a forecast is given: 31 for the oscillators, 5 for `ar` (docs/theory.md, section 4).
    pub inference_steps: usize,
    /// The convolutional encoder.
    pub encoder: EncoderConfig,
    /// The spatial-broadcast decoder.
    pub decoder: DecoderConfig,
    /// The oscillatory cell of `cornn`, `nwm_1d` and `nwm_2d`.
    pub cell: CellSection,
    /// The recurrent stack of `ar`.
    pub ar: ArConfig,
}

/// The `[model.encoder]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EncoderConfig {
    /// Maps of every convolution but the last.
    pub channels: usize,
    /// Slope of the leaky ReLU for negative inputs (the paper says ReLU, its code leaks 0.01).
    pub leaky_slope: f64,
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
    /// paper writes.
    pub input: DecoderInput,
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

/// Topology of the coupling, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TopologyName {
    /// Both axes wrap.
    Torus,
    /// Rows are independent rings.
    Rings,
    /// Every unit is coupled to every unit.
    Dense,
}

/// Extent of the bias, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BiasScope {
    /// One bias for every site of every channel.
    Site,
    /// One bias for every channel.
    Map,
    /// One bias for every position along a ring, shared over rings.
    Ring,
    /// No bias.
    None,
}

/// Whether the time step, the restoring and the damping coefficient are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScalarMode {
    /// Trained with everything else.
    Learned,
    /// Kept at the value that their raw values give.
    Fixed,
}

/// The `[model.cell]` section (docs/theory.md, sections 1 and 4).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CellSection {
    /// `torus`, `rings` or `dense`.
    pub topology: TopologyName,
    /// Rows of the sheet; for `rings` their number.
    pub rows: usize,
    /// Columns of the sheet; for `rings` the sites of each.
    pub columns: usize,
    /// Hidden channels.
    pub channels: usize,
    /// Side of the coupling kernels, odd.
    pub kernel_size: usize,
    /// Mean of every kernel tap at the start.
    pub kernel_mean: f64,
    /// Standard deviation of the kernel taps at the start, cut at two of it.
    pub kernel_std: f64,
    /// `site`, `map`, `ring` or `none`.
    pub bias: BiasScope,
    /// Whether each site listens to its right neighbour alone (rings only).
    pub one_way: bool,
    /// Whether the encoded frame passes through a third coupling, as in the released code.
    pub drive_coupling: bool,
    /// Whether the position is layer-normalised after each step.
    pub state_norm: bool,
    /// `learned` or `fixed`.
    pub scalars: ScalarMode,
    /// Time step = sigmoid of this.
    pub dt_raw: f64,
    /// Restoring coefficient = relu of this.
    pub gamma_raw: f64,
    /// Damping coefficient = relu of this.
    pub alpha_raw: f64,
}

/// The `[model.ar]` section.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ArConfig {
    /// Size of the encoded frame.
    pub latent: usize,
    /// Units of each LSTM layer; the last is what is decoded.
    pub layers: Vec<usize>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self::published(ModelName::Nwm2d)
    }
}

impl Default for EncoderConfig {
    fn default() -> Self {
        Self { channels: 64, leaky_slope: 0.01 }
    }
}

impl Default for DecoderConfig {
    fn default() -> Self {
        Self { channels: 64, leaky_slope: 0.01, input: DecoderInput::XAndV }
    }
}

impl Default for CellSection {
    fn default() -> Self {
        Self {
            topology: TopologyName::Torus,
            rows: 23,
            columns: 23,
            channels: 1,
            kernel_size: 3,
            kernel_mean: 1.0 / 9.0,
            kernel_std: 0.1,
            bias: BiasScope::Site,
            one_way: false,
            drive_coupling: true,
            state_norm: false,
            scalars: ScalarMode::Learned,
            dt_raw: -1.95,
            gamma_raw: 1.0,
            alpha_raw: 0.5,
        }
    }
}

impl Default for ArConfig {
    fn default() -> Self {
        Self { latent: 32, layers: vec![250, 250, 250, 250, 32] }
    }
}

impl ModelConfig {
    /// The published configuration of one column of Table 1 (docs/theory.md, section 4).
    pub fn published(name: ModelName) -> Self {
        let topology = match name {
            ModelName::Nwm1d => TopologyName::Rings,
            ModelName::Cornn => TopologyName::Dense,
            ModelName::Ar | ModelName::Nwm2d => TopologyName::Torus,
        };
        Self {
            name,
            inference_steps: if name == ModelName::Ar { 5 } else { 31 },
            encoder: EncoderConfig::default(),
            decoder: DecoderConfig::default(),
            cell: CellSection { topology, ..CellSection::default() },
            ar: ArConfig::default(),
        }
    }

    /// Checks what can be checked without data; the message names the key.
    pub fn validate(&self) -> Result<()> {
        at_least_one("model.inference_steps", self.inference_steps)?;
        at_least_one("model.encoder.channels", self.encoder.channels)?;
        at_least_one("model.decoder.channels", self.decoder.channels)?;
        for (key, slope) in [
            ("model.encoder.leaky_slope", self.encoder.leaky_slope),
            ("model.decoder.leaky_slope", self.decoder.leaky_slope),
        ] {
            if !(slope > 0.0 && slope <= 1.0) {
                return Err(Error::key(key, "a slope in (0, 1]", slope));
            }
        }
        match self.name {
            ModelName::Ar => {
                if self.ar.latent < 2 {
                    return Err(Error::key("model.ar.latent", "at least 2", self.ar.latent));
                }
                if self.ar.layers.is_empty() || self.ar.layers.contains(&0) {
                    return Err(Error::key(
                        "model.ar.layers",
                        "one or more layers of at least one unit",
                        format!("{:?}", self.ar.layers),
                    ));
                }
                Ok(())
            }
            _ => self.cell.validate(),
        }
    }
}

impl CellSection {
    fn validate(&self) -> Result<()> {
        if !(self.kernel_std >= 0.0 && self.kernel_std.is_finite()) {
            return Err(Error::key(
                "model.cell.kernel_std",
                "a finite number, zero or above",
                self.kernel_std,
            ));
        }
        if self.units() < 2 {
            return Err(Error::key(
                "model.cell.rows",
                "rows x columns x channels of at least 2",
                self.units(),
            ));
        }
        self.to_cell_config().validate().map_err(|source| Error::Cell { source })
    }

    /// Units of the hidden state: channels x rows x columns.
    pub fn units(&self) -> usize {
        self.channels * self.rows * self.columns
    }

    /// The cell this section describes.
    pub fn to_cell_config(&self) -> CellConfig {
        let (rows, columns) = (self.rows, self.columns);
        let mut cell = CellConfig::new(match self.topology {
            TopologyName::Torus => Topology::Torus { rows, columns },
            TopologyName::Rings => Topology::Rings { rings: rows, sites: columns },
            TopologyName::Dense => Topology::Dense { units: rows * columns },
        });
        let scalar = |raw: f64, constrain: fn(f64) -> f64| match self.scalars {
            ScalarMode::Learned => Scalar::Learned { raw },
            ScalarMode::Fixed => Scalar::Fixed(constrain(raw)),
        };
        cell.channels = self.channels;
        cell.kernel_size = self.kernel_size;
        cell.bias = match self.bias {
            BiasScope::Site => Bias::PerSite,
            BiasScope::Map => Bias::PerMap,
            BiasScope::Ring => Bias::PerRingPosition,
            BiasScope::None => Bias::None,
        };
        cell.one_way = self.one_way;
        cell.drive_coupling = self.drive_coupling;
        cell.state_norm = self.state_norm;
        cell.dt = scalar(self.dt_raw, sigmoid_of);
        cell.gamma = scalar(self.gamma_raw, |raw| raw.max(0.0));
        cell.alpha = scalar(self.alpha_raw, |raw| raw.max(0.0));
        cell
    }
}

/// The logistic function, which turns a raw time step into the effective one.
pub(crate) fn sigmoid_of(raw: f64) -> f64 {
    1.0 / (1.0 + (-raw).exp())
}

fn at_least_one(key: &'static str, value: usize) -> Result<()> {
    if value == 0 { Err(Error::key(key, "at least 1", value)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_configurations_are_valid() {
        for name in ModelName::ALL {
            ModelConfig::published(name).validate().unwrap();
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
        config.cell.dt_raw = -9.0;
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("dt"), "{message}");
    }

    #[test]
    fn an_empty_stack_names_its_key() {
        let mut config = ModelConfig::published(ModelName::Ar);
        config.ar.layers.clear();
        let message = config.validate().unwrap_err().to_string();
        assert!(message.contains("model.ar.layers"), "{message}");
    }
}
