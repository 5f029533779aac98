//! The suite's published files: TFRecord framing around `tf.train.Example` messages.

mod example;
mod records;
mod suite;

pub use example::{Example, Values};
pub use records::{Records, count_records};
pub use suite::SuiteRecord;
