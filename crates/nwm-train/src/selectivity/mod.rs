//! What the units of a trained variational model respond to, and how it is arranged on the sheet.
//!
//! [`selectivity()`] opens a run and measures its sheet twice, as it is and as it was before the first step: preferred
//! orientations from still gratings ([`orientation_responses`], [`MeasuredMap`]), and of the trained one the images that
//! drive each unit most ([`maximum_activation`]). [`write_selectivity`] keeps the arrays. The statistics themselves are those
//! of [`nwm_analysis::selectivity`] (paper, Figure 3; docs/theory.md, section 9).

mod file;
mod images;
mod map;
mod measure;
mod orientation;
mod record;

pub use file::{SELECTIVITY_KIND, write_selectivity};
pub use images::{MeasuredImages, maximum_activation};
pub use map::{MapVerdict, MeasuredMap, MeasuredPreferences};
pub use measure::{ChannelSelectivity, Selectivity, SelectivityRequest, selectivity};
pub use orientation::{StillGratings, orientation_responses};
pub use record::{
    ImageNumbers, LargestD, MapNumbers, PinwheelNumbers, PreferenceNumbers, SelectivityRecord,
    SignificanceNumbers,
};
