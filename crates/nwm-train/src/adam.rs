//! Adam (Kingma & Ba 2015) over a model's ordered parameters, with a state that can be saved.

#[cfg(feature = "cuda")]
use candle_core::CudaDevice;
use candle_core::Tensor;
#[cfg(feature = "cuda")]
use nwm_models::nn::{AdamStep, launch_on_tensors};

use crate::config::TrainConfig;
use crate::descent::{Descent, DescentMethod};
use crate::moments::UpdateRule;
#[cfg(feature = "cuda")]
use crate::moments::Updated;

/// Adam with bias correction, epsilon outside the root, no weight decay (docs/theory.md, section 5). Of each parameter it
/// keeps two moments, which files call `first/NAME` and `second/NAME`.
pub type Adam = Descent<AdamMethod, 2>;

/// The settings of [`Adam`].
#[derive(Clone, Copy, Debug)]
pub struct AdamMethod {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
}

impl DescentMethod<2> for AdamMethod {
    const MOMENTS: [&'static str; 2] = ["first", "second"];
    type Rule = AdamRule;

    fn new(config: &TrainConfig) -> Self {
        Self { beta1: config.beta1, beta2: config.beta2, epsilon: config.epsilon }
    }

    fn rule(&self, step: u64, learning_rate: f64) -> AdamRule {
        let correction1 = 1.0 - self.beta1.powf(step as f64);
        let correction2 = 1.0 - self.beta2.powf(step as f64);
        AdamRule {
            rate: (learning_rate / correction1) as f32,
            root_correction: (1.0 / correction2.sqrt()) as f32,
            beta1: self.beta1 as f32,
            beta2: self.beta2 as f32,
            rest1: (1.0 - self.beta1) as f32,
            rest2: (1.0 - self.beta2) as f32,
            epsilon: self.epsilon as f32,
        }
    }
}

/// The numbers of one step that all parameters share.
#[derive(Debug)]
pub struct AdamRule {
    rate: f32,
    root_correction: f32,
    beta1: f32,
    beta2: f32,
    rest1: f32,
    rest2: f32,
    epsilon: f32,
}

impl UpdateRule<2> for AdamRule {
    fn apply(&self, values: &mut [f32], gradient: &[f32], [first, second]: [&mut [f32]; 2]) {
        let moments = first.iter_mut().zip(second);
        for ((value, &g), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
            let m = self.beta1 * *first + self.rest1 * g;
            let v = self.beta2 * *second + self.rest2 * g * g;
            *first = m;
            *second = v;
            *value -= self.rate * m / (v.sqrt() * self.root_correction + self.epsilon);
        }
    }

    fn apply_to_tensors(
        &self,
        values: &Tensor,
        gradient: &Tensor,
        [first, second]: [&Tensor; 2],
    ) -> candle_core::Result<(Tensor, [Tensor; 2])> {
        let [beta1, beta2, rest1, rest2] =
            [self.beta1, self.beta2, self.rest1, self.rest2].map(f64::from);
        let m = ((first * beta1)? + (gradient * rest1)?)?;
        let v = ((second * beta2)? + (gradient.sqr()? * rest2)?)?;
        let spread = v.sqrt()?.affine(self.root_correction.into(), self.epsilon.into())?;
        Ok(((values - ((&m * f64::from(self.rate))? / spread)?)?, [m, v]))
    }

