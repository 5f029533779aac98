//! Data sets that others publish: what they consist of, and how they get here.

mod fetch;
mod sources;
mod verify;

pub use fetch::{FetchOptions, FetchProgress, Fetched, fetch};
pub use sources::{Source, Sources, Stored};
