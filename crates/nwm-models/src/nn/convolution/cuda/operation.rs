//! The differentiable operation on a GPU of the tensor library.

use candle_core::backend::BackendStorage;
use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::cuda_backend::{CudaStorage, gemm_reduced_precision_f32};
use candle_core::op::BackpropOp;
use candle_core::{Device, Error, Layout, Result, Shape, Storage, Tensor, bail};
use nwm_cuda::Gpu;

use super::super::super::device::Numbers;
use super::super::super::device::tensors::{numbers, numbers_of};
use super::super::operation::{Between, FusedConvolutions, Gradients, NAME, Wanted};
use super::device_stack::DeviceStack;
use super::tile::Precision;

/// The last result; those of the other layers stay with the operation if anybody may ask for gradients.
pub(in super::super) fn forward(
    operation: &FusedConvolutions,
    (input, input_layout): (&CudaStorage, &Layout),
    (parameters, parameters_layout): (&CudaStorage, &Layout),
) -> Result<(CudaStorage, Shape)> {
    let device = input.device();
    let gpu = Gpu::new(device).map_err(Error::wrap)?;
    let batch = input_layout.shape().dim(0)?;
    let input = numbers(NAME, input, input_layout)?;
    let parameters = numbers(NAME, parameters, parameters_layout)?;
    let mut results = stack(operation, &gpu, batch)
        .forward(input, parameters, operation.is_differentiable())
        .map_err(Error::wrap)?;
    let Some(result) = results.pop() else { bail!("{NAME}: found no layers") };
    operation.keep(Between::Gpu(results))?;
    let result = CudaStorage::wrap_cuda_slice(result, device.clone());
    Ok((result, operation.result_shape(batch)?))
}

/// Gradients of those arguments that are part of a graph.
pub(in super::super) fn backward(
    operation: &FusedConvolutions,
    (input, parameters): (&Tensor, &Tensor),
    result: &Tensor,
    gradient: &Tensor,
) -> Result<Gradients> {
    let wanted = Wanted { input: input.track_op(), parameters: parameters.track_op() };
    let Device::Cuda(device) = input.device() else { bail!("{NAME}: expected tensors of a GPU") };
    let Some(Between::Gpu(between)) = operation.between() else {
        bail!("{NAME}: the backward pass needs the forward pass of the same operation");
    };
    let gpu = Gpu::new(device).map_err(Error::wrap)?;
    let batch = input.dim(0)?;
    let contiguous = [input, parameters, result, gradient].map(Tensor::contiguous);
    let [read, packed, last, gradient] = contiguous;
    let (read, packed, last, gradient) = (read?, packed?, last?, gradient?);
    let [read, packed, last, gradient] =
        [&read, &packed, &last, &gradient].map(Tensor::storage_and_layout);
    let mut results: Vec<_> = between.iter().map(Numbers::of).collect();
    results.push(numbers_of(NAME, &last.0, last.1)?);
    let gradients = stack(operation, &gpu, batch)
        .backward(
            (numbers_of(NAME, &read.0, read.1)?, numbers_of(NAME, &packed.0, packed.1)?),
            &results,
            numbers_of(NAME, &gradient.0, gradient.1)?,
            wanted,
        )
        .map_err(Error::wrap)?;
    let tensor = |array: Option<CudaSlice<f32>>, like: &Tensor| {
        array.map(|array| {
            let storage = Storage::Cuda(CudaStorage::wrap_cuda_slice(array, device.clone()));
            Tensor::from_storage(storage, like.shape(), BackpropOp::none(), false)
        })
    };
    Ok((tensor(gradients.input, input), tensor(gradients.parameters, parameters)))
}

/// As exact as the tensor library's own products of matrices: TF32 where the program allows it for these.
fn stack<'a>(
    operation: &'a FusedConvolutions,
    queue: &'a Gpu,
    batch: usize,
) -> DeviceStack<'a, Gpu> {
    let precision =
        if gemm_reduced_precision_f32() { Precision::Rounded } else { Precision::Split };
    DeviceStack { queue, layers: operation.layers(), batch, precision, tile: None }
}
