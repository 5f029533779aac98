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
    /// One bias for every site, and one for every channel in each of the two couplings. All of them add up (the released
    /// code for sequences).
    Separate,
    /// No bias.
    None,
}

/// How the taps of a local kernel are drawn at the start, by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KernelStart {
    /// Normal with `kernel_mean` and `kernel_std`, cut at two standard deviations.
    TruncatedNormal,
    /// Uniform on plus and minus one over the root of the taps that a unit reads; projection and biases likewise.
    Uniform,
}

/// Whether the time step, the restoring and the damping coefficient are trained.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScalarMode {
    /// Trained with everything else.
    Learned,
    /// Kept at `dt`, `gamma` and `alpha`.
    Fixed,
}

/// The `[model.cell]` section (docs/theory.md, sections 1, 4 and 8).
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
    /// `truncated_normal` or `uniform`: how kernels are drawn at the start.
    pub kernel_start: KernelStart,
    /// Mean of every kernel tap at the start.
    pub kernel_mean: f64,
    /// Standard deviation of the kernel taps at the start, cut at two of it.
    pub kernel_std: f64,
    /// `site`, `map`, `ring`, `separate` or `none`.
    pub bias: BiasScope,
    /// Whether each site listens to its right neighbour alone (rings only).
    pub one_way: bool,
    /// Whether the encoded frame passes through a third coupling, as in the released code.
    pub drive_coupling: bool,
    /// Whether a matrix over all units turns the encoded frame of a variational model into the drive (the paper's V).
    pub drive_projection: bool,
    /// Whether the position is layer-normalised after each step.
    pub state_norm: bool,
    /// `learned` or `fixed`.
    pub scalars: ScalarMode,
    /// Learned time step at the start = sigmoid of this.
    pub dt_raw: f64,
    /// Learned restoring coefficient at the start = relu of this.
    pub gamma_raw: f64,
    /// Learned damping coefficient at the start = relu of this.
    pub alpha_raw: f64,
    /// Time step if `scalars` is `fixed`.
    pub dt: f64,
    /// Restoring coefficient if `scalars` is `fixed`.
    pub gamma: f64,
    /// Damping coefficient if `scalars` is `fixed`.
    pub alpha: f64,
}

impl Default for CellSection {
    fn default() -> Self {
        Self {
            topology: TopologyName::Torus,
            rows: 23,
            columns: 23,
            channels: 1,
            kernel_size: 3,
            kernel_start: KernelStart::TruncatedNormal,
            kernel_mean: 1.0 / 9.0,
            kernel_std: 0.1,
            bias: BiasScope::Site,
            one_way: false,
            drive_coupling: true,
            drive_projection: false,
            state_norm: false,
            scalars: ScalarMode::Learned,
            dt_raw: -1.95,
            gamma_raw: 1.0,
            alpha_raw: 0.5,
            dt: 0.125,
            gamma: 1.0,
            alpha: 0.5,
        }
    }
}

impl CellSection {
    /// The cell of sequential MNIST: 256 units densely coupled, or 16 channels of 16 x 16 sites (49 664 parameters with
    /// projection and readout, the paper's count, which has no bias).
    pub(crate) fn of_sequences(topology: TopologyName) -> Self {
        let dense = topology == TopologyName::Dense;
        Self {
            topology,
            rows: 16,
            columns: 16,
            channels: if dense { 1 } else { 16 },
            kernel_start: KernelStart::Uniform,
            bias: if dense { BiasScope::Site } else { BiasScope::None },
            drive_coupling: false,
            scalars: ScalarMode::Fixed,
            dt: 0.042,
            gamma: 2.7,
            alpha: 4.7,
            ..Self::default()
        }
    }

    /// The cell of turning digits: 36 x 36 sites (Figure 4), or 24 one-way rings of 54 with a norm (Figure 5). Every tap
    /// starts at one over the number of sites, the multipliers of one-way rings at one.
    pub(crate) fn of_films(topology: TopologyName) -> Self {
        let rings = topology == TopologyName::Rings;
        let (rows, columns) = if rings { (24, 54) } else { (36, 36) };
        Self {
            topology,
            rows,
            columns,
            kernel_mean: if rings { 1.0 } else { 1.0 / (rows * columns) as f64 },
            kernel_std: 0.0,
            bias: if rings { BiasScope::Ring } else { BiasScope::Site },
            one_way: rings,
            state_norm: rings,
            ..Self::default()
        }
    }

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
        let scalar = |raw: f64, fixed: f64| match self.scalars {
            ScalarMode::Learned => Scalar::Learned { raw },
            ScalarMode::Fixed => Scalar::Fixed(fixed),
        };
        cell.channels = self.channels;
        cell.kernel_size = self.kernel_size;
        cell.bias = match self.bias {
            BiasScope::Site | BiasScope::Separate => Bias::PerSite,
            BiasScope::Map => Bias::PerMap,
            BiasScope::Ring => Bias::PerRingPosition,
            BiasScope::None => Bias::None,
        };
        cell.one_way = self.one_way;
        cell.drive_coupling = self.drive_coupling;
        cell.state_norm = self.state_norm;
        if self.drive_projection {
            cell.input_features = Some(self.units());
        }
        cell.dt = scalar(self.dt_raw, self.dt);
        cell.gamma = scalar(self.gamma_raw, self.gamma);
        cell.alpha = scalar(self.alpha_raw, self.alpha);
        cell
    }
}
