//! The two number types of the layers, and the way from candle tensors to slices and back.

use candle_core::{CpuStorage, DType, Error, Layout, Result, Shape, Storage, Tensor, WithDType};

/// `f32` or `f64`.
pub(super) trait Real: WithDType + nwm_simd::Real {}

impl Real for f32 {}
impl Real for f64 {}

/// Logistic function `1 / (1 + exp(-x))`.
pub(super) fn logistic<T: Real>(x: T) -> T {
    T::one() / (T::one() + (-x).exp())
}

/// The numbers of a contiguous CPU tensor, as a custom operation receives them.
pub(super) fn contiguous_slice<'a, T: Real>(
    operation: &'static str,
    storage: &'a CpuStorage,
    layout: &Layout,
) -> Result<&'a [T]> {
    let (start, end) =
        layout.contiguous_offsets().ok_or(Error::RequiresContiguous { op: operation })?;
    Ok(&T::cpu_storage_as_slice(storage)?[start..end])
}

/// Calls `function` with the numbers of a tensor; a tensor that is not contiguous is copied first.
pub(super) fn with_slice<T: Real, Output>(
    operation: &'static str,
    tensor: &Tensor,
    function: impl FnOnce(&[T]) -> Result<Output>,
) -> Result<Output> {
    let tensor = tensor.contiguous()?;
    let (storage, layout) = tensor.storage_and_layout();
    match &*storage {
        Storage::Cpu(storage) => function(contiguous_slice(operation, storage, layout)?),
        _ => Err(Error::Msg(format!("{operation}: the backward pass runs on the CPU only")).bt()),
    }
}

/// A new CPU tensor.
pub(super) fn tensor_of<T: Real>(values: Vec<T>, shape: &Shape) -> Result<Tensor> {
    Tensor::from_vec(values, shape, &candle_core::Device::Cpu)
}

/// What every operation answers to a number type other than `f32` and `f64`.
pub(super) fn unsupported(operation: &'static str, dtype: DType) -> Error {
    Error::UnsupportedDTypeForOp(dtype, operation).bt()
}

/// Calls a generic function with the number type that a runtime type names.
macro_rules! dispatch {
    ($operation:expr, $dtype:expr, $function:ident ( $($argument:expr),* $(,)? )) => {
        match $dtype {
            candle_core::DType::F32 => $function::<f32>($($argument),*),
            candle_core::DType::F64 => $function::<f64>($($argument),*),
            other => Err($crate::nn::real::unsupported($operation, other)),
        }
    };
}
pub(super) use dispatch;
