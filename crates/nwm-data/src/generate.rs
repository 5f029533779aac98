//! From a specification to trajectories.

use std::ops::Range;

use rayon::prelude::*;

use crate::error::Result;
use crate::spec::{DatasetSpec, GENERATOR_VERSION};
use crate::stream::Stream;
use crate::systems::Picture;
use crate::trajectories::Trajectories;

/// The suite looks at so many points between two frames for balls that have left the picture.
const STEPS_PER_FRAME: usize = 10;

/// Makes a data set. Trajectories are computed in parallel, each from a stream of random numbers
/// of its own, so that the bytes depend on the specification alone.
///
/// # Errors
///
/// [`Error::InvalidSetting`](crate::Error::InvalidSetting) or [`Error::UnknownName`](crate::Error::UnknownName) if the
/// specification is out of range; errors of the integrator.
pub fn generate(spec: &DatasetSpec) -> Result<Trajectories> {
    generate_range(spec, 0..spec.trajectories)
}

/// Some trajectories of a data set, as a set of their own.
pub(crate) fn generate_range(spec: &DatasetSpec, range: Range<usize>) -> Result<Trajectories> {
    let part = DatasetSpec { trajectories: range.len(), ..spec.clone() };
    part.validate()?;
    let row = spec.frames * spec.system.state_dimension();
    let mut states = vec![0.0; range.len() * row];
    let drawn: Vec<Result<Drawn>> = states
        .par_chunks_mut(row)
        .enumerate()
        .map(|(index, states)| draw(spec, range.start + index, states))
        .collect();
    // The first failure counts, whichever thread was first.
    let drawn = drawn.into_iter().collect::<Result<Vec<Drawn>>>()?;
    Trajectories::from_arrays(
        part,
        states,
        drawn.iter().flat_map(|drawn| drawn.parameters.iter().copied()).collect(),
        drawn.iter().flat_map(|drawn| drawn.offset).collect(),
        drawn.iter().flat_map(|drawn| drawn.colour_indices.iter().copied()).collect(),
    )
}

/// What is drawn for a trajectory beside its states.
struct Drawn {
    parameters: Vec<f64>,
    offset: [f64; 2],
    colour_indices: Vec<u32>,
}

/// Draws trajectory number `index` and writes its states, axes `[frame, dimension]`.
fn draw(spec: &DatasetSpec, index: usize, states: &mut [f64]) -> Result<Drawn> {
    let (system, variant) = (spec.system, spec.variant);
    let key = [u64::from(GENERATOR_VERSION), spec.seed, index as u64];
    let mut stream = Stream::new(&spec.domain(), &key);
    let picture = system.picture(variant);
    let mut parameters = vec![0.0; system.parameter_names().len()];
    let mut initial = vec![0.0; system.state_dimension()];
    loop {
        system.draw_parameters(variant, &mut stream, &mut parameters)?;
        system.draw_state(variant, &parameters, &mut stream, &mut initial)?;
        if stays_visible(spec, picture, &parameters, &initial)? {
            break;
        }
    }
    system.solve(variant, &parameters, &initial, spec.dt, states)?;
    let (offset, colours) = match picture {
        Picture::Balls { offset, colours, .. } => (offset.draw(&mut stream), colours),
        Picture::Strategies { .. } => ([0.0; 2], 1),
    };
    let colour_indices = draw_colours(&mut stream, picture.ball_count(), colours);
    Ok(Drawn { parameters, offset, colour_indices })
}

/// Whether all centres stay within the picture, displacement aside, in the systems where one can leave.
fn stays_visible(
    spec: &DatasetSpec,
    picture: Picture,
    parameters: &[f64],
    initial: &[f64],
) -> Result<bool> {
    let Picture::Balls { count, half_width, rejects: true, .. } = picture else { return Ok(true) };
    let system = spec.system;
    let points = (spec.frames - 1) * STEPS_PER_FRAME + 1;
    let mut states = vec![0.0; points * initial.len()];
    let step = spec.dt / STEPS_PER_FRAME as f64;
    system.solve(spec.variant, parameters, initial, step, &mut states)?;
    for state in states.chunks_exact(initial.len()) {
        let balls = system.balls(parameters, state)?;
        let outside = |coordinate: &f64| coordinate.abs() > half_width;
        if balls[..count].iter().any(|ball| ball.position.iter().any(outside)) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Different colours for the balls; nothing is drawn where there is no choice.
fn draw_colours(stream: &mut Stream, balls: usize, colours: u32) -> Vec<u32> {
    if balls == 1 && colours == 1 {
        return vec![0];
    }
    let order = stream.permutation(colours as usize);
    order.into_iter().take(balls).map(|colour| colour as u32).collect()
}
