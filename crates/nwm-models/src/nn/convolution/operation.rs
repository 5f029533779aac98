//! The differentiable operation: layers one after the other, groups of samples on all threads.
//!
//! A group goes through all layers before the next one starts, so that what one layer writes is still in a cache
//! when the next reads it. Forwards the results of the layers between are kept for the backward pass; backwards their
//! gradients are never stored at all. How many samples form a group, and how many groups share one partial sum of the
//! weights' gradients, depends on shapes alone.

#[cfg(test)]
mod tests;

use std::sync::OnceLock;

#[cfg(feature = "cuda")]
use candle_core::CudaStorage;
use candle_core::backend::BackendStorage;
#[cfg(feature = "cuda")]
use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};
use nwm_simd::{Row, Simd, Unwritten};
use rayon::prelude::*;

use super::super::matrix::add;
use super::super::real::{Real, contiguous_slice, dispatch, tensor_of, with_slice};
use super::activation::unleak;
#[cfg(feature = "cuda")]
use super::cuda;
use super::direct::Direct;
use super::geometry::Correlation;
use super::method::{Activation, Method, Scratch};
use super::winograd::Tiles;

pub(super) const NAME: &str = "fused-convolution";

/// Numbers of a group's pictures for each number of the weights: all weights are read again for every group, and should
/// not outweigh what they are applied to.
const PICTURES_TO_WEIGHTS: usize = 4;
/// Samples of a group at most.
const LARGEST_GROUP: usize = 16;
/// Groups that a batch should be cut into, rounded to whole samples, so that every thread has work.
const FEWEST_GROUPS: usize = 16;
/// Partial sums of the weights' gradients.
const MOST_CHUNKS: usize = 16;

/// One layer, for inputs of one size.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    pub(super) correlation: Correlation,
    pub(super) slope: Option<f64>,
}

impl Layer {
    fn slope<T: Real>(&self) -> Option<T> {
        self.slope.map(<T as candle_core::WithDType>::from_f64)
    }

    /// Numbers of the weight and of the bias.
    pub(super) fn parameters(&self) -> [usize; 2] {
        let (channels, filters) = (self.correlation.channels(), self.correlation.filters());
        [9 * channels * filters, filters]
    }

    fn forward_method<T: Real>(&self, weight: &[T], simd: Simd) -> Box<dyn Method<T>> {
        let correlation = &self.correlation;
        if Tiles::<T>::suit(correlation) {
            Box::new(Tiles::forward(correlation, weight, simd))
        } else {
            Box::new(Direct::forward(correlation, weight, simd))
        }
    }

    fn backward_method<T: Real>(&self, weight: &[T], simd: Simd) -> Box<dyn Method<T>> {
        let correlation = &self.correlation;
        if Tiles::<T>::suit(correlation) {
            Box::new(Tiles::backward(correlation, weight, simd))
        } else {
            Box::new(Direct::backward(correlation, weight, simd))
        }
    }
}

/// Layers of which each reads the result of the one before. Arguments: the first input, and all weights and biases
/// in order, one after the other.
pub(super) struct FusedConvolutions {
    layers: Vec<Layer>,
    /// Whether anybody may ask for gradients.
    differentiable: bool,
    simd: Simd,
    /// Written by the one forward pass.
    between: OnceLock<Between>,
}

/// Results of all layers but the last, where they were computed.
pub(super) enum Between {
    Cpu(Vec<CpuStorage>),
    #[cfg(feature = "cuda")]
    Gpu(Vec<CudaSlice<f32>>),
}

impl FusedConvolutions {
    pub(super) fn new(layers: Vec<Layer>, differentiable: bool) -> Self {
        Self { layers, differentiable, simd: Simd::detect(), between: OnceLock::new() }
    }

    /// The layers, in the order in which they are applied.
    #[cfg(feature = "cuda")]
    pub(super) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// Whether anybody may ask for gradients.
    #[cfg(feature = "cuda")]
    pub(super) fn is_differentiable(&self) -> bool {
        self.differentiable
    }

    /// What the forward pass kept, if there was one.
    pub(super) fn between(&self) -> Option<&Between> {
        self.between.get()
    }

    /// Keeps what the backward pass needs beside the arguments and the result.
    pub(super) fn keep(&self, between: Between) -> Result<()> {
        if self.between.set(between).is_err() {
            candle_core::bail!("{NAME}: an operation was applied twice");
        }
        Ok(())
    }

