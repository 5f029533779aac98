//! What several test files need.
#![allow(dead_code, reason = "each test file uses its own part")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr, reason = "tests may")]

pub(crate) mod samples;
pub(crate) mod suite_file;

use std::path::PathBuf;
use std::sync::Arc;

use nwm_data::{DatasetSpec, Split, System, Trajectories, generate};
use sha2::{Digest, Sha256};

/// A folder of the shared samples, or `None` (said on standard error) where they are absent.
pub(crate) fn shared(folder: &str) -> Option<PathBuf> {
    let root = std::env::var_os("NWM_SHARED").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
        PathBuf::from,
    );
    let path = root.join(folder);
    if path.exists() {
        Some(path)
    } else {
        eprintln!("skipped: {} does not exist (set NWM_SHARED)", path.display());
        None
    }
}

/// A small data set.
pub(crate) fn small_set(system: System, trajectories: usize, frames: usize) -> Arc<Trajectories> {
    let spec = DatasetSpec { frames, ..DatasetSpec::new(system, Split::Train, trajectories) };
    Arc::new(generate(&spec).unwrap())
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Little-endian bytes of numbers.
pub(crate) fn little_endian(values: &[f64]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}
