//! The GPUs that this program can use.

use serde_json::{Value, json};

/// What is known of `cuda:0` and those after it.
pub(super) struct Gpus {
    /// Each as an entry of `devices` in JSON.
    pub(super) entries: Vec<Value>,
    /// Each as a line.
    pub(super) lines: Vec<String>,
    /// The release of CUDA that the driver knows, such as 13.0.
    pub(super) driver_release: Option<String>,
    /// Whether there is one.
    pub(super) any: bool,
}

impl Gpus {
    /// None, and why.
    fn none(problem: String) -> Self {
        Self {
            entries: vec![json!({"name": "cuda:0", "available": false, "problem": problem})],
            lines: vec![format!("cuda:0  {problem}")],
            driver_release: None,
            any: false,
        }
    }

    /// Of a program without CUDA.
    #[cfg(not(feature = "cuda"))]
    pub(super) fn find() -> Self {
        Self::none("not here: this program was built without CUDA".into())
    }

    /// Asks the driver.
    #[cfg(feature = "cuda")]
    pub(super) fn find() -> Self {
        let gpus = match nwm_cuda::GpuDescription::all() {
            Ok(gpus) if gpus.is_empty() => return Self::none("no device".into()),
            Ok(gpus) => gpus,
            Err(error) => return Self::none(format!("no device: failed to {error}")),
        };
        let release = nwm_cuda::driver_release().ok();
        let (mut entries, mut lines) = (Vec::new(), Vec::new());
        for (number, gpu) in gpus.iter().enumerate() {
            let (device, name) = (format!("cuda:{number}"), &gpu.name);
            let capability = format!("{}.{}", gpu.capability.0, gpu.capability.1);
            let gib = |bytes: usize| bytes as f64 / (1_u64 << 30) as f64;
            let (memory, free) = (gib(gpu.memory_bytes), gib(gpu.free_bytes));
            let is_old = gpu.capability < OLDEST_CAPABILITY;
            let ok = if is_old { "too old, kernels need 8.0:" } else { "ok:" };
            lines.push(format!(
                "{device:<8}{ok} {name}, {memory:.1} GiB ({free:.1} free), compute capability {capability}"
            ));
            entries.push(json!({
                "name": device, "available": !is_old, "gpu": name, "compute_capability": capability,
                "memory_bytes": gpu.memory_bytes, "free_bytes": gpu.free_bytes,
            }));
        }
        let driver_release = release.map(|(major, minor)| format!("{major}.{minor}"));
        Self { entries, lines, driver_release, any: true }
    }
}

/// The oldest that kernels are compiled for.
#[cfg(feature = "cuda")]
const OLDEST_CAPABILITY: (i32, i32) = (8, 0);