    /// `[batch, row, column, filter]` of the last layer.
    pub(super) fn result_shape(&self, batch: usize) -> Result<Shape> {
        let Some(last) = self.layers.last() else {
            candle_core::bail!("{NAME}: found no layers, expected at least one");
        };
        let [rows, columns] = last.correlation.output();
        Ok(Shape::from((batch, rows, columns, last.correlation.filters())))
    }

    /// Samples per group.
    fn group(&self, batch: usize) -> usize {
        let pictures = self.layers.iter().map(|layer| layer.correlation.output_size());
        let weights = self.layers.iter().map(|layer| layer.parameters()[0]);
        let enough =
            (PICTURES_TO_WEIGHTS * weights.sum::<usize>()).div_ceil(pictures.sum::<usize>().max(1));
        enough.clamp(1, LARGEST_GROUP).min(batch.div_ceil(FEWEST_GROUPS)).max(1)
    }

    /// Weight and bias of each layer.
    fn split<'p, T>(&self, mut parameters: &'p [T]) -> Vec<[&'p [T]; 2]> {
        let mut take = |count| {
            let (taken, rest) = parameters.split_at(count);
            parameters = rest;
            taken
        };
        self.layers.iter().map(|layer| layer.parameters().map(&mut take)).collect()
    }

    /// The results of all layers; only the last if the others are not wanted.
    pub(super) fn forward<T: Real>(&self, input: &[T], parameters: &[T]) -> Vec<Vec<T>> {
        let parameters = self.split(parameters);
        let layers = self.layers.iter().zip(&parameters);
        let methods: Vec<_> =
            layers.map(|(layer, [weight, _])| layer.forward_method(weight, self.simd)).collect();
        let source = self.layers[0].correlation.source_size();
        let outputs: Vec<usize> =
            self.layers.iter().map(|layer| layer.correlation.output_size()).collect();
        let batch = input.len() / source;
        let group = self.group(batch);
        let last = self.layers.len() - 1;
        let kept = if self.differentiable { 0..=last } else { last..=last };
        let mut results: Vec<_> =
            outputs[kept.clone()].iter().map(|output| Unwritten::new(batch * output)).collect();
        let rows = rows_of_groups(&mut results, group, &outputs[kept.clone()], batch);
        input.par_chunks(group * source).zip(rows).for_each_init(
            || {
                let scratch: Vec<Scratch<T>> = outputs.iter().map(|_| Scratch::default()).collect();
                let results: Vec<_> =
                    outputs.iter().map(|output| vec![T::zero(); group * output]).collect();
                (scratch, results)
            },
            |(scratch, results), (input, rows)| {
                let samples = input.len() / source;
                let mut rows = rows.into_iter();
                for (index, layer) in self.layers.iter().enumerate() {
                    let (before, after) = results.split_at_mut(index);
                    let result = &mut after[0][..samples * outputs[index]];
                    let read = match before.last() {
                        Some(before) => &before[..samples * outputs[index - 1]],
                        None => input,
                    };
                    let bias = parameters[index][1];
                    let activation = Activation { bias, slope: layer.slope() };
                    methods[index].forward(&mut scratch[index], read, activation, result);
                    if kept.contains(&index)
                        && let Some(row) = rows.next()
                    {
                        row.write(std::iter::once(&*result));
                    }
                }
            },
        );
        results.into_iter().map(Unwritten::finish).collect()
    }

    /// Gradients of the input, if it is wanted, and of the parameters. `results` are those of all layers.
    pub(super) fn backward<T: Real>(
        &self,
        (input, parameters): (&[T], &[T]),
        results: &[&[T]],
        gradient: &[T],
        wanted: Wanted,
    ) -> (Vec<T>, Vec<T>) {
        let layers = self.layers.iter().zip(self.split(parameters));
        let methods: Vec<_> =
            layers.map(|(layer, [weight, _])| layer.backward_method(weight, self.simd)).collect();
        let source = self.layers[0].correlation.source_size();
        let output = |layer: &Layer| layer.correlation.output_size();
        let last_layer = self.layers.len() - 1;
        let last = output(&self.layers[last_layer]);
        let batch = input.len() / source;
        let group = self.group(batch);
        let chunk = batch.div_ceil(group).div_ceil(MOST_CHUNKS) * group;
        let mut of_input = Unwritten::new(if wanted.input { input.len() } else { 0 });
        let rows: Vec<Option<Row<'_, T>>> = if wanted.input {
            of_input.chunks(chunk * source).into_iter().map(Some).collect()
        } else {
            (0..batch.div_ceil(chunk)).map(|_| None).collect()
        };
        let work = |first: usize, gradient: &[T], of_input: Option<Row<'_, T>>| {
            let mut sums = Sums::new(&self.layers, &methods, wanted.parameters);
            let mut memory = BackwardMemory::new(&self.layers, group);
            let mut of_inputs = of_input.into_iter().flat_map(|row| row.chunks(group * source));
            for (index, gradient) in gradient.chunks(group * last).enumerate() {
                let (first, samples) = (first + index * group, gradient.len() / last);
                for (index, layer) in self.layers.iter().enumerate().rev() {
                    let of_group = |values: &[T]| {
                        let size = values.len() / batch;
                        first * size..(first + samples) * size
                    };
                    let read = if index == 0 { input } else { results[index - 1] };
                    let count = samples * output(layer);
                    let before = &mut memory.before[..count];
                    let result = &results[index][of_group(results[index])];
                    let of_bias = &mut sums.of_biases[index];
                    let after =
                        if index == last_layer { gradient } else { &memory.gradient[..count] };
                    unleak(self.simd, layer.slope(), result, after, before, of_bias);
                    let of_read = samples * layer.correlation.source_size();
                    methods[index].backward(
                        &mut memory.scratch[index],
                        &read[of_group(read)],
                        before,
                        wanted.parameters.then_some(&mut sums.of_weights[index][..]),
                        (index > 0 || wanted.input).then_some(&mut memory.gradient[..of_read]),
                    );
                }
                if let Some(row) = of_inputs.next() {
                    row.write(std::iter::once(&memory.gradient[..samples * source]));
                }
            }
            sums
        };
        let sums: Vec<Sums<T>> = gradient
            .par_chunks(chunk * last)
            .zip(rows)
            .enumerate()
            .map(|(index, (gradient, row))| work(index * chunk, gradient, row))
            .collect();
        let of_parameters =
            if wanted.parameters { Sums::total(sums, &methods) } else { Vec::new() };
        (of_input.finish(), of_parameters)
    }
}

