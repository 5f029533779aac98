//! The parts of the check, and the time of each.

use std::time::Duration;

use clap::ValueEnum;
use serde::Serialize;

/// A part, in the order of importance, which is that of running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    /// Results and gradients against the cpu in double precision.
    Agreement,
    /// The same run twice, bit for bit.
    Determinism,
    /// Times of all cases, with floors.
    Timing,
    /// One training step of Table 1, with its breakdown.
    Step,
    /// compute-sanitizer: memcheck, racecheck and initcheck of small cases.
    Sanitizer,
    /// The same cases in PyTorch, torch.compile and JAX.
    Peers,
    /// Two minutes of training.
    Training,
}

impl Part {
    /// All of them.
    pub(super) const ALL: [Self; 7] = [
        Self::Agreement,
        Self::Determinism,
        Self::Timing,
        Self::Step,
        Self::Sanitizer,
        Self::Peers,
        Self::Training,
    ];

    /// The name on the command line and on the page.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Agreement => "agreement",
            Self::Determinism => "determinism",
            Self::Timing => "timing",
            Self::Step => "step",
            Self::Sanitizer => "sanitizer",
            Self::Peers => "peers",
            Self::Training => "training",
        }
    }

    /// Those asked for, each once, in their order; all without a wish.
    pub(super) fn chosen(only: &[Self]) -> Vec<Self> {
        Self::ALL.into_iter().filter(|part| only.is_empty() || only.contains(part)).collect()
    }

    /// Whether the emulation can do it.
    pub(super) fn is_emulated(self) -> bool {
        matches!(self, Self::Agreement | Self::Determinism)
    }

    /// Seconds without which it is not begun, and seconds after which it is ended.
    fn seconds(self) -> (u64, u64) {
        match self {
            Self::Agreement => (10, 300),
            Self::Determinism => (10, 120),
            Self::Timing => (10, 150),
            Self::Step => (20, 90),
            Self::Sanitizer => (20, 150),
            Self::Peers => (40, 300),
            Self::Training => (40, 120),
        }
    }

    /// How long it may take if so much of the whole time is left; none if it does not fit any more.
    pub(super) fn allowance(self, left: Duration) -> Option<Duration> {
        let (least, most) = self.seconds();
        (left >= Duration::from_secs(least)).then(|| left.min(Duration::from_secs(most)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Part;

    #[test]
    fn parts_run_by_importance_whatever_the_order_of_the_wish() {
        assert_eq!(
            Part::chosen(&[Part::Training, Part::Timing, Part::Timing]),
            [Part::Timing, Part::Training]
        );
        assert_eq!(Part::chosen(&[]), Part::ALL);
        assert!(Part::ALL.is_sorted());
    }

    #[test]
    fn a_part_that_does_not_fit_any_more_is_left_out() {
        let allowance = |part: Part, left| part.allowance(Duration::from_secs(left));
        assert_eq!(allowance(Part::Agreement, 780), Some(Duration::from_secs(300)));
        assert_eq!(allowance(Part::Agreement, 15), Some(Duration::from_secs(15)));
        assert_eq!(allowance(Part::Agreement, 9), None);
        assert_eq!(allowance(Part::Training, 39), None);
        assert_eq!(allowance(Part::Training, 60), Some(Duration::from_secs(60)));
    }
}
