//! What GPUs and their driver say of themselves.

use candle_core::cuda_backend::cudarc::driver::{CudaContext, sys};
use candle_core::cuda_backend::{CudaDevice, WrapErr};

use crate::error::Result;

/// A GPU as its driver describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GpuDescription {
    /// Its name, such as `NVIDIA H200`.
    pub name: String,
    /// All of its memory, bytes.
    pub memory_bytes: usize,
    /// The memory that nobody uses, bytes.
    pub free_bytes: usize,
    /// Compute capability, major and minor.
    pub capability: (i32, i32),
}

impl GpuDescription {
    /// Of a GPU of the tensor library.
    ///
    /// # Errors
    /// [`Error::Device`](crate::Error::Device) with the driver's answer.
    pub fn of(device: &CudaDevice) -> Result<Self> {
        Self::of_context(device.cuda_stream().context())
    }

    /// Of all GPUs that this process may use, in the order of their numbers.
    ///
    /// # Errors
    /// As [`GpuDescription::of`]; also if there is no driver that works.
    pub fn all() -> Result<Vec<Self>> {
        (0..gpu_count()?)
            .map(|number| Self::of_context(CudaContext::new(number).w()?.as_ref()))
            .collect()
    }

    fn of_context(context: &CudaContext) -> Result<Self> {
        let (free_bytes, memory_bytes) = context.mem_get_info().w()?;
        Ok(Self {
            name: context.name().w()?,
            memory_bytes,
            free_bytes,
            capability: context.compute_capability().w()?,
        })
    }
}

/// How many GPUs this process may use.
///
/// # Errors
/// [`Error::Device`](crate::Error::Device) if there is no driver that works; many of them say so, too, if there is no GPU.
pub fn gpu_count() -> Result<usize> {
    let count = CudaContext::device_count().w()?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// The newest release of CUDA that the driver can run, major and minor.
///
/// # Errors
/// [`Error::Device`](crate::Error::Device) with the driver's answer.
pub fn driver_release() -> Result<(i32, i32)> {
    let mut version = 0;
    // SAFETY: the driver writes one number where the pointer shows.
    #[allow(unsafe_code, reason = "the bindings have no safe form of it")]
    unsafe { sys::cuDriverGetVersion(&raw mut version) }.result().w()?;
    Ok((version / 1000, version % 1000 / 10))
}