/// For each group of samples, its row of each array.
fn rows_of_groups<'a, T: Copy>(
    arrays: &'a mut [Unwritten<T>],
    group: usize,
    sizes: &[usize],
    batch: usize,
) -> Vec<Vec<Row<'a, T>>> {
    let mut groups: Vec<Vec<Row<'a, T>>> = Vec::new();
    groups.resize_with(batch.div_ceil(group), || Vec::with_capacity(sizes.len()));
    for (array, &size) in arrays.iter_mut().zip(sizes) {
        for (rows, row) in groups.iter_mut().zip(array.chunks(group * size)) {
            rows.push(row);
        }
    }
    groups
}

/// What a task of the backward pass writes again and again.
struct BackwardMemory<T> {
    scratch: Vec<Scratch<T>>,
    /// Gradient of the result of a layer, then of what it read.
    gradient: Vec<T>,
    /// The former before the activation.
    before: Vec<T>,
}

impl<T: Real> BackwardMemory<T> {
    fn new(layers: &[Layer], group: usize) -> Self {
        let sizes = |layer: &Layer| {
            let correlation = &layer.correlation;
            correlation.source_size().max(correlation.output_size())
        };
        let largest = group * layers.iter().map(sizes).max().unwrap_or(0);
        Self {
            scratch: layers.iter().map(|_| Scratch::default()).collect(),
            gradient: vec![T::zero(); largest],
            before: vec![T::zero(); largest],
        }
    }
}

/// Sums of a chunk's gradients, by layer.
struct Sums<T> {
    of_weights: Vec<Vec<T>>,
    of_biases: Vec<Vec<T>>,
}

impl<T: Real> Sums<T> {
    fn new(layers: &[Layer], methods: &[Box<dyn Method<T>>], wanted: bool) -> Self {
        let count = |method: &dyn Method<T>| if wanted { method.gradient_len() } else { 0 };
        Self {
            of_weights: methods
                .iter()
                .map(|method| vec![T::zero(); count(method.as_ref())])
                .collect(),
            of_biases: layers
                .iter()
                .map(|layer| vec![T::zero(); layer.correlation.filters()])
                .collect(),
        }
    }

