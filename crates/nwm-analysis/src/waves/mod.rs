//! How wave-like a recording of phases is.
//!
//! The functions take phases in radians, `[time, row, column]`, and give one number for the whole
//! recording. They do not filter: hand them the phase of the analytic signal of the band of
//! interest. Only measures of the phase field itself live here.

mod coherence;
mod grid;
mod synchrony;

pub use coherence::local_coherence;
pub use grid::Grid;
pub use synchrony::synchrony;
