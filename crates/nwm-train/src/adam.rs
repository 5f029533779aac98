//! Adam (Kingma & Ba 2015) over a model's ordered parameters, with a state that can be saved.

use std::sync::{Mutex, PoisonError};

use candle_core::backprop::GradStore;
use candle_core::{CpuStorage, InplaceOp1, Layout, bail};
use nwm_models::nn::Parameters;
use rayon::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use crate::config::TrainConfig;
use crate::error::Result;

/// Elements one task updates; updates are element-wise, so this cannot change a result.
const CHUNK: usize = 1 << 14;

/// Squares of one partial sum of a norm. It decides the last bits of every norm.
const SQUARES_PER_SUM: usize = 1 << 14;

/// First and second moments of one parameter.
#[derive(Clone, Debug, Default, PartialEq)]
struct Moments {
    first: Vec<f32>,
    second: Vec<f32>,
}

/// Adam with bias correction, epsilon outside the root, no weight decay (docs/theory.md, section 5).
#[derive(Debug)]
pub struct Adam {
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    steps: u64,
    moments: Vec<Moments>,
}

impl Adam {
    /// An optimiser that has taken no step.
    pub fn new(parameters: &Parameters, config: &TrainConfig) -> Self {
        let moments = parameters
            .iter()
            .map(|(_, tensor)| {
                let zeros = vec![0.0; tensor.elem_count()];
                Moments { first: zeros.clone(), second: zeros }
            })
            .collect();
        Self {
            beta1: config.beta1,
            beta2: config.beta2,
            epsilon: config.epsilon,
            steps: 0,
            moments,
        }
    }

    /// Steps taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Moves every parameter by one step of the given learning rate; `gradients` are in the parameters' order.
    ///
    /// # Errors
    /// [`crate::Error::Model`] naming the parameter whose gradient is missing or has another length, before anything is
    /// moved; [`crate::Error::Tensor`] if a parameter cannot be read or written.
    pub fn step(
        &mut self,
        parameters: &Parameters,
        gradients: &[Vec<f32>],
        learning_rate: f64,
    ) -> Result<()> {
        self.check(parameters, gradients)?;
        self.steps += 1;
        let correction1 = 1.0 - self.beta1.powf(self.steps as f64);
        let correction2 = 1.0 - self.beta2.powf(self.steps as f64);
        let rule = Rule {
            rate: (learning_rate / correction1) as f32,
            root_correction: (1.0 / correction2.sqrt()) as f32,
            beta1: self.beta1 as f32,
            beta2: self.beta2 as f32,
            rest1: (1.0 - self.beta1) as f32,
            rest2: (1.0 - self.beta2) as f32,
            epsilon: self.epsilon as f32,
        };
        for (((_, variable), gradient), moments) in
            parameters.iter().zip(gradients).zip(&mut self.moments)
        {
            let moments = Mutex::new(moments);
            variable.inplace_op1(&Update { rule, gradient, moments })?;
        }
        Ok(())
    }

    /// Compares the gradients with the parameters.
    fn check(&self, parameters: &Parameters, gradients: &[Vec<f32>]) -> Result<()> {
        for (index, ((name, tensor), moments)) in parameters.iter().zip(&self.moments).enumerate() {
            let (found, expected) = (gradients.get(index).map_or(0, Vec::len), tensor.elem_count());
            if found != expected || moments.first.len() != expected {
                let problem = format!("found a gradient of {found} numbers, expected {expected}");
                return Err(refused(name, problem));
            }
        }
        Ok(())
    }

    /// The content of `optimizer.safetensors`: both moments of each parameter, under `first/NAME` and `second/NAME`.
    ///
    /// # Errors
    /// [`crate::Error::Model`] if the format refuses the tensors.
    pub fn to_bytes(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for ((name, tensor), moments) in parameters.iter().zip(&self.moments) {
            for (kind, values) in [("first", &moments.first), ("second", &moments.second)] {
                let little_endian: Vec<u8> =
                    values.iter().flat_map(|value| value.to_le_bytes()).collect();
                bytes.push((format!("{kind}/{name}"), tensor.dims().to_vec(), little_endian));
            }
        }
        let mut views = Vec::with_capacity(bytes.len());
        for (name, shape, content) in &bytes {
            let view = TensorView::new(Dtype::F32, shape.clone(), content)
                .map_err(|error| refused(name, error))?;
            views.push((name, view));
        }
        serialize(views, None).map_err(|error| refused("optimizer", error))
    }

