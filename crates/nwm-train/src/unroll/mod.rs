//! Hidden states, inputs and predictions of test sequences, in a file for those who analyse them elsewhere.

mod answers;
mod films;
mod forecasts;
mod request;
mod states;
mod untrained;

pub use request::{
    ChosenTrajectories, MOST_UNROLLED_STEPS, UNROLLED_KIND, UnrollRequest, UnrolledSequences,
    unroll,
};
pub use untrained::{UntrainedFilm, untrained_film};
