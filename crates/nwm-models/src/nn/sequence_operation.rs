//! A recurrence over a whole sequence as one differentiable operation, whatever its step computes.
//!
//! Arguments: projected inputs `[time, batch, gates x units]`, the initial state, and the recurrent weight. The result,
//! the tape `[time, batch, planes x units]`, holds the new state of each step and sample and all that the backward pass
//! needs.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};

use super::real::{Real, contiguous_slice, dispatch, tensor_of, with_slice};

/// A recurrent layer for sequences of one size.
pub(super) trait Recurrence: Copy + Send + Sync + 'static {
    /// The name under which errors report the operation.
    const NAME: &'static str;

    /// Axes of the tape.
    fn tape_shape(self) -> [usize; 3];

    /// The tape, from projected inputs, initial state and recurrent weight.
    fn forward<T: Real>(self, projection: &[T], initial: &[T], weight: &[T]) -> Vec<T>;

    /// Gradients of the three arguments, from initial state and weight, and the tape and its gradient.
    fn backward<T: Real>(
        self,
        arguments: (&[T], &[T]),
        tape_and_gradient: (&[T], &[T]),
    ) -> RecurrenceGradients<T>;
}

/// Gradients of the arguments, each laid out like its argument.
pub(super) struct RecurrenceGradients<T> {
    pub(super) of_projection: Vec<T>,
    pub(super) of_initial: Vec<T>,
    pub(super) of_weight: Vec<T>,
}

/// The operation of a recurrence.
pub(super) struct SequenceOperation<R>(pub(super) R);

type Gradients = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

fn forward<T: Real>(
    recurrence: impl Recurrence,
    name: &'static str,
    [projection, initial, weight]: [(&CpuStorage, &Layout); 3],
) -> Result<(CpuStorage, Shape)> {
    let tape = recurrence.forward(
        contiguous_slice::<T>(name, projection.0, projection.1)?,
        contiguous_slice::<T>(name, initial.0, initial.1)?,
        contiguous_slice::<T>(name, weight.0, weight.1)?,
    );
    Ok((T::to_cpu_storage_owned(tape), Shape::from(recurrence.tape_shape().as_slice())))
}

fn backward<T: Real>(
    recurrence: impl Recurrence,
    name: &'static str,
    [projection, initial, weight]: [&Tensor; 3],
    [tape, gradient]: [&Tensor; 2],
) -> Result<Gradients> {
    let gradients = with_slice::<T, _>(name, initial, |initial| {
        with_slice::<T, _>(name, weight, |weight| {
            with_slice::<T, _>(name, tape, |tape| {
                with_slice::<T, _>(name, gradient, |gradient| {
                    Ok(recurrence.backward((initial, weight), (tape, gradient)))
                })
            })
        })
    })?;
    Ok((
        Some(tensor_of(gradients.of_projection, projection.shape())?),
        Some(tensor_of(gradients.of_initial, initial.shape())?),
        Some(tensor_of(gradients.of_weight, weight.shape())?),
    ))
}

impl<R: Recurrence> CustomOp3 for SequenceOperation<R> {
    fn name(&self) -> &'static str {
        R::NAME
    }

    fn cpu_fwd(
        &self,
        projection: &CpuStorage,
        projection_layout: &Layout,
        initial: &CpuStorage,
        initial_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let arguments =
            [(projection, projection_layout), (initial, initial_layout), (weight, weight_layout)];
        dispatch!(R::NAME, projection.dtype(), forward(self.0, R::NAME, arguments))
    }

    fn bwd(
        &self,
        projection: &Tensor,
        initial: &Tensor,
        weight: &Tensor,
        tape: &Tensor,
        gradient: &Tensor,
    ) -> Result<Gradients> {
        let (arguments, results) = ([projection, initial, weight], [tape, gradient]);
        dispatch!(R::NAME, projection.dtype(), backward(self.0, R::NAME, arguments, results))
    }
}
