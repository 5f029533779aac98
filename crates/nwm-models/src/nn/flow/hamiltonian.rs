//! Hamiltonian flow with a learned, separable energy (HGN++, Higgins et al. 2021).

use candle_core::Tensor;

use super::super::mlp::Mlp;
use super::super::parameters::ParameterBuilder;
use super::super::plain::is_needed;
use super::super::real::Real;
use super::leapfrog::Leapfrog;
use super::network::{Network, parameter_count};
use super::operation::Definition;
use super::plain;
use super::slope::Slope;
use super::span::{Direction, Span, check, unroll};
use super::unroll::Independent;
use crate::error::{Error, Result};

/// The flow of `H(q, p) = K(p) + U(q)`, where both energies are perceptrons, by one leapfrog step a state.
///
/// A state is `[q, p]`, positions first.
#[derive(Clone, Debug)]
pub struct HamiltonianFlow {
    kinetic: Mlp,
    potential: Mlp,
    pairs: usize,
    step: f64,
}

impl HamiltonianFlow {
    /// Registers the [`Mlp`]s `NAME.kinetic` and `NAME.potential` from `pairs` numbers to one by way of `hidden` layers.
    /// `step` is the time between two states.
    ///
    /// # Errors
    /// As [`Mlp::new`]; [`Error::Key`] for a step that is not above zero.
    pub fn new(
        builder: &mut ParameterBuilder,
        name: &str,
        pairs: usize,
        hidden: &[usize],
        step: f64,
    ) -> Result<Self> {
        Error::unless_positive(format!("{name}.step"), step)?;
        let sizes: Vec<usize> = [pairs].iter().chain(hidden).chain(&[1]).copied().collect();
        let kinetic = Mlp::new(builder, &format!("{name}.kinetic"), &sizes)?;
        let potential = Mlp::new(builder, &format!("{name}.potential"), &sizes)?;
        Ok(Self { kinetic, potential, pairs, step })
    }

    /// The same flow, sharing its parameters, through which no gradient passes: nothing is kept for one.
    pub fn detached(&self) -> Self {
        let (kinetic, potential) = (self.kinetic.detached(), self.potential.detached());
        Self { kinetic, potential, ..*self }
    }

    /// `K(p)`.
    pub fn kinetic(&self) -> &Mlp {
        &self.kinetic
    }

    /// `U(q)`.
    pub fn potential(&self) -> &Mlp {
        &self.potential
    }

    /// The energy of states `[batch, 2 pairs]`, `[batch]`.
    ///
    /// # Errors
    /// [`Error::Shape`] for another shape.
    pub fn energy(&self, states: &Tensor) -> Result<Tensor> {
        let size = 2 * self.pairs;
        if !matches!(*states.dims(), [_, found] if found == size) {
            return Err(Error::shape("states", format!("[batch, {size}]"), states.dims()));
        }
        let q = states.narrow(1, 0, self.pairs)?.contiguous()?;
        let p = states.narrow(1, self.pairs, self.pairs)?.contiguous()?;
        Ok((self.kinetic.forward(&p)? + self.potential.forward(&q)?)?.squeeze(1)?)
    }

    /// States `[time, batch, 2 pairs]` around `states` `[batch, 2 pairs]`, of which each sample goes in its own direction.
    ///
    /// # Errors
    /// [`Error::Shape`] for another shape or another number of directions; [`Error::Tensor`] for another number type or
    /// device than the parameters'.
    pub fn unroll(&self, states: &Tensor, span: Span, directions: &[Direction]) -> Result<Tensor> {
        check(states, 2 * self.pairs, directions)?;
        if is_needed(states) {
            let energies = [&self.kinetic, &self.potential];
            return plain::trajectory(states, span, directions, |start, signs, steps| {
                plain::leapfrog(energies, self.step, start, signs, steps)
            });
        }
        let mut parameters = self.kinetic.flat()?;
        parameters.extend(self.potential.flat()?);
        let definition = SeparableEnergy {
            sizes: self.kinetic.sizes().to_vec(),
            pairs: self.pairs,
            step: self.step,
        };
        unroll(definition, &parameters, states, span, directions)
    }
}

/// Sizes of the networks of both energies, and the step.
struct SeparableEnergy {
    sizes: Vec<usize>,
    pairs: usize,
    step: f64,
}

impl Definition for SeparableEnergy {
    const NAME: &'static str = "hamiltonian-flow";

    type Unroll<T: Real> = Independent<Leapfrog<Slope<T>>>;

    fn with_parameters<T: Real>(&self, parameters: &[T]) -> Independent<Leapfrog<Slope<T>>> {
        let count = parameter_count(&self.sizes);
        let (kinetic, potential) = parameters.split_at(count);
        Independent(Leapfrog {
            kinetic: Slope(Network::new(&self.sizes, kinetic)),
            potential: Slope(Network::new(&self.sizes, potential)),
            parameters: count,
            pairs: self.pairs,
            step: self.step,
        })
    }
}
