//! Statistics of repeated runs and of comparisons between models.

mod bootstrap;
mod difference;
mod holm;
mod median;
mod proportion;
mod ranking;
mod summary;

pub(crate) use bootstrap::quantile;

pub use bootstrap::{BootstrapOptions, PairedDifference};
pub use difference::difference_interval;
pub use holm::holm_adjusted;
pub use median::MedianSummary;
pub use proportion::wilson_interval;
pub use ranking::RankCorrelation;
pub use summary::Summary;
