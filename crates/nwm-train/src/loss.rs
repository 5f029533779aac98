//! Losses of predicted values: the mean squared error, and the cost of pixels that are on or off.
//!
//! The training loss of forecasts is the negative log-likelihood per value of a normal with standard deviation 1/sqrt(2)
//! (docs/theory.md, section 5), which is the mean squared error and a constant.

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Shape, Storage, Tensor, WithDType, bail};
use nwm_simd::Real;
use rayon::prelude::*;

use crate::error::Result;
use crate::plain_loss;

/// Values one task sums; sums are taken chunk by chunk, then over chunks in order.
const CHUNK: usize = 1 << 15;

/// ln(pi) / 2, the loss of a perfect prediction.
pub const PERFECT_LOSS: f64 = 0.572_364_942_924_700_1;

/// Mean squared error of two arrays of the same shape, a scalar of their type; summed in f64 on the CPU.
///
/// The gradient goes to `prediction` alone.
///
/// # Errors
/// [`crate::Error::Tensor`] if shapes or types differ.
pub fn mean_squared_error(prediction: &Tensor, target: &Tensor) -> Result<Tensor> {
    Loss::SquaredError.of(prediction, target)
}

/// The training loss: mean squared error + ln(pi)/2, a scalar.
///
/// # Errors
/// As [`mean_squared_error`].
pub fn forecast_loss(prediction: &Tensor, target: &Tensor) -> Result<Tensor> {
    Ok((mean_squared_error(prediction, target)? + PERFECT_LOSS)?)
}

/// The mean squared error of the prediction `1 / (1 + exp(-logit))`, without ever storing it.
///
/// # Errors
/// As [`mean_squared_error`].
pub fn mean_squared_error_of_logits(logits: &Tensor, target: &Tensor) -> Result<Tensor> {
    Loss::SquaredErrorOfLogit.of(logits, target)
}

/// The training loss of the prediction `1 / (1 + exp(-logit))`.
///
/// # Errors
/// As [`mean_squared_error`].
pub fn forecast_loss_of_logits(logits: &Tensor, target: &Tensor) -> Result<Tensor> {
    Ok((mean_squared_error_of_logits(logits, target)? + PERFECT_LOSS)?)
}

/// The mean over all values of `-(u ln p + (1 - u) ln(1 - p))`, where `u` is the target and `p = 1 / (1 + exp(-logit))`, cut
/// to [2^-23, 1 - 2^-23], the probability that it is on (paper, equation 10). Where it is cut there is no gradient.
///
/// # Errors
/// As [`mean_squared_error`].
pub fn bernoulli_cost_of_logits(logits: &Tensor, target: &Tensor) -> Result<Tensor> {
    Loss::BernoulliOfLogit.of(logits, target)
}

/// What is averaged over predictions and their targets; the gradient goes to the prediction alone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Loss {
    /// `(prediction - target)^2`.
    SquaredError,
    /// The same of the prediction `1 / (1 + exp(-logit))`.
    SquaredErrorOfLogit,
    /// The negative log-likelihood of a pixel that is on with the probability `1 / (1 + exp(-logit))`.
    BernoulliOfLogit,
}

/// The smallest probability: the spacing of single-precision numbers at 1.
pub(crate) const LEAST_PROBABILITY: f64 = 1.192_092_895_507_812_5e-7;

/// The probability that a logit stands for, as far as it is used.
fn probability<T: Real>(logit: T) -> f64 {
    logistic(logit).widen().clamp(LEAST_PROBABILITY, 1.0 - LEAST_PROBABILITY)
}

/// Logistic function `1 / (1 + exp(-x))`.
fn logistic<T: Real>(x: T) -> T {
    T::one() / (T::one() + (-x).exp())
}

