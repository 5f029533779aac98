//! Gated recurrent units over whole sequences.

mod operation;

use candle_core::Tensor;

use self::operation::{GruSequence, PLANES};
use super::initialiser::Initialiser;
use super::linear::affine_map;
use super::parameters::ParameterBuilder;
use super::plain;
use super::recurrent::{check_state, sequence_axes};
use super::sequence_operation::SequenceOperation;
use crate::error::Result;

/// Standard deviation of a standard normal distribution cut at two standard deviations.
const TRUNCATED_DEVIATION: f64 = 0.879_625_66;

/// A gated recurrent unit with one bias and blocks z, r, a (docs/theory.md, section 3):
/// `z, r = sigmoid(x w_i + h w_h + b)`, `a = tanh(x w_i + (r h) w_h + b)`, `h' = (1 - z) h + z a`.
#[derive(Clone, Debug)]
pub struct Gru {
    input_weight: Tensor,
    hidden_weight: Tensor,
    bias: Tensor,
}

impl Gru {
    /// Registers `NAME.w_i` `[inputs, 3 units]` and `NAME.w_h` `[units, 3 units]`, truncated normal rescaled to a
    /// standard deviation of `1 / sqrt(rows)` after the cut, and `NAME.b` `[3 units]`, zero
    /// (docs/theory.md, section 3).
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if one of the names is taken or a size is 0.
    pub fn new(
        builder: &mut ParameterBuilder,
        name: &str,
        inputs: usize,
        units: usize,
    ) -> Result<Self> {
        let rescaled = |rows: usize| Initialiser::TruncatedNormal {
            mean: 0.0,
            standard_deviation: 1.0 / (rows.max(1) as f64).sqrt() / TRUNCATED_DEVIATION,
        };
        let mut add = |part, shape: &[usize], initialiser| {
            builder.add(&format!("{name}.{part}"), shape, initialiser)
        };
        Ok(Self {
            input_weight: add("w_i", &[inputs, 3 * units], rescaled(inputs))?,
            hidden_weight: add("w_h", &[units, 3 * units], rescaled(units))?,
            bias: add("b", &[3 * units], Initialiser::Constant(0.0))?,
        })
    }

    /// States after every step, `[time, batch, units]`, from inputs `[time, batch, inputs]` and an initial state
    /// `[batch, units]` (none: zero).
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if an argument has other axes or the sequence is empty;
    /// [`Error::Tensor`](crate::Error::Tensor) for another number type or device than the parameters'.
    pub fn forward(&self, x: &Tensor, initial: Option<&Tensor>) -> Result<Tensor> {
        let (_, units) = self.sizes()?;
        Ok(self.tape(x, initial)?.narrow(2, 0, units)?.contiguous()?)
    }

    /// The state after the last step, `[batch, units]`; arguments as for [`Gru::forward`].
    ///
    /// # Errors
    /// As [`Gru::forward`].
    pub fn last_state(&self, x: &Tensor, initial: Option<&Tensor>) -> Result<Tensor> {
        let (_, units) = self.sizes()?;
        let tape = self.tape(x, initial)?;
        let last = tape.get(tape.dim(0)? - 1)?;
        Ok(last.narrow(1, 0, units)?.contiguous()?)
    }

    /// Inputs and units.
    fn sizes(&self) -> Result<(usize, usize)> {
        Ok((self.input_weight.dim(0)?, self.hidden_weight.dim(0)?))
    }

    /// States of every step, each followed by what a backward pass may need.
    fn tape(&self, x: &Tensor, initial: Option<&Tensor>) -> Result<Tensor> {
        let (inputs, units) = self.sizes()?;
        let (steps, batch) = sequence_axes("input of a GRU", x, inputs)?;
        let initial = match initial {
            Some(state) => {
                check_state("initial state of a GRU", state, batch, units)?;
                state.contiguous()?
            }
            None => Tensor::zeros((batch, units), x.dtype(), x.device())?,
        };
        let projection = affine_map("input of a GRU", x, &self.input_weight, &self.bias)?;
        if plain::is_needed(&projection) {
            return Ok(plain::gru(&projection, &initial, &self.hidden_weight)?);
        }
        let operation = SequenceOperation(GruSequence { steps, batch, units });
        let tape = projection.apply_op3(&initial, &self.hidden_weight, operation)?;
        debug_assert_eq!(tape.dims(), [steps, batch, PLANES * units]);
        Ok(tape)
    }
}
