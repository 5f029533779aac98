//! Samples of normal posteriors, and their divergence from a standard normal.
//!
//! `statistics` holds means, then logarithms of variances, along its last axis.

use candle_core::{D, DType, Result, Tensor};

/// Means and logarithms of variances.
fn halves(statistics: &Tensor) -> Result<(Tensor, Tensor)> {
    let latents = statistics.dim(D::Minus1)? / 2;
    Ok((statistics.narrow(D::Minus1, 0, latents)?, statistics.narrow(D::Minus1, latents, latents)?))
}

/// `mean + exp(log variance / 2) noise`.
pub(in super::super) fn sample(statistics: &Tensor, noise: &Tensor) -> Result<Tensor> {
    let (means, log_variances) = halves(statistics)?;
    means + ((log_variances * 0.5)?.exp()? * noise.detach())?
}

/// The sum of `(variance + mean^2 - 1 - log variance) / 2`, in f64 on the way.
pub(in super::super) fn divergence(statistics: &Tensor) -> Result<Tensor> {
    let (means, log_variances) = halves(&statistics.to_dtype(DType::F64)?)?;
    let terms = ((log_variances.exp()? + means.sqr()?)? - log_variances)?;
    ((terms - 1.0)?.sum_all()? * 0.5)?.to_dtype(statistics.dtype())
}