    /// The gradient of all parameters: sums over chunks from the first to the last.
    fn total(sums: Vec<Self>, methods: &[Box<dyn Method<T>>]) -> Vec<T> {
        let mut sums = sums.into_iter();
        let Some(mut total) = sums.next() else { return Vec::new() };
        let rest: Vec<Self> = sums.collect();
        let layers = total.of_weights.par_iter_mut().zip(&mut total.of_biases).enumerate();
        let layers = layers.map(|(index, (of_weight, of_bias))| {
            for sums in &rest {
                add(of_weight, &sums.of_weights[index]);
                add(of_bias, &sums.of_biases[index]);
            }
            let mut gradient = methods[index].unpack(of_weight);
            gradient.extend_from_slice(of_bias);
            gradient
        });
        layers.collect::<Vec<_>>().concat()
    }
}

/// Gradients that somebody asks for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) input: bool,
    pub(super) parameters: bool,
}

fn forward<T: Real>(
    operation: &FusedConvolutions,
    (input, input_layout): (&CpuStorage, &Layout),
    (parameters, parameters_layout): (&CpuStorage, &Layout),
) -> Result<(CpuStorage, Shape)> {
    let batch = input_layout.shape().dim(0)?;
    let mut results = operation.forward(
        contiguous_slice::<T>(NAME, input, input_layout)?,
        contiguous_slice::<T>(NAME, parameters, parameters_layout)?,
    );
    let shape = operation.result_shape(batch)?;
    let result = results.pop().unwrap_or_default();
    operation.keep(Between::Cpu(results.into_iter().map(T::to_cpu_storage_owned).collect()))?;
    Ok((T::to_cpu_storage_owned(result), shape))
}

pub(super) type Gradients = (Option<Tensor>, Option<Tensor>);

fn backward<T: Real>(
    operation: &FusedConvolutions,
    (input, parameters): (&Tensor, &Tensor),
    result: &Tensor,
    gradient: &Tensor,
) -> Result<Gradients> {
    let wanted = Wanted { input: input.track_op(), parameters: parameters.track_op() };
    let Some(Between::Cpu(between)) = operation.between() else {
        candle_core::bail!(
            "{NAME}: the backward pass needs the forward pass of the same operation"
        );
    };
    let between = between.iter().map(|storage| T::cpu_storage_as_slice(storage));
    let mut results = between.collect::<Result<Vec<&[T]>>>()?;
    let (of_input, of_parameters) = with_slice::<T, _>(NAME, input, |input| {
        with_slice::<T, _>(NAME, parameters, |parameters| {
            with_slice::<T, _>(NAME, result, |result| {
                with_slice::<T, _>(NAME, gradient, |gradient| {
                    let mut all = std::mem::take(&mut results);
                    all.push(result);
                    Ok(operation.backward((input, parameters), &all, gradient, wanted))
                })
            })
        })
    })?;
    let of = |wanted: bool, values: Vec<T>, tensor: &Tensor| {
        wanted.then(|| tensor_of(values, tensor.shape())).transpose()
    };
    Ok((of(wanted.input, of_input, input)?, of(wanted.parameters, of_parameters, parameters)?))
}

impl CustomOp2 for FusedConvolutions {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &Layout,
        parameters: &CpuStorage,
        parameters_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        dispatch!(
            NAME,
            input.dtype(),
            forward(self, (input, input_layout), (parameters, parameters_layout))
        )
    }

    #[cfg(feature = "cuda")]
    fn cuda_fwd(
        &self,
        input: &CudaStorage,
        input_layout: &Layout,
        parameters: &CudaStorage,
        parameters_layout: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        cuda::forward(self, (input, input_layout), (parameters, parameters_layout))
    }

    fn bwd(
        &self,
        input: &Tensor,
        parameters: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<Gradients> {
        #[cfg(feature = "cuda")]
        if input.device().is_cuda() {
            return cuda::backward(self, (input, parameters), result, gradient);
        }
        dispatch!(NAME, input.dtype(), backward(self, (input, parameters), result, gradient))
    }
}
