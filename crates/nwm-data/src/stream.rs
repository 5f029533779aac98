//! Random numbers as a pure function of a key: there is no state to save or to share.
//!
//! A key is a domain (a text) and a few numbers. Its SHA-256 seeds ChaCha with 8 rounds, so that
//! every trajectory, epoch and window has a stream of its own, whichever thread asks for it.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// A stream of random numbers that belongs to one key.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    /// The stream of `domain` and `numbers`.
    ///
    /// The length of the domain is hashed before it, so that no two keys share their bytes.
    pub(crate) fn new(domain: &str, numbers: &[u64]) -> Self {
        let mut hash = Sha256::new();
        hash.update((domain.len() as u64).to_le_bytes());
        hash.update(domain.as_bytes());
        for number in numbers {
            hash.update(number.to_le_bytes());
        }
        Self { generator: ChaCha8Rng::from_seed(hash.finalize().into()) }
    }

    /// Uniform in `[0, 1)`: the upper 53 bits of the next word.
    pub(crate) fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.generator.next_u64() >> 11) as f64 * STEP
    }

    /// Uniform in `[0, 1)` in single precision: the upper 24 bits of the next word.
    pub(crate) fn unit_f32(&mut self) -> f32 {
        const STEP: f32 = 1.0 / (1_u32 << 24) as f32;
        (self.generator.next_u64() >> 40) as f32 * STEP
    }

    /// Uniform in `[low, high)`.
    pub(crate) fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Uniform over the integers `0..bound`, without bias; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = bound as u64;
        if bound == 0 {
            return 0;
        }
        // Words beyond the last whole multiple of the bound would favour small results.
        let remainder = (u64::MAX % bound + 1) % bound;
        let last = u64::MAX - remainder;
        loop {
            let word = self.generator.next_u64();
            if word <= last {
                return (word % bound) as usize;
            }
        }
    }

    /// A uniformly random order of `0..length`, by exchanging from the back (Fisher and Yates).
    pub(crate) fn permutation(&mut self, length: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..length).collect();
        for last in (1..length).rev() {
            order.swap(last, self.below(last + 1));
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_fixes_the_numbers_for_ever() {
        let mut stream = Stream::new("test", &[1, 2]);
        let words: Vec<u64> = (0..3).map(|_| stream.generator.next_u64()).collect();
        assert_eq!(words, GOLDEN_WORDS);
    }

    /// The first words of the stream ("test", 1, 2); a change here changes every data set.
    const GOLDEN_WORDS: [u64; 3] =
        [14_275_257_192_029_578_124, 2_678_757_365_192_698_420, 3_469_991_050_991_727_379];

    #[test]
    fn keys_that_differ_anywhere_give_other_streams() {
        let first = |domain: &str, numbers: &[u64]| Stream::new(domain, numbers).unit();
        let reference = first("test", &[1, 2]);
        assert_ne!(reference, first("tesu", &[1, 2]));
        assert_ne!(reference, first("test", &[2, 1]));
        assert_ne!(reference, first("test", &[1, 2, 0]));
    }

    #[test]
    fn integers_are_uniform() {
        let mut stream = Stream::new("integers", &[]);
        let mut counts = [0_u32; 5];
        for _ in 0..50_000 {
            counts[stream.below(5)] += 1;
        }
        // Standard deviation of each count: sqrt(50 000 * 0.2 * 0.8) = 89; five of them allowed.
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 450), "{counts:?}");
        assert_eq!(stream.below(0), 0);
        assert_eq!(stream.below(1), 0);
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        let mut order = Stream::new("order", &[]).permutation(100);
        assert_ne!(order, (0..100).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
