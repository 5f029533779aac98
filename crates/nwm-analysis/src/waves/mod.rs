//! Waves on a grid of sites: where they go, and how wave-like a recording of phases is.
//!
//! The functions take phases in radians, `[time, row, column]`. They do not filter: hand them the phase of
//! the analytic signal of the band of interest ([`signal`](crate::signal)). Row 0 is at the top, so that
//! the direction of a vector, `atan2(row, column)`, is 0 toward larger columns and `pi / 2` downward.
//! Distances are in grid units.

mod circular;
mod coherence;
mod compared;
mod critical;
mod distance;
mod edges;
mod evaluation;
mod field;
mod flow_estimate;
mod flow_links;
#[cfg(test)]
mod flow_reference;
mod flow_system;
mod gradient;
mod grid;
mod measures;
mod median;
mod metric;
mod metrics;
mod null;
mod optical_flow;
mod pattern;
mod phase;
mod poincare;
mod prepared;
mod refined;
mod shift;
mod smoothing;
mod source;
mod spectrum;
mod speed;
mod stretches;
mod summary;
mod synchrony;
mod synthetic;
mod tracking;
mod winding;

pub(crate) use edges::for_each_edge;
pub(crate) use grid::Axis;

pub use circular::{AngularCorrelation, circular_correlation, circular_linear_correlation};
pub use coherence::local_coherence;
pub use critical::{CriticalKind, CriticalPoint, critical_points};
pub use distance::{phase_distance_correlation, phase_rotation_correlation};
pub use evaluation::evaluation_points;
pub use field::VectorField;
pub use gradient::{aliased_fraction, phase_gradient};
pub use grid::Grid;
pub use measures::{FrameMeasures, frame_measures};
pub use metric::{Metric, Null};
pub use metrics::{MetricsOptions, WaveMetrics};
pub use null::{Significance, Surrogates, Tail};
pub use optical_flow::{OpticalFlowOptions, optical_flow};
pub use pattern::{FramePattern, PatternCentre, PatternKind, PatternOptions, frame_patterns};
pub use refined::refined_mode;
pub use shift::{RingShift, ring_shift};
pub use smoothing::smoothed;
pub use source::{
    EventOptions, largest_distance_correlation, largest_rotation_correlation, rotation_centre,
    source_point,
};
pub use spectrum::{Mode, SpaceTimeSpectrum};
pub use speed::{phase_speeds, speed_quartiles};
pub use stretches::{Stretch, stretches};
pub use summary::{SummaryOptions, Trial, Verdict, WaveStatistics, WaveSummary};
pub use synchrony::synchrony;
pub use synthetic::{SyntheticWave, mixed, pink_noise};
pub use tracking::{Track, TrackOptions, tracks};
pub use winding::{Windings, windings};