/// The sum of `cost(x, y)` over all predictions and their targets.
fn summed<T: Real>(
    prediction: &[T],
    target: &[T],
    cost: impl Fn(T, T) -> f64 + Send + Sync,
) -> f64 {
    let partial: Vec<f64> = prediction
        .par_chunks(CHUNK)
        .zip(target.par_chunks(CHUNK))
        .map(|(x, y)| x.iter().zip(y).map(|(&x, &y)| cost(x, y)).sum())
        .collect();
    partial.iter().sum()
}

/// `slope(x, y)` of every prediction and its target.
fn gradients<T: Real>(
    prediction: &[T],
    target: &[T],
    slope: impl Fn(T, T) -> T + Send + Sync,
) -> Vec<T> {
    let mut gradients = vec![T::zero(); prediction.len()];
    let inputs = prediction.par_chunks(CHUNK).zip(target.par_chunks(CHUNK));
    gradients.par_chunks_mut(CHUNK).zip(inputs).for_each(|(gradients, (x, y))| {
        for ((gradient, &x), &y) in gradients.iter_mut().zip(x).zip(y) {
            *gradient = slope(x, y);
        }
    });
    gradients
}

fn slice<'a, T: WithDType>(
    storage: &'a CpuStorage,
    layout: &Layout,
) -> candle_core::Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(&storage.as_slice::<T>()?[start..end]),
        None => bail!("a loss needs contiguous arrays"),
    }
}

impl Loss {
    /// The mean over all predictions: in one operation, or on a GPU in plain ones.
    fn of(self, prediction: &Tensor, target: &Tensor) -> Result<Tensor> {
        if !prediction.device().is_cpu() {
            return Ok(plain_loss::mean(self, prediction, target)?);
        }
        Ok(self.fused(prediction, target)?)
    }

    pub(crate) fn fused(self, prediction: &Tensor, target: &Tensor) -> candle_core::Result<Tensor> {
        prediction.contiguous()?.apply_op2(&target.contiguous()?, self)
    }

    fn forward<T: Real + WithDType>(self, prediction: &[T], target: &[T]) -> CpuStorage {
        let squared = |x: T, y: T| {
            let difference = x.widen() - y.widen();
            difference * difference
        };
        let sum = match self {
            Self::SquaredError => summed(prediction, target, squared),
            Self::SquaredErrorOfLogit => {
                summed(prediction, target, |logit, y| squared(logistic(logit), y))
            }
            Self::BernoulliOfLogit => summed(prediction, target, |logit, y| {
                let (on, y) = (probability(logit), y.widen());
                -(y * on.ln() + (1.0 - y) * (1.0 - on).ln())
            }),
        };
        let mean = sum / prediction.len() as f64;
        T::to_cpu_storage_owned(vec![T::nearest(mean)])
    }

    fn backward<T: Real + WithDType>(
        self,
        prediction: &Tensor,
        target: &Tensor,
        scale: f64,
    ) -> candle_core::Result<Tensor> {
        let scale = T::nearest(scale);
        let (x, x_layout) = prediction.storage_and_layout();
        let (y, y_layout) = target.storage_and_layout();
        let (Storage::Cpu(x), Storage::Cpu(y)) = (&*x, &*y) else {
            bail!("{}: the backward pass runs on the CPU only", self.name())
        };
        let (x, y) = (slice::<T>(x, x_layout)?, slice::<T>(y, y_layout)?);
        let twice = scale + scale;
        let values = match self {
            Self::SquaredError => gradients(x, y, |x, y| (x - y) * twice),
            Self::SquaredErrorOfLogit => gradients(x, y, |logit, y| {
                let x = logistic(logit);
                (x - y) * twice * x * (T::one() - x)
            }),
            Self::BernoulliOfLogit => gradients(x, y, |logit, y| {
                let x = logistic(logit);
                let is_cut = probability(logit) != x.widen();
                if is_cut { T::zero() } else { (x - y) * scale }
            }),
        };
        Tensor::from_vec(values, prediction.shape(), prediction.device())
    }
}

