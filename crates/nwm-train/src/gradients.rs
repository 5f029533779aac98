//! Gradients of all parameters, in the parameters' order, and their norm.

use candle_core::backprop::GradStore;
use candle_core::{DType, Tensor};
use nwm_models::nn::Parameters;
#[cfg(feature = "cuda")]
use nwm_models::nn::{launch_on_tensors, sum_of_squares};
use rayon::prelude::*;

use crate::error::Result;

/// Squares of one partial sum of a norm. It decides the last bits of every norm.
const SQUARES_PER_SUM: usize = 1 << 14;

/// Gradients of every parameter, in the parameters' order, where an optimiser needs them. Equal if their numbers are.
#[derive(Clone, Debug)]
pub enum Gradients {
    /// Plain numbers, of parameters on the CPU.
    Numbers(Vec<Vec<f32>>),
    /// Tensors of the parameters' shapes, beside them on a GPU.
    Tensors(Vec<Tensor>),
}

impl Gradients {
    /// Copies them, from wherever they are.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if a gradient cannot be read.
    pub fn to_numbers(&self) -> Result<Vec<Vec<f32>>> {
        match self {
            Self::Numbers(numbers) => Ok(numbers.clone()),
            Self::Tensors(tensors) => tensors.iter().map(numbers_of).collect(),
        }
    }
}

impl From<Vec<Vec<f32>>> for Gradients {
    fn from(numbers: Vec<Vec<f32>>) -> Self {
        Self::Numbers(numbers)
    }
}

impl PartialEq for Gradients {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Numbers(own), Self::Numbers(others)) => own == others,
            _ => match (self.to_numbers(), other.to_numbers()) {
                (Ok(own), Ok(others)) => own == others,
                _ => false,
            },
        }
    }
}

/// Gradients of every parameter, in the parameters' order; zero where none flowed.
///
/// # Errors
/// [`crate::Error::Tensor`] if a gradient cannot be read.
pub fn collect_gradients(parameters: &Parameters, store: &GradStore) -> Result<Gradients> {
    if !parameters.device().is_cpu() {
        return collect_tensors(parameters, store).map(Gradients::Tensors);
    }
    let parameters: Vec<_> = parameters.iter().collect();
    let numbers = parameters
        .par_iter()
        .map(|(_, tensor)| match store.get(tensor) {
            Some(gradient) => numbers_of(gradient),
            None => Ok(vec![0.0; tensor.elem_count()]),
        })
        .collect::<Result<_>>()?;
    Ok(Gradients::Numbers(numbers))
}

/// Gradients where they are, cut off from the graph that computed them.
fn collect_tensors(parameters: &Parameters, store: &GradStore) -> Result<Vec<Tensor>> {
    parameters
        .iter()
        .map(|(_, tensor)| match store.get(tensor) {
            Some(gradient) => Ok(gradient.detach().contiguous()?),
            None => Ok(tensor.as_detached_tensor().zeros_like()?),
        })
        .collect()
}

fn numbers_of(gradient: &Tensor) -> Result<Vec<f32>> {
    Ok(gradient.flatten_all()?.to_vec1::<f32>()?)
}

/// Euclidean norm of all gradients together, summed in f64 and in a fixed order.
///
/// # Errors
/// [`crate::Error::Tensor`] if a gradient cannot be read.
pub fn gradient_norm(gradients: &Gradients) -> Result<f64> {
    match gradients {
        Gradients::Numbers(numbers) => {
            Ok(numbers.iter().map(|gradient| norm_squared(gradient)).sum::<f64>().sqrt())
        }
        #[cfg(feature = "cuda")]
        Gradients::Tensors(tensors) if tensors.first().is_some_and(|it| it.device().is_cuda()) => {
            let device = tensors[0].device().as_cuda_device()?;
            let tensors: Vec<_> = tensors.iter().map(|it| [it]).collect();
            Ok(launch_on_tensors(device, &tensors, |gpu, it| sum_of_squares(gpu, it))?.sqrt())
        }
        Gradients::Tensors(tensors) => {
            // All of them are added up before the one number is waited for.
            let squares = |tensor: &Tensor| tensor.to_dtype(DType::F64)?.sqr()?.sum_all();
            let squares = tensors.iter().map(squares).collect::<candle_core::Result<Vec<_>>>()?;
            Ok(Tensor::stack(&squares, 0)?.sum_all()?.to_scalar::<f64>()?.sqrt())
        }
    }
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
    use candle_core::Device;
    use nwm_models::nn::{Initialiser, ParameterBuilder};

    use super::*;

    #[test]
    fn tensors_are_the_numbers_and_have_their_norm() {
        let mut builder = ParameterBuilder::new(0, DType::F32, &Device::Cpu);
        builder.add("weight", &[3, 2], Initialiser::Uniform { bound: 1.0 }).unwrap();
        builder.add("idle", &[4], Initialiser::Constant(1.0)).unwrap();
        let parameters = builder.finish();
        let weight = parameters.get("weight").unwrap();
        let objective = weight.t().unwrap().sqr().unwrap().sum_all().unwrap();
        let store = objective.backward().unwrap();
        let numbers = collect_gradients(&parameters, &store).unwrap();
        let tensors = Gradients::Tensors(collect_tensors(&parameters, &store).unwrap());
        assert_eq!(numbers, tensors);
        assert_eq!(tensors.to_numbers().unwrap()[1], [0.0; 4]);
        let [numbers, tensors] = [numbers, tensors].map(|it| gradient_norm(&it).unwrap());
        assert!(numbers > 0.0 && (numbers / tensors - 1.0).abs() < 1e-12, "{numbers} {tensors}");
    }
}
