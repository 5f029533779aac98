//! What a cell is made of, and the checks that a configuration must pass.

use crate::error::{Error, Result};
use crate::topology::Topology;

/// The smallest effective time step that a cell accepts.
///
/// The backward pass recovers `tanh(pre)` from the recorded velocities as
/// `(v' - v) / dt + gamma x + alpha v`, so rounding errors of the tape are amplified by `1 / dt`:
/// at this floor an f32 tape still leaves about four correct digits.
pub const DT_FLOOR: f64 = 1e-3;

/// How the constant term of the pre-activation is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bias {
    /// One value per unit: shape `[channels * sites]`. Breaks translation symmetry once trained.
    PerSite,
    /// One value per channel: shape `[channels]`.
    PerMap,
    /// One value per position on the ring, shared by all rings: shape `[channels, sites]`.
    PerRingPosition,
    /// No bias.
    None,
}

/// One of the three scalars of the cell: a constant of the configuration or a trained parameter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar {
    /// The effective value itself; there is no parameter.
    Fixed(f64),
    /// A trained raw value. The effective value is `sigmoid(raw)` for dt, and `relu(raw)` for gamma
    /// and alpha, where the derivative of relu at 0 is 0.
    Learned {
        /// Where training starts.
        raw: f64,
    },
}

impl Scalar {
    /// The effective value of this scalar when it plays the part of dt.
    pub fn as_time_step(&self) -> f64 {
        match *self {
            Self::Fixed(value) => value,
            Self::Learned { raw } => 1.0 / (1.0 + (-raw).exp()),
        }
    }

    /// The effective value of this scalar when it plays the part of gamma or alpha.
    pub fn as_coefficient(&self) -> f64 {
        match *self {
            Self::Fixed(value) => value,
            // Not `max`, which would turn a raw value that is not a number into 0.
            Self::Learned { raw } if raw < 0.0 => 0.0,
            Self::Learned { raw } => raw,
        }
    }
}

/// Everything that decides which parameters a cell has and what its step computes.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct CellConfig {
    /// Arrangement of the sites.
    pub topology: Topology,
    /// Maps per sample; every map is coupled to every other one. Dense cells have one.
    pub channels: usize,
    /// Taps of a local kernel along each coupled axis, odd. Without effect on a dense cell, which
    /// still refuses 0.
    pub kernel_size: usize,
    /// Sharing of the constant term.
    pub bias: Bias,
    /// Rings only: each site listens to its right neighbour alone, so that activity travels toward
    /// smaller index. Kernels become single multipliers.
    pub one_way: bool,
    /// Whether the drive passes through a third coupling of the same kind, or enters as it is.
    pub drive_coupling: bool,
    /// Width of an input that a matrix turns into the drive inside the op, so that a drive much
    /// larger than its input is never stored. None: the drive itself is the input.
    pub input_features: Option<usize>,
    /// Time step.
    pub dt: Scalar,
    /// Restoring coefficient, the square of the uncoupled angular frequency.
    pub gamma: Scalar,
    /// Damping coefficient.
    pub alpha: Scalar,
    /// Layer norm over all units of a sample after each position update.
    pub state_norm: bool,
}

impl CellConfig {
    /// The paper's cell on `topology`: one channel, kernels of 3, a bias per site, coupling in both
    /// directions, a coupled drive, no state norm, and learned scalars that start at raw values
    /// -1.95, 1.0 and 0.5 (dt about 0.125, gamma 1, alpha 0.5).
    pub fn new(topology: Topology) -> Self {
        Self {
            topology,
            channels: 1,
            kernel_size: 3,
            bias: Bias::PerSite,
            one_way: false,
            drive_coupling: true,
            input_features: None,
            dt: Scalar::Learned { raw: -1.95 },
            gamma: Scalar::Learned { raw: 1.0 },
            alpha: Scalar::Learned { raw: 0.5 },
            state_norm: false,
        }
    }

    /// Units of one sample: channels × sites.
    pub fn units(&self) -> usize {
        self.channels * self.topology.sites()
    }

    /// Numbers per sample and step that the op is driven by: the input's features, or the units.
    pub fn inputs(&self) -> usize {
        self.input_features.unwrap_or_else(|| self.units())
    }

