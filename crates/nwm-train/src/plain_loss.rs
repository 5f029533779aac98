//! The losses in operations of the tensor library: for devices without a fused operation.

use candle_core::{Result, Tensor};
use nwm_models::nn::sigmoid;

use crate::loss::{LEAST_PROBABILITY, Loss};

/// The mean of a loss over all predictions; the gradient goes to the prediction alone.
pub(crate) fn mean(loss: Loss, prediction: &Tensor, target: &Tensor) -> Result<Tensor> {
    let target = target.detach();
    let squared = |prediction: &Tensor| (prediction - &target)?.sqr();
    let terms = match loss {
        Loss::SquaredError => squared(prediction)?,
        Loss::SquaredErrorOfLogit => squared(&sigmoid(prediction).map_err(unwrapped)?)?,
        Loss::BernoulliOfLogit => bernoulli(prediction, &target)?,
    };
    // In two stages, of which the first has work for many blocks of threads.
    let rows = terms.reshape((terms.dims().first().copied().unwrap_or(1), ()))?;
    rows.sum(1)?.sum_all()? / terms.elem_count() as f64
}

/// `ln(1 + exp(x)) - u x`, which is `-(u ln p + (1 - u) ln(1 - p))` of the probability `p` of a logit `x`; cut where `p` is.
fn bernoulli(logits: &Tensor, target: &Tensor) -> Result<Tensor> {
    let furthest = ((1.0 - LEAST_PROBABILITY) / LEAST_PROBABILITY).ln();
    let x = logits.clamp(-furthest, furthest)?;
    let e = x.abs()?.neg()?.exp()?;
    let softplus = (x.relu()? + (e + 1.0)?.log()?)?;
    softplus - (x * target)?
}

fn unwrapped(error: nwm_models::Error) -> candle_core::Error {
    match error {
        nwm_models::Error::Tensor(error) => error,
        other => candle_core::Error::wrap(other),
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    fn numbers(tensor: &Tensor) -> Vec<f64> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn plain_losses_are_the_fused_ones() {
        let count = 3 * 4 * 5;
        let values = (0..count).map(|it| 3.0 * (1.3 * f64::from(it)).sin());
        // Some are so far out that probabilities are cut.
        let values: Vec<f64> = values.map(|x| if x > 2.8 { 12.0 * x } else { x }).collect();
        let logits = Tensor::from_vec(values, (3, 4, 5), &Device::Cpu).unwrap();
        let logits = Var::from_tensor(&logits).unwrap();
        let target: Vec<f64> = (0..count).map(|it| (0.7 * f64::from(it)).sin().abs()).collect();
        let target = Tensor::from_vec(target, (3, 4, 5), &Device::Cpu).unwrap();
        for loss in [Loss::SquaredError, Loss::SquaredErrorOfLogit, Loss::BernoulliOfLogit] {
            let both = [loss.fused(&logits, &target), mean(loss, &logits, &target)];
            let [fused, plain] = both.map(|value| {
                let value = value.unwrap();
                assert_eq!(value.rank(), 0);
                let store = value.backward().unwrap();
                [numbers(&value), numbers(store.get(&logits).unwrap())].concat()
            });
            assert!(fused[1..].iter().any(|gradient| *gradient != 0.0));
            for (fused, plain) in fused.iter().zip(&plain) {
                let off = (fused - plain).abs();
                assert!(off < 1e-12 * (1.0 + fused.abs()), "{loss:?}: {plain} {fused}");
            }
        }
    }

    #[test]
    fn a_pixel_far_out_has_a_finite_cost_in_single_precision() {
        let far = Var::new(&[f32::NEG_INFINITY, -200.0, 200.0], &Device::Cpu).unwrap();
        let target = Tensor::new(&[1.0_f32, 1.0, 0.0], &Device::Cpu).unwrap();
        let cost = mean(Loss::BernoulliOfLogit, &far, &target).unwrap();
        assert!((cost.to_scalar::<f32>().unwrap() - 15.942_385).abs() < 1e-4);
        let gradients = cost.backward().unwrap();
        assert_eq!(gradients.get(&far).unwrap().to_vec1::<f32>().unwrap(), [0.0; 3]);
    }
}
