//! The op's passes on a GPU of the tensor library: its storage in, its storage out.

use std::ops::Deref;

use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::op::BackpropOp;
use candle_core::{CudaDevice, CudaStorage, Device, Layout, Storage, Tensor};
use nwm_cuda::Gpu;

use crate::cuda::{Inputs, Kept, Run, View, Written};
use crate::error::{Error, Result};
use crate::imex::cpu::Extent;
use crate::op::{CellOp, NAME};

/// The trajectory that a forward pass leaves for the backward pass.
pub(crate) type KeptOnGpu = Kept<CudaSlice<f32>>;

impl CellOp {
    /// What the record names, from contiguous arguments.
    pub(crate) fn forward_on_gpu(
        &self,
        extent: Extent,
        [drive, initial, packed]: [(&CudaStorage, &Layout); 3],
    ) -> Result<CudaStorage> {
        let device = &drive.0.device;
        let gpu = Gpu::new(device)?;
        let inputs = Inputs { drive: view(drive)?, initial: view(initial)?, packed: view(packed)? };
        let run = Run::new(&gpu, self.config(), [extent.steps, extent.samples], inputs)?;
        let Written { result, kept } = run.forward(self.record(), self.is_differentiated())?;
        self.keep_on_gpu(kept);
        Ok(CudaStorage::wrap_cuda_slice(result, device.clone()))
    }

    /// Gradients of drive (if `with_drive`), initial state and packed parameters from the gradient of the result.
    pub(crate) fn pull_back_on_gpu(
        &self,
        extent: Extent,
        [drive, initial, packed, result]: [&Tensor; 4],
        gradient: &Tensor,
        with_drive: bool,
    ) -> Result<(Option<Tensor>, Tensor, Tensor)> {
        let Device::Cuda(device) = gradient.device() else {
            return Err(on_another_device(gradient));
        };
        let gpu = Gpu::new(device)?;
        let kept = self.kept_on_gpu().ok_or(Error::NoTape)?;
        let storages = [drive, initial, packed, result, gradient].map(Tensor::storage_and_layout);
        let [drive_values, initial_values, packed_values, result_values, gradient_values] =
            &storages;
        let inputs = Inputs {
            drive: view_of_tensor(drive_values, drive)?,
            initial: view_of_tensor(initial_values, initial)?,
            packed: view_of_tensor(packed_values, packed)?,
        };
        let run = Run::new(&gpu, self.config(), [extent.steps, extent.samples], inputs)?;
        let result = view_of_tensor(result_values, result)?;
        let gradients = view_of_tensor(gradient_values, gradient)?;
        let gradients = run.backward(self.record(), (result, kept), gradients, with_drive)?;
        Ok((
            gradients.drive.map(|values| tensor(values, drive, device)),
            tensor(gradients.initial, initial, device),
            tensor(gradients.packed, packed, device),
        ))
    }
}

/// The numbers of a contiguous argument.
fn view<'a>((storage, layout): (&'a CudaStorage, &Layout)) -> Result<View<'a, CudaSlice<f32>>> {
    let (offset, _) =
        layout.contiguous_offsets().ok_or(candle_core::Error::RequiresContiguous { op: NAME })?;
    Ok(View { array: storage.as_cuda_slice::<f32>()?, offset })
}

fn view_of_tensor<'a, S: Deref<Target = Storage>>(
    (storage, layout): &'a (S, &Layout),
    tensor: &Tensor,
) -> Result<View<'a, CudaSlice<f32>>> {
    match &**storage {
        Storage::Cuda(storage) => view((storage, layout)),
        Storage::Cpu(_) | Storage::Metal(_) => Err(on_another_device(tensor)),
    }
}

fn on_another_device(tensor: &Tensor) -> Error {
    let device = format!("{:?}", tensor.device().location());
    Error::Device { op: NAME, what: "an argument", device }
}

fn tensor(values: CudaSlice<f32>, like: &Tensor, device: &CudaDevice) -> Tensor {
    let storage = Storage::Cuda(CudaStorage::wrap_cuda_slice(values, device.clone()));
    Tensor::from_storage(storage, like.shape(), BackpropOp::none(), false)
}
