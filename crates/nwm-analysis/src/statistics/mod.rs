//! Statistics of repeated runs.

mod summary;

pub use summary::Summary;
