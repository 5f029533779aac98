//! Whether latent states are canonical coordinates of the true ones: SyMetric on trajectories of a run
//! (docs/theory.md, section 6).

use candle_core::{DType, Tensor};
use nwm_analysis::symetric::{SymetricOptions, informative_latents, symetric};
use nwm_data::{FrameSource, Split, Window, generate};
use nwm_models::Model;
use serde::{Deserialize, Serialize};

use super::forecasts::{read_film, stack};
use crate::config::Config;
use crate::data::{FILE_DATA, dataset_spec};
use crate::error::Result;

/// Trajectories of one measurement.
const GROUP: usize = 5;

/// Frames of each trajectory.
const FRAMES: usize = 60;

/// Means over the groups of trajectories.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Symplecticity {
    /// Share of the groups in which latent states are canonical coordinates.
    pub symetric: f64,
    /// Deviation of the Jacobians from symplectic ones, at most 1000.
    pub sym: f64,
    /// How much of the true states polynomials of the latent ones explain.
    pub r_squared: f64,
    /// Order of the polynomials.
    pub order: f64,
    /// Groups of five trajectories.
    pub groups: usize,
}

/// SyMetric on the first test trajectories; none if the data's states are unknown or have no momenta, if the latent states
/// are not finite, have no second half or are positions alone, or if none is asked for.
pub(crate) fn symplecticity(
    config: &Config,
    model: &Model,
    source: &dyn FrameSource,
) -> Result<Option<Symplecticity>> {
    let groups = config.eval.symetric_batches.min(source.trajectories() / GROUP);
    if config.data.name == FILE_DATA || groups == 0 {
        return Ok(None);
    }
    let mut spec = dataset_spec(&config.data, Split::Test)?;
    if spec.system.ball_count() == 0 {
        return Ok(None);
    }
    // A smaller set is the beginning of a larger one.
    spec.trajectories = groups * GROUP;
    let truth = generate(&spec)?;
    let dimension = spec.system.state_dimension();
    let first_frame = model.first_predicted_frame();
    let length = config.evaluation_window();
    let count = FRAMES.min(length - first_frame);
    let options = SymetricOptions::default().with_max_order(config.eval.symetric_order);
    let mut sums = [0.0; 4];
    for group in 0..groups {
        let (mut states, mut films) = (Vec::new(), Vec::new());
        for trajectory in group * GROUP..(group + 1) * GROUP {
            let seed = config.eval.window_seed;
            let window = Window::for_evaluation(seed, trajectory, source.frames(), length)?;
            films.push(read_film(source, &window)?);
            for frame in 0..count {
                let time = window.start + first_frame + frame;
                states.extend_from_slice(truth.state(trajectory, time)?);
            }
        }
        let (seen, shape) = (model.inference_steps(), source.frame_shape());
        let given = stack(&films, 0, seen, shape, model.device())?;
        // [time, trajectory, ...]: positions and momenta of oscillators come one after the other, as for the others.
        let latents = model.unroll(&given, count)?.states;
        if let [_, _, 1, _, _, _] = latents.dims() {
            return Ok(None);
        }
        let latents = latents.flatten_from(2)?.transpose(0, 1)?.contiguous()?;
        let size = latents.dim(2)?;
        let latents = numbers(&latents)?;
        if !size.is_multiple_of(2) || latents.iter().any(|value| !value.is_finite()) {
            return Ok(None);
        }
        let keep = match model.posterior(&given)? {
            Some(posterior) => {
                let variances = numbers(&(posterior.log_deviation * 2.0)?.exp()?)?;
                if variances.iter().any(|value| !value.is_finite()) {
                    return Ok(None);
                }
                Some(informative_latents(&variances, [GROUP, size])?)
            }
            None => None,
        };
        let found = symetric(
            &states,
            [GROUP, count, dimension],
            &latents,
            [GROUP, count, size],
            keep.as_deref(),
            &options.clone().with_seed(group as u64),
        )?;
        let flag = if found.symplectic { 1.0 } else { 0.0 };
        let terms = [flag, found.sym, found.r_squared, found.order as f64];
        sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
    }
    let [symetric, sym, r_squared, order] = sums.map(|sum| sum / groups as f64);
    Ok(Some(Symplecticity { symetric, sym, r_squared, order, groups }))
}

fn numbers(tensor: &Tensor) -> Result<Vec<f64>> {
    Ok(tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
}