    /// Takes moments and step count from a checkpoint.
    ///
    /// # Errors
    /// [`crate::Error::Model`] naming the tensor that is missing or has the wrong shape; nothing is changed then.
    pub fn load(&mut self, parameters: &Parameters, content: &[u8], steps: u64) -> Result<()> {
        let stored = SafeTensors::deserialize(content)
            .map_err(|error| refused("optimizer.safetensors", error))?;
        let read = |name: &str, shape: &[usize]| -> Result<Vec<f32>> {
            let view = stored.tensor(name).map_err(|error| refused(name, error))?;
            if view.dtype() != Dtype::F32 || view.shape() != shape {
                return Err(refused(
                    name,
                    format!("found {:?} {:?}, expected F32 {shape:?}", view.dtype(), view.shape()),
                ));
            }
            let (numbers, _) = view.data().as_chunks::<4>();
            Ok(numbers.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
        };
        let mut moments = Vec::with_capacity(self.moments.len());
        for (name, tensor) in parameters.iter() {
            moments.push(Moments {
                first: read(&format!("first/{name}"), tensor.dims())?,
                second: read(&format!("second/{name}"), tensor.dims())?,
            });
        }
        self.moments = moments;
        self.steps = steps;
        Ok(())
    }
}

/// The numbers of one step that all parameters share.
#[derive(Clone, Copy)]
struct Rule {
    rate: f32,
    root_correction: f32,
    beta1: f32,
    beta2: f32,
    rest1: f32,
    rest2: f32,
    epsilon: f32,
}

impl Rule {
    fn apply(self, values: &mut [f32], gradient: &[f32], first: &mut [f32], second: &mut [f32]) {
        let moments = first.iter_mut().zip(second);
        for ((value, &g), (first, second)) in values.iter_mut().zip(gradient).zip(moments) {
            let m = self.beta1 * *first + self.rest1 * g;
            let v = self.beta2 * *second + self.rest2 * g * g;
            *first = m;
            *second = v;
            *value -= self.rate * m / (v.sqrt() * self.root_correction + self.epsilon);
        }
    }
}

/// Moves one parameter where it lies.
struct Update<'a> {
    rule: Rule,
    gradient: &'a [f32],
    /// Behind a lock since the operation is given shared; it runs once.
    moments: Mutex<&'a mut Moments>,
}

impl InplaceOp1 for Update<'_> {
    fn name(&self) -> &'static str {
        "adam"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(values), Some((start, end))) = (storage, layout.contiguous_offsets())
        else {
            bail!("adam: found a parameter that is strided or not F32, expected neither");
        };
        let mut moments = self.moments.lock().unwrap_or_else(PoisonError::into_inner);
        let Moments { first, second } = &mut **moments;
        values[start..end]
            .par_chunks_mut(CHUNK)
            .zip(self.gradient.par_chunks(CHUNK))
            .zip(first.par_chunks_mut(CHUNK).zip(second.par_chunks_mut(CHUNK)))
            .for_each(|((values, gradient), (first, second))| {
                self.rule.apply(values, gradient, first, second);
            });
        Ok(())
    }
}

fn refused(name: &str, problem: impl ToString) -> crate::Error {
    nwm_models::Error::Parameter { name: name.to_owned(), problem: problem.to_string() }.into()
}

/// Gradients of every parameter as plain numbers, in the parameters' order; zero where none flowed.
///
/// # Errors
/// [`crate::Error::Tensor`] if a gradient cannot be read.
pub fn collect_gradients(parameters: &Parameters, store: &GradStore) -> Result<Vec<Vec<f32>>> {
    let parameters: Vec<_> = parameters.iter().collect();
    parameters
        .par_iter()
        .map(|(_, tensor)| match store.get(tensor) {
            Some(gradient) => Ok(gradient.flatten_all()?.to_vec1::<f32>()?),
            None => Ok(vec![0.0; tensor.elem_count()]),
        })
        .collect()
}

/// Euclidean norm of all gradients together, summed in f64 in a fixed order.
pub fn gradient_norm(gradients: &[Vec<f32>]) -> f64 {
    gradients.iter().map(|gradient| norm_squared(gradient)).sum::<f64>().sqrt()
}

/// Sum of squares in f64: chunk by chunk, then over the chunks in order.
pub(crate) fn norm_squared(values: &[f32]) -> f64 {
    let partial: Vec<f64> = values
        .par_chunks(SQUARES_PER_SUM)
        .map(|chunk| chunk.iter().map(|&value| f64::from(value) * f64::from(value)).sum())
        .collect();
    partial.iter().sum()
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use nwm_models::nn::{Initialiser, ParameterBuilder};

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
        let mut adam = Adam::new(&parameters, &TrainConfig::default());
        let gradient = vec![3.0, -2.0, 0.1, -0.5, 7.0, -1.0];
        adam.step(&parameters, std::slice::from_ref(&gradient), 1.5e-4).unwrap();
        for (value, g) in values(&parameters).iter().zip(&gradient) {
            let expected = 0.5 - 1.5e-4 * g.signum();
            assert!((value - expected).abs() < 1e-7, "{value} against {expected}");
        }
    }

    #[test]
    fn later_steps_agree_with_the_published_recursion_in_f64() {
        let parameters = parameters();
        let mut adam = Adam::new(&parameters, &TrainConfig::default());
        let (mut x, mut m, mut v) = (0.5_f64, 0.0_f64, 0.0_f64);
        for step in 1..=20 {
            let g = (f64::from(step) * 0.7).sin();
            adam.step(&parameters, &[vec![g as f32; 6]], 0.01).unwrap();
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
        let mut adam = Adam::new(&parameters, &TrainConfig::default());
        for gradients in [vec![], vec![vec![1.0; 5]]] {
            let found = gradients.first().map_or(0, Vec::len);
            let message = adam.step(&parameters, &gradients, 0.1).unwrap_err().to_string();
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
        let mut adam = Adam::new(&straight, &config);
        for step in 0..3 {
            adam.step(&straight, &gradient(step), 1e-3).unwrap();
        }
        let bytes = adam.to_bytes(&straight).unwrap();
        let resumed = parameters();
        resumed.variable("weight").unwrap().set(straight.get("weight").unwrap()).unwrap();
        let mut second = Adam::new(&resumed, &config);
        second.load(&resumed, &bytes, adam.steps()).unwrap();
        for step in 3..6 {
            adam.step(&straight, &gradient(step), 1e-3).unwrap();
            second.step(&resumed, &gradient(step), 1e-3).unwrap();
        }
        assert_eq!(values(&straight), values(&resumed));
        assert!(second.load(&resumed, &bytes[..bytes.len() - 1], 3).is_err());
    }
}
