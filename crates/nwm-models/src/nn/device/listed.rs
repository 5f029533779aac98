//! One launch for all arrays of a list, such as the parameters of a model.

use nwm_cuda::{Argument, Grid, Kernel, LIST, Queue};

use super::error::DeviceError;
use super::numbers::Numbers;

/// Elements of an array that one block works on, as in `listed.cuh`.
const PART: usize = 2048;
const THREADS: usize = 256;

/// `K` arrays of the same length that belong together, such as a parameter and its gradient.
#[derive(Debug, Clone, Copy)]
pub struct Together<'a, A, const K: usize> {
    /// Elements of each.
    pub count: usize,
    /// Where they begin.
    pub numbers: [Numbers<'a, A>; K],
}

/// Blocks that work on an array.
pub(super) fn blocks_of(count: usize) -> usize {
    count.div_ceil(PART)
}

/// Whether all arrays are long enough; `names` says what they are.
pub(super) fn check<Q: Queue, const K: usize>(
    queue: &Q,
    listed: &[Together<'_, Q::Array, K>],
    names: [&'static str; K],
) -> Result<(), DeviceError> {
    for together in listed {
        for (numbers, name) in together.numbers.into_iter().zip(names) {
            numbers.check(queue, name, together.count)?;
        }
    }
    Ok(())
}

/// Launches a kernel of `listed.cuh` on arrays that were checked: its arguments are the lengths, `K` lists of arrays, and what
/// `others` gives for the number of blocks that were launched before. As many arrays as fit share a launch.
pub(super) fn launch<'a, Q: Queue, const K: usize>(
    queue: &Q,
    kernel: Kernel,
    listed: &[Together<'a, Q::Array, K>],
    shared_words: usize,
    others: impl Fn(usize) -> Vec<Argument<'a, Q::Array>>,
) -> Result<(), DeviceError> {
    let mut launched = 0;
    for listed in listed.chunks(LIST) {
        let blocks = listed.iter().map(|it| blocks_of(it.count)).sum();
        if blocks == 0 {
            continue;
        }
        let count = |it: &Together<'_, Q::Array, K>| {
            let too_long =
                nwm_cuda::Error::Count { what: "the length of an array", found: it.count };
            i32::try_from(it.count).map_err(|_| too_long)
        };
        let counts = listed.iter().map(count).collect::<Result<_, _>>()?;
        let mut arguments = vec![Argument::Counts(counts)];
        for index in 0..K {
            let numbers = listed.iter().map(|it| it.numbers[index]);
            arguments.push(Argument::Pointers(numbers.map(|it| (it.array, it.offset)).collect()));
        }
        arguments.extend(others(launched));
        queue.launch(
            kernel,
            Grid { blocks: [blocks, 1, 1], threads: THREADS, shared_words },
            &arguments,
        )?;
        launched += blocks;
    }
    Ok(())
}
