//! Null models: what a measure would be without waves.

use super::grid::{Axis, Grid};
use crate::random::Stream;
use crate::{Error, Result};

const SHUFFLES: &[u8; 24] = b"shuffles of sites       ";
const SHIFTS: &[u8; 24] = b"shifts in time          ";

/// Recordings without waves that are made of a recording: a number of them, from a seed.
///
/// - Shuffled sites: one random order of the sites for all frames. Every site keeps its course in time and
///   its relation in time to all others; only places are lost. What depends on neighbourhoods is compared with
///   these.
/// - Shifts in time: every site's course begins at a random time of its own, around the end. Sites keep their
///   spectra and lose their relation. Synchrony, which no shuffle changes, is compared with these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Surrogates {
    /// How many: the smallest p-value is one over one more than this.
    pub count: usize,
    /// What they are drawn from.
    pub seed: u64,
}

impl Surrogates {
    /// The order of sites of one surrogate: at each place the site whose course is put there. Dead sites stay
    /// where they are; on [`Grid::Rings`] sites stay on their ring.
    ///
    /// # Errors
    ///
    /// When `dead` has not one value for each site of `size`, `[rows, columns]`.
    pub fn site_order(
        &self,
        number: usize,
        dead: &[bool],
        size: [usize; 2],
        grid: Grid,
    ) -> Result<Vec<usize>> {
        let [rows, columns] = size;
        if dead.len() != rows * columns {
            return Err(Error::Mismatch {
                action: "shuffle sites",
                what: "sites marked dead or not",
                found: dead.len(),
                expected: rows * columns,
                like: "the grid",
            });
        }
        let mut stream = Stream::numbered(SHUFFLES, self.seed, number as u64);
        let mut order: Vec<usize> = (0..dead.len()).collect();
        let together = if grid.couples(Axis::Row) { dead.len() } else { columns };
        for first in (0..dead.len()).step_by(together.max(1)) {
            let alive: Vec<usize> = (first..first + together).filter(|&site| !dead[site]).collect();
            for (&place, other) in alive.iter().zip(stream.some_of(alive.len(), alive.len())) {
                order[place] = alive[other];
            }
        }
        Ok(order)
    }

    /// By how many frames each site's course is moved in one surrogate, below `time`.
    pub fn time_shifts(&self, number: usize, sites: usize, time: usize) -> Vec<usize> {
        let mut stream = Stream::numbered(SHIFTS, self.seed, number as u64);
        let bound = u32::try_from(time).unwrap_or(u32::MAX);
        (0..sites).map(|_| stream.below(bound) as usize).collect()
    }
}

/// Which values speak for a wave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tail {
    /// Large ones.
    High,
    /// Small ones.
    Low,
}

/// A measure beside the values it has in surrogates.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Significance {
    /// The measure.
    pub observed: f64,
    /// Its mean in surrogates.
    pub null_mean: f64,
    /// Its sample standard deviation in surrogates; NaN for fewer than two.
    pub null_deviation: f64,
    /// `(1 + n) / (1 + surrogates)`, where `n` surrogates are at least as extreme: how often at most a
    /// recording without waves looks like this.
    pub p_value: f64,
    /// How many surrogates there were.
    pub surrogates: usize,
}

/// Numbers that differ by less, in terms of their size, are the same but for rounding.
const TIE: f64 = 1e-9;

impl Significance {
    /// Compares a measure with its values in surrogates, those that are NaN left out. The p-value of a measure
    /// that is NaN, or of none, is 1.
    pub fn of(observed: f64, null: &[f64], tail: Tail) -> Self {
        let null: Vec<f64> = null.iter().copied().filter(|value| !value.is_nan()).collect();
        let count = null.len() as f64;
        let mean = null.iter().sum::<f64>() / count;
        let squares: f64 = null.iter().map(|value| (value - mean).powi(2)).sum();
        // Some surrogates cannot differ: shuffled sites leave the sum over all of them alone. Rounding must not decide whether
        // they count. Compared so that a NaN counts as not better.
        let better = |value: f64| match tail {
            Tail::High => observed > value + TIE * value.abs(),
            Tail::Low => observed < value - TIE * value.abs(),
        };
        let extreme = null.iter().filter(|&&value| !better(value)).count();
        Self {
            observed,
            null_mean: mean,
            null_deviation: if null.len() < 2 {
                f64::NAN
            } else {
                (squares / (count - 1.0)).sqrt()
            },
            p_value: (1 + extreme) as f64 / (1 + null.len()) as f64,
            surrogates: null.len(),
        }
    }

    /// How many standard deviations of the surrogates the measure lies above their mean.
    pub fn z_score(&self) -> f64 {
        (self.observed - self.null_mean) / self.null_deviation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SURROGATES: Surrogates = Surrogates { count: 19, seed: 5 };

    #[test]
    fn orders_are_permutations_of_living_sites() {
        let dead: Vec<bool> = (0..12).map(|site| site == 3 || site == 7).collect();
        let order = |number, grid| SURROGATES.site_order(number, &dead, [3, 4], grid).unwrap();
        for grid in [Grid::Open, Grid::Torus, Grid::Rings] {
            let found = order(0, grid);
            let mut sorted = found.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..12).collect::<Vec<_>>());
            assert_eq!((found[3], found[7]), (3, 7));
            assert_eq!(found, order(0, grid));
            assert_ne!(found, order(1, grid));
        }
        let rings = order(0, Grid::Rings);
        assert!(rings.iter().enumerate().all(|(place, site)| place / 4 == site / 4));
        assert!(SURROGATES.site_order(0, &dead, [3, 5], Grid::Open).is_err());
    }

    #[test]
    fn shifts_cover_the_recording() {
        let found = SURROGATES.time_shifts(2, 5000, 10);
        for shift in 0..10 {
            let count = found.iter().filter(|&&it| it == shift).count();
            // Standard deviation: sqrt(5000 * 0.09) = 21.
            assert!(count.abs_diff(500) < 110, "{shift}: {count}");
        }
        assert_eq!(found, SURROGATES.time_shifts(2, 5000, 10));
        assert_ne!(found, SURROGATES.time_shifts(3, 5000, 10));
    }

    #[test]
    fn p_values_count_the_observed_recording() {
        let null = [0.1, 0.2, 0.3, 0.4, f64::NAN];
        let high = Significance::of(0.35, &null, Tail::High);
        assert_eq!((high.p_value, high.surrogates, high.null_mean), (2.0 / 5.0, 4, 0.25));
        assert!((high.z_score() - 0.1 / (0.05_f64 / 3.0).sqrt()).abs() < 1e-12);
        assert_eq!(Significance::of(0.3, &null, Tail::High).p_value, 3.0 / 5.0, "ties are extreme");
        for tail in [Tail::High, Tail::Low] {
            let rounded = Significance::of(0.3, &[0.3 * (1.0 - 1e-15), 0.3 * (1.0 + 1e-15)], tail);
            assert_eq!(rounded.p_value, 1.0, "ties but for rounding are extreme");
        }
        assert_eq!(Significance::of(0.05, &null, Tail::Low).p_value, 1.0 / 5.0);
        assert_eq!(Significance::of(f64::NAN, &null, Tail::High).p_value, 1.0);
        assert_eq!(Significance::of(1.0, &[], Tail::High).p_value, 1.0);
    }
}
