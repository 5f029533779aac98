//! From samples to phases: filters, the analytic signal, and the generalized phase, along time.
//!
//! Functions take `[series, time]`: one series of samples per site (or electrode, or unit), each
//! contiguous. [`series_of`] makes that of a recording `[time, row, column]`, and [`frames_of`] turns
//! results back. Where a formula has a time it is in samples unless a sampling rate is given.
//!
//! A series that holds a NaN anywhere, such as that of a dead electrode, comes out as NaN throughout;
//! [`missing`] tells those that lack everything from those that lack something. Filters compute in double
//! precision whatever the type of the samples is; Fourier transforms in that of the samples.

mod analytic;
mod butterworth;
mod check;
mod frequency;
mod generalized;
mod layout;
mod missing;
mod pchip;
mod peak;
mod phases;
mod sections;
mod standard;
mod zero_phase;

pub use analytic::{AnalyticTransform, NyquistBin};
pub use butterworth::band_pass;
pub use frequency::instantaneous_frequency;
pub use generalized::{GeneralizedPhase, GeneralizedSignal};
pub use layout::{frames_of, series_of};
pub use missing::{Missing, missing};
pub use pchip::Pchip;
pub use peak::{PowerSpectrum, octaves_around};
pub use phases::{PhaseEstimator, PhaseKind, PhaseOptions, Phases, SiteState};
pub use sections::{Section, Sections};
pub use standard::standardize;
pub use zero_phase::{Padding, ZeroPhase};
