//! A normal posterior with its own variance for every number: samples, and the divergence from a standard normal.
//!
//! `statistics` holds means, then logarithms of variances, along its last axis.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, DType, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::plain;
use super::real::{Real, contiguous_slice, dispatch, tensor_of, with_slice};
use crate::error::{Error, Result};

const SAMPLE: &str = "posterior-sample";
const DIVERGENCE: &str = "posterior-divergence";

/// `mean + exp(log variance / 2) noise` (paper, equation 6).
///
/// `statistics` is `[.., 2 L]` and `noise` `[.., L]`, standard normal; the result has the shape of `noise`. The gradient goes
/// to `statistics` alone.
///
/// # Errors
/// [`Error::Shape`] if the shapes do not fit; [`Error::Tensor`] for a number type other than `F32` and `F64`.
pub fn sample(statistics: &Tensor, noise: &Tensor) -> Result<Tensor> {
    let fits = match (statistics.dims(), noise.dims()) {
        ([leading @ .., both], [rows @ .., latents]) => {
            leading == rows && *both == 2 * latents && *latents > 0
        }
        _ => false,
    };
    if !fits {
        let expected = format!("half of the last axis of {:?}", statistics.dims());
        return Err(Error::shape("noise of a posterior", expected, noise.dims()));
    }
    if plain::is_needed(statistics) {
        return Ok(plain::sample(statistics, noise)?);
    }
    Ok(statistics.contiguous()?.apply_op2(&noise.contiguous()?, Sample)?)
}

/// Divergence from a standard normal in nats, summed over all numbers: the scalar sum of
/// `(variance + mean^2 - 1 - log variance) / 2`. Sums are taken in f64.
///
/// # Errors
/// [`Error::Shape`] if the last axis is odd; otherwise as [`sample`].
pub fn divergence(statistics: &Tensor) -> Result<Tensor> {
    match statistics.dims().last() {
        Some(both) if both % 2 == 0 && *both > 0 => {}
        _ => {
            let expected = "[.., means and as many logarithms of variances]";
            return Err(Error::shape("statistics of a posterior", expected, statistics.dims()));
        }
    }
    if plain::is_needed(statistics) {
        return Ok(plain::divergence(statistics)?);
    }
    Ok(statistics.contiguous()?.apply_op1(Divergence)?)
}

fn width(shape: &Shape) -> usize {
    shape.dims().last().copied().unwrap_or(1)
}

/// `exp(log variance / 2)`.
fn deviation<T: Real>(log_variance: T) -> T {
    (log_variance * T::nearest(0.5)).exp()
}

/// Samples, row by row.
fn samples<T: Real>(
    (statistics, statistics_layout): (&CpuStorage, &Layout),
    (noise, noise_layout): (&CpuStorage, &Layout),
) -> candle_core::Result<(CpuStorage, Shape)> {
    let latents = width(noise_layout.shape());
    let statistics = contiguous_slice::<T>(SAMPLE, statistics, statistics_layout)?;
    let noise = contiguous_slice::<T>(SAMPLE, noise, noise_layout)?;
    let mut values = vec![T::zero(); noise.len()];
    let rows = statistics.par_chunks_exact(2 * latents).zip(noise.par_chunks_exact(latents));
    values.par_chunks_exact_mut(latents).zip(rows).for_each(|(values, (row, noise))| {
        let (means, log_variances) = row.split_at(latents);
        let numbers = means.iter().zip(log_variances).zip(noise);
        for (value, ((&mean, &log_variance), &noise)) in values.iter_mut().zip(numbers) {
            *value = mean + deviation(log_variance) * noise;
        }
    });
    Ok((T::to_cpu_storage_owned(values), noise_layout.shape().clone()))
}

/// The gradient of `statistics` from that of the samples.
fn gradient_of_samples<T: Real>(
    statistics: &Tensor,
    noise: &Tensor,
    gradient: &Tensor,
) -> candle_core::Result<Tensor> {
    let latents = width(noise.shape());
    let values = with_slice::<T, _>(SAMPLE, statistics, |statistics| {
        with_slice::<T, _>(SAMPLE, noise, |noise| {
            with_slice::<T, _>(SAMPLE, gradient, |gradient| {
                let mut values = vec![T::zero(); statistics.len()];
                let rows = statistics
                    .par_chunks_exact(2 * latents)
                    .zip(noise.par_chunks_exact(latents))
                    .zip(gradient.par_chunks_exact(latents));
                values.par_chunks_exact_mut(2 * latents).zip(rows).for_each(
                    |(values, ((row, noise), gradient))| {
                        let (of_means, of_logarithms) = values.split_at_mut(latents);
                        of_means.copy_from_slice(gradient);
                        let numbers = row[latents..].iter().zip(noise).zip(gradient);
                        for (value, ((&log_variance, &noise), &g)) in
                            of_logarithms.iter_mut().zip(numbers)
                        {
                            *value = g * noise * deviation(log_variance) * T::nearest(0.5);
                        }
                    },
                );
                Ok(values)
            })
        })
    })?;
    tensor_of(values, statistics.shape())
}