    #[cfg(feature = "cuda")]
    fn apply_on_gpu(
        &self,
        device: &CudaDevice,
        updated: &[Updated<'_, 2>],
    ) -> candle_core::Result<()> {
        let Self { rate, root_correction, beta1, beta2, rest1, rest2, epsilon } = *self;
        let step = AdamStep { rate, root_correction, beta1, beta2, rest1, rest2, epsilon };
        let tensors: Vec<_> = updated
            .iter()
            .map(|it| [it.values, it.gradient, it.moments[0], it.moments[1]])
            .collect();
        launch_on_tensors(device, &tensors, |gpu, listed| step.launch(gpu, listed))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use nwm_models::nn::{Initialiser, ParameterBuilder, Parameters};

    use super::*;

    fn parameters() -> Parameters {
        let mut builder = ParameterBuilder::new(0, DType::F32, &Device::Cpu);
        builder.add("weight", &[2, 3], Initialiser::Constant(0.5)).unwrap();
        builder.finish()
    }

    fn values(parameters: &Parameters) -> Vec<f32> {
        let tensor = parameters.get("weight").unwrap();
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn the_first_step_is_the_learning_rate_against_the_sign_of_the_gradient() {
        let parameters = parameters();
        let mut adam = Adam::new(&parameters, &TrainConfig::default()).unwrap();
        let gradient = vec![3.0, -2.0, 0.1, -0.5, 7.0, -1.0];
        adam.step(&parameters, &vec![gradient.clone()].into(), 1.5e-4).unwrap();
        for (value, g) in values(&parameters).iter().zip(&gradient) {
            let expected = 0.5 - 1.5e-4 * g.signum();
            assert!((value - expected).abs() < 1e-7, "{value} against {expected}");
        }
    }

    #[test]
    fn later_steps_agree_with_the_published_recursion_in_f64() {
        let parameters = parameters();
        let mut adam = Adam::new(&parameters, &TrainConfig::default()).unwrap();
        let (mut x, mut m, mut v) = (0.5_f64, 0.0_f64, 0.0_f64);
        for step in 1..=20 {
            let g = (f64::from(step) * 0.7).sin();
            adam.step(&parameters, &vec![vec![g as f32; 6]].into(), 0.01).unwrap();
            m = 0.9 * m + 0.1 * g;
            v = 0.999 * v + 0.001 * g * g;
            let m_hat = m / (1.0 - 0.9_f64.powi(step));
            let v_hat = v / (1.0 - 0.999_f64.powi(step));
            x -= 0.01 * m_hat / (v_hat.sqrt() + 1e-8);
        }
        for value in values(&parameters) {
            assert!((f64::from(value) - x).abs() < 2e-6, "{value} against {x}");
        }
    }

    #[test]
    fn gradients_that_do_not_fit_are_refused_before_anything_moves() {
        let parameters = parameters();
        let mut adam = Adam::new(&parameters, &TrainConfig::default()).unwrap();
        for gradients in [vec![], vec![vec![1.0; 5]]] {
            let found = gradients.first().map_or(0, Vec::len);
            let message = adam.step(&parameters, &gradients.into(), 0.1).unwrap_err().to_string();
            let expected = format!("found a gradient of {found} numbers, expected 6");
            assert!(message.contains("weight") && message.contains(&expected), "{message}");
        }
        assert_eq!(adam.steps(), 0);
        assert_eq!(values(&parameters), [0.5; 6]);
    }

    #[test]
    fn a_saved_state_continues_as_if_never_interrupted() {
        let config = TrainConfig::default();
        let gradient =
            |step: u64| vec![(0..6).map(|i| ((i + step) as f32).cos()).collect::<Vec<_>>()];
        let straight = parameters();
        let mut adam = Adam::new(&straight, &config).unwrap();
        for step in 0..3 {
            adam.step(&straight, &gradient(step).into(), 1e-3).unwrap();
        }
        let bytes = adam.to_bytes(&straight).unwrap();
        let resumed = parameters();
        resumed.variable("weight").unwrap().set(straight.get("weight").unwrap()).unwrap();
        let mut second = Adam::new(&resumed, &config).unwrap();
        second.load(&resumed, &bytes, adam.steps()).unwrap();
        for step in 3..6 {
            adam.step(&straight, &gradient(step).into(), 1e-3).unwrap();
            second.step(&resumed, &gradient(step).into(), 1e-3).unwrap();
        }
        assert_eq!(values(&straight), values(&resumed));
        assert!(second.load(&resumed, &bytes[..bytes.len() - 1], 3).is_err());
    }
}
