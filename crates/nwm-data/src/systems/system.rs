//! The systems by name, and what is common to them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::double_pendulum::DoublePendulum;
use super::equations::{Ball, Equations, MOST_BALLS, Picture};
use super::mass_spring::MassSpring;
use super::matching_pennies::MATCHING_PENNIES;
use super::pendulum::Pendulum;
use super::rock_paper_scissors::ROCK_PAPER_SCISSORS;
use super::two_body::TwoBody;
use crate::error::{Error, Result, check_length};
use crate::integrators::check_request;
use crate::spec::Variant;
use crate::stream::Stream;

/// A system of the suite.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum System {
    /// A mass on a spring.
    #[serde(alias = "spring")]
    MassSpring,
    /// A pendulum, swinging or rotating.
    Pendulum,
    /// Two bodies that attract each other.
    TwoBody,
    /// Two players who learn to match pennies.
    MatchingPennies,
    /// A pendulum hanging from a pendulum.
    DoublePendulum,
    /// Two players who learn rock, paper, scissors.
    RockPaperScissors,
}

impl System {
    /// Every system: those of Table 1 in its order, then the rest.
    pub const ALL: [Self; 6] = [
        Self::MassSpring,
        Self::Pendulum,
        Self::TwoBody,
        Self::MatchingPennies,
        Self::DoublePendulum,
        Self::RockPaperScissors,
    ];

