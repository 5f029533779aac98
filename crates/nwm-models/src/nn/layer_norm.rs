//! Normalisation of vectors to mean 0 and variance 1.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Layout, Shape, Tensor};
use rayon::prelude::*;

use super::plain;
use super::real::{Real, contiguous_slice, dispatch, tensor_of, with_slice};
use crate::error::{Error, Result};

const NAME: &str = "layer-norm";

/// What is added to the variance, the usual value.
const EPSILON: f64 = 1e-5;

/// `(x - mean) / sqrt(variance + 1e-5)` over the last axis, with the biased variance and no gain or offset. Any shape with a
/// last axis of at least one number.
///
/// # Errors
/// [`Error::Shape`] for a tensor without numbers or axes; [`Error::Tensor`] for a number type other than `F32` and `F64`.
pub fn layer_norm(x: &Tensor) -> Result<Tensor> {
    if x.elem_count() == 0 || x.rank() == 0 {
        return Err(Error::shape("what is normalised", "[.., at least 1]", x.dims()));
    }
    if plain::is_needed(x) {
        return Ok(plain::layer_norm(x, EPSILON)?);
    }
    Ok(x.contiguous()?.apply_op1(LayerNorm)?)
}

struct LayerNorm;

/// Mean and one over the deviation of a row, summed in f64.
fn moments<T: Real>(row: &[T]) -> (f64, f64) {
    let count = row.len() as f64;
    let mean = row.iter().map(|value| value.widen()).sum::<f64>() / count;
    let square = |value: &T| (value.widen() - mean) * (value.widen() - mean);
    let variance = row.iter().map(square).sum::<f64>() / count;
    (mean, 1.0 / (variance + EPSILON).sqrt())
}

fn width(shape: &Shape) -> usize {
    shape.dims().last().copied().unwrap_or(1)
}

fn forward<T: Real>(
    storage: &CpuStorage,
    layout: &Layout,
) -> candle_core::Result<(CpuStorage, Shape)> {
    let x = contiguous_slice::<T>(NAME, storage, layout)?;
    let width = width(layout.shape());
    let mut y = vec![T::zero(); x.len()];
    y.par_chunks_exact_mut(width).zip(x.par_chunks_exact(width)).for_each(|(y, x)| {
        let (mean, scale) = moments(x);
        for (y, x) in y.iter_mut().zip(x) {
            *y = T::nearest((x.widen() - mean) * scale);
        }
    });
    Ok((T::to_cpu_storage_owned(y), layout.shape().clone()))
}

/// With `g` the gradient of `y`: `(g - mean(g) - y mean(g y)) / sqrt(variance + epsilon)`.
fn backward<T: Real>(
    x: &Tensor,
    y: &Tensor,
    gradient: &Tensor,
) -> candle_core::Result<Option<Tensor>> {
    let width = width(x.shape());
    let values = with_slice::<T, _>(NAME, x, |x| {
        with_slice::<T, _>(NAME, y, |y| {
            with_slice::<T, _>(NAME, gradient, |gradient| {
                let mut values = vec![T::zero(); x.len()];
                let rows = x.par_chunks_exact(width).zip(y.par_chunks_exact(width));
                values
                    .par_chunks_exact_mut(width)
                    .zip(rows.zip(gradient.par_chunks_exact(width)))
                    .for_each(|(values, ((x, y), gradient))| {
                        let (_, scale) = moments(x);
                        let count = width as f64;
                        let mean = gradient.iter().map(|g| g.widen()).sum::<f64>() / count;
                        let products = gradient.iter().zip(y).map(|(g, y)| g.widen() * y.widen());
                        let along = products.sum::<f64>() / count;
                        for ((value, g), y) in values.iter_mut().zip(gradient).zip(y) {
                            *value = T::nearest((g.widen() - mean - y.widen() * along) * scale);
                        }
                    });
                Ok(values)
            })
        })
    })?;
    Ok(Some(tensor_of(values, x.shape())?))
}

impl CustomOp1 for LayerNorm {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        dispatch!(NAME, storage.dtype(), forward(storage, layout))
    }

    fn bwd(
        &self,
        x: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<Option<Tensor>> {
        dispatch!(NAME, x.dtype(), backward(x, y, gradient))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_sine_is_normalised_to_the_published_numbers() {
        let values: Vec<f64> = (0..12).map(|n| 2.0 * (0.7 * f64::from(n)).sin() + 0.3).collect();
        let z = Tensor::from_vec(values, (1, 12), &Device::Cpu).unwrap();
        let found = layer_norm(&z).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap();
        let expected = [
            -0.200_481_437_672,
            0.736_685_111_783,
            1.233_087_589_397,
            1.055_260_153_447,
            0.286_837_825_691,
            -0.710_778_366_199,
        ];
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert!((found[11] - 1.237_042_294_397).abs() < 1e-12);
    }

    #[test]
    fn nothing_cannot_be_normalised() {
        let nothing = Tensor::zeros((3, 0), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(layer_norm(&nothing).is_err());
    }
}
