//! The frames of a batch as a tensor: moved to the device, or drawn there.

use candle_core::{Device, Tensor};
#[cfg(feature = "cuda")]
use nwm_data::BatchFrames;
use nwm_data::{Batch, Loader};

use crate::error::Result;

/// Frames of a batch as a tensor `[time, batch, row, column, channel]`, values in 0..1. A GPU draws the batches of
/// [`Loader::with_scenes`] itself, with the bits that the CPU draws.
///
/// # Errors
/// [`crate::Error::Tensor`] if the device refuses.
pub fn frames_of(batch: Batch, device: &Device) -> Result<Tensor> {
    let Batch { frames, shape, .. } = batch;
    #[cfg(feature = "cuda")]
    if let (BatchFrames::Scenes(scenes), Device::Cuda(gpu)) = (&frames, device) {
        return on_gpu::drawn(scenes, &shape, gpu);
    }
    Ok(Tensor::from_vec(frames.into_values(), &shape, device)?)
}

/// The loader of a training on a device: where batches are drawn on it, they carry no values.
pub(crate) fn for_device(loader: Loader, device: &Device) -> Loader {
    if draws_frames(device) { loader.with_scenes() } else { loader }
}

/// Whether [`frames_of`] has a kernel for this device.
fn draws_frames(device: &Device) -> bool {
    cfg!(feature = "cuda") && device.is_cuda()
}

#[cfg(feature = "cuda")]
mod on_gpu {
    use candle_core::cuda_backend::{CudaDevice, CudaStorage};
    use candle_core::op::BackpropOp;
    use candle_core::{Error, Storage, Tensor};
    use nwm_cuda::Gpu;
    use nwm_data::Scenes;

    use crate::error::Result;

    /// Drawn by one launch in the device's stream, before whatever reads them.
    pub(super) fn drawn(
        scenes: &Scenes,
        shape: &[usize; 5],
        device: &CudaDevice,
    ) -> Result<Tensor> {
        let gpu = Gpu::new(device).map_err(Error::wrap)?;
        let frames = scenes.draw_on(&gpu).map_err(Error::wrap)?;
        let storage = Storage::Cuda(CudaStorage::wrap_cuda_slice(frames, device.clone()));
        Ok(Tensor::from_storage(storage, shape, BackpropOp::none(), false))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use nwm_data::{
        DatasetSpec, LoaderOptions, RenderedTrajectories, Split, SplitFrames, System, generate,
    };

    use super::*;

    fn loader(system: System) -> Loader {
        let spec = DatasetSpec { frames: 12, ..DatasetSpec::new(system, Split::Train, 5) };
        let source = RenderedTrajectories::new(Arc::new(generate(&spec).unwrap()));
        let options = LoaderOptions { batch_size: 3, window: 7, ..LoaderOptions::default() };
        Loader::new(SplitFrames::new(Arc::new(source)).unwrap(), options).unwrap()
    }

    #[test]
    fn batches_of_scenes_become_the_tensors_of_batches_of_values() {
        for system in System::ALL {
            let (mut values, mut scenes) = (loader(system), loader(system).with_scenes());
            for _ in 0..3 {
                let [values, scenes] = [values.next_batch(), scenes.next_batch()].map(|batch| {
                    let frames = frames_of(batch.unwrap(), &Device::Cpu).unwrap();
                    assert_eq!(frames.dims(), [7, 3, 32, 32, 3]);
                    frames.flatten_all().unwrap().to_vec1::<f32>().unwrap()
                });
                assert!(values == scenes, "{system}");
            }
        }
    }

    #[test]
    fn the_cpu_gets_values() {
        let mut loader = for_device(loader(System::Pendulum), &Device::Cpu);
        assert!(matches!(loader.next_batch().unwrap().frames, nwm_data::BatchFrames::Values(_)));
    }

    #[cfg(feature = "cuda")]
    #[test]
    #[allow(clippy::print_stderr, reason = "says what is skipped")]
    fn a_gpu_draws_the_bits_of_the_cpu() {
        let Ok(gpu) = nwm_cuda::open_gpu(0) else {
            eprintln!("skipped: there is no GPU");
            return;
        };
        for system in System::ALL {
            let (mut values, mut scenes) = (loader(system), for_device(loader(system), &gpu));
            for _ in 0..3 {
                let batch = scenes.next_batch().unwrap();
                assert!(matches!(batch.frames, BatchFrames::Scenes(_)));
                let drawn = frames_of(batch, &gpu).unwrap().to_device(&Device::Cpu).unwrap();
                let expected = frames_of(values.next_batch().unwrap(), &Device::Cpu).unwrap();
                let [drawn, expected] =
                    [drawn, expected].map(|it| it.flatten_all().unwrap().to_vec1::<f32>().unwrap());
                assert!(drawn == expected, "{system}");
            }
        }
    }
}
