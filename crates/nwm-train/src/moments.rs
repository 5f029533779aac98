//! What an optimiser keeps of each parameter: arrays of the parameter's shape, where the parameter is, which can be saved.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

#[cfg(feature = "cuda")]
use candle_core::CudaDevice;
use candle_core::{CpuStorage, InplaceOp1, Layout, Tensor, bail};
use nwm_models::nn::Parameters;
use rayon::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use crate::error::Result;
use crate::gradients::Gradients;

/// Elements one task updates; updates are element-wise, so this cannot change a result.
const CHUNK: usize = 1 << 14;

/// `N` arrays for each parameter, in the parameters' order.
#[derive(Debug)]
pub(crate) struct Moments<const N: usize> {
    /// What the arrays are called in a file, before the name of the parameter.
    kinds: [&'static str; N],
    arrays: Arrays<N>,
}

/// The arrays of each parameter.
#[derive(Debug)]
enum Arrays<const N: usize> {
    /// Of parameters on the CPU, which are moved where they lie.
    Numbers(Vec<[Vec<f32>; N]>),
    /// Beside parameters on a GPU, or in plain tensor arithmetic.
    Tensors(Vec<[Tensor; N]>),
}

/// How one step changes a parameter and its arrays, element by element.
pub trait UpdateRule<const N: usize>: Sync {
    /// Updates neighbouring elements; all slices have the same length.
    fn apply(&self, values: &mut [f32], gradient: &[f32], moments: [&mut [f32]; N]);

    /// The same of a whole parameter on any device: its new values and moments.
    ///
    /// # Errors
    /// What the device answers.
    fn apply_to_tensors(
        &self,
        values: &Tensor,
        gradient: &Tensor,
        moments: [&Tensor; N],
    ) -> candle_core::Result<(Tensor, [Tensor; N])>;

