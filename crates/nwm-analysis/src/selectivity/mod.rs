//! Orientation selectivity of the sites of a grid: what each site prefers.
//!
//! Responses to stimuli of known orientation are added up by [`OrientationResponses`]. [`CohensD`] says which
//! sites prefer an orientation by more than chance, [`MaximumActivation`] shows the stimuli that drive each site most.
//!
//! Maps are `[row, column]`.

mod cohens_d;
mod maximum_activation;
mod moments;
mod responses;

pub use cohens_d::{CohensD, CohensDOptions};
pub use maximum_activation::{MaximumActivation, MaximumActivationOptions, RankedStimulus};
pub use responses::OrientationResponses;
