//! One run of the cell, ready to be differentiated without a graph of tensors around it.

use candle_core::Tensor;

use crate::cell::Cell;
use crate::error::{Error, Result};
use crate::op::CellOp;
use crate::state::Record;

/// What [`Cell::record`] returns: the result of one run, and all that its backward pass needs.
///
/// For a training loop that does its own bookkeeping: gradients come straight from the op.
pub struct Recording {
    op: CellOp,
    /// Drive, initial state, packed parameters.
    inputs: [Tensor; 3],
    result: Tensor,
}

/// What [`Recording::pull_back`] returns, each in the shape of the argument.
#[derive(Debug, Clone)]
pub struct CellGradients {
    /// Of the drive, `[time, batch, inputs]`.
    pub drive: Tensor,
    /// Of the initial state, `[2, batch, units]`.
    pub initial: Tensor,
    /// Of the packed parameters.
    pub packed: Tensor,
}

impl Cell {
    /// [`Cell::forward`] outside the graph: the result tracks no gradient, and
    /// [`Recording::pull_back`] takes the place of the graph's backward pass.
    ///
    /// # Errors
    /// Those of [`Cell::forward`].
    pub fn record(
        &self,
        drive: &Tensor,
        initial: &Tensor,
        packed: &Tensor,
        record: Record,
    ) -> Result<Recording> {
        let op = self.op(drive, initial, packed, record, true)?;
        let inputs = [drive.contiguous()?, initial.contiguous()?, packed.contiguous()?];
        let inputs = inputs.map(|input| input.detach());
        let [drive, initial, packed] = &inputs;
        let result = drive.apply_op3_no_bwd(initial, packed, &op)?;
        Ok(Recording { op, inputs, result })
    }
}

impl Recording {
    /// What [`Cell::forward`] returns for the same arguments.
    pub fn result(&self) -> &Tensor {
        &self.result
    }

    /// The gradients of the arguments of [`Cell::record`], from the gradient of the result.
    ///
    /// # Errors
    /// [`Error::Shape`] or [`Error::ElementType`] if `gradient` has another shape or element type than the result.
    pub fn pull_back(&self, gradient: &Tensor) -> Result<CellGradients> {
        let Self { op, inputs: [drive, initial, packed], result } = self;
        let (action, what) =
            ("pull a gradient back through the cell", "the gradient of the result");
        if gradient.dims() != result.dims() {
            let (expected, found) = (format!("{:?}", result.dims()), gradient.dims().to_vec());
            return Err(Error::Shape { action, what, expected, found });
        }
        if gradient.dtype() != result.dtype() {
            let (expected, found) = (result.dtype().as_str(), gradient.dtype());
            return Err(Error::ElementType { action, what, expected, found });
        }
        let (of_drive, initial, packed) =
            op.pull_back([drive, initial, packed, result], gradient, true)?;
        let drive = of_drive.map_or_else(|| drive.zeros_like(), Ok)?;
        Ok(CellGradients { drive, initial, packed })
    }
}