    /// The suite's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MassSpring => "mass_spring",
            Self::Pendulum => "pendulum",
            Self::TwoBody => "two_body",
            Self::MatchingPennies => "matching_pennies",
            Self::DoublePendulum => "double_pendulum",
            Self::RockPaperScissors => "rock_paper_scissors",
        }
    }

    /// Other names that [`System::parse`] accepts: the row names of the tables.
    #[must_use]
    pub const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::MassSpring => &["spring"],
            _ => &[],
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

    /// System and variant of one of the suite's set names, such as `pendulum_colors_friction`; the name of a system alone
    /// leaves the variant open.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownName`], which lists the known systems. Whether the system has the variant, [`Variant::of`] says.
    pub fn parse_set(name: &str) -> Result<(Self, Option<Variant>)> {
        let ends_with = |variant: Variant| {
            let stem = name.strip_suffix(variant.name())?.strip_suffix('_')?;
            Some((Self::parse(stem).ok()?, Some(variant)))
        };
        match Variant::ALL.into_iter().find_map(ends_with) {
            Some(set) => Ok(set),
            None => Ok((Self::parse(name)?, None)),
        }
    }

    /// What varies in the suite's sets of this system.
    #[must_use]
    pub fn variants(self) -> &'static [Variant] {
        self.equations().variants()
    }

    /// Numbers in a state: the positions, then as many momenta; of a game, the first player's strategy, then the
    /// second one's.
    #[must_use]
    pub fn state_dimension(self) -> usize {
        self.equations().state_dimension()
    }

    /// Balls in the picture; none of a game.
    #[must_use]
    pub fn ball_count(self) -> usize {
        self.picture(Variant::Plain).ball_count()
    }

    /// Names of the parameters, in the order in which they are stored.
    #[must_use]
    pub fn parameter_names(self) -> &'static [&'static str] {
        self.equations().parameter_names()
    }

    /// Time between two frames in the published sets.
    #[must_use]
    pub fn default_dt(self) -> f64 {
        self.equations().dt()
    }

    /// What [`System::invariant`] is called: `energy`, or the product of all shares of a game.
    #[must_use]
    pub fn invariant_name(self) -> &'static str {
        self.equations().invariant_name()
    }

    /// The quantity that motion without friction keeps, of one state with the axis `[dimension]`, in the units of the
    /// equations: the total energy, or the product of all shares of a game.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if `parameters` or `state` has another length than the system's.
    pub fn invariant(self, parameters: &[f64], state: &[f64]) -> Result<f64> {
        self.check(parameters, state)?;
        Ok(self.equations().invariant(parameters, state))
    }

    /// The time derivative of a state without friction, as the suite stores it also where there is friction; both
    /// slices have the axis `[dimension]`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if a slice has another length than the system's.
    pub fn derivative(self, parameters: &[f64], state: &[f64], slope: &mut [f64]) -> Result<()> {
        self.check(parameters, state)?;
        self.check(parameters, slope)?;
        self.equations().derivative(parameters, state, slope);
        Ok(())
    }

    /// Solves the equations of motion, with the variant's friction, from `initial`, axis `[dimension]`, and writes the
    /// states at the times `k * dt` to `states`, axes `[time, dimension]`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferLength`] if a slice has the wrong length; errors of the integrator.
    pub fn solve(
        self,
        variant: Variant,
        parameters: &[f64],
        initial: &[f64],
        dt: f64,
        states: &mut [f64],
    ) -> Result<()> {
        self.check(parameters, initial)?;
        check_request(self.state_dimension(), dt, states)?;
        self.equations().solve(parameters, variant.friction(), initial, dt, states)
    }

    /// Random parameters, axis `[parameter]`.
    pub(crate) fn draw_parameters(
        self,
        variant: Variant,
        stream: &mut Stream,
        parameters: &mut [f64],
    ) -> Result<()> {
        self.check_parameters(parameters)?;
        self.equations().draw_parameters(variant, stream, parameters);
        Ok(())
    }

    /// A random initial state, axis `[dimension]`.
    pub(crate) fn draw_state(
        self,
        variant: Variant,
        parameters: &[f64],
        stream: &mut Stream,
        state: &mut [f64],
    ) -> Result<()> {
        self.check(parameters, state)?;
        self.equations().draw_state(variant, parameters, stream, state);
        Ok(())
    }

    /// What is drawn.
    pub(crate) fn picture(self, variant: Variant) -> Picture {
        self.equations().picture(variant)
    }

    /// The balls of a state; those that the system does not have stay at the origin.
    pub(crate) fn balls(self, parameters: &[f64], state: &[f64]) -> Result<[Ball; MOST_BALLS]> {
        self.check(parameters, state)?;
        let mut balls = [Ball::default(); MOST_BALLS];
        self.equations().balls(parameters, state, &mut balls);
        Ok(balls)
    }

    fn equations(self) -> &'static dyn Equations {
        match self {
            Self::MassSpring => &MassSpring,
            Self::Pendulum => &Pendulum,
            Self::TwoBody => &TwoBody,
            Self::MatchingPennies => &MATCHING_PENNIES,
            Self::DoublePendulum => &DoublePendulum,
            Self::RockPaperScissors => &ROCK_PAPER_SCISSORS,
        }
    }

    fn check(self, parameters: &[f64], state: &[f64]) -> Result<()> {
        self.check_parameters(parameters)?;
        check_length("state of a system", "[dimension]", self.state_dimension(), state.len())
    }

    fn check_parameters(self, parameters: &[f64]) -> Result<()> {
        let expected = self.parameter_names().len();
        check_length("parameters of a system", "[parameter]", expected, parameters.len())
    }
}