impl CustomOp2 for Loss {
    fn name(&self) -> &'static str {
        match self {
            Self::SquaredError | Self::SquaredErrorOfLogit => "mean squared error",
            Self::BernoulliOfLogit => "Bernoulli cost",
        }
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
                "{}: found shapes {:?} and {:?}, expected the same",
                self.name(),
                prediction_layout.dims(),
                target_layout.dims()
            );
        }
        let storage = match (prediction, target) {
            (CpuStorage::F32(_), CpuStorage::F32(_)) => self.forward::<f32>(
                slice(prediction, prediction_layout)?,
                slice(target, target_layout)?,
            ),
            (CpuStorage::F64(_), CpuStorage::F64(_)) => self.forward::<f64>(
                slice(prediction, prediction_layout)?,
                slice(target, target_layout)?,
            ),
            _ => bail!("{}: expected two arrays of f32 or two of f64", self.name()),
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
        let scale =
            gradient.to_dtype(DType::F64)?.to_scalar::<f64>()? / prediction.elem_count() as f64;
        let gradient = match prediction.dtype() {
            DType::F32 => self.backward::<f32>(prediction, target, scale)?,
            DType::F64 => self.backward::<f64>(prediction, target, scale)?,
            _ => bail!("{}: expected two arrays of f32 or two of f64", self.name()),
        };
        Ok((Some(gradient), None))
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
    fn logits_cost_what_their_predictions_cost() {
        let logits = Var::new(&[[-3.0_f64, 0.2], [0.0, 4.0]], &Device::Cpu).unwrap();
        let target = Tensor::new(&[[0.2_f64, 0.9], [0.5, 0.1]], &Device::Cpu).unwrap();
        let prediction = ((logits.neg().unwrap().exp().unwrap() + 1.0).unwrap()).recip().unwrap();
        let plain = forecast_loss(&prediction, &target).unwrap();
        let fused = forecast_loss_of_logits(&logits, &target).unwrap();
        let number = |loss: &Tensor| loss.to_scalar::<f64>().unwrap();
        assert!((number(&plain) - number(&fused)).abs() < 1e-15);
        let gradient = |loss: &Tensor| {
            let gradients = loss.backward().unwrap();
            gradients.get(&logits).unwrap().flatten_all().unwrap().to_vec1::<f64>().unwrap()
        };
        for (found, expected) in gradient(&fused).iter().zip(gradient(&plain)) {
            assert!((found - expected).abs() < 1e-15, "{found} against {expected}");
        }
    }

    #[test]
    fn pixels_cost_what_is_published() {
        let logit = |p: f32| (p / (1.0 - p)).ln();
        // Probability and target; the published code computes in single precision.
        for (logit, target, expected) in [
            (f32::NEG_INFINITY, 1.0_f32, 15.942_384_720),
            (logit(0.3), 0.25, 0.568_499_446),
            (logit(0.5), 0.7, 0.693_147_182),
            (logit(1e-9), 0.6, 9.565_431_595),
        ] {
            let [logit, target] = [logit, target].map(|x| Tensor::new(&[x], &Device::Cpu).unwrap());
            let found = bernoulli_cost_of_logits(&logit, &target).unwrap();
            let found = f64::from(found.to_scalar::<f32>().unwrap());
            assert!((found - expected).abs() < 1e-6 * expected, "{found} {expected}");
        }
    }

    #[test]
    fn the_gradient_of_a_pixel_is_the_difference_unless_it_is_cut() {
        let logits = Var::new(&[0.4_f64, -1.0, -40.0, 40.0], &Device::Cpu).unwrap();
        let target = Tensor::new(&[0.9_f64, 0.3, 1.0, 0.0], &Device::Cpu).unwrap();
        let cost = bernoulli_cost_of_logits(&logits, &target).unwrap();
        let gradients = cost.backward().unwrap();
        let found = gradients.get(&logits).unwrap().to_vec1::<f64>().unwrap();
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        let expected = [(logistic(0.4) - 0.9) / 4.0, (logistic(-1.0) - 0.3) / 4.0, 0.0, 0.0];
        for (found, expected) in found.iter().zip(expected) {
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
