//! Where a model is trained and used: the CPU, or a GPU if the program was built for one.

use std::fmt::{self, Display, Formatter};
use std::str::FromStr;

use candle_core::{Device, DeviceLocation};

use crate::error::{Error, Result};

/// A device by its name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeviceChoice {
    /// The first GPU if the program was built for GPUs and there is one, else the CPU: `auto`.
    Auto,
    /// `cpu`.
    #[default]
    Cpu,
    /// The GPU of this number: `cuda:0`.
    Cuda(usize),
}

impl DeviceChoice {
    /// The device. Tensors of two calls do not meet: open it once.
    ///
    /// # Errors
    /// [`Error::Device`] if the program was built without CUDA, or the GPU cannot be used.
    pub fn open(self) -> Result<Device> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(number) => open_gpu(number),
            Self::Auto if has_gpu() => open_gpu(0),
            Self::Auto => Ok(Device::Cpu),
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        let number = || name.strip_prefix("cuda:")?.parse().ok();
        match name {
            "auto" => Ok(Self::Auto),
            "cpu" => Ok(Self::Cpu),
            _ => number().map(Self::Cuda).ok_or_else(|| Error::Request {
                what: "device",
                found: name.to_owned(),
                expected: "auto, cpu or cuda:0".into(),
            }),
        }
    }
}

impl Display for DeviceChoice {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => formatter.write_str("auto"),
            Self::Cpu => formatter.write_str("cpu"),
            Self::Cuda(number) => write!(formatter, "cuda:{number}"),
        }
    }
}

/// What files call a device: `cpu`, or `cuda:0`.
pub fn device_name(device: &Device) -> String {
    match device.location() {
        DeviceLocation::Cpu => "cpu".into(),
        DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
        DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
    }
}

#[cfg(feature = "cuda")]
fn has_gpu() -> bool {
    nwm_cuda::gpu_count().is_ok_and(|count| count > 0)
}

#[cfg(not(feature = "cuda"))]
fn has_gpu() -> bool {
    false
}

#[cfg(feature = "cuda")]
fn open_gpu(number: usize) -> Result<Device> {
    nwm_cuda::open_gpu(number).map_err(|error| Error::Device {
        device: DeviceChoice::Cuda(number).to_string(),
        problem: format!(
            "failed to {error}; nwm doctor lists what is there, --device cpu does without"
        ),
    })
}

#[cfg(not(feature = "cuda"))]
fn open_gpu(number: usize) -> Result<Device> {
    Err(Error::Device {
        device: DeviceChoice::Cuda(number).to_string(),
        problem: "this program was built without CUDA; build the other one with cargo build --release --features cuda -p nwm \
                  (nwm doctor says what that needs), or use --device cpu"
            .into(),
    })
}

/// The name that a GPU gives itself; none of the CPU.
#[cfg(feature = "cuda")]
pub(crate) fn gpu_name(device: &Device) -> Option<String> {
    let gpu = device.as_cuda_device().ok()?;
    nwm_cuda::GpuDescription::of(gpu).ok().map(|description| description.name)
}

/// None: the program knows no GPU.
#[cfg(not(feature = "cuda"))]
pub(crate) fn gpu_name(_device: &Device) -> Option<String> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn devices_are_read_as_they_are_written() {
        for choice in [DeviceChoice::Auto, DeviceChoice::Cpu, DeviceChoice::Cuda(3)] {
            assert_eq!(choice.to_string().parse::<DeviceChoice>().unwrap(), choice);
        }
        for wrong in ["", "gpu", "cuda", "cuda:", "cuda:-1", "cuda:x", "CPU"] {
            let error = wrong.parse::<DeviceChoice>().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Configuration);
            assert!(error.to_string().contains("expected auto, cpu or cuda:0"), "{error}");
        }
    }

    #[test]
    fn the_cpu_is_always_there() {
        assert_eq!(device_name(&DeviceChoice::default().open().unwrap()), "cpu");
        assert!(gpu_name(&Device::Cpu).is_none());
    }

    #[cfg(not(feature = "cuda"))]
    #[test]
    fn a_program_without_cuda_has_the_cpu_alone_and_says_how_to_build_the_other() {
        assert!(DeviceChoice::Auto.open().unwrap().is_cpu());
        let error = DeviceChoice::Cuda(0).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Device);
        let message = error.to_string();
        for part in ["cuda:0: ", "built without CUDA", "--features cuda -p nwm"] {
            assert!(message.contains(part), "{message}");
        }
    }
}
