//! The training loss: negative log-likelihood per value of a normal with standard deviation 1/sqrt(2)
//! (docs/theory.md, section 5), which is the mean squared error and a constant.

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Shape, Tensor, bail};
use rayon::prelude::*;

use crate::error::Result;

/// Values one task sums; sums are taken chunk by chunk, then over chunks in order.
const CHUNK: usize = 1 << 15;

/// ln(pi) / 2, the loss of a perfect prediction.
pub const PERFECT_LOSS: f64 = 0.572_364_942_924_700_1;

/// Mean squared error of two arrays of the same shape, a scalar of their type; summed in f64.
///
/// The gradient goes to `prediction` alone.
///
/// # Errors
/// [`crate::Error::Tensor`] if shapes or types differ.
pub fn mean_squared_error(prediction: &Tensor, target: &Tensor) -> Result<Tensor> {
    Ok(prediction.contiguous()?.apply_op2(&target.contiguous()?, MeanSquaredError)?)
}

/// The training loss: mean squared error + ln(pi)/2, a scalar.
///
/// # Errors
/// As [`mean_squared_error`].
pub fn forecast_loss(prediction: &Tensor, target: &Tensor) -> Result<Tensor> {
    Ok((mean_squared_error(prediction, target)? + PERFECT_LOSS)?)
}

struct MeanSquaredError;

fn squared_error<T: Copy + Into<f64> + Sync>(prediction: &[T], target: &[T]) -> f64 {
    let partial: Vec<f64> = prediction
        .par_chunks(CHUNK)
        .zip(target.par_chunks(CHUNK))
        .map(|(x, y)| {
            x.iter().zip(y).map(|(&x, &y)| (x.into() - y.into()) * (x.into() - y.into())).sum()
        })
        .collect();
    partial.iter().sum()
}

fn slice<'a, T>(values: &'a [T], layout: &Layout) -> candle_core::Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&values[start..end]),
        None => bail!("mean squared error needs contiguous arrays"),
    }
}

impl CustomOp2 for MeanSquaredError {
    fn name(&self) -> &'static str {
        "mean-squared-error"
    }

    fn cpu_fwd(
        &self,
        prediction: &CpuStorage,
        prediction_layout: &Layout,
        target: &CpuStorage,
        target_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        if prediction_layout.dims() != target_layout.dims() {
            bail!(
                "mean squared error: found shapes {:?} and {:?}, expected the same",
                prediction_layout.dims(),
                target_layout.dims()
            );
        }
        let count = prediction_layout.shape().elem_count() as f64;
        let storage = match (prediction, target) {
            (CpuStorage::F32(x), CpuStorage::F32(y)) => {
                let sum = squared_error(slice(x, prediction_layout)?, slice(y, target_layout)?);
                CpuStorage::F32(vec![(sum / count) as f32])
            }
            (CpuStorage::F64(x), CpuStorage::F64(y)) => {
                let sum = squared_error(slice(x, prediction_layout)?, slice(y, target_layout)?);
                CpuStorage::F64(vec![sum / count])
            }
            _ => bail!("mean squared error: expected two arrays of f32 or two of f64"),
        };
        Ok((storage, Shape::from(())))
    }

    fn bwd(
        &self,
        prediction: &Tensor,
        target: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let scale = 2.0 * gradient.to_dtype(DType::F64)?.to_scalar::<f64>()?
            / prediction.elem_count() as f64;
        Ok((Some(((prediction - target)? * scale)?), None))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn a_constant_offset_of_a_tenth_costs_a_hundredth() {
        let prediction = Tensor::full(0.6_f64, (2, 3, 32, 32, 3), &Device::Cpu).unwrap();
        let target = Tensor::full(0.5_f64, (2, 3, 32, 32, 3), &Device::Cpu).unwrap();
        let loss = forecast_loss(&prediction, &target).unwrap().to_scalar::<f64>().unwrap();
        assert!((loss - 0.582_364_942_924_7).abs() < 1e-12, "{loss}");
    }

    #[test]
    fn the_gradient_is_the_scaled_difference() {
        let prediction = Var::new(&[0.1_f64, 0.7, -0.3], &Device::Cpu).unwrap();
        let target = Tensor::new(&[0.2_f64, 0.2, 0.2], &Device::Cpu).unwrap();
        let loss = (forecast_loss(&prediction, &target).unwrap() * 3.0).unwrap();
        let gradients = loss.backward().unwrap();
        let gradient = gradients.get(&prediction).unwrap().to_vec1::<f64>().unwrap();
        for (found, expected) in gradient.iter().zip([-0.2, 1.0, -1.0]) {
            assert!((found - expected).abs() < 1e-15, "{found} against {expected}");
        }
    }

    #[test]
    fn different_shapes_are_refused() {
        let a = Tensor::zeros((2, 3), DType::F32, &Device::Cpu).unwrap();
        let b = Tensor::zeros((3, 2), DType::F32, &Device::Cpu).unwrap();
        assert!(mean_squared_error(&a, &b).unwrap_err().to_string().contains("[2, 3]"));
    }
}
