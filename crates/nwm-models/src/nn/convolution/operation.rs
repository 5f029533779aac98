//! The differentiable operation: groups of samples on all threads.
//!
//! Samples are worked on in groups large enough to keep the matrix products efficient. How many form a group, and
//! how many groups share one partial sum of the weight's gradient, depends on shapes alone.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use nwm_simd::{Row, Unwritten};
use rayon::prelude::*;

use super::super::matrix::add;
use super::super::real::{Real, contiguous_slice, dispatch, tensor_of, with_slice};
use super::ConvolutionOptions;
use super::geometry::Correlation;
use super::kernels::unleak;
use super::method::{Activation, Method};
use super::windows::Windows;
use super::winograd::Tiles;

const NAME: &str = "fused-convolution";

/// Positions that a group should have at least.
const GROUP_POSITIONS: usize = 1024;
/// Groups that a batch should be cut into at least, so that every thread has work.
const FEWEST_GROUPS: usize = 16;
/// Partial sums of the weight's gradient.
const MOST_CHUNKS: usize = 16;

/// Upsampling, convolution, bias and leaky ReLU of one layer, for inputs of one size.
pub(super) struct FusedConvolution {
    correlation: Correlation,
    slope: Option<f64>,
}

type Gradients = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

impl FusedConvolution {
    pub(super) fn new(correlation: Correlation, options: &ConvolutionOptions) -> Self {
        Self { correlation, slope: options.leaky }
    }

    fn slope<T: Real>(&self) -> Option<T> {
        self.slope.map(<T as candle_core::WithDType>::from_f64)
    }

    /// Samples per group.
    fn group(&self, batch: usize) -> usize {
        let [rows, columns] = self.correlation.output();
        let enough = GROUP_POSITIONS.div_ceil(rows * columns);
        enough.min(batch.div_ceil(FEWEST_GROUPS)).max(1)
    }

    fn forward<T: Real>(&self, input: &[T], weight: &[T], bias: &[T]) -> Vec<T> {
        let correlation = &self.correlation;
        if Tiles::<T>::suit(correlation) {
            self.forward_by(&Tiles::forward(correlation, weight), input, bias)
        } else {
            self.forward_by(&Windows::forward(correlation, weight), input, bias)
        }
    }

    fn forward_by<T: Real>(&self, method: &impl Method<T>, input: &[T], bias: &[T]) -> Vec<T> {
        let correlation = &self.correlation;
        let (source, output) = (correlation.source_size(), correlation.output_size());
        let batch = input.len() / source;
        let group = self.group(batch);
        let activation = Activation { bias, slope: self.slope() };
        let mut result = Unwritten::new(batch * output);
        let groups = result.chunks(group * output).into_par_iter();
        groups.zip(input.par_chunks(group * source)).for_each_init(
            || (method.scratch(group), vec![T::zero(); group * output]),
            |(scratch, of_group), (row, input)| {
                let of_group = &mut of_group[..input.len() / source * output];
                method.forward(scratch, input, activation, of_group);
                row.write(std::iter::once(&*of_group));
            },
        );
        result.finish()
    }

    fn backward<T: Real>(
        &self,
        inputs: (&[T], &[T]),
        results: (&[T], &[T]),
        wanted: Wanted,
    ) -> Backward<T> {
        let (correlation, weight) = (&self.correlation, inputs.1);
        if Tiles::<T>::suit(correlation) {
            self.backward_by(&Tiles::backward(correlation, weight), inputs.0, results, wanted)
        } else {
            self.backward_by(&Windows::backward(correlation, weight), inputs.0, results, wanted)
        }
    }

