//! The suite's published files: TFRecord framing around `tf.train.Example` messages.

mod example;
mod records;

pub use example::{Example, Values};
pub use records::Records;
