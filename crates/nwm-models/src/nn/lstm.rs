//! Long short-term memory over whole sequences.

mod operation;

use candle_core::Tensor;

use self::operation::{LstmSequence, PLANES};
use super::initialiser::Initialiser;
use super::linear::affine_map;
use super::parameters::ParameterBuilder;
use super::plain;
use super::recurrent::{check_state, sequence_axes};
use super::sequence_operation::SequenceOperation;
use crate::error::Result;

/// A long short-term memory layer with one weight for input and state, gates i, g, f, o (docs/theory.md, section 3):
/// `c' = sigmoid(f + 1) c + sigmoid(i) tanh(g)`, `h' = sigmoid(o) tanh(c')`.
#[derive(Clone, Debug)]
pub struct Lstm {
    weight: Tensor,
    bias: Tensor,
    inputs: usize,
    units: usize,
}

/// State of an [`Lstm`] between two steps.
#[derive(Clone, Debug)]
pub struct LstmState {
    /// Output of the step before, `[batch, units]`.
    pub h: Tensor,
    /// Memory, `[batch, units]`.
    pub c: Tensor,
}

impl Lstm {
    /// Registers `NAME.weight` `[inputs + units, 4 units]`, rows of the input first, truncated normal with standard
    /// deviation `1 / sqrt(inputs + units)`, and `NAME.bias` `[4 units]`, zero (docs/theory.md, section 3).
    ///
    /// # Errors
    /// [`Error::Parameter`](crate::Error::Parameter) if one of the names is taken or `units` is 0.
    pub fn new(
        builder: &mut ParameterBuilder,
        name: &str,
        inputs: usize,
        units: usize,
    ) -> Result<Self> {
        let shape = [inputs + units, 4 * units];
        let initialiser = Initialiser::fan_in(inputs + units);
        let weight = builder.add(&format!("{name}.weight"), &shape, initialiser)?;
        let bias =
            builder.add(&format!("{name}.bias"), &[4 * units], Initialiser::Constant(0.0))?;
        Ok(Self { weight, bias, inputs, units })
    }

    /// Outputs after every step, `[time, batch, units]`, and the state after the last, from inputs
    /// `[time, batch, inputs]` and the state before the first (none: zero).
    ///
    /// # Errors
    /// [`Error::Shape`](crate::Error::Shape) if an argument has other axes or the sequence is empty;
    /// [`Error::Tensor`](crate::Error::Tensor) for another number type or device than the parameters'.
    pub fn forward(&self, x: &Tensor, state: Option<&LstmState>) -> Result<(Tensor, LstmState)> {
        let (inputs, units) = (self.inputs, self.units);
        let (steps, batch) = sequence_axes("input of an LSTM", x, inputs)?;
        let initial = match state {
            Some(LstmState { h, c }) => {
                check_state("initial h of an LSTM", h, batch, units)?;
                check_state("initial c of an LSTM", c, batch, units)?;
                Tensor::stack(&[h, c], 0)?
            }
            None => Tensor::zeros((2, batch, units), x.dtype(), x.device())?,
        };
        let input_weight = self.weight.narrow(0, 0, inputs)?;
        let hidden_weight = self.weight.narrow(0, inputs, units)?;
        let projection = affine_map("input of an LSTM", x, &input_weight, &self.bias)?;
        if plain::is_needed(&projection) {
            let (outputs, c) = plain::lstm(&projection, &initial, &hidden_weight)?;
            let h = outputs.get(steps - 1)?;
            return Ok((outputs, LstmState { h, c }));
        }
        let operation = SequenceOperation(LstmSequence { steps, batch, units });
        let tape = projection.apply_op3(&initial, &hidden_weight, operation)?;
        debug_assert_eq!(tape.dims(), [steps, batch, PLANES * units]);
        let outputs = tape.narrow(2, 0, units)?.contiguous()?;
        let h = outputs.get(steps - 1)?;
        let c = tape.get(steps - 1)?.narrow(1, units, units)?.contiguous()?;
        Ok((outputs, LstmState { h, c }))
    }
}
