//! Which latents of a variational model carry information.

use crate::{Error, Result, check};

/// A latent whose posterior has this mean variance or more is too close to its prior of variance 1.
const INFORMATIVE_VARIANCE: f64 = 0.5;

/// Which latents to keep, from posterior variances `[batch, latent]`.
///
/// Latent `i` is a position and `i + latents / 2` its momentum. A pair is kept if the variance of
/// either, averaged over the batch, is below 0.5; all are kept if no pair is. Deterministic models
/// have no variances and need no mask.
///
/// # Errors
///
/// When the slice does not have the shape, is empty, holds a value that is not finite, or when the
/// number of latents is odd.
pub fn informative_latents(variances: &[f64], shape: [usize; 2]) -> Result<Vec<bool>> {
    const ACTION: &str = "choose informative latents";
    let [batch, latents] = shape;
    check::shape("variances [batch, latent]", variances, &shape)?;
    if variances.is_empty() {
        return Err(Error::Empty { action: ACTION, expected: "variance" });
    }
    if latents % 2 == 1 {
        return Err(Error::Range {
            action: ACTION,
            name: "number of latents",
            found: latents,
            expected: "an even number, positions and then momenta",
        });
    }
    check::finite(ACTION, variances)?;
    let informative: Vec<bool> = (0..latents)
        .map(|latent| {
            let sum: f64 = variances.chunks_exact(latents).map(|sample| sample[latent]).sum();
            sum / (batch as f64) < INFORMATIVE_VARIANCE
        })
        .collect();
    let (positions, momenta) = informative.split_at(latents / 2);
    let pairs: Vec<bool> = positions.iter().zip(momenta).map(|(q, p)| *q || *p).collect();
    let all = !pairs.contains(&true);
    Ok(pairs.iter().chain(&pairs).map(|&pair| pair || all).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_of_a_pair_keeps_both() {
        // Means of two samples: positions 0.9, 0.5, 0.4, momenta 0.45, 0.5, 1.0.
        let variances = [0.8, 0.5, 0.1, 0.1, 0.0, 1.0, 1.0, 0.5, 0.7, 0.8, 1.0, 1.0];
        let found = informative_latents(&variances, [2, 6]).unwrap();
        assert_eq!(found, [true, false, true, true, false, true]);
    }

    #[test]
    fn without_information_all_are_kept() {
        assert_eq!(informative_latents(&[0.9, 0.5], [1, 2]).unwrap(), [true, true]);
    }

    #[test]
    fn wrong_input_is_an_error() {
        assert!(informative_latents(&[0.1; 3], [1, 3]).is_err());
        assert!(informative_latents(&[0.1; 3], [2, 2]).is_err());
        assert!(informative_latents(&[], [0, 2]).is_err());
        assert!(informative_latents(&[0.1, f64::NAN], [1, 2]).is_err());
    }
}
