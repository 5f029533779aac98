//! The `[model.cell]` section of a configuration: the oscillatory cell, in the words of the TOML file.
//!
//! Defaults are the published values of Table 1, and each field is one key, as in `config.rs`.

use nwm_core::{Bias, CellConfig, Scalar, Topology};
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

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

impl CellSection {
    /// Checks the section's own numbers, then the cell it describes.
    pub(crate) fn validate(&self) -> Result<()> {
        if !(self.kernel_std >= 0.0 && self.kernel_std.is_finite()) {
            return Err(Error::key(
                "model.cell.kernel_std",
                "a finite number, zero or above",
                self.kernel_std,
            ));
        }
        if !self.kernel_mean.is_finite() {
            return Err(Error::key("model.cell.kernel_mean", "a finite number", self.kernel_mean));
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

    /// Units of the hidden state: channels x rows x columns. Products too large for a machine word saturate here
    /// and are refused by [`ModelConfig::validate`](crate::ModelConfig::validate).
    pub fn units(&self) -> usize {
        self.channels.saturating_mul(self.rows).saturating_mul(self.columns)
    }

    /// The cell this section describes.
    pub fn to_cell_config(&self) -> CellConfig {
        let (rows, columns) = (self.rows, self.columns);
        let mut cell = CellConfig::new(match self.topology {
            TopologyName::Torus => Topology::Torus { rows, columns },
            TopologyName::Rings => Topology::Rings { rings: rows, sites: columns },
            TopologyName::Dense => Topology::Dense { units: rows.saturating_mul(columns) },
        });
        let scalar = |raw: f64, effective: fn(&Scalar) -> f64| {
            let learned = Scalar::Learned { raw };
            match self.scalars {
                ScalarMode::Learned => learned,
                ScalarMode::Fixed => Scalar::Fixed(effective(&learned)),
            }
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
        cell.dt = scalar(self.dt_raw, Scalar::as_time_step);
        cell.gamma = scalar(self.gamma_raw, Scalar::as_coefficient);
        cell.alpha = scalar(self.alpha_raw, Scalar::as_coefficient);
        cell
    }
}
