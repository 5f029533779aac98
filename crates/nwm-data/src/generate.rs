//! From a specification to trajectories.

use rayon::prelude::*;

use crate::error::Result;
use crate::spec::{DatasetSpec, GENERATOR_VERSION};
use crate::stream::Stream;
use crate::trajectories::Trajectories;

/// Makes a data set. Trajectories are computed in parallel, each from a stream of random numbers
/// of its own, so that the bytes depend on the specification alone. No ball of a plain set can leave
/// the picture, so no draw is rejected.
///
/// # Errors
///
/// [`Error::InvalidSetting`](crate::Error::InvalidSetting) if the specification is out of range;
/// errors of the integrator.
pub fn generate(spec: &DatasetSpec) -> Result<Trajectories> {
    spec.validate()?;
    let system = spec.system;
    let dimension = system.state_dimension();
    let parameters = system.plain_parameters();
    let domain = spec.domain();
    let mut states = vec![0.0; spec.trajectories * spec.frames * dimension];
    states.par_chunks_mut(spec.frames * dimension).enumerate().try_for_each(
        |(index, trajectory)| {
            let key = [u64::from(GENERATOR_VERSION), spec.seed, index as u64];
            let mut stream = Stream::new(&domain, &key);
            let mut initial = vec![0.0; dimension];
            system.draw_initial_state(parameters, &mut stream, &mut initial)?;
            system.solve(parameters, &initial, spec.dt, trajectory)
        },
    )?;
    Trajectories::from_arrays(
        spec.clone(),
        states,
        parameters.repeat(spec.trajectories),
        vec![0.0; spec.trajectories * 2],
        vec![0; spec.trajectories * system.ball_count()],
    )
}
