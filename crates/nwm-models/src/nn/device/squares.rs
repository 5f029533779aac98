//! The sum of the squares of all gradients at once.

use nwm_cuda::{Kernel, Module, Queue, ptx};

use super::error::DeviceError;
use super::listed::{self, Together, blocks_of};
use super::numbers::Numbers;

/// The kernel.
const SQUARES: Module = Module { name: "squares", kernels: &["sum_squares"], ptx: ptx!("squares") };

/// Words of shared memory: two halves of a sum for each thread.
const SHARED_WORDS: usize = 512;

/// The sum of the squares of all numbers listed, in double precision and in a fixed order; waits for the device. Infinite if
/// it exceeds the largest single number.
///
/// # Errors
/// [`DeviceError::Length`] if an array is too short; [`DeviceError::Launch`] with the device's answer.
pub fn sum_of_squares<Q: Queue>(
    queue: &Q,
    arrays: &[Together<'_, Q::Array, 1>],
) -> Result<f64, DeviceError> {
    listed::check(queue, arrays, ["an array"])?;
    let blocks: usize = arrays.iter().map(|it| blocks_of(it.count)).sum();
    if blocks == 0 {
        return Ok(0.0);
    }
    let sums = queue.array(2 * blocks)?;
    let kernel = Kernel { module: &SQUARES, name: "sum_squares" };
    listed::launch(queue, kernel, arrays, SHARED_WORDS, |before| {
        vec![Numbers::of(&sums).after(2 * before).argument()]
    })?;
    let sums = queue.download(&sums)?;
    let (halves, _) = sums.as_chunks::<2>();
    Ok(halves.iter().map(|&[high, low]| f64::from(high) + f64::from(low)).sum())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "helpers of tests may panic")]

    use nwm_cuda::Order;

    use super::super::emulated;
    use super::*;

    fn sum(queue: &impl Queue, lists: &[Vec<f32>]) -> Result<f64, DeviceError> {
        let arrays: Vec<_> = lists.iter().map(|list| queue.upload(list).unwrap()).collect();
        let together =
            |array| Together { count: queue.length(array), numbers: [Numbers::of(array)] };
        sum_of_squares(queue, &arrays.iter().map(together).collect::<Vec<_>>())
    }

    #[test]
    fn sums_are_those_of_double_precision_and_show_what_is_no_number() {
        let values = |count: usize| (0..count).map(|it| (it as f32 * 0.37).sin() * 1e3).collect();
        let lists: Vec<Vec<f32>> =
            [1, 0, 256, 5000].map(values).into_iter().cycle().take(70).collect();
        let square = |value: &f32| f64::from(*value) * f64::from(*value);
        let expected: f64 = lists.iter().flatten().map(square).sum();
        let mut found = Vec::new();
        for order in Order::ALL {
            let Some(queue) = emulated::queue("squares", &[&SQUARES], &[], true, order) else {
                return;
            };
            found.push(sum(&queue, &lists).unwrap());
            assert!((found[0] / expected - 1.0).abs() < 1e-13, "{} {expected}", found[0]);
            assert_eq!(found[0].to_bits(), found.last().unwrap().to_bits());
            assert_eq!(sum(&queue, &[vec![], vec![]]).unwrap(), 0.0);
            assert_eq!(sum(&queue, &[vec![1.0, 1e30]]).unwrap(), f64::INFINITY);
            assert!(sum(&queue, &[vec![1.0, f32::NAN], vec![f32::INFINITY]]).unwrap().is_nan());
        }
        let plant = &["PLANT_NO_BARRIER"];
        let Some(wrong) = emulated::queue("squares", &[&SQUARES], plant, true, Order::Forward)
        else {
            return;
        };
        let message = sum(&wrong, &lists).unwrap_err().to_string();
        assert!(message.contains("of shared memory, which nobody has written"), "{message}");
    }
}
