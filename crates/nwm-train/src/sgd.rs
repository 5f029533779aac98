//! Stochastic gradient descent with momentum over a model's ordered parameters, with a state that can be saved.

#[cfg(feature = "cuda")]
use candle_core::CudaDevice;
use candle_core::Tensor;
#[cfg(feature = "cuda")]
use nwm_models::nn::{MomentumStep, launch_on_tensors};

use crate::config::TrainConfig;
use crate::descent::{Descent, DescentMethod};
use crate::moments::UpdateRule;
#[cfg(feature = "cuda")]
use crate::moments::Updated;

/// Gradient descent with heavy-ball momentum: no dampening, no look-ahead, no weight decay (docs/theory.md, section 5).
/// Files call the momentum of a parameter `momentum/NAME`.
pub type Sgd = Descent<SgdMethod, 1>;

/// The settings of [`Sgd`].
#[derive(Clone, Copy, Debug)]
pub struct SgdMethod {
    momentum: f64,
}

impl DescentMethod<1> for SgdMethod {
    const MOMENTS: [&'static str; 1] = ["momentum"];
    type Rule = SgdRule;

    fn new(config: &TrainConfig) -> Self {
        Self { momentum: config.momentum }
    }

    fn rule(&self, _step: u64, learning_rate: f64) -> SgdRule {
        SgdRule { rate: learning_rate as f32, momentum: self.momentum as f32 }
    }
}

/// The numbers of one step that all parameters share.
#[derive(Debug)]
pub struct SgdRule {
    rate: f32,
    momentum: f32,
}

impl UpdateRule<1> for SgdRule {
    /// The first step finds a momentum of zero, and leaves the gradient.
    fn apply(&self, values: &mut [f32], gradient: &[f32], [momentum]: [&mut [f32]; 1]) {
        for ((value, &g), momentum) in values.iter_mut().zip(gradient).zip(momentum) {
            *momentum = self.momentum * *momentum + g;
            *value -= self.rate * *momentum;
        }
    }

    fn apply_to_tensors(
        &self,
        values: &Tensor,
        gradient: &Tensor,
        [momentum]: [&Tensor; 1],
    ) -> candle_core::Result<(Tensor, [Tensor; 1])> {
        let momentum = ((momentum * f64::from(self.momentum))? + gradient)?;
        Ok(((values - (&momentum * f64::from(self.rate))?)?, [momentum]))
    }

