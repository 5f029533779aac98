//! One configuration tree for a whole run, resolved from layers, with the origin of every value.
//!
//! [`Config`] is the tree; [`Resolved`] is what comes out of stacking layers (defaults, a preset, a file,
//! `--set`) and knows where each value came from.

mod names;
mod published;
mod range;
mod resolve;
mod sections;

pub use resolve::{Layer, Resolved};
pub use sections::{
    AnalysisConfig, CheckpointChoice, Config, DataConfig, EvalConfig, Horizon, ReportConfig,
    TrainConfig,
};
