//! The names of what is measured of waves.

use super::null::Tail;

/// Recordings without waves that a metric is compared with ([`Surrogates`](super::Surrogates)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Null {
    /// Shuffled sites; on rings within each ring.
    Sites,
    /// Shifts in time.
    Times,
}

/// One number that says how wave-like a recording is, or what its waves are. Lengths are in grid units, times in samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// Mean over frames of `|mean grad phase| / mean |grad phase|`, 0 to 1: about `0.95 / sqrt(sites)` for independent
    /// phases, 1 for a plane wave. It hardly sees standing parts.
    PhaseGradientDirectionality,
    /// Share of frames in which that is at least 0.85.
    PlaneFraction,
    /// Mean over frames of `|mean exp(i phase)|`, 0 to 1: about `0.89 / sqrt(sites)` for independent phases.
    Synchrony,
    /// Mean cosine of the differences between next neighbours ([`local_coherence`](super::local_coherence)): 0 for
    /// independent phases.
    LocalCoherence,
    /// [`SpaceTimeSpectrum::travel_index`](super::SpaceTimeSpectrum::travel_index): about 1/2 for independent directions.
    TravelIndex,
    /// [`SpaceTimeSpectrum::mode_share`](super::SpaceTimeSpectrum::mode_share).
    ModeShare,
    /// Wave number along rows of the strongest mode, cycles per grid unit.
    PeakRow,
    /// Wave number along columns of the strongest mode, cycles per grid unit.
    PeakColumn,
    /// Frequency of the strongest mode, cycles per sample.
    PeakFrequency,
    /// Speed of the strongest mode.
    PhaseSpeed,
    /// Median over sites and frames of [`phase_speeds`](super::phase_speeds).
    SpeedMedian,
    /// Their upper less their lower quartile.
    SpeedRange,
    /// Share of squares of four sites around which the phase winds: 1/3 for independent phases.
    SingularityDensity,
    /// [`largest_distance_correlation`](super::largest_distance_correlation).
    DistanceCorrelation,
    /// [`largest_rotation_correlation`](super::largest_rotation_correlation).
    RotationCorrelation,
    /// Score of [`ring_shift`](super::ring_shift); of rings alone.
    ShiftScore,
    /// By how many sites it is.
    Shift,
    /// Mean over frames of the standard deviation over sites of the divergence of `-grad phase`.
    DivergenceDeviation,
    /// That of its curl.
    CurlDeviation,
    /// Mean number per frame of critical points of `-grad phase` that waves leave, nodes or spirals.
    Sources,
    /// Those that waves run into.
    Sinks,
    /// Those where waves come in along one direction and leave along another.
    Saddles,
}

impl Metric {
    /// All of them, in the order of columns.
    pub const ALL: [Self; 22] = [
        Self::PhaseGradientDirectionality,
        Self::PlaneFraction,
        Self::Synchrony,
        Self::LocalCoherence,
        Self::TravelIndex,
        Self::ModeShare,
        Self::PeakRow,
        Self::PeakColumn,
        Self::PeakFrequency,
        Self::PhaseSpeed,
        Self::SpeedMedian,
        Self::SpeedRange,
        Self::SingularityDensity,
        Self::DistanceCorrelation,
        Self::RotationCorrelation,
        Self::ShiftScore,
        Self::Shift,
        Self::DivergenceDeviation,
        Self::CurlDeviation,
        Self::Sources,
        Self::Sinks,
        Self::Saddles,
    ];

    /// What files call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::PhaseGradientDirectionality => "pgd",
            Self::PlaneFraction => "plane_fraction",
            Self::Synchrony => "sync",
            Self::LocalCoherence => "local_coherence",
            Self::TravelIndex => "travel_index",
            Self::ModeShare => "mode_share",
            Self::PeakRow => "peak_k_row",
            Self::PeakColumn => "peak_k_column",
            Self::PeakFrequency => "peak_f",
            Self::PhaseSpeed => "phase_speed",
            Self::SpeedMedian => "speed_median",
            Self::SpeedRange => "speed_iqr",
            Self::SingularityDensity => "singularity_density",
            Self::DistanceCorrelation => "rho_distance",
            Self::RotationCorrelation => "rho_rotation",
            Self::ShiftScore => "shift_score",
            Self::Shift => "shift",
            Self::DivergenceDeviation => "div_sd",
            Self::CurlDeviation => "curl_sd",
            Self::Sources => "sources",
            Self::Sinks => "sinks",
            Self::Saddles => "saddles",
        }
    }

    /// What it is compared with; none if chance says nothing about it.
    pub fn null(self) -> Option<Null> {
        match self {
            // No shuffle of the sites changes it.
            Self::Synchrony => Some(Null::Times),
            Self::PeakRow
            | Self::PeakColumn
            | Self::PeakFrequency
            | Self::PhaseSpeed
            | Self::Shift => None,
            _ => Some(Null::Sites),
        }
    }

    /// Which values speak for a wave.
    pub fn tail(self) -> Tail {
        match self {
            Self::SingularityDensity => Tail::Low,
            _ => Tail::High,
        }
    }

    /// Its place in [`ALL`](Self::ALL).
    pub(super) fn place(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_in_their_places_under_names_of_their_own() {
        for (place, metric) in Metric::ALL.into_iter().enumerate() {
            assert_eq!(metric.place(), place);
        }
        let mut names = Metric::ALL.map(Metric::name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Metric::ALL.len());
    }
}
