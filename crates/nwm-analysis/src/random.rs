//! Random numbers as a pure function of a purpose and a seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A stream of random numbers that belongs to one purpose and one seed.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    generator: ChaCha8Rng,
}

impl Stream {
    /// The stream of `purpose`, 24 bytes that keep it apart from other uses of the same `seed`.
    pub(crate) fn new(purpose: &[u8; 24], seed: u64) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        key[8..].copy_from_slice(purpose);
        Self { generator: ChaCha8Rng::from_seed(key) }
    }

    /// One of many streams of `purpose` and `seed`, independent of the others.
    pub(crate) fn numbered(purpose: &[u8; 24], seed: u64, number: u64) -> Self {
        let mut stream = Self::new(purpose, seed);
        stream.generator.set_stream(number);
        stream
    }

    /// Uniform over the integers `0..bound`, without bias; 0 if `bound` is 0.
    ///
    /// The upper half of `word * bound` is uniform once the few lowest products, `2^32 mod bound`
    /// of each result, are drawn again (Lemire 2019).
    pub(crate) fn below(&mut self, bound: u32) -> u32 {
        loop {
            let product = u64::from(self.generator.next_u32()) * u64::from(bound);
            let low = product as u32;
            // The remainder costs a division, and only products below the bound can be too low.
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return (product >> 32) as u32;
            }
        }
    }

    /// The first `count` of `0..length` in a uniformly random order, all of them if `count` is
    /// larger.
    pub(crate) fn some_of(&mut self, length: usize, count: usize) -> Vec<usize> {
        let mut order: Vec<usize> = (0..length).collect();
        for place in 0..length.min(count) {
            let rest = u32::try_from(length - place).unwrap_or(u32::MAX);
            order.swap(place, place + self.below(rest) as usize);
        }
        order.truncate(count);
        order
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        f64::from(self.generator.next_u32()) / 4_294_967_296.0
    }

    /// Standard normal by the method of Box and Muller.
    pub(crate) fn normal(&mut self) -> f64 {
        let (radius, angle) = (1.0 - self.unit(), self.unit());
        (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PURPOSE: &[u8; 24] = b"tests of random numbers ";

    #[test]
    fn integers_are_uniform() {
        let mut stream = Stream::new(PURPOSE, 0);
        let mut counts = [0_u32; 5];
        for _ in 0..50_000 {
            counts[stream.below(5) as usize] += 1;
        }
        // Standard deviation of each count: sqrt(50 000 * 0.2 * 0.8) = 89; five of them allowed.
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 450), "{counts:?}");
        assert_eq!((stream.below(0), stream.below(1)), (0, 0));
    }

    #[test]
    fn a_large_bound_is_not_biased() {
        // For 3 * 2^30 a plain product would give every third result twice the words of the others.
        let bound = 3 << 30;
        let mut stream = Stream::new(PURPOSE, 1);
        let mut counts = [0_u32; 3];
        for _ in 0..30_000 {
            counts[(stream.below(bound) % 3) as usize] += 1;
        }
        // Standard deviation of each count: sqrt(30 000 * 2 / 9) = 82; five of them allowed.
        assert!(counts.iter().all(|&count| count.abs_diff(10_000) < 410), "{counts:?}");
    }

    #[test]
    fn some_of_a_range_are_distinct() {
        let mut stream = Stream::new(PURPOSE, 2);
        let mut chosen = stream.some_of(60, 10);
        assert_eq!(chosen.len(), 10);
        chosen.sort_unstable();
        chosen.dedup();
        assert!(chosen.len() == 10 && chosen.iter().all(|&index| index < 60));
        let mut all = stream.some_of(7, 10);
        all.sort_unstable();
        assert_eq!(all, (0..7).collect::<Vec<_>>());
    }

    #[test]
    fn the_numbers_stay_the_same_for_ever() {
        // A change here changes every interval and score that was reported.
        let mut stream = Stream::new(PURPOSE, 7);
        let found: Vec<u32> = (0..4).map(|_| stream.below(1_000_000)).collect();
        assert_eq!(found, [283_510, 706_252, 488_677, 843_007]);
    }

    #[test]
    fn purpose_and_seed_fix_the_numbers() {
        let first = |purpose, seed| Stream::new(purpose, seed).below(u32::MAX);
        assert_eq!(first(PURPOSE, 3), first(PURPOSE, 3));
        assert_ne!(first(PURPOSE, 3), first(PURPOSE, 4));
        assert_ne!(first(PURPOSE, 3), first(b"another purpose         ", 3));
        let numbered = |number| Stream::numbered(PURPOSE, 3, number).below(u32::MAX);
        assert_eq!(numbered(0), first(PURPOSE, 3));
        assert_ne!(numbered(1), numbered(2));
    }
}
