//! Handwritten digits: the original files.

mod idx;

pub use idx::{IdxArray, read_idx};
