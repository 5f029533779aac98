//! What can be unrolled in time, and blocks of samples that do it side by side.

use std::ops::Range;

use rayon::prelude::*;

use super::super::matrix::add;
use super::super::real::Real;
use super::super::recurrent::samples_per_block;

/// A flow with its parameters, for one pass.
pub(super) trait Unroll<T: Real>: Sync {
    /// What the backward pass needs.
    type Tape: Send + Sync + 'static;

    /// States `[step, sample, dimension]` after each of `steps` steps from `start` `[sample, dimension]`; `signs` has 1
    /// for samples that go forward in time and -1 for those that go back. A tape is made if it is asked for.
    fn unroll(
        &self,
        start: &[T],
        signs: &[T],
        steps: usize,
        recorded: bool,
    ) -> (Vec<T>, Option<Self::Tape>);

    /// The gradient of `start` from that of the states; those of the parameters are added to `sums`.
    fn pull_back(&self, tape: &Self::Tape, signs: &[T], gradient: &[T], sums: &mut [T]) -> Vec<T>;
}

/// A flow whose samples have nothing to do with each other: the same, for some of them.
pub(super) trait UnrollBlock<T: Real>: Sync {
    /// What the backward pass needs.
    type Tape: Send + Sync + 'static;

    /// As [`Unroll::unroll`].
    fn unroll_block(
        &self,
        start: &[T],
        signs: &[T],
        steps: usize,
        recorded: bool,
    ) -> (Vec<T>, Option<Self::Tape>);

    /// As [`Unroll::pull_back`].
    fn pull_back_block(
        &self,
        tape: &Self::Tape,
        signs: &[T],
        gradient: &[T],
        sums: &mut [T],
    ) -> Vec<T>;

    /// Numbers of one sample's state.
    fn size(&self) -> usize;
}

/// Samples by themselves, block by block.
pub(super) struct Independent<B>(pub(super) B);

/// Ranges of samples, cut by their number alone.
pub(super) fn blocks(samples: usize) -> Vec<Range<usize>> {
    let size = samples_per_block(samples);
    (0..samples).step_by(size).map(|start| start..samples.min(start + size)).collect()
}

/// Rows of some samples out of `[step, sample, dimension]`.
pub(super) fn gather<T: Real>(
    values: &[T],
    samples: usize,
    block: &Range<usize>,
    size: usize,
) -> Vec<T> {
    values
        .chunks_exact(samples * size)
        .flat_map(|step| &step[block.start * size..block.end * size])
        .copied()
        .collect()
}

/// Puts rows of some samples back to where [`gather`] takes them from.
pub(super) fn scatter<T: Real>(
    rows: &[T],
    samples: usize,
    block: &Range<usize>,
    size: usize,
    values: &mut [T],
) {
    let count = block.len() * size;
    for (step, rows) in values.chunks_exact_mut(samples * size).zip(rows.chunks_exact(count)) {
        step[block.start * size..block.end * size].copy_from_slice(rows);
    }
}

/// Pulls the tapes of all blocks back side by side with `pull_back_block`, which gets a block's tape, signs and gradient and
/// its sums of the parameters' gradients: the gradient of the start; the sums are added to `sums`, block by block.
pub(super) fn pull_back_blocks<T: Real, Tape: Sync>(
    tapes: &[Tape],
    signs: &[T],
    (gradient, size): (&[T], usize),
    sums: &mut [T],
    pull_back_block: impl Fn(&Tape, &[T], &[T], &mut [T]) -> Vec<T> + Sync,
) -> Vec<T> {
    let samples = signs.len();
    let done: Vec<_> = blocks(samples)
        .par_iter()
        .zip(tapes)
        .map(|(block, tape)| {
            let mut part = vec![T::zero(); sums.len()];
            let rows = gather(gradient, samples, block, size);
            let of_start = pull_back_block(tape, &signs[block.clone()], &rows, &mut part);
            (of_start, part)
        })
        .collect();
    let mut of_start = Vec::with_capacity(samples * size);
    for (block, part) in done {
        of_start.extend(block);
        add(sums, &part);
    }
    of_start
}

impl<T: Real, B: UnrollBlock<T>> Unroll<T> for Independent<B> {
    type Tape = Vec<B::Tape>;

    fn unroll(
        &self,
        start: &[T],
        signs: &[T],
        steps: usize,
        recorded: bool,
    ) -> (Vec<T>, Option<Vec<B::Tape>>) {
        let (samples, size) = (signs.len(), self.0.size());
        let blocks = blocks(samples);
        let done: Vec<_> = blocks
            .par_iter()
            .map(|block| {
                let start = &start[block.start * size..block.end * size];
                self.0.unroll_block(start, &signs[block.clone()], steps, recorded)
            })
            .collect();
        let mut states = vec![T::zero(); steps * start.len()];
        let mut tapes = Vec::with_capacity(blocks.len());
        for (block, (rows, tape)) in blocks.iter().zip(done) {
            scatter(&rows, samples, block, size, &mut states);
            tapes.extend(tape);
        }
        (states, recorded.then_some(tapes))
    }

    fn pull_back(
        &self,
        tape: &Vec<B::Tape>,
        signs: &[T],
        gradient: &[T],
        sums: &mut [T],
    ) -> Vec<T> {
        let gradient = (gradient, self.0.size());
        pull_back_blocks(tape, signs, gradient, sums, |tape, signs, gradient, sums| {
            self.0.pull_back_block(tape, signs, gradient, sums)
        })
    }
}
