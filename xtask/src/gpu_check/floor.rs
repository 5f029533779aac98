//! What the card could do at best: the time of a case by its arithmetic, and by what must go through memory.

use super::reading::Speeds;

/// Multiply-adds per clock of a multiprocessor in single precision.
const SINGLE: f64 = 128.0;
/// The same on tensor cores in TF32, since compute capability 9.0, and before.
const TENSOR: [f64; 2] = [1024.0, 512.0];
/// Products of TF32 for one of almost single precision.
const SPLIT: f64 = 3.0;

/// A case, as far as floors depend on it.
#[derive(Debug, Clone, Copy)]
struct Shape {
    name: &'static str,
    batch: usize,
    steps: usize,
    /// Of a sample.
    units: usize,
    /// Whether a sample stays on one multiprocessor.
    stays: bool,
}

/// The cases of `crates/nwm-core/benches/cell/case.rs`.
const SHAPES: [Shape; 7] = [
    shape("hamiltonian", 32, 60, 23 * 23, true),
    shape("rotating", 128, 18, 36 * 36, true),
    shape("gratings", 128, 36, 72 * 72, true),
    shape("rings", 8, 18, 24 * 54, true),
    shape("dense", 32, 60, 529, false),
    shape("smnist_b16", 16, 784, 16 * 16 * 16, true),
    shape("smnist", 120, 784, 16 * 16 * 16, true),
];

const fn shape(name: &'static str, batch: usize, steps: usize, units: usize, stays: bool) -> Shape {
    Shape { name, batch, steps, units, stays }
}

/// The larger of the two times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Floor {
    pub(super) milliseconds: f64,
    /// What it is made of.
    pub(super) by: &'static str,
}

/// The floor of one time of a case; none if the case is not known.
pub(super) fn floor(
    speeds: &Speeds,
    case: &str,
    precision: &str,
    mode: &str,
    flop: f64,
) -> Option<Floor> {
    let shape = SHAPES.iter().find(|shape| shape.name == case)?;
    let (rate, by) = match precision {
        "tf32" => (tensor(speeds), "TF32"),
        "tf32x3" => (tensor(speeds) / SPLIT, "TF32, three products"),
        _ => (SINGLE, "fp32"),
    };
    let busy = match shape.stays {
        true => speeds.multiprocessors.min(shape.batch as f64),
        false => speeds.multiprocessors,
    };
    let arithmetic = flop / (busy * rate * 2.0 * speeds.clock) * 1e3;
    let memory = shape.bytes(mode) / speeds.bandwidth * 1e3;
    Some(if arithmetic >= memory {
        Floor { milliseconds: arithmetic, by }
    } else {
        Floor { milliseconds: memory, by: "memory" }
    })
}

impl Shape {
    /// Bytes that must be read or written. Forward: drive and initial state, then velocities and the last position.
    /// Backward: these again and their gradient, then the gradients of drive and initial state.
    fn bytes(&self, mode: &str) -> f64 {
        let rows = match mode {
            "forward" => 2 * self.steps + 3,
            _ => 5 * self.steps + 7,
        };
        (4 * rows * self.batch * self.units) as f64
    }
}

/// Of the card by its compute capability.
fn tensor(speeds: &Speeds) -> f64 {
    let capability = speeds.device.rsplit(' ').next().and_then(|it| it.split('.').next());
    let major: u32 = capability.and_then(|it| it.parse().ok()).unwrap_or_default();
    TENSOR[usize::from(major < 9)]
}

#[cfg(test)]
mod tests {
    use super::floor;
    use crate::gpu_check::reading::Speeds;

    fn speeds() -> Speeds {
        Speeds {
            device: "NVIDIA H100, compute capability 9.0".to_owned(),
            multiprocessors: 132.0,
            clock: 1.755e9,
            bandwidth: 3.35e12,
        }
    }

    fn milliseconds(case: &str, precision: &str, mode: &str, flop: f64) -> (f64, &'static str) {
        let floor = floor(&speeds(), case, precision, mode, flop).unwrap();
        (floor.milliseconds, floor.by)
    }

    #[test]
    fn one_block_a_sample_keeps_as_many_multiprocessors_busy() {
        let (found, by) = milliseconds("hamiltonian", "fp32", "forward + backward", 145.2e6);
        let expected = 145.2e6 / (32.0 * 128.0 * 2.0 * 1.755e9) * 1e3;
        assert_eq!(by, "fp32");
        assert!((found - expected).abs() < 1e-12 && (found - 0.0101).abs() < 1e-4, "{found}");
        // Of the batch of 120, not of the 132 multiprocessors.
        let (found, _) = milliseconds("smnist", "fp32", "forward + backward", 666e9);
        assert!((found - 12.35).abs() < 0.05, "{found}");
        // Nor do cells that no block can hold keep to one.
        let (found, _) = milliseconds("dense", "fp32", "forward", 1e9);
        assert!((found - 1e12 / (132.0 * 256.0 * 1.755e9)).abs() < 1e-9, "{found}");
    }

    #[test]
    fn tensor_cores_have_a_rate_of_their_own() {
        let (single, by) = milliseconds("smnist", "tf32", "forward + backward", 666e9);
        assert_eq!((by, (single * 10.0).round()), ("memory", 23.0), "7.7 GB take longer");
        let (split, by) = milliseconds("smnist", "tf32x3", "forward + backward", 666e9);
        assert_eq!(by, "TF32, three products");
        assert!((split - 3.0 * 1.543).abs() < 0.01, "{split}");
        let mut older = speeds();
        older.device = "NVIDIA A100, compute capability 8.0".to_owned();
        let older = floor(&older, "smnist", "tf32x3", "forward + backward", 666e9).unwrap();
        assert!((older.milliseconds - 2.0 * split).abs() < 1e-9);
    }

    #[test]
    fn memory_is_the_floor_where_it_takes_longer() {
        let (found, by) = milliseconds("gratings", "fp32", "forward", 1.0);
        let bytes = 4.0 * 75.0 * 128.0 * 5184.0;
        assert_eq!(by, "memory");
        assert!((found - bytes / 3.35e12 * 1e3).abs() < 1e-12);
        assert_eq!(floor(&speeds(), "unknown", "fp32", "forward", 1.0), None);
    }
}
