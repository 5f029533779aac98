//! What is done to a run, and when: a sequence that depends on a seed alone.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A way to disturb a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Disturbance {
    /// SIGKILL.
    Kill,
    /// SIGTERM: it saves and ends.
    Terminate,
    /// No space is left on the disk.
    DiskFull,
    /// SIGKILL; then bits of the newest checkpoint are flipped, or a file of it is cut.
    DamageCheckpoint,
    /// SIGKILL; then the end of the log is flipped, cut or garbage.
    DamageMetrics,
    /// Another process wants to work in the folder; then SIGKILL.
    SecondProcess,
}

impl Disturbance {
    pub(super) const ALL: [Self; 6] = [
        Self::Kill,
        Self::Terminate,
        Self::DiskFull,
        Self::DamageCheckpoint,
        Self::DamageMetrics,
        Self::SecondProcess,
    ];

    /// The name in the summary.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kill => "kill",
            Self::Terminate => "terminate",
            Self::DiskFull => "disk_full",
            Self::DamageCheckpoint => "damage_checkpoint",
            Self::DamageMetrics => "damage_metrics",
            Self::SecondProcess => "second_process",
        }
    }

    /// What the table says of it.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Kill => "SIGKILL",
            Self::Terminate => "SIGTERM; saves and ends with code 130",
            Self::DiskFull => "disk full; ends with code 6",
            Self::DamageCheckpoint => "newest checkpoint flipped or cut; passed over by name",
            Self::DamageMetrics => "end of metrics.csv flipped, cut or garbage; restored",
            Self::SecondProcess => "second process in the folder; refused with code 6",
        }
    }
}

/// Every kind once in a random order, then again in another.
#[derive(Debug)]
pub(super) struct Schedule {
    random: ChaCha8Rng,
    waiting: Vec<Disturbance>,
}

impl Schedule {
    pub(super) fn new(seed: u64) -> Self {
        Self { random: ChaCha8Rng::seed_from_u64(seed), waiting: Vec::new() }
    }

    /// The next kind of those that are possible.
    pub(super) fn next(&mut self, possible: &[Disturbance]) -> Disturbance {
        if self.waiting.is_empty() {
            self.waiting = possible.to_vec();
            for last in (1..self.waiting.len()).rev() {
                let other = self.below(last as u64 + 1) as usize;
                self.waiting.swap(last, other);
            }
        }
        self.waiting.pop().unwrap_or(Disturbance::Kill)
    }

    /// A whole number from 0 to below `end`. The bias of a remainder does not matter here.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.random.next_u64() % end.max(1)
    }

    /// A number from 0 to below 1.
    pub(super) fn share(&mut self) -> f64 {
        (self.random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::{Disturbance, Schedule};

    #[test]
    fn every_kind_comes_once_in_a_round_and_the_seed_decides_when() {
        let rounds = |seed| {
            let mut schedule = Schedule::new(seed);
            (0..12).map(|_| schedule.next(&Disturbance::ALL)).collect::<Vec<_>>()
        };
        for round in rounds(0).chunks(6) {
            let mut sorted = round.to_vec();
            sorted.sort();
            assert_eq!(sorted, Disturbance::ALL);
        }
        assert_eq!(rounds(0), rounds(0));
        assert_ne!(rounds(0), rounds(1));
    }

    #[test]
    fn shares_are_below_one() {
        let mut schedule = Schedule::new(3);
        for _ in 0..100 {
            assert!((0.0..1.0).contains(&schedule.share()));
            assert!(schedule.below(3) < 3);
        }
    }
}
