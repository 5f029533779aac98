//! Statistics and pictures of travelling waves and forecasts, on plain arrays.
//!
//! This crate turns numbers into something a person can judge: intervals over seeds, comparisons of
//! models, line charts, movies of forecasts, and measures of how wave-like a field of phases is and
//! of how well latents keep the geometry of phase space. It depends on no tensor framework and on no
//! model, so it serves recordings and simulations alike.
//!
//! ```
//! use nwm_analysis::{figures::LineChart, statistics::Summary, waves::{Grid, local_coherence}};
//!
//! // A wave of 12 columns per cycle travelling to the right: phase = -k * column.
//! let k = std::f64::consts::TAU / 12.0;
//! let phase: Vec<f64> = (0..12).map(|column| -k * f64::from(column)).collect();
//! let coherence = local_coherence(&phase, [1, 1, 12], Grid::Rings)?;
//! assert!((coherence - k.cos()).abs() < 1e-12);
//!
//! let errors = Summary::of(&[1.4, 1.6, 1.5])?;
//! let chart = LineChart::new("seed", "error").series("nwm_1d", [(0.0, 1.4), (1.0, 1.6)]);
//! let svg = chart.svg()?;
//! assert!(svg.starts_with("<svg") && errors.interval95.is_some());
//! # Ok::<(), nwm_analysis::Error>(())
//! ```
//!
//! # Main types
//!
//! - [`statistics::Summary`]: mean, sample standard deviation and Student-t interval.
//! - [`statistics::PairedDifference`]: is one model better than another on the same trajectories, by
//!   a bootstrap over trajectories and seeds.
//! - [`statistics::MedianSummary`]: the median, with an interval for any distribution.
//! - [`statistics::holm_adjusted`]: p-values of several comparisons, adjusted for their number.
//! - [`statistics::RankCorrelation`]: do two rows of numbers rank alike, by Kendall's tau-b.
//! - [`figures::RgbFrame`]: one picture, of phases by [`figures::phase_map`] or of values by
//!   [`figures::HeatMap`]; [`figures::animated_gif`], [`figures::contact_sheet`] and [`figures::FilmStrip`] show
//!   many.
//! - [`figures::LineChart`], [`figures::Quiver`], [`figures::PolarHistogram`]: figures of numbers, of fields of
//!   vectors with their critical points, and of directions.
//! - [`figures::WavePlayer`]: a recording of waves that a reader of a page plays.
//! - [`signal::PhaseEstimator`]: from samples to phases, in one call; [`signal::band_pass`], [`signal::ZeroPhase`],
//!   [`signal::AnalyticTransform`], [`signal::GeneralizedPhase`] are its steps.
//! - [`waves::frame_measures`], [`waves::frame_patterns`]: what each frame of a recording shows.
//! - [`waves::optical_flow`]: how fast, and where to, the phases of each frame move into the next.
//! - [`waves::WaveStatistics`]: is there a wave, of which length, speed and direction, beside surrogates.
//! - [`waves::WaveMetrics`]: every number that is told of a recording of raw samples, by name, beside surrogates.
//! - [`waves::SyntheticWave`]: waves of known kind to test an analysis with.
//! - [`selectivity::CohensD`], [`selectivity::OrientationMap`], [`selectivity::MaximumActivation`]: what sites
//!   respond to, and how their preferences are arranged.
//! - [`induced::InducedSpeed`], [`induced::compare_with_control`]: does a film run, and how fast, while the state behind it is
//!   moved along its rings.
//! - [`symetric::symetric`]: are latents canonical coordinates of the states, up to a polynomial.
//!
//! # Conventions
//!
//! - Arrays are slices in row-major order beside a shape; a recording is `[time, row, column]`, a
//!   picture `[row, column, channel]`. Row 0 is the top of a picture.
//! - Phases are radians. A wave travels along its wave vector `k`: `phase(t, r) = omega t - k . r`.
//! - Filters and transforms along time take `[series, time]`, one contiguous series per site.
//! - Latents and states are `[trajectory, time, variable]`, all positions before all momenta.
//! - Every result is a function of the arguments alone, which include the seed where numbers are
//!   drawn: sums run in a fixed order, and the same frames give the same bytes of GIF and PNG on
//!   every machine.

mod angle;
mod check;
mod error;
pub mod figures;
pub mod induced;
mod plane_transform;
mod random;
mod real;
pub mod selectivity;
pub mod signal;
pub mod statistics;
mod sums;
pub mod symetric;
pub mod waves;

pub use angle::wrapped;
pub use error::{Error, Result};
pub use real::Real;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