    #[cfg(feature = "cuda")]
    fn apply_on_gpu(
        &self,
        device: &CudaDevice,
        updated: &[Updated<'_, 1>],
    ) -> candle_core::Result<()> {
        let step = MomentumStep { rate: self.rate, momentum: self.momentum };
        let tensors: Vec<_> =
            updated.iter().map(|it| [it.values, it.gradient, it.moments[0]]).collect();
        launch_on_tensors(device, &tensors, |gpu, listed| step.launch(gpu, listed))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use nwm_models::nn::{Initialiser, ParameterBuilder, Parameters};

    use super::*;
    use crate::Adam;

    /// More elements than one task updates, and a second parameter.
    const SHAPES: [(&str, [usize; 2]); 2] = [("weight", [129, 128]), ("bias", [1, 3])];

    fn parameters() -> Parameters {
        let mut builder = ParameterBuilder::new(0, DType::F32, &Device::Cpu);
        for (name, shape) in SHAPES {
            builder.add(name, &shape, Initialiser::Constant(0.5)).unwrap();
        }
        builder.finish()
    }

    fn values(parameters: &Parameters) -> Vec<Vec<f32>> {
        let tensors = parameters.iter();
        tensors.map(|(_, tensor)| tensor.flatten_all().unwrap().to_vec1().unwrap()).collect()
    }

    /// A gradient of every element that changes from step to step.
    fn gradients(step: usize) -> Vec<Vec<f32>> {
        let of = |[rows, columns]: [usize; 2]| {
            (0..rows * columns).map(|index| ((3 * index + 7 * step) as f32).sin()).collect()
        };
        SHAPES.map(|(_, shape)| of(shape)).into()
    }

    #[test]
    fn steps_agree_with_the_plain_formula() {
        let parameters = parameters();
        let config = TrainConfig { momentum: 0.8, ..TrainConfig::default() };
        let mut sgd = Sgd::new(&parameters, &config).unwrap();
        let mut expected: Vec<Vec<[f32; 2]>> = values(&parameters)
            .iter()
            .map(|of| of.iter().map(|&p| [p, f32::NAN]).collect())
            .collect();
        for step in 0..6 {
            let rate = 0.1 / (step + 1) as f64;
            let gradients = gradients(step);
            sgd.step(&parameters, &gradients.clone().into(), rate).unwrap();
            for (state, &g) in expected.iter_mut().flatten().zip(gradients.iter().flatten()) {
                let [value, buffer] = *state;
                let buffer = if step == 0 { g } else { 0.8_f32 * buffer + g };
                *state = [value - rate as f32 * buffer, buffer];
            }
            let found = values(&parameters);
            for (found, [value, _]) in found.iter().flatten().zip(expected.iter().flatten()) {
                assert_eq!(found, value, "step {step}");
            }
        }
        assert_eq!(sgd.steps(), 6);
    }

    #[test]
    fn a_saved_state_continues_as_if_never_interrupted() {
        let config = TrainConfig::default();
        let straight = parameters();
        let mut sgd = Sgd::new(&straight, &config).unwrap();
        for step in 0..3 {
            sgd.step(&straight, &gradients(step).into(), 1e-2).unwrap();
        }
        let bytes = sgd.to_bytes(&straight).unwrap();
        let resumed = parameters();
        for (name, variable) in resumed.iter() {
            variable.set(straight.get(name).unwrap()).unwrap();
        }
        let mut second = Sgd::new(&resumed, &config).unwrap();
        second.load(&resumed, &bytes, sgd.steps()).unwrap();
        assert!(second.to_bytes(&resumed).unwrap() == bytes);
        for step in 3..6 {
            sgd.step(&straight, &gradients(step).into(), 1e-2).unwrap();
            second.step(&resumed, &gradients(step).into(), 1e-2).unwrap();
        }
        assert_eq!(values(&straight), values(&resumed));
        assert_eq!(second.steps(), 6);
    }

    #[test]
    fn the_state_of_something_else_is_refused_and_changes_nothing() {
        let config = TrainConfig::default();
        let parameters = parameters();
        let mut sgd = Sgd::new(&parameters, &config).unwrap();
        sgd.step(&parameters, &gradients(0).into(), 1e-2).unwrap();
        let bytes = sgd.to_bytes(&parameters).unwrap();
        let of = |shapes: &[(&str, [usize; 2])]| {
            let mut builder = ParameterBuilder::new(0, DType::F32, &Device::Cpu);
            for (name, shape) in shapes {
                builder.add(name, shape, Initialiser::Constant(0.0)).unwrap();
            }
            let parameters = builder.finish();
            Sgd::new(&parameters, &config).unwrap().to_bytes(&parameters).unwrap()
        };
        let [weight, bias] = SHAPES;
        let of_adam = Adam::new(&parameters, &config).unwrap().to_bytes(&parameters).unwrap();
        for (content, expected) in [
            (of_adam, "momentum/weight"),
            (of(&[weight]), "momentum/bias"),
            (of(&[("weight", [128, 129]), bias]), "expected F32 [129, 128]"),
            (of(&[weight, bias, ("gain", [1, 1])]), "momentum/gain"),
            (bytes[..bytes.len() - 1].to_vec(), "optimizer.safetensors"),
        ] {
            let message = sgd.load(&parameters, &content, 9).unwrap_err().to_string();
            assert!(message.contains(expected), "{message} without {expected}");
        }
        let mut adam = Adam::new(&parameters, &config).unwrap();
        let message = adam.load(&parameters, &bytes, 1).unwrap_err().to_string();
        assert!(message.contains("first/weight"), "{message}");
        assert_eq!(sgd.steps(), 1);
        assert!(sgd.to_bytes(&parameters).unwrap() == bytes);
    }

    #[test]
    fn gradients_that_do_not_fit_are_refused_before_anything_moves() {
        let parameters = parameters();
        let mut sgd = Sgd::new(&parameters, &TrainConfig::default()).unwrap();
        let before = values(&parameters);
        let mut short = gradients(0);
        short[1].pop();
        let message = sgd.step(&parameters, &short.into(), 0.1).unwrap_err().to_string();
        assert!(message.contains("bias") && message.contains("2 numbers, expected 3"), "{message}");
        assert_eq!((sgd.steps(), values(&parameters)), (0, before));
    }
}
