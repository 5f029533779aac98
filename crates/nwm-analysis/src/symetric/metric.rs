//! The measure of one batch.

use super::SymetricOptions;
use super::columns::Columns;
use super::polynomial::PolynomialMap;
use super::symplecticity::deviation;
use crate::{Error, Result, check};

/// Whether the latents of a batch are canonical coordinates of its states.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Symetric {
    /// The verdict: `R^2` above its threshold and `sym` below its own. SyMetric of a model is the
    /// share of batches for which this holds.
    pub symplectic: bool,
    /// Deviation of the map from a symplectic one: 0 is best, [`SymetricOptions::max_sym`] the most.
    pub sym: f64,
    /// Share of the variance of the states that the map explains, 1 at best and below 0 at worst.
    pub r_squared: f64,
    /// Order of the polynomial; 0 if there is no map because at most one latent is kept.
    pub order: usize,
    /// Latents that were not masked.
    pub kept_latents: usize,
}

/// Measures how symplectic the map from `latents`, `[trajectory, time, latent]`, to true `states`,
/// `[trajectory, time, dimension]`, is.
///
/// Both list all positions before all momenta in the same order. `keep` says for every latent
/// whether it is used, both of a pair alike (see [`informative_latents`](super::informative_latents));
/// `None` uses all. The published evaluation takes 5 trajectories of 60 consecutive frames at a time
/// and averages over 20 such batches.
///
/// 1. The samples of all trajectories are standardised, states and latents by column; a constant
///    column becomes 0.
/// 2. A polynomial of the latents is fitted to each dimension of the state, without unneeded terms
///    by the Lasso. One penalty for all is chosen by cross-validation. The order rises from 1 until
///    `R^2`, averaged over dimensions, reaches its threshold. A constant dimension counts as
///    explained, `R^2 = 1`.
/// 3. At random points of each trajectory the Jacobian `J` of the polynomial gives `A = J S J^T`,
///    `B = J S^T J^T` and `P = A B`. Divided by the mean over points of their largest entry, all `P`
///    should be the identity; `sym` is the mean squared difference.
///
/// If at most one latent is kept there is no map: `symplectic` is false, `sym` the largest value,
/// `R^2` and the order 0. A model whose latents are not finite is for the caller to judge.
///
/// A batch of that size and four dimensions takes about 1.5 s with 32 latents, whose polynomial has
/// order 2 at most, and up to 8 s with 8 or 12 latents when no order explains the states.
///
/// Source: as of [the module](super).
///
/// # Errors
///
/// When a slice does not have its shape, the shapes differ in trajectories or time, there is no
/// state, a value is not finite, more than one latent but an odd number of them is given, `keep`
/// has another length or splits a pair, or an option is out of range.
pub fn symetric(
    states: &[f64],
    states_shape: [usize; 3],
    latents: &[f64],
    latents_shape: [usize; 3],
    keep: Option<&[bool]>,
    options: &SymetricOptions,
) -> Result<Symetric> {
    check_arrays(states, states_shape, latents, latents_shape)?;
    let [trajectories, time, dimensions] = states_shape;
    let width = latents_shape[2];
    options.check(ACTION, trajectories * time)?;
    let kept = kept_latents(width, keep)?;
    if kept.len() < 2 {
        return Ok(Symetric {
            symplectic: false,
            sym: options.max_sym,
            r_squared: 0.0,
            order: 0,
            kept_latents: kept.len(),
        });
    }

    let all: Vec<usize> = (0..dimensions).collect();
    let states = Columns::of_rows(states, dimensions, &all).standardised();
    let latents = Columns::of_rows(latents, width, &kept).standardised();
    let map = PolynomialMap::fitted(&latents, &states, options);
    let sym = deviation(&map, &latents, trajectories, options).min(options.max_sym);
    Ok(Symetric {
        symplectic: map.r_squared > options.r_squared_threshold && sym < options.sym_threshold,
        sym,
        r_squared: map.r_squared,
        order: map.order,
        kept_latents: kept.len(),
    })
}

const ACTION: &str = "measure symplecticity";

fn check_arrays(
    states: &[f64],
    states_shape: [usize; 3],
    latents: &[f64],
    latents_shape: [usize; 3],
) -> Result<()> {
    check::shape("states [trajectory, time, dimension]", states, &states_shape)?;
    check::shape("latents [trajectory, time, latent]", latents, &latents_shape)?;
    for (axis, what) in ["trajectories of latents", "times of latents"].into_iter().enumerate() {
        if latents_shape[axis] != states_shape[axis] {
            return Err(Error::Mismatch {
                action: ACTION,
                what,
                found: latents_shape[axis],
                expected: states_shape[axis],
                like: "the states",
            });
        }
    }
    if states.is_empty() {
        return Err(Error::Empty { action: ACTION, expected: "state" });
    }
    check::finite("measure symplecticity, states", states)?;
    check::finite("measure symplecticity, latents", latents)
}

/// Indices of the latents to use: none, one, or whole pairs.
fn kept_latents(latents: usize, keep: Option<&[bool]>) -> Result<Vec<usize>> {
    let all = vec![true; latents];
    let keep = keep.unwrap_or(&all);
    if keep.len() != latents {
        return Err(Error::Mismatch {
            action: ACTION,
            what: "entries of the mask",
            found: keep.len(),
            expected: latents,
            like: "the latents",
        });
    }
    let kept: Vec<usize> = (0..latents).filter(|&latent| keep[latent]).collect();
    if kept.len() < 2 {
        return Ok(kept);
    }
    if latents % 2 == 1 {
        return Err(Error::Range {
            action: ACTION,
            name: "number of latents",
            found: latents,
            expected: "an even number, positions and then momenta",
        });
    }
    let half = latents / 2;
    match (0..half).find(|&position| keep[position] != keep[position + half]) {
        Some(position) => Err(Error::Range {
            action: ACTION,
            name: "position masked unlike its momentum",
            found: position,
            expected: "both of a pair kept or neither",
        }),
        None => Ok(kept),
    }
}
