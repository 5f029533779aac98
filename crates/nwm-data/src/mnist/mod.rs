//! Handwritten digits (LeCun, Cortes & Burges), in the files in which they were published.

mod digits;
mod idx;

pub use digits::{Digits, MnistPart};
pub use idx::{IdxArray, read_idx};
