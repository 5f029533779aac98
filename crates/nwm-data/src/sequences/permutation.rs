//! Orders of digits and pixels: those that the published experiments drew with the Mersenne Twister, exactly, and one that
//! they drew without a seed.

use rand_mt::Mt;

use crate::stream::Stream;

/// Pixels of a digit.
const PIXELS: usize = 28 * 28;

/// Training digits, and how many of them the rotating experiment keeps for validation.
const DIGITS: usize = 60_000;
const VALIDATION: usize = 12_000;

/// How many of them the sequential experiments keep for validation.
const SEQUENTIAL_VALIDATION: usize = 3_000;

/// Seeds of the published code.
pub(super) const PSMNIST_SEED: u32 = 12_008;
const ROTATING_SEED: u32 = 1;

/// The order `0..length` as PyTorch's `randperm` shuffles it on a CPU right after `manual_seed(seed)`, for fewer than
/// 2³² / 20 numbers.
#[must_use]
pub fn torch_permutation(seed: u32, length: usize) -> Vec<usize> {
    let mut generator = Mt::new(seed);
    let mut order: Vec<usize> = (0..length).collect();
    for first in 0..length.saturating_sub(1) {
        let distance = generator.next_u32() as usize % (length - first);
        order.swap(first, first + distance);
    }
    order
}

/// The order of pixels in permuted sequential MNIST: step `t` reads pixel `permutation[t]` (seed 12008, as published for
/// coRNN).
#[must_use]
pub fn psmnist_permutation() -> Vec<usize> {
    torch_permutation(PSMNIST_SEED, PIXELS)
}

/// The digits of the rotating experiment, validation and training: NumPy's legacy shuffle of the 60 000 training digits
/// with seed 1, of which the first fifth is validation.
#[must_use]
pub fn rotating_split() -> (Vec<usize>, Vec<usize>) {
    let mut order = numpy_shuffle(ROTATING_SEED, DIGITS);
    let training = order.split_off(VALIDATION);
    (order, training)
}

/// The digits of sequential MNIST, permuted or not, validation (3000) and training (57 000): a random order of the 60 000
/// training digits, cut. The published code draws it without a seed.
#[must_use]
pub fn sequential_split(seed: u64) -> (Vec<usize>, Vec<usize>) {
    let mut order = Stream::new("nwm-data/sequential split", &[seed]).permutation(DIGITS);
    let training = order.split_off(SEQUENTIAL_VALIDATION);
    (order, training)
}

/// The order `0..length` as `numpy.random.RandomState(seed).shuffle` leaves it.
fn numpy_shuffle(seed: u32, length: usize) -> Vec<usize> {
    let mut generator = Mt::new(seed);
    let mut order: Vec<usize> = (0..length).collect();
    for last in (1..length).rev() {
        // Uniform on 0..=last: words are cut to as many bits and those too large are drawn again.
        let mask = (last + 1).next_power_of_two() - 1;
        let other = loop {
            let candidate = generator.next_u32() as usize & mask;
            if candidate <= last {
                break candidate;
            }
        };
        order.swap(last, other);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pixel_order_is_the_published_one() {
        let order = psmnist_permutation();
        assert_eq!(
            order[..16],
            [91, 97, 471, 426, 157, 451, 312, 198, 117, 454, 357, 608, 711, 417, 22, 498]
        );
        assert_eq!(order[776..], [33, 736, 318, 456, 292, 432, 296, 267]);
        let hash = order
            .iter()
            .fold(0_u32, |hash, &pixel| hash.wrapping_mul(1_000_003).wrapping_add(pixel as u32));
        assert_eq!(hash, 3_713_097_518);
    }

    #[test]
    fn the_rotating_split_is_the_published_one() {
        let (validation, training) = rotating_split();
        assert_eq!((validation.len(), training.len()), (12_000, 48_000));
        let first = [15281, 21435, 44536, 13518, 47529, 53560, 41094, 6060, 9358, 49039];
        assert_eq!(validation[..10], first);
        assert_eq!(validation[11_995..], [6636, 25027, 8294, 16607, 6279]);
        assert_eq!(training[..5], [5004, 17676, 29485, 36476, 45508]);
    }

    #[test]
    fn the_sequential_split_has_every_digit_once() {
        let (validation, training) = sequential_split(5);
        assert_eq!((validation.len(), training.len()), (3_000, 57_000));
        let mut all = [validation.clone(), training].concat();
        all.sort_unstable();
        assert_eq!(all, (0..60_000).collect::<Vec<_>>());
        assert_eq!(sequential_split(5).0, validation);
        assert_ne!(sequential_split(6).0, validation);
    }

    #[test]
    fn short_orders_are_complete() {
        assert!(torch_permutation(0, 0).is_empty());
        assert_eq!(torch_permutation(0, 1), [0]);
        for mut order in [torch_permutation(3, 9), numpy_shuffle(3, 9)] {
            order.sort_unstable();
            assert_eq!(order, (0..9).collect::<Vec<_>>());
        }
    }
}
