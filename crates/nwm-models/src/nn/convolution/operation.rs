//! The differentiable operation: groups of samples on all threads.
//!
//! Samples are worked on in groups large enough to keep the matrix products efficient. How many form a group, and
//! how many groups share one partial sum of the weight's gradient, depends on shapes alone.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::super::matrix::add;
use super::super::real::{Real, contiguous_slice, dispatch, tensor_of, with_slice};
use super::ConvolutionOptions;
use super::geometry::Correlation;
use super::kernels::{
    add_weight_gradient, correlate, finish, finish_adjoint, pack_adjoint, pack_forward, unleak,
    unpack,
};
use super::narrow;

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
    input_gradient: bool,
}

type Gradients = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

impl FusedConvolution {
    pub(super) fn new(correlation: Correlation, options: &ConvolutionOptions) -> Self {
        Self { correlation, slope: options.leaky, input_gradient: options.input_gradient }
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
        let (source, output) = (correlation.source_size(), correlation.output_size());
        let batch = input.len() / source;
        let group = self.group(batch);
        let mut result = vec![T::zero(); batch * output];
        let groups = result.par_chunks_mut(group * output).zip(input.par_chunks(group * source));
        if narrow::sums_taps(correlation) {
            let weight = narrow::pack_taps(correlation, weight);
            groups.for_each_init(Vec::new, |products, (result, input)| {
                let arguments = (input, &weight[..]);
                narrow::forward(correlation, arguments, bias, self.slope(), products, result);
            });
            return result;
        }
        let weight = pack_forward(correlation, weight);
        groups.for_each_init(
            || Scratch::new(correlation, group),
            |scratch, (result, input)| {
                let sums = scratch.correlate(correlation, input, &weight);
                finish(correlation, sums, bias, self.slope(), result);
            },
        );
        result
    }

    fn backward<T: Real>(
        &self,
        (input, weight): (&[T], &[T]),
        (result, gradient): (&[T], &[T]),
        wanted: Wanted,
    ) -> Backward<T> {
        let correlation = &self.correlation;
        let (source, output) = (correlation.source_size(), correlation.output_size());
        let batch = input.len() / source;
        let group = self.group(batch);
        let chunk = batch.div_ceil(group).div_ceil(MOST_CHUNKS) * group;
        let adjoint_weight = pack_adjoint(correlation, weight);
        let mut of_input = vec![T::zero(); if wanted.input { input.len() } else { 0 }];
        let work = |input: &[T], result: &[T], gradient: &[T], mut of_input: Option<&mut [T]>| {
            let mut worker = Worker::new(self, group, wanted);
            let groups = input
                .chunks(group * source)
                .zip(result.chunks(group * output).zip(gradient.chunks(group * output)));
            for (index, (input, (result, gradient))) in groups.enumerate() {
                let start = index * group * source;
                let of_input = of_input.as_mut().map(|all| &mut all[start..start + input.len()]);
                worker.add(input, result, gradient, &adjoint_weight, of_input);
            }
            (worker.of_weight, worker.of_bias)
        };
        let inputs = input.par_chunks(chunk * source);
        let gradients = result.par_chunks(chunk * output).zip(gradient.par_chunks(chunk * output));
        let partial: Vec<_> = if wanted.input {
            inputs
                .zip(gradients)
                .zip(of_input.par_chunks_mut(chunk * source))
                .map(|((x, (y, g)), of_input)| work(x, y, g, Some(of_input)))
                .collect()
        } else {
            inputs.zip(gradients).map(|(x, (y, g))| work(x, y, g, None)).collect()
        };
        let mut partial = partial.into_iter();
        let (mut of_weight, mut of_bias) = partial.next().unwrap_or_default();
        for (weight, bias) in partial {
            add(&mut of_weight, &weight);
            add(&mut of_bias, &bias);
        }
        let unpack = if narrow::is_narrow(correlation) { narrow::unpack } else { unpack };
        Backward { of_input, of_weight: unpack(correlation, &of_weight), of_bias }
    }
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

/// Memory for one correlation of one group.
struct Scratch<T> {
    capacity: usize,
    padded: Vec<T>,
    sums: Vec<T>,
}

impl<T: Real> Scratch<T> {
    fn new(correlation: &Correlation, capacity: usize) -> Self {
        let sums = correlation.positions(capacity) * correlation.filters();
        Self {
            capacity,
            padded: vec![T::zero(); correlation.padded_size(capacity)],
            sums: vec![T::zero(); sums],
        }
    }

