//! The flow of a learned ordinary differential equation (Chen et al. 2018; the baseline "ODE" of Botev et al. 2021).

use candle_core::Tensor;
use serde::{Deserialize, Serialize};

use super::super::mlp::Mlp;
use super::super::parameters::ParameterBuilder;
use super::super::plain::is_needed;
use super::super::real::Real;
use super::control::Control;
use super::network::Network;
use super::operation::Definition;
use super::plain;
use super::runge_kutta::RungeKutta;
use super::span::{Direction, Span, check, unroll};
use super::tableau::{CLASSICAL, DORMAND_PRINCE, MIDPOINT, Tableau};
use super::value::Value;
use crate::error::{Error, Result};

/// How an equation is solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Integrator {
    /// Dormand and Prince's pair of orders 5 and 4 with a controlled error; the step is the same for all samples of a batch.
    Dopri5,
    /// The classical Runge-Kutta method of order 4, one step a state.
    Rk4,
    /// The explicit midpoint rule, of order 2, one step a state.
    Rk2,
}

impl Integrator {
    fn tableau(self) -> Tableau {
        match self {
            Self::Dopri5 => DORMAND_PRINCE,
            Self::Rk4 => CLASSICAL,
            Self::Rk2 => MIDPOINT,
        }
    }
}

/// Options of an [`OdeFlow`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct OdeOptions {
    /// How the equation is solved.
    pub integrator: Integrator,
    /// Time between two states.
    pub step: f64,
    /// Accepted error of one step of [`Integrator::Dopri5`], relative to the state and in its units; from 1e-14 to 1.
    pub tolerance: f64,
    /// Attempts of [`Integrator::Dopri5`] between two states. If they do not suffice, the next state is read off the last
    /// step that was kept, beyond its end: a continuous but poor answer. States are NaN from where not one step has been kept,
    /// or where the field is no number.
    pub most_steps: usize,
}

impl Default for OdeOptions {
    /// The settings of Table 1: Dormand and Prince, tolerance 1e-6, at most 50 steps, 0.125 between two states.
    fn default() -> Self {
        Self { integrator: Integrator::Dopri5, step: 0.125, tolerance: 1e-6, most_steps: 50 }
    }
}

impl OdeOptions {
    /// No step has a smaller error than this in double precision.
    const LEAST_TOLERANCE: f64 = 1e-14;
    /// The most attempts between two states.
    const MOST_STEPS: usize = 10_000;

    /// What decides about the lengths of steps, if anything does.
    fn control(&self) -> Option<Control> {
        let Self { integrator, tolerance, most_steps, .. } = *self;
        (integrator == Integrator::Dopri5).then_some(Control { tolerance, most_steps })
    }

    /// Checks the numbers, whose names in an error begin with `prefix`.
    pub(crate) fn validate(&self, prefix: &str) -> Result<()> {
        Error::unless_positive(format!("{prefix}step"), self.step)?;
        if !(Self::LEAST_TOLERANCE..=1.0).contains(&self.tolerance) {
            let expected = format!("a number from {:e} to 1", Self::LEAST_TOLERANCE);
            return Err(Error::key(format!("{prefix}tolerance"), expected, self.tolerance));
        }
        if !(1..=Self::MOST_STEPS).contains(&self.most_steps) {
            let expected = format!("a number from 1 to {}", Self::MOST_STEPS);
            return Err(Error::key(format!("{prefix}most_steps"), expected, self.most_steps));
        }
        Ok(())
    }
}

/// The flow of `z' = f(z)`, where `f` is a perceptron.
///
/// Gradients go through the steps that were kept, as if their lengths were constants.
#[derive(Clone, Debug)]
pub struct OdeFlow {
    field: Mlp,
    size: usize,
    options: OdeOptions,
}

impl OdeFlow {
    /// Registers the [`Mlp`] `NAME.field` from `size` numbers to as many by way of `hidden` layers.
    ///
    /// # Errors
    /// As [`Mlp::new`]; [`Error::Key`] for an option out of range.
    pub fn new(
        builder: &mut ParameterBuilder,
        name: &str,
        size: usize,
        hidden: &[usize],
        options: OdeOptions,
    ) -> Result<Self> {
        options.validate(&format!("{name}."))?;
        let sizes: Vec<usize> = [size].iter().chain(hidden).chain(&[size]).copied().collect();
        Ok(Self { field: Mlp::new(builder, &format!("{name}.field"), &sizes)?, size, options })
    }

    /// The same flow, sharing its parameters, through which no gradient passes: nothing is kept for one.
    pub fn detached(&self) -> Self {
        Self { field: self.field.detached(), ..*self }
    }

    /// `f(z)`.
    pub fn field(&self) -> &Mlp {
        &self.field
    }

    /// States `[time, batch, size]` around `states` `[batch, size]`, of which each sample goes in its own direction.
    ///
    /// # Errors
    /// [`Error::Shape`] for another shape or another number of directions;
    /// [`Error::Tensor`] for another number type or device than the parameters'.
    pub fn unroll(&self, states: &Tensor, span: Span, directions: &[Direction]) -> Result<Tensor> {
        check(states, self.size, directions)?;
        if is_needed(states) {
            let solver = plain::RungeKutta {
                field: &self.field,
                method: self.options.integrator.tableau(),
                interval: self.options.step,
                control: self.options.control(),
            };
            return plain::trajectory(states, span, directions, |start, signs, steps| {
                solver.steps(start, signs, steps)
            });
        }
        let definition = Equation { sizes: self.field.sizes().to_vec(), options: self.options };
        unroll(definition, &self.field.flat()?, states, span, directions)
    }
}

/// Sizes of the network, and how its equation is solved.
struct Equation {
    sizes: Vec<usize>,
    options: OdeOptions,
}

impl Definition for Equation {
    const NAME: &'static str = "ode-flow";

    type Unroll<T: Real> = RungeKutta<Value<T>>;

    fn with_parameters<T: Real>(&self, parameters: &[T]) -> RungeKutta<Value<T>> {
        RungeKutta {
            field: Value(Network::new(&self.sizes, parameters)),
            size: self.sizes[0],
            method: self.options.integrator.tableau(),
            interval: self.options.step,
            control: self.options.control(),
        }
    }
}
