//! What an optimiser keeps of each parameter: arrays of the parameter's shape, which can be saved.

use std::sync::{Mutex, PoisonError};

use candle_core::{CpuStorage, InplaceOp1, Layout, bail};
use nwm_models::nn::Parameters;
use rayon::prelude::*;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensors, serialize};

use crate::error::Result;

/// Elements one task updates; updates are element-wise, so this cannot change a result.
const CHUNK: usize = 1 << 14;

/// `N` arrays for each parameter, in the parameters' order.
#[derive(Debug)]
pub(crate) struct Moments<const N: usize> {
    /// What the arrays are called in a file, before the name of the parameter.
    kinds: [&'static str; N],
    arrays: Vec<[Vec<f32>; N]>,
}

/// How one step changes a parameter and its arrays, element by element.
pub trait UpdateRule<const N: usize>: Sync {
    /// Updates neighbouring elements; all slices have the same length.
    fn apply(&self, values: &mut [f32], gradient: &[f32], moments: [&mut [f32]; N]);
}

impl<const N: usize> Moments<N> {
    /// Arrays of zeros.
    pub(crate) fn zeros(kinds: [&'static str; N], parameters: &Parameters) -> Self {
        let zeros = |length: usize| std::array::from_fn(|_| vec![0.0; length]);
        let arrays = parameters.iter().map(|(_, tensor)| zeros(tensor.elem_count())).collect();
        Self { kinds, arrays }
    }

    /// Compares gradients and arrays with the parameters.
    ///
    /// # Errors
    /// [`crate::Error::Model`] naming the parameter whose gradient is missing or has another length.
    pub(crate) fn check(&self, parameters: &Parameters, gradients: &[Vec<f32>]) -> Result<()> {
        for (index, ((name, tensor), arrays)) in parameters.iter().zip(&self.arrays).enumerate() {
            let (found, expected) = (gradients.get(index).map_or(0, Vec::len), tensor.elem_count());
            if found != expected || arrays.iter().any(|array| array.len() != expected) {
                let problem = format!("found a gradient of {found} numbers, expected {expected}");
                return Err(refused(name, problem));
            }
        }
        Ok(())
    }

    /// Applies a rule to every parameter where it lies; the gradients have been checked.
    ///
    /// # Errors
    /// [`crate::Error::Tensor`] if a parameter cannot be read or written.
    pub(crate) fn update(
        &mut self,
        parameters: &Parameters,
        gradients: &[Vec<f32>],
        rule: &impl UpdateRule<N>,
    ) -> Result<()> {
        for (((_, variable), gradient), arrays) in
            parameters.iter().zip(gradients).zip(&mut self.arrays)
        {
            variable.inplace_op1(&Update { rule, gradient, arrays: Mutex::new(arrays) })?;
        }
        Ok(())
    }

    /// The content of `optimizer.safetensors`: the arrays of each parameter, under `KIND/NAME`.
    ///
    /// # Errors
    /// [`crate::Error::Model`] if the format refuses the tensors.
    pub(crate) fn to_bytes(&self, parameters: &Parameters) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        for ((name, tensor), arrays) in parameters.iter().zip(&self.arrays) {
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
        let mut arrays = Vec::with_capacity(self.arrays.len());
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
        self.arrays = arrays;
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

fn refused(name: &str, problem: impl ToString) -> crate::Error {
    nwm_models::Error::Parameter { name: name.to_owned(), problem: problem.to_string() }.into()
}
