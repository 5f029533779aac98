//! Pointwise activations, one pass over memory in each direction.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::plain;
use super::real::{Real, contiguous_slice, dispatch, logistic, tensor_of, with_slice};
use crate::error::Result;

/// Numbers that one task works through.
const BLOCK: usize = 1 << 14;

/// `x` where positive, `slope x` elsewhere. Any shape.
///
/// # Errors
/// [`Error::Tensor`](crate::Error::Tensor) for a number type other than `F32` and `F64`.
pub fn leaky_relu(x: &Tensor, slope: f64) -> Result<Tensor> {
    if plain::is_needed(x) {
        return Ok(plain::leaky_relu(x, slope)?);
    }
    apply(x, Activation::LeakyRelu { slope })
}

/// `1 / (1 + exp(-x))`. Any shape.
///
/// # Errors
/// [`Error::Tensor`](crate::Error::Tensor) for a number type other than `F32` and `F64`.
pub fn sigmoid(x: &Tensor) -> Result<Tensor> {
    if plain::is_needed(x) {
        return Ok(plain::sigmoid(x)?);
    }
    apply(x, Activation::Sigmoid)
}

/// `x sigmoid(x)`. Any shape.
///
/// # Errors
/// [`Error::Tensor`](crate::Error::Tensor) for a number type other than `F32` and `F64`.
pub fn swish(x: &Tensor) -> Result<Tensor> {
    if plain::is_needed(x) {
        return Ok(plain::swish(x)?);
    }
    apply(x, Activation::Swish)
}

fn apply(x: &Tensor, activation: Activation) -> Result<Tensor> {
    Ok(x.contiguous()?.apply_op1(activation)?)
}

#[derive(Clone, Copy)]
enum Activation {
    LeakyRelu { slope: f64 },
    Sigmoid,
    Swish,
}

impl Activation {
    fn values<T: Real>(self, x: &[T]) -> Vec<T> {
        match self {
            Self::LeakyRelu { slope } => {
                let slope = <T as candle_core::WithDType>::from_f64(slope);
                map(x, |x| if x > T::zero() { x } else { slope * x })
            }
            Self::Sigmoid => map(x, logistic),
            Self::Swish => map(x, |x| x * logistic(x)),
        }
    }

    /// Gradient of the argument from argument `x`, result `y` and the result's gradient.
    fn gradient<T: Real>(self, x: &[T], y: &[T], gradient: &[T]) -> Vec<T> {
        match self {
            Self::LeakyRelu { slope } => {
                let slope = <T as candle_core::WithDType>::from_f64(slope);
                zip(x, gradient, |x, g| if x > T::zero() { g } else { slope * g })
            }
            Self::Sigmoid => zip(y, gradient, |y, g| g * y * (T::one() - y)),
            Self::Swish => zip(x, gradient, |x, g| {
                let s = logistic(x);
                g * s * (T::one() + x * (T::one() - s))
            }),
        }
    }
}

fn map<T: Real>(x: &[T], function: impl Fn(T) -> T + Sync) -> Vec<T> {
    let mut values = vec![T::zero(); x.len()];
    values.par_chunks_mut(BLOCK).zip(x.par_chunks(BLOCK)).for_each(|(values, x)| {
        for (value, &x) in values.iter_mut().zip(x) {
            *value = function(x);
        }
    });
    values
}

fn zip<T: Real>(x: &[T], gradient: &[T], function: impl Fn(T, T) -> T + Sync) -> Vec<T> {
    let mut values = vec![T::zero(); x.len()];
    let inputs = x.par_chunks(BLOCK).zip(gradient.par_chunks(BLOCK));
    values.par_chunks_mut(BLOCK).zip(inputs).for_each(|(values, (x, gradient))| {
        for ((value, &x), &gradient) in values.iter_mut().zip(x).zip(gradient) {
            *value = function(x, gradient);
        }
    });
    values
}

fn forward<T: Real>(
    activation: Activation,
    storage: &CpuStorage,
    layout: &Layout,
) -> candle_core::Result<(CpuStorage, Shape)> {
    let x = contiguous_slice::<T>(activation.name(), storage, layout)?;
    Ok((T::to_cpu_storage_owned(activation.values(x)), layout.shape().clone()))
}

fn backward<T: Real>(
    activation: Activation,
    x: &Tensor,
    y: &Tensor,
    gradient: &Tensor,
) -> candle_core::Result<Option<Tensor>> {
    let name = activation.name();
    let values = with_slice::<T, _>(name, x, |x| {
        with_slice::<T, _>(name, y, |y| {
            with_slice::<T, _>(name, gradient, |gradient| Ok(activation.gradient(x, y, gradient)))
        })
    })?;
    Ok(Some(tensor_of(values, x.shape())?))
}

impl CustomOp1 for Activation {
    fn name(&self) -> &'static str {
        match self {
            Self::LeakyRelu { .. } => "leaky-relu",
            Self::Sigmoid => "sigmoid",
            Self::Swish => "swish",
        }
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        dispatch!(self.name(), storage.dtype(), forward(*self, storage, layout))
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        dispatch!(self.name(), x.dtype(), backward(*self, x, y, gradient))
    }
}
