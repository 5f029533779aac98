//! The device that `--device` asks for, and what the program was built for.

use nwm_train::{DeviceChoice, Error};

use crate::exit::UsageError;
use crate::flags::DeviceArgument;

/// A device by the name that an argument gives it.
pub(crate) fn device_choice(name: &str) -> Result<DeviceChoice, UsageError> {
    name.parse().map_err(|error: Error| UsageError(format!("--{error}")))
}

impl DeviceArgument {
    /// Which device.
    pub(crate) fn choice(&self) -> Result<DeviceChoice, UsageError> {
        device_choice(&self.device)
    }
}

/// Cargo features that this program was built with.
pub(crate) fn features() -> Vec<String> {
    if cfg!(feature = "cuda") { vec!["cuda".into()] } else { Vec::new() }
}