    /// Checks that the parts fit together.
    ///
    /// # Errors
    /// The first of these that applies: a zero or unaddressable size, an even kernel or one larger
    /// than the axis it runs along, one-way coupling outside rings or with a kernel other than 3, an
    /// input projection beside a drive coupling, a bias that the topology does not define, more than one channel in a dense cell, a scalar that
    /// is not finite, a negative gamma or alpha, or an effective dt below [`DT_FLOOR`].
    pub fn validate(&self) -> Result<()> {
        self.validate_sizes()?;
        if self.topology.is_local() {
            self.validate_kernel()?;
        } else if self.channels != 1 {
            return Err(Error::DenseChannels { channels: self.channels });
        }
        if self.one_way {
            if !matches!(self.topology, Topology::Rings { .. }) {
                return Err(Error::OneWayNeedsRings { topology: self.topology.to_string() });
            }
            if self.kernel_size != 3 {
                return Err(Error::OneWayKernel { kernel_size: self.kernel_size });
            }
        }
        if self.input_features.is_some() && self.drive_coupling {
            return Err(Error::ProjectionWithCoupling);
        }
        self.validate_bias()?;
        validate_time_step(&self.dt)?;
        validate_coefficient("gamma", &self.gamma)?;
        validate_coefficient("alpha", &self.alpha)
    }

    fn validate_sizes(&self) -> Result<()> {
        let sizes: &[(&'static str, usize)] = match self.topology {
            Topology::Torus { rows, columns } => &[("rows", rows), ("columns", columns)],
            Topology::Rings { rings, sites } => &[("rings", rings), ("sites", sites)],
            Topology::Dense { units } => &[("units", units)],
        };
        for &(what, size) in sizes.iter().chain(&[
            ("channels", self.channels),
            ("kernel_size", self.kernel_size),
            ("input_features", self.input_features.unwrap_or(1)),
        ]) {
            if size == 0 {
                return Err(Error::ZeroSize { what });
            }
        }
        let product = |factors: &[usize]| {
            factors.iter().try_fold(1_usize, |product, &factor| product.checked_mul(factor))
        };
        let units = product(&sizes.iter().map(|&(_, size)| size).collect::<Vec<_>>())
            .and_then(|sites| sites.checked_mul(self.channels));
        let kernel = match self.topology {
            Topology::Dense { units } => product(&[units, units]),
            _ => product(&[self.channels, self.channels, self.kernel_size, self.kernel_size]),
        };
        // Three kernels, four arrays over the units and the projection must be addressable in one
        // packed vector.
        let arrays = self.input_features.unwrap_or(0).checked_add(4);
        let total = units
            .zip(arrays)
            .and_then(|(units, arrays)| units.checked_mul(arrays))
            .zip(kernel.and_then(|kernel| kernel.checked_mul(3)))
            .and_then(|(units, kernels)| units.checked_add(kernels));
        match total {
            Some(total) if total < isize::MAX as usize / size_of::<f64>() => Ok(()),
            _ => Err(Error::TooLarge {
                topology: self.topology.to_string(),
                channels: self.channels,
            }),
        }
    }

    fn validate_kernel(&self) -> Result<()> {
        let kernel_size = self.kernel_size;
        if kernel_size.is_multiple_of(2) {
            return Err(Error::EvenKernel { kernel_size });
        }
        let axes: &[(&'static str, usize)] = match self.topology {
            Topology::Torus { rows, columns } => &[("row", rows), ("column", columns)],
            Topology::Rings { sites, .. } => &[("ring", sites)],
            Topology::Dense { .. } => &[],
        };
        for &(axis, length) in axes {
            if kernel_size > length {
                return Err(Error::KernelTooLarge { kernel_size, axis, length });
            }
        }
        Ok(())
    }

    fn validate_bias(&self) -> Result<()> {
        let allowed = match (self.topology, self.bias) {
            (Topology::Torus { .. }, Bias::PerRingPosition) => "PerSite, PerMap or None",
            (Topology::Dense { .. }, Bias::PerMap | Bias::PerRingPosition) => "PerSite or None",
            _ => return Ok(()),
        };
        Err(Error::BiasNeedsOtherTopology {
            bias: format!("{:?}", self.bias),
            topology: self.topology.to_string(),
            allowed,
        })
    }
}

/// Refuses an effective time step below [`DT_FLOOR`] or not finite.
pub(crate) fn check_time_step(dt: f64) -> Result<()> {
    if dt.is_finite() && dt >= DT_FLOOR {
        Ok(())
    } else {
        Err(Error::TimeStepTooSmall { dt, floor: DT_FLOOR })
    }
}

fn validate_time_step(dt: &Scalar) -> Result<()> {
    check_time_step(dt.as_time_step())
}

fn validate_coefficient(name: &'static str, scalar: &Scalar) -> Result<()> {
    let (value, allowed, expected) = match *scalar {
        Scalar::Fixed(value) => (value, value >= 0.0, "a finite number, 0 or more"),
        Scalar::Learned { raw } => (raw, true, "a finite raw value"),
    };
    if value.is_finite() && allowed {
        Ok(())
    } else {
        Err(Error::InvalidScalar { name, value, expected })
    }
}
