//! A whole trajectory as one differentiable operation, whatever flow makes it.
//!
//! Arguments: states `[batch, dimension]` and all parameters in one vector. Result: states `[time, batch, dimension]`
//! before, at and after the given ones. What the backward pass needs beside them stays inside the operation.

use std::any::Any;
use std::sync::OnceLock;

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Error, Layout, Result, Shape, Tensor};

use super::super::matrix::add;
use super::super::real::{Real, contiguous_slice, dispatch, tensor_of, with_slice};
use super::unroll::Unroll;

/// A flow without numbers of its own.
pub(super) trait Definition: Send + Sync + 'static {
    /// The name under which errors report the operation.
    const NAME: &'static str;

    /// The flow with its parameters.
    type Unroll<T: Real>: Unroll<T>;

    /// Packs the parameters for a pass.
    fn with_parameters<T: Real>(&self, parameters: &[T]) -> Self::Unroll<T>;
}

/// Tapes of the two directions in time.
type Tapes<D, T> = [Option<<<D as Definition>::Unroll<T> as Unroll<T>>::Tape>; 2];

/// The operation of a flow.
pub(super) struct Trajectory<D> {
    pub(super) definition: D,
    /// States before and after the given ones.
    pub(super) before: usize,
    pub(super) after: usize,
    /// For each sample 1 if later states are later in time, -1 if they are earlier.
    pub(super) signs: Vec<f64>,
    /// Whether anybody may ask for gradients.
    pub(super) differentiable: bool,
    /// Written by the one forward pass.
    pub(super) tapes: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl<D: Definition> Trajectory<D> {
    /// Signs of the samples, those towards the states before if `reverse`.
    fn signs<T: Real>(&self, reverse: bool) -> Vec<T> {
        let factor = if reverse { -1.0 } else { 1.0 };
        self.signs.iter().map(|sign| <T as nwm_simd::Real>::nearest(factor * sign)).collect()
    }

    fn forward<T: Real>(&self, start: &[T], parameters: &[T]) -> Vec<T> {
        let flow = self.definition.with_parameters(parameters);
        let recorded = self.differentiable;
        let (earlier, tape) = flow.unroll(start, &self.signs(true), self.before, recorded);
        let (later, other_tape) = flow.unroll(start, &self.signs(false), self.after, recorded);
        if recorded {
            let tapes: Tapes<D, T> = [tape, other_tape];
            // An operation is applied once, so that nothing is there yet.
            let _ = self.tapes.set(Box::new(tapes));
        }
        let mut states: Vec<T> =
            earlier.chunks_exact(start.len()).rev().flatten().copied().collect();
        states.extend_from_slice(start);
        states.extend(later);
        states
    }

    fn backward<T: Real>(&self, parameters: &[T], gradient: &[T]) -> Result<(Vec<T>, Vec<T>)> {
        let tapes = self.tapes.get().and_then(|tapes| tapes.downcast_ref::<Tapes<D, T>>());
        let Some([Some(earlier), Some(later)]) = tapes else {
            return Err(Error::Msg(format!("{}: the forward pass left no tape", D::NAME)).bt());
        };
        let flow = self.definition.with_parameters(parameters);
        let count = gradient.len() / (self.before + 1 + self.after);
        let (of_earlier, rest) = gradient.split_at(self.before * count);
        let (of_given, of_later) = rest.split_at(count);
        let of_earlier: Vec<T> = of_earlier.chunks_exact(count).rev().flatten().copied().collect();
        let mut of_parameters = vec![T::zero(); parameters.len()];
        let mut of_start = of_given.to_vec();
        for (tape, reverse, gradient) in
            [(earlier, true, &of_earlier[..]), (later, false, of_later)]
        {
            let signs = self.signs(reverse);
            add(&mut of_start, &flow.pull_back(tape, &signs, gradient, &mut of_parameters));
        }
        Ok((of_start, of_parameters))
    }
}

fn forward<T: Real>(
    operation: &Trajectory<impl Definition>,
    name: &'static str,
    [start, parameters]: [(&CpuStorage, &Layout); 2],
) -> Result<(CpuStorage, Shape)> {
    let states = operation.forward(
        contiguous_slice::<T>(name, start.0, start.1)?,
        contiguous_slice::<T>(name, parameters.0, parameters.1)?,
    );
    let (batch, size) = start.1.shape().dims2()?;
    let time = operation.before + 1 + operation.after;
    Ok((T::to_cpu_storage_owned(states), Shape::from((time, batch, size))))
}

fn backward<T: Real>(
    operation: &Trajectory<impl Definition>,
    name: &'static str,
    [start, parameters]: [&Tensor; 2],
    gradient: &Tensor,
) -> Result<(Option<Tensor>, Option<Tensor>)> {
    let (of_start, of_parameters) = with_slice::<T, _>(name, parameters, |parameters| {
        with_slice::<T, _>(name, gradient, |gradient| operation.backward(parameters, gradient))
    })?;
    Ok((
        Some(tensor_of(of_start, start.shape())?),
        Some(tensor_of(of_parameters, parameters.shape())?),
    ))
}

impl<D: Definition> CustomOp2 for Trajectory<D> {
    fn name(&self) -> &'static str {
        D::NAME
    }

    fn cpu_fwd(
        &self,
        start: &CpuStorage,
        start_layout: &Layout,
        parameters: &CpuStorage,
        parameters_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let arguments = [(start, start_layout), (parameters, parameters_layout)];
        dispatch!(D::NAME, start.dtype(), forward(self, D::NAME, arguments))
    }

    fn bwd(
        &self,
        start: &Tensor,
        parameters: &Tensor,
        _states: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let arguments = [start, parameters];
        dispatch!(D::NAME, start.dtype(), backward(self, D::NAME, arguments, gradient))
    }
}