    /// The same of all parameters at once, where they are on a GPU.
    ///
    /// # Errors
    /// What the device answers.
    #[cfg(feature = "cuda")]
    fn apply_on_gpu(
        &self,
        device: &CudaDevice,
        updated: &[Updated<'_, N>],
    ) -> candle_core::Result<()>;
}

/// What a step on a GPU changes, and the gradient that it reads.
#[cfg(feature = "cuda")]
pub struct Updated<'a, const N: usize> {
    /// The parameter.
    pub values: &'a Tensor,
    /// Its gradient.
    pub gradient: &'a Tensor,
    /// Its moments.
    pub moments: [&'a Tensor; N],
}

impl<const N: usize> Moments<N> {
    /// Arrays of zeros.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if the device has no room for them.
    pub(crate) fn zeros(kinds: [&'static str; N], parameters: &Parameters) -> Result<Self> {
        let zeros = |length: usize| std::array::from_fn(|_| vec![0.0; length]);
        let numbers = parameters.iter().map(|(_, tensor)| zeros(tensor.elem_count())).collect();
        Self::beside(kinds, parameters, numbers, parameters.device().is_cpu())
    }

    /// Arrays of these numbers, which are kept as such or moved to the parameters as tensors.
    fn beside(
        kinds: [&'static str; N],
        parameters: &Parameters,
        numbers: Vec<[Vec<f32>; N]>,
        as_numbers: bool,
    ) -> Result<Self> {
        if as_numbers {
            return Ok(Self { kinds, arrays: Arrays::Numbers(numbers) });
        }
        let tensors = parameters.iter().zip(numbers).map(|((_, parameter), numbers)| {
            let tensor = |values| Tensor::from_vec(values, parameter.shape(), parameter.device());
            all(numbers.map(tensor))
        });
        let tensors = tensors.collect::<candle_core::Result<_>>()?;
        Ok(Self { kinds, arrays: Arrays::Tensors(tensors) })
    }

    /// Compares gradients and arrays with the parameters.
    ///
    /// # Errors
    /// [`crate::Error::Model`] naming the parameter whose gradient is missing, has another length or is elsewhere.
    pub(crate) fn check(&self, parameters: &Parameters, gradients: &Gradients) -> Result<()> {
        for (index, (name, tensor)) in parameters.iter().enumerate() {
            let expected = tensor.elem_count();
            let (found, arrays_fit) = match (&self.arrays, gradients) {
                (Arrays::Numbers(arrays), Gradients::Numbers(gradients)) => (
                    gradients.get(index).map_or(0, Vec::len),
                    arrays
                        .get(index)
                        .is_some_and(|it| it.iter().all(|array| array.len() == expected)),
                ),
                (Arrays::Tensors(arrays), Gradients::Tensors(gradients)) => (
                    gradients.get(index).map_or(0, Tensor::elem_count),
                    arrays
                        .get(index)
                        .is_some_and(|it| it.iter().all(|array| array.dims() == tensor.dims())),
                ),
                _ => {
                    return Err(refused(
                        name,
                        "found a gradient on another device, expected it beside the parameter",
                    ));
                }
            };
            if found != expected || !arrays_fit {
                let problem = format!("found a gradient of {found} numbers, expected {expected}");
                return Err(refused(name, problem));
            }
        }
        Ok(())
    }

    /// Applies a rule to every parameter; the gradients have been checked.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if a parameter cannot be read or written.
    pub(crate) fn update(
        &mut self,
        parameters: &Parameters,
        gradients: &Gradients,
        rule: &impl UpdateRule<N>,
    ) -> Result<()> {
        match (&mut self.arrays, gradients) {
            (Arrays::Numbers(arrays), Gradients::Numbers(gradients)) => {
                for (((_, variable), gradient), arrays) in
                    parameters.iter().zip(gradients).zip(arrays)
                {
                    variable.inplace_op1(&Update { rule, gradient, arrays: Mutex::new(arrays) })?;
                }
            }
            #[cfg(feature = "cuda")]
            (Arrays::Tensors(arrays), Gradients::Tensors(gradients))
                if parameters.device().is_cuda() =>
            {
                let updated = parameters.iter().zip(gradients).zip(arrays);
                let updated = updated.map(|(((_, values), gradient), arrays)| Updated {
                    values,
                    gradient,
                    moments: arrays.each_ref(),
                });
                let device = parameters.device().as_cuda_device()?;
                rule.apply_on_gpu(device, &updated.collect::<Vec<_>>())?;
            }
            (Arrays::Tensors(arrays), Gradients::Tensors(gradients)) => {
                for (((_, variable), gradient), arrays) in
                    parameters.iter().zip(gradients).zip(arrays)
                {
                    let values = variable.as_detached_tensor();
                    let (values, moments) =
                        rule.apply_to_tensors(&values, gradient, arrays.each_ref())?;
                    variable.set(&values)?;
                    *arrays = moments;
                }
            }
            // They have been checked.
            _ => {}
        }
        Ok(())
    }

    /// The arrays of each parameter as numbers.
    fn numbers(&self) -> Result<Vec<[Cow<'_, [f32]>; N]>> {
        match &self.arrays {
            Arrays::Numbers(arrays) => Ok(arrays
                .iter()
                .map(|arrays| arrays.each_ref().map(|values| Cow::Borrowed(values.as_slice())))
                .collect()),
            Arrays::Tensors(arrays) => {
                let copied = |tensor: &Tensor| tensor.flatten_all()?.to_vec1().map(Cow::Owned);
                let arrays = arrays.iter().map(|arrays| all(arrays.each_ref().map(copied)));
                Ok(arrays.collect::<candle_core::Result<_>>()?)
            }
        }
    }

    /// The content of `optimizer.safetensors`: the arrays of each parameter, under `KIND/NAME`.
    ///
    /// # Errors
    /// [`crate::Error::Model`] if the format refuses the tensors; [`crate::Error::Tensor`] if one cannot be read.
    pub(crate) fn to_bytes(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for ((name, tensor), arrays) in parameters.iter().zip(self.numbers()?) {
            for (kind, values) in self.kinds.iter().zip(arrays) {
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

    /// Takes the arrays from the content of a file, which must hold no others.
    ///
    /// # Errors
    /// [`crate::Error::Model`] naming the tensor that is missing, unexpected or has the wrong shape; nothing is changed then.
    pub(crate) fn load(&mut self, parameters: &Parameters, content: &[u8]) -> Result<()> {
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
        let mut arrays = Vec::with_capacity(parameters.len());
        for (name, tensor) in parameters.iter() {
            let mut of_parameter = std::array::from_fn(|_| Vec::new());
            for (array, kind) in of_parameter.iter_mut().zip(self.kinds) {
                *array = read(&format!("{kind}/{name}"), tensor.dims())?;
            }
            arrays.push(of_parameter);
        }
        let is_expected = |name: &str| {
            let parts = name.split_once('/');
            parts.is_some_and(|(kind, name)| {
                self.kinds.contains(&kind) && parameters.get(name).is_some()
            })
        };
        let mut found = stored.names();
        found.sort_unstable();
        if let Some(name) = found.into_iter().find(|name| !is_expected(name)) {
            return Err(refused(name, "found, expected no such tensor"));
        }
        let as_numbers = matches!(self.arrays, Arrays::Numbers(_));
        *self = Self::beside(self.kinds, parameters, arrays, as_numbers)?;
        Ok(())
    }
}

/// Moves one parameter where it lies.
struct Update<'a, R, const N: usize> {
    rule: &'a R,
    gradient: &'a [f32],
    /// Behind a lock since the operation is given shared; it runs once.
    arrays: Mutex<&'a mut [Vec<f32>; N]>,
}

impl<R: UpdateRule<N>, const N: usize> InplaceOp1 for Update<'_, R, N> {
    fn name(&self) -> &'static str {
        "optimizer-step"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> candle_core::Result<()> {
        let (CpuStorage::F32(values), Some((start, end))) = (storage, layout.contiguous_offsets())
        else {
            bail!("optimizer: found a parameter that is strided or not F32, expected neither");
        };
        let mut arrays = self.arrays.lock().unwrap_or_else(PoisonError::into_inner);
        let mut rests = arrays.each_mut().map(|array| &mut array[..]);
        let values = values[start..end].chunks_mut(CHUNK);
        let tasks: Vec<_> = values
            .zip(self.gradient.chunks(CHUNK))
            .map(|(values, gradient)| {
                let moments = rests.each_mut().map(|rest| {
                    let (chunk, after) = std::mem::take(rest).split_at_mut(values.len());
                    *rest = after;
                    chunk
                });
                (values, gradient, moments)
            })
            .collect();
        tasks
            .into_par_iter()
            .for_each(|(values, gradient, moments)| self.rule.apply(values, gradient, moments));
        Ok(())
    }
}

/// All results, or the first error.
fn all<T, const N: usize>(results: [candle_core::Result<T>; N]) -> candle_core::Result<[T; N]> {
    let values = results.into_iter().collect::<candle_core::Result<Vec<T>>>()?;
    values.try_into().map_err(|_| candle_core::Error::Msg(format!("expected {N} arrays")))
}

fn refused(name: &str, problem: impl ToString) -> crate::Error {
    nwm_models::Error::Parameter { name: name.to_owned(), problem: problem.to_string() }.into()
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use nwm_models::nn::{Initialiser, ParameterBuilder};

    use super::*;
    use crate::adam::AdamMethod;
    use crate::config::TrainConfig;
    use crate::descent::DescentMethod;
    use crate::sgd::SgdMethod;

    fn parameters() -> Parameters {
        let mut builder = ParameterBuilder::new(3, DType::F32, &Device::Cpu);
        builder.add("weight", &[3, 5], Initialiser::Uniform { bound: 1.0 }).unwrap();
        builder.add("bias", &[4], Initialiser::Constant(0.1)).unwrap();
        builder.finish()
    }

    fn gradients(step: u64) -> Vec<Vec<f32>> {
        let of = |count: u64| (0..count).map(|it| (it * 3 + step * 7) as f32).map(f32::sin);
        vec![of(15).collect(), of(4).collect()]
    }

    fn as_tensors(parameters: &Parameters, gradients: Vec<Vec<f32>>) -> Gradients {
        let tensors = parameters.iter().zip(gradients);
        let tensors = tensors.map(|((_, parameter), values)| {
            Tensor::from_vec(values, parameter.shape(), &Device::Cpu).unwrap()
        });
        Gradients::Tensors(tensors.collect())
    }

    fn values(parameters: &Parameters) -> Vec<f32> {
        let of = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        parameters.iter().flat_map(|(_, variable)| of(variable)).collect()
    }

    /// Some steps in numbers and in tensors, with a save and a load between them.
    fn compare<const N: usize, D: DescentMethod<N>>(method: &D) {
        let (plain, own) = (parameters(), parameters());
        let zeros = || (0..2).map(|it| std::array::from_fn(|_| vec![0.0; [15, 4][it]])).collect();
        let mut tensors = Moments::beside(D::MOMENTS, &plain, zeros(), false).unwrap();
        let mut numbers = Moments::zeros(D::MOMENTS, &own).unwrap();
        for step in 1..=6 {
            let rule = method.rule(step, 0.03);
            let of_tensors = as_tensors(&plain, gradients(step));
            tensors.check(&plain, &of_tensors).unwrap();
            tensors.update(&plain, &of_tensors, &rule).unwrap();
            numbers.update(&own, &gradients(step).into(), &rule).unwrap();
            let bytes = tensors.to_bytes(&plain).unwrap();
            tensors.load(&plain, &bytes).unwrap();
            assert!(matches!(tensors.arrays, Arrays::Tensors(_)));
            assert_eq!(tensors.to_bytes(&plain).unwrap(), bytes);
            assert_eq!(numbers.to_bytes(&own).unwrap().len(), bytes.len());
        }
        for (found, expected) in values(&plain).iter().zip(values(&own)) {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        }
    }

    #[test]
    fn rules_do_to_tensors_what_they_do_to_numbers() {
        compare(&AdamMethod::new(&TrainConfig::default()));
        compare(&SgdMethod::new(&TrainConfig::default()));
    }

    #[test]
    fn gradients_elsewhere_are_refused() {
        let parameters = parameters();
        let numbers = Moments::zeros(SgdMethod::MOMENTS, &parameters).unwrap();
        let elsewhere = as_tensors(&parameters, gradients(0));
        let message = numbers.check(&parameters, &elsewhere).unwrap_err().to_string();
        assert!(message.contains("weight") && message.contains("another device"), "{message}");
    }
}
