//! Sums whose order does not depend on the machine.

use crate::Real;

/// Inner product of two slices of one length, in eight running sums that a compiler can hold in
/// vector registers.
pub(crate) fn dot<T: Real>(first: &[T], second: &[T]) -> T {
    let mut sums = [T::zero(); 8];
    let (blocks, rest) = first.as_chunks::<8>();
    let (other_blocks, other_rest) = second.as_chunks::<8>();
    for (block, other) in blocks.iter().zip(other_blocks) {
        for lane in 0..8 {
            sums[lane] = sums[lane] + block[lane] * other[lane];
        }
    }
    let rest =
        rest.iter().zip(other_rest).fold(T::zero(), |sum, (&first, &second)| sum + first * second);
    sums.iter().fold(T::zero(), |sum, &lane| sum + lane) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_is_summed_whole() {
        for length in 0..20_u32 {
            let values: Vec<f64> = (1..=length).map(f64::from).collect();
            let expected = f64::from(length * (length + 1) * (2 * length + 1) / 6);
            assert_eq!(dot(&values, &values), expected);
        }
    }
}
