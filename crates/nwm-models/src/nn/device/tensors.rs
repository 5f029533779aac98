//! The numbers of the tensor library's tensors on a GPU.

use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::cuda_backend::{CudaDevice, CudaStorage};
use candle_core::{Error, Layout, Result, Storage, Tensor, bail};
use nwm_cuda::Gpu;

use super::error::DeviceError;
use super::listed::Together;
use super::numbers::Numbers;

/// What a kernel may be given of a storage; `operation` is who asks.
pub(in super::super) fn numbers<'a>(
    operation: &'static str,
    storage: &'a CudaStorage,
    layout: &Layout,
) -> Result<Numbers<'a, CudaSlice<f32>>> {
    let Some((offset, _)) = layout.contiguous_offsets() else {
        return Err(Error::RequiresContiguous { op: operation }.bt());
    };
    Ok(Numbers { array: storage.as_cuda_slice::<f32>()?, offset })
}

/// The same of any storage, which must be that of a GPU.
pub(in super::super) fn numbers_of<'a>(
    operation: &'static str,
    storage: &'a Storage,
    layout: &Layout,
) -> Result<Numbers<'a, CudaSlice<f32>>> {
    match storage {
        Storage::Cuda(storage) => numbers(operation, storage, layout),
        _ => bail!("{operation}: expected all tensors on the same GPU"),
    }
}

/// Launches kernels on the numbers of tensors, of which those in one array belong together; kernels may change them where they
/// are, as an optimiser does, when no graph needs them any more.
///
/// # Errors
/// If tensors that belong together differ in shape, one is strided, not F32 or elsewhere, or the launch fails.
pub fn launch_on_tensors<T, const K: usize>(
    device: &CudaDevice,
    tensors: &[[&Tensor; K]],
    launch: impl FnOnce(&Gpu, &[Together<'_, CudaSlice<f32>, K>]) -> std::result::Result<T, DeviceError>,
) -> Result<T> {
    const NAME: &str = "launch on tensors";
    let storages: Vec<_> = tensors.iter().map(|it| it.map(Tensor::storage_and_layout)).collect();
    let mut listed = Vec::with_capacity(tensors.len());
    for (tensors, storages) in tensors.iter().zip(&storages) {
        let count = tensors.first().map_or(0, |tensor| tensor.elem_count());
        let mut numbers = Vec::with_capacity(K);
        for (tensor, (storage, layout)) in tensors.iter().zip(storages) {
            if tensor.elem_count() != count {
                bail!("{NAME}: found {} numbers beside {count}", tensor.elem_count());
            }
            numbers.push(numbers_of(NAME, storage, layout)?);
        }
        let Ok(numbers) = numbers.try_into() else { bail!("{NAME}: expected {K} tensors") };
        listed.push(Together { count, numbers });
    }
    let gpu = Gpu::new(device).map_err(Error::wrap)?;
    launch(&gpu, &listed).map_err(Error::wrap)
}
