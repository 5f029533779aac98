//! Statistics of repeated runs and of comparisons between models.

mod bootstrap;
mod holm;
mod ranking;
mod summary;

pub(crate) use bootstrap::quantile;

pub use bootstrap::{BootstrapOptions, PairedDifference};
pub use holm::holm_adjusted;
pub use ranking::RankCorrelation;
pub use summary::Summary;