    fn backward_by<T: Real>(
        &self,
        method: &impl Method<T>,
        input: &[T],
        (result, gradient): (&[T], &[T]),
        wanted: Wanted,
    ) -> Backward<T> {
        let correlation = &self.correlation;
        let (source, output) = (correlation.source_size(), correlation.output_size());
        let batch = input.len() / source;
        let group = self.group(batch);
        let chunk = batch.div_ceil(group).div_ceil(MOST_CHUNKS) * group;
        let slope = self.slope();
        let mut of_input = Unwritten::new(if wanted.input { input.len() } else { 0 });
        let work = |input: &[T], result: &[T], gradient: &[T], of_input: Option<Row<'_, T>>| {
            let mut scratch = method.scratch(group);
            let mut of_inputs = of_input.into_iter().flat_map(|row| row.chunks(group * source));
            let mut of_group = vec![T::zero(); if wanted.input { group * source } else { 0 }];
            let mut before = vec![T::zero(); (group * output).min(gradient.len())];
            let count = if wanted.parameters { method.gradient_len() } else { 0 };
            let mut of_weight = vec![T::zero(); count];
            let mut of_bias = vec![T::zero(); correlation.filters()];
            let groups = input
                .chunks(group * source)
                .zip(result.chunks(group * output).zip(gradient.chunks(group * output)));
            for (input, (result, gradient)) in groups {
                let before = &mut before[..gradient.len()];
                unleak(slope, result, gradient, before);
                if wanted.parameters {
                    for pixel in before.chunks_exact(correlation.filters()) {
                        add(&mut of_bias, pixel);
                    }
                    method.add_weight_gradient(&mut scratch, input, before, &mut of_weight);
                }
                if let Some(row) = of_inputs.next() {
                    let of_group = &mut of_group[..input.len()];
                    method.input_gradient(&mut scratch, before, of_group);
                    row.write(std::iter::once(&*of_group));
                }
            }
            (of_weight, of_bias)
        };
        let inputs = input.par_chunks(chunk * source);
        let gradients = result.par_chunks(chunk * output).zip(gradient.par_chunks(chunk * output));
        let (of_weight, of_bias): (Vec<_>, Vec<_>) = if wanted.input {
            inputs
                .zip(gradients)
                .zip(of_input.chunks(chunk * source))
                .map(|((x, (y, g)), of_input)| work(x, y, g, Some(of_input)))
                .unzip()
        } else {
            inputs.zip(gradients).map(|(x, (y, g))| work(x, y, g, None)).unzip()
        };
        let of_weight = sum_in_order(of_weight);
        Backward {
            of_input: of_input.finish(),
            of_weight: if wanted.parameters { method.unpack(&of_weight) } else { Vec::new() },
            of_bias: sum_in_order(of_bias),
        }
    }
}

/// The sum of lists of equal length, from the first to the last.
fn sum_in_order<T: Real>(lists: Vec<Vec<T>>) -> Vec<T> {
    const RUN: usize = 4096;
    let mut lists = lists.into_iter();
    let mut total = lists.next().unwrap_or_default();
    let rest: Vec<_> = lists.collect();
    total.par_chunks_mut(RUN).enumerate().for_each(|(index, total)| {
        for list in &rest {
            add(total, &list[index * RUN..][..total.len()]);
        }
    });
    total
}

/// Gradients that somebody asks for.
#[derive(Clone, Copy)]
struct Wanted {
    input: bool,
    parameters: bool,
}

struct Backward<T> {
    of_input: Vec<T>,
    of_weight: Vec<T>,
    of_bias: Vec<T>,
}

fn forward<T: Real>(
    operation: &FusedConvolution,
    (input, input_layout): (&CpuStorage, &Layout),
    (weight, weight_layout): (&CpuStorage, &Layout),
    (bias, bias_layout): (&CpuStorage, &Layout),
) -> Result<(CpuStorage, Shape)> {
    let batch = input_layout.shape().dim(0)?;
    let result = operation.forward(
        contiguous_slice::<T>(NAME, input, input_layout)?,
        contiguous_slice::<T>(NAME, weight, weight_layout)?,
        contiguous_slice::<T>(NAME, bias, bias_layout)?,
    );
    let [rows, columns] = operation.correlation.output();
    let shape = Shape::from((batch, rows, columns, operation.correlation.filters()));
    Ok((T::to_cpu_storage_owned(result), shape))
}

fn backward<T: Real>(
    operation: &FusedConvolution,
    (input, weight, bias): (&Tensor, &Tensor, &Tensor),
    result: &Tensor,
    gradient: &Tensor,
) -> Result<Gradients> {
    let wanted =
        Wanted { input: input.track_op(), parameters: weight.track_op() || bias.track_op() };
    let backward = with_slice::<T, _>(NAME, input, |x| {
        with_slice::<T, _>(NAME, weight, |w| {
            with_slice::<T, _>(NAME, result, |y| {
                with_slice::<T, _>(NAME, gradient, |g| {
                    Ok(operation.backward((x, w), (y, g), wanted))
                })
            })
        })
    })?;
    let of = |wanted: bool, values: Vec<T>, tensor: &Tensor| {
        wanted.then(|| tensor_of(values, tensor.shape())).transpose()
    };
    Ok((
        of(wanted.input, backward.of_input, input)?,
        of(wanted.parameters, backward.of_weight, weight)?,
        of(wanted.parameters, backward.of_bias, bias)?,
    ))
}

impl CustomOp3 for FusedConvolution {
    fn name(&self) -> &'static str {
        NAME
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        dispatch!(
            NAME,
            input.dtype(),
            forward(self, (input, input_layout), (weight, weight_layout), (bias, bias_layout))
        )
    }

    fn bwd(
        &self,
        input: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<Gradients> {
        dispatch!(NAME, input.dtype(), backward(self, (input, weight, bias), result, gradient))
    }
}