/// The first numbers of a slice whose length was checked.
pub(super) fn fixed<const LENGTH: usize>(values: &[f64]) -> [f64; LENGTH] {
    std::array::from_fn(|index| values[index])
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
            "unknown system \"pendulums\": expected one of mass_spring, spring, pendulum, two_body, \
             matching_pennies, double_pendulum, rock_paper_scissors; did you mean pendulum?"
        );
    }

    #[test]
    fn half_widths_are_the_published_ones() {
        use System::{DoublePendulum, MassSpring, TwoBody};
        let published = [
            (MassSpring, Variant::Plain, 1.398_942_280_4),
            (System::Pendulum, Variant::Plain, 1.398_942_280_4),
            (DoublePendulum, Variant::Plain, 2.398_942_280_4),
            (TwoBody, Variant::Plain, 2.75),
            (MassSpring, Variant::Colors, 2.189_865_4),
            (System::Pendulum, Variant::Colors, 2.367_383_6),
            (DoublePendulum, Variant::ColorsFriction, 3.411_827_1),
            (TwoBody, Variant::Colors, 5.0),
        ];
        for (system, variant, expected) in published {
            let Picture::Balls { half_width, .. } = system.picture(variant) else {
                panic!("{system} shows no balls")
            };
            assert!((half_width - expected).abs() < 1e-7, "{system} {variant:?}: {half_width}");
        }
    }

    /// The parameters of one trajectory of each variant, and a state of each.
    fn examples() -> Vec<(System, Vec<f64>, Vec<f64>)> {
        let mut examples = Vec::new();
        for system in System::ALL {
            for &variant in system.variants() {
                let mut stream = Stream::new("example", &[]);
                let mut parameters = vec![0.0; system.parameter_names().len()];
                let mut state = vec![0.0; system.state_dimension()];
                system.draw_parameters(variant, &mut stream, &mut parameters).unwrap();
                system.draw_state(variant, &parameters, &mut stream, &mut state).unwrap();
                examples.push((system, parameters, state));
            }
        }
        examples
    }

    #[test]
    fn derivatives_are_those_of_the_energy() {
        for (system, parameters, state) in examples() {
            if system.ball_count() == 0 {
                continue;
            }
            let mut slope = vec![0.0; state.len()];
            system.derivative(&parameters, &state, &mut slope).unwrap();
            let half = state.len() / 2;
            for axis in 0..state.len() {
                let at = |step: f64| {
                    let mut moved = state.clone();
                    moved[axis] += step;
                    system.invariant(&parameters, &moved).unwrap()
                };
                let gradient = (at(1e-5) - at(-1e-5)) / 2e-5;
                let expected = if axis < half { -slope[axis + half] } else { slope[axis - half] };
                let error = (gradient - expected).abs();
                assert!(error < 1e-8, "{system} axis {axis}: {gradient} {expected}");
            }
        }
    }

    #[test]
    fn the_invariant_is_kept_without_friction_and_falls_with_it() {
        for (system, parameters, state) in examples() {
            let mut states = vec![0.0; 200 * state.len()];
            let invariant = |state: &[f64]| system.invariant(&parameters, state).unwrap();
            system.solve(Variant::Plain, &parameters, &state, 0.05, &mut states).unwrap();
            for later in states.chunks(state.len()) {
                assert!((invariant(later) - invariant(&state)).abs() < 1e-6, "{system}");
            }
            if system.variants().contains(&Variant::ColorsFriction) {
                let damped = Variant::ColorsFriction;
                system.solve(damped, &parameters, &state, 0.05, &mut states).unwrap();
                let energies: Vec<f64> = states.chunks(state.len()).map(invariant).collect();
                assert!(energies.is_sorted_by(|earlier, later| earlier >= later), "{system}");
            }
        }
    }

    #[test]
    fn energy_is_lost_as_friction_times_the_square_of_the_velocity() {
        for (system, parameters, state) in examples() {
            if !system.variants().contains(&Variant::ColorsFriction) {
                continue;
            }
            let mut states = vec![0.0; 2 * state.len()];
            let (dt, damped) = (1e-4, Variant::ColorsFriction);
            system.solve(damped, &parameters, &state, dt, &mut states).unwrap();
            let invariant = |state: &[f64]| system.invariant(&parameters, state).unwrap();
            let loss = (invariant(&state) - invariant(&states[state.len()..])) / dt;
            let mut slope = vec![0.0; state.len()];
            system.derivative(&parameters, &state, &mut slope).unwrap();
            let squares: f64 =
                slope[..state.len() / 2].iter().map(|velocity| velocity * velocity).sum();
            assert!((loss - 0.05 * squares).abs() < 1e-3, "{system}: {loss} {}", 0.05 * squares);
        }
    }

    #[test]
    fn wrong_lengths_are_errors() {
        assert!(System::Pendulum.invariant(&[0.5, 3.0], &[0.0, 0.0]).is_err());
        assert!(System::Pendulum.invariant(&[0.5, 3.0, 1.0], &[0.0]).is_err());
        let short =
            System::MassSpring.solve(Variant::Plain, &[0.5, 2.0], &[1.0], 0.1, &mut [0.0; 2]);
        assert!(short.is_err());
        let odd =
            System::MassSpring.solve(Variant::Plain, &[0.5, 2.0], &[1.0, 0.0], 0.1, &mut [0.0; 3]);
        assert!(odd.is_err());
    }
}