/// The divergence, summed row by row, then over rows in their order.
fn summed_divergence<T: Real>(
    statistics: &CpuStorage,
    layout: &Layout,
) -> candle_core::Result<(CpuStorage, Shape)> {
    let latents = width(layout.shape()) / 2;
    let statistics = contiguous_slice::<T>(DIVERGENCE, statistics, layout)?;
    let rows: Vec<f64> = statistics
        .par_chunks_exact(2 * latents)
        .map(|row| {
            let (means, log_variances) = row.split_at(latents);
            let terms = means.iter().zip(log_variances).map(|(&mean, &log_variance)| {
                let spread = deviation(log_variance).widen();
                let mean = mean.widen();
                spread * spread + mean * mean - 1.0 - log_variance.widen()
            });
            0.5 * terms.sum::<f64>()
        })
        .collect();
    let sum = T::nearest(rows.iter().sum());
    Ok((T::to_cpu_storage_owned(vec![sum]), Shape::from(())))
}

/// The gradient of `statistics`: means, and half of the variances less one, times that of the divergence.
fn gradient_of_divergence<T: Real>(
    statistics: &Tensor,
    scale: f64,
) -> candle_core::Result<Option<Tensor>> {
    let latents = width(statistics.shape()) / 2;
    let scale = T::nearest(scale);
    let values = with_slice::<T, _>(DIVERGENCE, statistics, |statistics| {
        let mut values = vec![T::zero(); statistics.len()];
        let rows = statistics.par_chunks_exact(2 * latents);
        values.par_chunks_exact_mut(2 * latents).zip(rows).for_each(|(values, row)| {
            let (of_means, of_logarithms) = values.split_at_mut(latents);
            let (means, log_variances) = row.split_at(latents);
            for (value, &mean) in of_means.iter_mut().zip(means) {
                *value = mean * scale;
            }
            for (value, &log_variance) in of_logarithms.iter_mut().zip(log_variances) {
                let spread = deviation(log_variance);
                *value = (spread * spread - T::one()) * T::nearest(0.5) * scale;
            }
        });
        Ok(values)
    })?;
    Ok(Some(tensor_of(values, statistics.shape())?))
}

struct Sample;

impl CustomOp2 for Sample {
    fn name(&self) -> &'static str {
        SAMPLE
    }

    fn cpu_fwd(
        &self,
        statistics: &CpuStorage,
        statistics_layout: &Layout,
        noise: &CpuStorage,
        noise_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        dispatch!(
            SAMPLE,
            statistics.dtype(),
            samples((statistics, statistics_layout), (noise, noise_layout))
        )
    }

    fn bwd(
        &self,
        statistics: &Tensor,
        noise: &Tensor,
        _samples: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let dtype = statistics.dtype();
        let of_statistics =
            dispatch!(SAMPLE, dtype, gradient_of_samples(statistics, noise, gradient))?;
        Ok((Some(of_statistics), None))
    }
}

struct Divergence;

impl CustomOp1 for Divergence {
    fn name(&self) -> &'static str {
        DIVERGENCE
    }

    fn cpu_fwd(
        &self,
        statistics: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        dispatch!(DIVERGENCE, statistics.dtype(), summed_divergence(statistics, layout))
    }

    fn bwd(
        &self,
        statistics: &Tensor,
        _divergence: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        let scale = gradient.to_dtype(DType::F64)?.to_scalar::<f64>()?;
        dispatch!(DIVERGENCE, statistics.dtype(), gradient_of_divergence(statistics, scale))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn statistics(rows: &[[f64; 2]]) -> Tensor {
        let means = rows.iter().map(|row| row[0]);
        let values: Vec<f64> = means.chain(rows.iter().map(|row| row[1])).collect();
        Tensor::from_vec(values, (1, 2 * rows.len()), &Device::Cpu).unwrap()
    }

    #[test]
    fn the_divergence_has_the_published_value() {
        let found = divergence(&statistics(&[[0.3, -0.8]])).unwrap().to_scalar::<f64>().unwrap();
        assert!((found - 0.169_664_482_059).abs() < 1e-12, "{found}");
        let both = divergence(&statistics(&[[0.3, -0.8], [0.0, 0.0]])).unwrap();
        assert!((both.to_scalar::<f64>().unwrap() - found).abs() < 1e-15);
    }

    #[test]
    fn a_sample_is_the_mean_and_a_number_of_deviations() {
        let noise = Tensor::from_vec(vec![1.5, -2.0], (1, 2), &Device::Cpu).unwrap();
        let found = sample(&statistics(&[[0.3, -0.8], [1.0, 0.4]]), &noise).unwrap();
        let found = found.flatten_all().unwrap().to_vec1::<f64>().unwrap();
        assert!((found[0] - (0.3 + 1.5 * (-0.4_f64).exp())).abs() < 1e-15);
        assert!((found[1] - (1.0 - 2.0 * 0.2_f64.exp())).abs() < 1e-15);
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let three = Tensor::zeros((1, 3), DType::F64, &Device::Cpu).unwrap();
        assert!(divergence(&three).is_err());
        assert!(sample(&statistics(&[[0.0, 0.0]]), &three).is_err());
    }
}
