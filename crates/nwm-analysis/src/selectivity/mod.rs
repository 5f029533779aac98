//! Orientation selectivity of the sites of a grid: what each site prefers, and how the preferences are arranged.
//!
//! Responses to stimuli of known orientation are added up by [`OrientationResponses`]. [`CohensD`] says which
//! sites prefer an orientation by more than chance, [`OrientationMap`] which orientation, on a continuous scale,
//! and from it follow pinwheels, smoothness and the spacing of columns. [`MaximumActivation`] shows the
//! stimuli that drive each site most, and [`image_continuity()`] whether those of neighbours are alike.
//!
//! Orientations are radians and repeat after half a turn. Maps are `[row, column]`, distances are in grid units.
//! A site without a preference is NaN and is skipped.
//!
//! ```
//! use nwm_analysis::selectivity::{
//!     CohensDOptions, OrientationMap, OrientationResponses, PinwheelOptions, equally_spaced_orientations,
//! };
//! use nwm_analysis::waves::Grid;
//! use std::f64::consts::{PI, TAU};
//!
//! // Sites of a ring of 12 prefer each orientation once along the way; three samples of each of four.
//! let angles = equally_spaced_orientations(4);
//! let mut responses = OrientationResponses::new(4, [1, 12])?;
//! for (orientation, angle) in angles.iter().enumerate() {
//!     for noise in [-0.1, 0.0, 0.1] {
//!         let response = |site| 1.0 + (2.0 * angle - TAU * f64::from(site) / 12.0).cos() + noise;
//!         let sample: Vec<f64> = (0..12).map(response).collect(); // [row, column]
//!         responses.add(orientation, &sample)?;
//!     }
//! }
//! let cohens_d = responses.cohens_d(CohensDOptions::default())?;
//! assert_eq!((cohens_d.preferred[0], cohens_d.preferred[6]), (Some(0), Some(2)));
//!
//! let map = OrientationMap::of(&responses.means(), [1, 12], &angles)?;
//! assert!((map.preferred()[3] - PI / 4.0).abs() < 1e-12);
//! assert!((map.smoothness(Grid::Rings) - (TAU / 12.0).cos()).abs() < 1e-12);
//! assert!((map.column_spacing(Grid::Rings).unwrap() - 12.0).abs() < 1e-9);
//! assert!(map.pinwheels(Grid::Rings, PinwheelOptions::default())?.pinwheels.is_empty());
//! # Ok::<(), nwm_analysis::Error>(())
//! ```

mod cohens_d;
mod distance;
mod image_continuity;
mod maximum_activation;
mod moments;
mod pinwheels;
mod preference;
mod responses;
mod smoothness;
mod spacing;
mod synthetic;

pub use cohens_d::{CohensD, CohensDOptions};
pub use distance::DistanceCorrelation;
pub use image_continuity::image_continuity;
pub use maximum_activation::{MaximumActivation, MaximumActivationOptions, RankedStimulus};
pub use pinwheels::{Pinwheel, PinwheelOptions, Pinwheels};
pub use preference::{OrientationMap, equally_spaced_orientations};
pub use responses::OrientationResponses;
