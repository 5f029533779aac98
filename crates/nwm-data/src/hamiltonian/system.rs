//! The systems by name, and what is common to them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{mass_spring, pendulum};
use crate::error::{Error, Result};
use crate::stream::Stream;

/// A particle system of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum System {
    /// A mass on a spring.
    #[serde(alias = "spring")]
    MassSpring,
    /// A pendulum, swinging or rotating.
    Pendulum,
}

impl System {
    /// Every system, in the order of the tables.
    pub const ALL: [Self; 2] = [Self::MassSpring, Self::Pendulum];

    /// The suite's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MassSpring => "mass_spring",
            Self::Pendulum => "pendulum",
        }
    }

    /// Other names that [`System::parse`] accepts: the row names of the tables.
    #[must_use]
    pub const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::MassSpring => &["spring"],
            Self::Pendulum => &[],
        }
    }

    /// The system with this name or alias.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`], which lists the known names.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|system| system.name() == name || system.aliases().contains(&name))
            .ok_or_else(|| Error::UnknownName {
                what: "system",
                found: name.to_owned(),
                known: Self::ALL
                    .iter()
                    .flat_map(|system| [system.name()].into_iter().chain(system.aliases().to_vec()))
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// Numbers in a state: the positions, then as many momenta.
    #[must_use]
    pub const fn state_dimension(self) -> usize {
        match self {
            Self::MassSpring | Self::Pendulum => 2,
        }
    }

    /// Balls in the picture.
    #[must_use]
    pub const fn ball_count(self) -> usize {
        match self {
            Self::MassSpring | Self::Pendulum => 1,
        }
    }

    /// Names of the parameters, in the order in which they are stored.
    #[must_use]
    pub const fn parameter_names(self) -> &'static [&'static str] {
        match self {
            Self::MassSpring => &mass_spring::PARAMETER_NAMES,
            Self::Pendulum => &pendulum::PARAMETER_NAMES,
        }
    }

    /// Time between two frames in the published sets.
    #[must_use]
    pub const fn default_dt(self) -> f64 {
        match self {
            Self::MassSpring | Self::Pendulum => 0.05,
        }
    }

    /// The total energy of one state, axis `[dimension]`, in the units of the equations.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if `parameters` or `state` has another length than the system's.
    pub fn energy(self, parameters: &[f64], state: &[f64]) -> Result<f64> {
        Ok(match self {
            Self::MassSpring => mass_spring::energy(fixed_parameters(parameters)?, fixed(state)?),
            Self::Pendulum => pendulum::energy(fixed_parameters(parameters)?, fixed(state)?),
        })
    }

    /// Solves the equations of motion from `initial`, axis `[dimension]`, and writes the states at
    /// the times `k * dt` to `states`, axes `[time, dimension]`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if a slice has the wrong length; errors of the integrator.
    pub fn solve(
        self,
        parameters: &[f64],
        initial: &[f64],
        dt: f64,
        states: &mut [f64],
    ) -> Result<()> {
        match self {
            Self::MassSpring => {
                let parameters = fixed_parameters(parameters)?;
                mass_spring::solve(parameters, *fixed(initial)?, dt, states);
                Ok(())
            }
            Self::Pendulum => {
                pendulum::solve(fixed_parameters(parameters)?, *fixed(initial)?, dt, states)
            }
        }
    }

    /// Parameters of every trajectory of the plain set, in the order of the names.
    pub(crate) const fn plain_parameters(self) -> &'static [f64] {
        match self {
            Self::MassSpring => &mass_spring::PLAIN,
            Self::Pendulum => &pendulum::PLAIN,
        }
    }

    /// A random initial state, written to `state`, axis `[dimension]`.
    pub(crate) fn draw_initial_state(
        self,
        parameters: &[f64],
        stream: &mut Stream,
        state: &mut [f64],
    ) -> Result<()> {
        let initial = match self {
            Self::MassSpring => mass_spring::initial_state(fixed_parameters(parameters)?, stream),
            Self::Pendulum => pendulum::initial_state(stream),
        };
        state.copy_from_slice(&initial);
        Ok(())
    }

    /// Half the width of the plain set's picture: the farthest centre plus one ball radius.
    pub(crate) fn plain_half_width(self) -> f64 {
        match self {
            Self::MassSpring => mass_spring::REACH + ball_radius(mass_spring::PLAIN[0]),
            Self::Pendulum => pendulum::REACH + ball_radius(pendulum::PLAIN[0]),
        }
    }

    /// The mass of ball number `ball`.
    pub(crate) fn ball_mass(self, parameters: &[f64], _ball: usize) -> Result<f64> {
        match self {
            Self::MassSpring => Ok(fixed_parameters::<2>(parameters)?[0]),
            Self::Pendulum => Ok(fixed_parameters::<3>(parameters)?[0]),
        }
    }

    /// World position of ball number `ball`, `[x, y]`.
    pub(crate) fn ball_position(
        self,
        parameters: &[f64],
        state: &[f64],
        _ball: usize,
    ) -> Result<[f64; 2]> {
        Ok(match self {
            Self::MassSpring => mass_spring::position(fixed(state)?),
            Self::Pendulum => pendulum::position(fixed_parameters(parameters)?, fixed(state)?),
        })
    }
}

/// World radius of a ball: its area is its mass.
pub(crate) fn ball_radius(mass: f64) -> f64 {
    (mass / std::f64::consts::PI).sqrt()
}

impl fmt::Display for System {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for System {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::parse(name)
    }
}

/// `parameters` as an array of the system's length.
fn fixed_parameters<const LENGTH: usize>(parameters: &[f64]) -> Result<&[f64; LENGTH]> {
    parameters.try_into().map_err(|_| Error::BufferLength {
        what: "parameters of a system",
        axes: "[parameter]",
        expected: LENGTH,
        found: parameters.len(),
    })
}

/// `state` as an array of the system's dimension.
fn fixed<const LENGTH: usize>(state: &[f64]) -> Result<&[f64; LENGTH]> {
    state.try_into().map_err(|_| Error::BufferLength {
        what: "state of a system",
        axes: "[dimension]",
        expected: LENGTH,
        found: state.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_parsed_and_others_listed() {
        for system in System::ALL {
            assert_eq!(System::parse(system.name()).unwrap(), system);
        }
        assert_eq!(System::parse("spring").unwrap(), System::MassSpring);
        assert_eq!(serde_json::to_string(&System::MassSpring).unwrap(), "\"mass_spring\"");
        let alias: System = serde_json::from_str("\"spring\"").unwrap();
        assert_eq!(alias, System::MassSpring);
        let message = System::parse("pendulums").unwrap_err().to_string();
        assert_eq!(
            message,
            "unknown system \"pendulums\": expected one of mass_spring, spring, pendulum"
        );
    }

    #[test]
    fn half_widths_are_the_published_ones() {
        for system in System::ALL {
            assert!((system.plain_half_width() - 1.398_942_280_4).abs() < 1e-10);
        }
    }

    #[test]
    fn wrong_lengths_are_errors() {
        assert!(System::Pendulum.energy(&[0.5, 3.0], &[0.0, 0.0]).is_err());
        assert!(System::Pendulum.energy(&[0.5, 3.0, 1.0], &[0.0]).is_err());
        assert!(System::MassSpring.solve(&[0.5, 2.0], &[1.0], 0.1, &mut [0.0; 2]).is_err());
    }
}
