//! Statistics of repeated runs and of comparisons between models.

mod bootstrap;
mod summary;

pub use bootstrap::{BootstrapOptions, PairedDifference};
pub use summary::Summary;
