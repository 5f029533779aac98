//! Square blocks of numbers, turned in registers.

use crate::vector::{LONGEST_VECTOR, Vector};

/// Exchanges rows and lanes of the first [`Vector::LANES`] vectors of `block`.
///
/// Every round interleaves the first half of the vectors with the second; after as many rounds as
/// halvings lead from the number of lanes to one, each number stands in its place.
#[inline(always)]
pub fn transpose<V: Vector>(block: &mut [V; LONGEST_VECTOR]) {
    let half = V::LANES / 2;
    for _ in 0..V::LANES.ilog2() {
        let mut next = *block;
        for index in 0..half {
            let [low, high] = block[index].interleave(block[index + half]);
            next[2 * index] = low;
            next[2 * index + 1] = high;
        }
        *block = next;
    }
}