    /// Correlates a group and returns the sums by position.
    fn correlate(&mut self, correlation: &Correlation, input: &[T], weight: &[T]) -> &[T] {
        let samples = input.len() / correlation.source_size();
        correlation.place(self.capacity, input, &mut self.padded);
        let sums = &mut self.sums[..correlation.positions(samples) * correlation.filters()];
        correlate(correlation, self.capacity, samples, &self.padded, weight, sums);
        sums
    }
}

/// The backward pass of a chunk of groups, one after the other.
struct Worker<'a, T> {
    operation: &'a FusedConvolution,
    wanted: Wanted,
    capacity: usize,
    adjoint: Correlation,
    adjoint_scratch: Scratch<T>,
    /// Gradient before the leaky ReLU, without gaps.
    before: Vec<T>,
    /// The same by position, zero between rows and samples.
    by_position: Vec<T>,
    padded: Vec<T>,
    of_weight: Vec<T>,
    of_bias: Vec<T>,
}

impl<'a, T: Real> Worker<'a, T> {
    fn new(operation: &'a FusedConvolution, capacity: usize, wanted: Wanted) -> Self {
        let correlation = &operation.correlation;
        let adjoint = correlation.adjoint();
        let filters = correlation.filters();
        let weights = 9 * correlation.channels() * filters;
        Self {
            operation,
            wanted,
            capacity,
            adjoint_scratch: Scratch::new(&adjoint, capacity),
            adjoint,
            before: vec![T::zero(); capacity * correlation.output_size()],
            by_position: vec![T::zero(); correlation.positions(capacity) * filters],
            padded: vec![T::zero(); correlation.padded_size(capacity)],
            of_weight: vec![T::zero(); weights],
            of_bias: vec![T::zero(); filters],
        }
    }

    fn add(
        &mut self,
        input: &[T],
        result: &[T],
        gradient: &[T],
        adjoint_weight: &[T],
        of_input: Option<&mut [T]>,
    ) {
        let correlation = &self.operation.correlation;
        let samples = input.len() / correlation.source_size();
        let before = &mut self.before[..gradient.len()];
        unleak(self.operation.slope(), result, gradient, before);
        if self.wanted.parameters {
            for pixel in before.chunks_exact(correlation.filters()) {
                add(&mut self.of_bias, pixel);
            }
            let size = correlation.positions(samples) * correlation.filters();
            let by_position = &mut self.by_position[..size];
            spread_rows(correlation, before, by_position);
            correlation.place(self.capacity, input, &mut self.padded);
            let (padded, of_weight) = (&self.padded, &mut self.of_weight);
            let add_weight_gradient = if narrow::is_narrow(correlation) {
                narrow::add_weight_gradient
            } else {
                add_weight_gradient
            };
            add_weight_gradient(
                correlation,
                self.capacity,
                samples,
                padded,
                by_position,
                of_weight,
            );
        }
        if let Some(of_input) = of_input {
            let sums = self.adjoint_scratch.correlate(&self.adjoint, before, adjoint_weight);
            finish_adjoint(&self.adjoint, correlation.upsamples(), sums, of_input);
        }
    }
}

/// Copies rows without gaps to their positions, and leaves the numbers between them as they are.
fn spread_rows<T: Real>(correlation: &Correlation, rows: &[T], by_position: &mut [T]) {
    let [height, columns] = correlation.output();
    let filters = correlation.filters();
    let pitch = correlation.row_pitch() * filters;
    let width = columns * filters;
    for (index, row) in rows.chunks_exact(width).enumerate() {
        let start = (index / height * (height + 1) + index % height) * pitch;
        by_position[start..start + width].copy_from_slice(row);
    }
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
    let wanted = Wanted {
        input: operation.input_gradient && input.track_op(),
        parameters: weight.track_op() || bias.track_op(),
    };
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
