//! A learned map from each state to the next (the baseline "RGN" of Botev et al. 2021).

use candle_core::Tensor;

use super::super::mlp::Mlp;
use super::super::parameters::ParameterBuilder;
use super::super::plain::is_needed;
use super::super::real::Real;
use super::iteration::Iteration;
use super::network::Network;
use super::operation::Definition;
use super::plain;
use super::span::{Direction, Span, check, unroll};
use super::unroll::Independent;
use super::value::Value;
use crate::error::Result;

/// `z' = z + f(z)` or `z' = f(z)`, where `f` is a perceptron. It cannot go back in time.
#[derive(Clone, Debug)]
pub struct MapFlow {
    field: Mlp,
    size: usize,
    residual: bool,
}

impl MapFlow {
    /// Registers the [`Mlp`] `NAME.field` from `size` numbers to as many by way of `hidden` layers. With `residual` it gives
    /// the change of the state.
    ///
    /// # Errors
    /// As [`Mlp::new`].
    pub fn new(
        builder: &mut ParameterBuilder,
        name: &str,
        size: usize,
        hidden: &[usize],
        residual: bool,
    ) -> Result<Self> {
        let sizes: Vec<usize> = [size].iter().chain(hidden).chain(&[size]).copied().collect();
        Ok(Self { field: Mlp::new(builder, &format!("{name}.field"), &sizes)?, size, residual })
    }

    /// The same flow, sharing its parameters, through which no gradient passes: nothing is kept for one.
    pub fn detached(&self) -> Self {
        Self { field: self.field.detached(), ..*self }
    }

    /// `f(z)`.
    pub fn field(&self) -> &Mlp {
        &self.field
    }

    /// States `[time, batch, size]`: `states` `[batch, size]` and the `steps` after them.
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) for another shape; [`Error::Tensor`](crate::Error::Tensor) for another number
    /// type or device than the parameters'.
    pub fn unroll(&self, states: &Tensor, steps: usize) -> Result<Tensor> {
        let span = Span { before: 0, after: steps };
        let batch = states.dims().first().copied().unwrap_or(0);
        let directions = vec![Direction::Forward; batch];
        check(states, self.size, &directions)?;
        if is_needed(states) {
            return plain::trajectory(states, span, &directions, |start, _, steps| {
                plain::iterate(&self.field, self.residual, start, steps)
            });
        }
        let definition = Map { sizes: self.field.sizes().to_vec(), residual: self.residual };
        unroll(definition, &self.field.flat()?, states, span, &directions)
    }
}

/// Sizes of the network, and what it gives.
struct Map {
    sizes: Vec<usize>,
    residual: bool,
}

impl Definition for Map {
    const NAME: &'static str = "map-flow";

    type Unroll<T: Real> = Independent<Iteration<Value<T>>>;

    fn with_parameters<T: Real>(&self, parameters: &[T]) -> Independent<Iteration<Value<T>>> {
        Independent(Iteration {
            field: Value(Network::new(&self.sizes, parameters)),
            size: self.sizes[0],
            residual: self.residual,
        })
    }
}
